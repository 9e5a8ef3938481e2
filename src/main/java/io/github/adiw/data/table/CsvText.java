package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** The characters of a text file in UTF-8, of which a beginning was looked at: which separator it has. */
final class CsvText extends Reader {
    private static final int PEEKED = 1 << 16;
    private static final int LINES = 50;
    /** Those that separate less often what is one field come first: a comma may be a decimal sign. */
    private static final String SEPARATORS = "\t;,";

    private final String name;
    private final Reader in;
    private final char[] start = new char[PEEKED];
    private int startLength;
    private int startRead;
    private char last;

    /** @throws AdiwException if the file is empty, or its beginning is no text */
    CsvText(String name, InputStream in) throws IOException {
        this.name = name;
        this.in = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT));
        int count = 0;
        while (startLength < PEEKED && count >= 0) {
            startLength += count;
            count = this.in.read(start, startLength, PEEKED - startLength);
        }
        if (startLength == 0) {
            throw new AdiwException(name + " is empty, and rows of numbers or text were expected");
        }
        startRead = start[0] == '\ufeff' ? 1 : 0;       // the byte order mark of Windows' programs
    }

    /** @throws AdiwException as there is no text in {@code name} */
    static AdiwException noText(String name, Throwable cause) {
        return new AdiwException(
            name + " is not a text file in UTF-8, and comma-separated values were expected: save it as CSV in UTF-8, or as "
                + ".npy",
            cause);
    }

    /** The last character but line ends; 0 before any. */
    char last() {
        return last;
    }

    @Override
    public int read(char[] into, int offset, int length) throws IOException {
        int count = Math.min(length, startLength - startRead);
        if (count > 0) {
            System.arraycopy(start, startRead, into, offset, count);
            startRead += count;
        } else {
            count = in.read(into, offset, length);
        }
        for (int i = offset; i < offset + count; i++) {
            if (into[i] == 0) {
                throw noText(name, null);
            }
        }
        for (int i = offset + count - 1; i >= offset; i--) {
            if (into[i] != '\n' && into[i] != '\r') {
                last = into[i];
                break;
            }
        }
        return count;
    }

    /**
     * What separates fields: what stands equally often in each of the first lines, outside of quotes; else what is in the first line most
     * often; else a comma.
     */
    char separator() {
        int[][] counts = new int[SEPARATORS.length()][LINES];
        int lines = countSeparators(counts);
        for (int s = 0; s < counts.length; s++) {
            boolean same = counts[s][0] > 0;
            for (int i = 1; i < lines; i++) {
                same &= counts[s][i] == counts[s][0];
            }
            if (same) {
                return SEPARATORS.charAt(s);
            }
        }
        int most = counts.length - 1;
        for (int s = counts.length - 1; s >= 0; s--) {
            most = counts[s][0] > counts[most][0] ? s : most;
        }
        return SEPARATORS.charAt(most);
    }

    /** @return in how many lines that are not blank, the last of many not counted, as its end may not have been read */
    private int countSeparators(int[][] counts) {
        int line = 0;
        boolean blank = true;
        boolean quoted = false;
        boolean atStart = true;
        for (int i = startRead; i < startLength && line < LINES; i++) {
            char c = start[i];
            int separator = SEPARATORS.indexOf(c);
            if (quoted) {
                quoted = c != '"';          // of two in a row, the second begins quotes again
                atStart = !quoted;
            } else if (c == '"' && atStart) {
                quoted = true;
                blank = false;
            } else if (c == '\n' || c == '\r') {
                line += blank ? 0 : 1;
                blank = true;
                atStart = true;
            } else {
                blank &= c == ' ';
                atStart = separator >= 0;
                if (separator >= 0) {
                    counts[separator][line]++;
                }
            }
        }
        boolean whole = startLength < PEEKED && line < LINES && !blank;
        return Math.max(1, whole ? line + 1 : line);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
