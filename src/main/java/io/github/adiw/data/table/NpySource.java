package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import io.github.adiw.data.file.NpyRows;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/** The rows of a .npy file, whose columns have no names. */
final class NpySource extends TableSource {
    private final Path path;
    private final NpyRows in;
    private final Header header;
    private final Field field = new Field();
    private final double[] block;
    /** The same as whole numbers, of int64 and uint64; else null. */
    private final long[] exact;
    private int blockRows;
    private int at;
    private long row = -1;

    /**
     * Begins to read.
     *
     * @param in its content from the first byte; closed with this, or by the caller if this fails
     * @throws AdiwException if it is no .npy file of rows, or has too many columns
     */
    static NpySource of(Path path, InputStream in) throws IOException {
        NpyRows rows = new NpyRows(path, in);
        try {
            return new NpySource(path, rows);
        } catch (RuntimeException | Error e) {
            closeQuietly(rows);
            throw e;
        }
    }

    private NpySource(Path path, NpyRows in) {
        this.path = path;
        this.in = in;
        if (in.columns() > MOST_COLUMNS) {
            throw new AdiwException(path + " has " + in.columns() + " columns, and at most " + MOST_COLUMNS + " were expected");
        }
        header = Header.of(path.toString(), in.columns());
        block = new double[in.blockRows() * in.columns()];
        exact = in.isWide() ? new long[block.length] : null;
    }

    @Override
    Header header() {
        return header;
    }

    @Override
    boolean mayUseDecimalComma() {
        return true;
    }

    @Override
    boolean next(Fields fields) {
        int columns = in.columns();
        if (at == blockRows) {
            try {
                blockRows = in.next(block, exact, block.length / columns);
            } catch (IOException e) {
                throw unreadable(path.toString(), e);
            }
            at = 0;
            if (blockRows == 0) {
                return false;
            }
        }
        row++;
        for (int c = 0; c < columns; c++) {
            if (exact == null) {
                field.set(block[at * columns + c]);
            } else {
                field.set(exact[at * columns + c], in.isUnsigned());
            }
            fields.accept(c, field);
        }
        at++;
        return true;
    }

    @Override
    long position() {
        return row;
    }

    @Override
    String place(long position) {
        return path + ", row " + position + " (from 0)";
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw unreadable(path.toString(), e);
        }
    }
}
