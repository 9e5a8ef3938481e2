package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnmappableCharacterException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * A matrix of numbers from a text file of comma-separated values in UTF-8. The first line may be a header: it is one if
 * none of its fields is a number. Spaces around fields and blank lines at the end are allowed; quotes only in a header.
 *
 * @param name the file, for messages
 * @param rows the number of rows, at least 1
 * @param columns the number of columns, at least 1
 * @param values {@code [rows, columns]}, finite
 */
public record Csv(String name, int rows, int columns, double[] values) {
    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
    private static final Pattern NOT_FINITE = Pattern.compile("[+-]?(nan|inf|infinity)", Pattern.CASE_INSENSITIVE);

    /**
     * Reads a whole file.
     *
     * @param path the file
     * @return the matrix
     * @throws AdiwException if it is missing, has no row of numbers, or a line has text, NaN, infinity or another number of
     *     fields than the first; the line is named
     */
    public static Csv read(Path path) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and a .csv file was expected");
        }
        try (BufferedReader in = new BufferedReader(new InputStreamReader(Files.newInputStream(path),
            StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)))) {
            return new Reader(path.toString()).read(in);
        } catch (MalformedInputException | UnmappableCharacterException e) {
            throw new AdiwException(path + " is not a text file in UTF-8, and comma-separated numbers were expected", e);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * The values as float32.
     *
     * @return {@code [rows, columns]}
     * @throws AdiwException if a value is too large for float32
     */
    public float[] toFloats() {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i];
            if (Float.isInfinite(out[i])) {
                throw new AdiwException(name + " has " + values[i] + " in row " + i / columns + ", column " + i % columns
                    + ", which is too large for float32");
            }
        }
        return out;
    }

    private static final class Reader {
        private final String name;
        private double[] values = new double[1024];
        private int size;
        private int columns;
        private int headerColumns;

        Reader(String name) {
            this.name = name;
        }

        Csv read(BufferedReader in) throws IOException {
            int blank = 0;
            int number = 0;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                number++;
                if (number == 1 && line.startsWith("\ufeff")) {
                    line = line.substring(1);
                }
                if (line.isBlank()) {
                    blank = blank == 0 ? number : blank;
                    continue;
                }
                if (blank != 0) {
                    throw at(blank, "it is blank, and numbers were expected");
                }
                row(number, line.split(",", -1));
            }
            if (size == 0) {
                throw new AdiwException(name + " has no row of numbers, and at least one was expected");
            }
            return new Csv(name, size / columns, columns, Arrays.copyOf(values, size));
        }

        private void row(int number, String[] fields) {
            for (int i = 0; i < fields.length; i++) {
                fields[i] = fields[i].trim();
            }
            if (number == 1 && isHeader(fields)) {
                headerColumns = fields.length;
                return;
            }
            if (columns == 0) {
                if (headerColumns != 0 && headerColumns != fields.length) {
                    throw at(number, "it has " + fields(fields.length) + ", and the header has " + headerColumns);
                }
                columns = fields.length;
            }
            if (fields.length != columns) {
                throw at(number, "it has " + fields(fields.length) + ", and the lines before have " + columns);
            }
            for (int i = 0; i < columns; i++) {
                if (size == values.length) {
                    if (size > Integer.MAX_VALUE / 2 - 16) {
                        throw at(number, "there are more than 2^30 values, and at most as many can be read");
                    }
                    values = Arrays.copyOf(values, 2 * size);
                }
                values[size++] = value(number, i, fields[i]);
            }
        }

        private double value(int number, int column, String field) {
            double value = NUMBER.matcher(field).matches() ? Double.parseDouble(field) : Double.NaN;
            if (!Double.isFinite(value)) {
                throw at(number, "field " + (column + 1) + (field.isEmpty() ? " is empty" : " is '" + shortened(field) + "'")
                    + ", and a finite number was expected");
            }
            return value;
        }

        private static boolean isHeader(String[] fields) {
            return Arrays.stream(fields).noneMatch(f -> NUMBER.matcher(f).matches() || NOT_FINITE.matcher(f).matches());
        }

        private static String fields(int count) {
            return count + (count == 1 ? " field" : " fields");
        }

        private static String shortened(String field) {
            return field.length() > 40 ? field.substring(0, 40) + "..." : field;
        }

        private AdiwException at(int number, String what) {
            return new AdiwException(name + ", line " + number + ": " + what);
        }
    }
}
