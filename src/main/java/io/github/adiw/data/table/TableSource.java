package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** A file of rows, read once from its beginning to its end, so that it may be a pipe. */
abstract class TableSource implements Closeable {
    /** More columns are none that anybody meant. */
    static final int MOST_COLUMNS = 1 << 16;
    private static final byte[] NPY = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

    /** Gets the fields of a row. */
    interface Fields {
        /**
         * @param column from 0
         * @param field  what there is, until the next call
         */
        void accept(int column, Field field);
    }

    /**
     * Begins to read: what begins as NumPy's files do is one, everything else is text.
     *
     * @throws AdiwException if the file cannot be read, is neither, or is empty
     */
    static TableSource open(Path path) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and a .csv or .npy file was expected");
        }
        InputStream in = null;
        try {
            // Not from newInputStream for all: its streams ask for their place, which pipes have none of.
            boolean pipe = Files.exists(path) && !Files.isRegularFile(path);
            in = new BufferedInputStream(pipe ? new FileInputStream(path.toFile()) : Files.newInputStream(path), 1 << 16);
            in.mark(NPY.length);
            byte[] start = in.readNBytes(NPY.length);
            in.reset();
            boolean npy = Arrays.equals(start, NPY) || path.toString().toLowerCase(Locale.ROOT).endsWith(".npy");
            TableSource source = npy ? NpySource.of(path, in) : CsvSource.of(path, in);
            in = null;
            return source;
        } catch (IOException e) {
            throw unreadable(path.toString(), e);
        } catch (NoClassDefFoundError e) {
            throw new AdiwException(
                "reading " + path + " needs FastCSV, which is not there: add de.siegmar:fastcsv:3.7.0 to the class path, or "
                    + "give a .npy file",
                e);
        } finally {
            if (in != null) {
                closeQuietly(in);
            }
        }
    }

    static void closeQuietly(Closeable in) {
        try {
            in.close();
        } catch (IOException e) {
            // What was wrong before is what is said.
        }
    }

    static AdiwException unreadable(String name, IOException e) {
        return new AdiwException("cannot read " + name + ": " + AtomicFile.reason(e), e);
    }

    /** What the columns are called. */
    abstract Header header();

    /** Whether a comma may be the decimal sign: not where it separates columns. */
    abstract boolean mayUseDecimalComma();

    /**
     * Reads a row.
     *
     * @param fields gets them from the first column to the last
     * @return whether there was one
     * @throws AdiwException if the file is broken there
     */
    abstract boolean next(Fields fields);

    /** Where the last row is: its line from 1, or its number from 0. */
    abstract long position();

    /** A place, for messages. */
    abstract String place(long position);

    String place(long position, String column) {
        return place(position) + ", " + Wording.column(column);
    }

    @Override
    public abstract void close();
}
