package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The rows of a .npy file of shape {@code [n]} or {@code [n, d]}, one block after the other, in memory that does not depend on n. (What
 * comes from a pipe in Fortran order is held as a whole: there the first row ends where the file does.)
 */
public final class NpyRows implements Closeable {
    private static final int CHUNK = 1 << 16;
    /** Numbers of a block of a file in Fortran order, each of whose columns is a read: 8 MiB of double precision. */
    private static final int TRANSPOSED_BLOCK = 1 << 20;
    /** Of another file's. */
    private static final int BLOCK = 1 << 12;

    private final NpyHeader header;
    private final int rows;
    private final int columns;
    private final InputStream in;
    /** A file in Fortran order, whose columns are read where they are; null for all else. */
    private final FileChannel channel;
    /** What came from a pipe in Fortran order, else null. */
    private final ByteBuffer whole;
    private final ByteBuffer chunk;
    private int row;

    /**
     * Begins to read.
     *
     * @param path the file
     * @param in   its content from the first byte; closed with this
     * @throws AdiwException if it is no .npy file of numbers, has another shape, or is a regular file of another length than its
     *                       header says
     */
    public NpyRows(Path path, InputStream in) throws IOException {
        this.in = in;
        header = NpyHeader.read(in, path.toString());
        int[] shape = header.shape();
        if (shape.length != 1 && shape.length != 2) {
            throw new AdiwException(path + " has the shape " + Arrays.toString(shape) + ", and [n] or [n, d] was expected");
        }
        rows = shape[0];
        columns = shape.length == 1 ? 1 : shape[1];
        boolean regular = Files.isRegularFile(path);
        if (regular) {
            header.requireLength(Files.size(path) - header.length());
        }
        boolean transposed = header.fortran() && columns > 1;
        whole = transposed && !regular ? ByteBuffer.wrap(in.readAllBytes()).order(header.byteOrder()) : null;
        if (whole != null) {
            header.requireLength(whole.limit());
        }
        chunk = ByteBuffer.allocate(CHUNK).order(header.byteOrder());
        channel = transposed && regular ? FileChannel.open(path) : null;        // last, as nobody closes what was not made
    }

    /** d; 1 if the shape is [n]. */
    public int columns() {
        return columns;
    }

    /** How many rows are well read at once, at least 1: all that there are, if they are fewer. */
    public int blockRows() {
        int numbers = channel == null ? BLOCK : TRANSPOSED_BLOCK;
        return Math.min(rows, Math.max(1, numbers / columns));
    }

    /** Whether the numbers are int64 or uint64, of which doubles are not all. */
    public boolean isWide() {
        return header.type().isWide();
    }

    /** Whether the numbers are uint64. */
    public boolean isUnsigned() {
        return header.type() == Npy.Type.UINT64;
    }

    /**
     * Reads the next rows.
     *
     * @param into  {@code [most, columns]} or longer; row-major
     * @param exact of {@link #isWide} as long as {@code into}, and gets the same numbers as they are, of uint64 their bits; else null
     * @param most  how many are wanted
     * @return how many were read; 0 after the last
     * @throws AdiwException if the file ends before its last row, or goes on after it
     */
    public int next(double[] into, long[] exact, int most) throws IOException {
        int count = Math.min(most, rows - row);
        if (whole != null || channel != null) {
            for (int c = 0; c < columns; c++) {
                column(c, count, into, exact);
            }
        } else {
            inOrder(count * columns, into, exact);
        }
        row += count;
        if (row == rows && channel == null && whole == null && in.read() >= 0) {
            throw header.broken("it goes on after its last value");
        }
        return count;
    }

    private void inOrder(int numbers, double[] into, long[] exact) throws IOException {
        int bytes = header.type().bytes();
        for (int done = 0; done < numbers;) {
            int count = Math.min(numbers - done, CHUNK / bytes);
            if (in.readNBytes(chunk.array(), 0, count * bytes) < count * bytes) {
                throw header.broken("it is truncated: it ends within its values");
            }
            for (int i = 0; i < count; i++) {
                take(chunk, i * bytes, into, exact, done++);
            }
        }
    }

    private void column(int column, int count, double[] into, long[] exact) throws IOException {
        int bytes = header.type().bytes();
        long at = ((long) column * rows + row) * bytes;
        for (int done = 0; done < count;) {
            int some = Math.min(count - done, CHUNK / bytes);
            if (channel != null) {
                chunk.clear().limit(some * bytes);
                while (chunk.hasRemaining()) {
                    if (channel.read(chunk, header.length() + at + (long) done * bytes + chunk.position()) < 0) {
                        throw header.broken("it is truncated: it ends within its values");
                    }
                }
            }
            for (int i = 0; i < some; i++, done++) {
                take(channel != null ? chunk : whole, channel != null ? i * bytes : (int) at + done * bytes, into, exact,
                    done * columns + column);
            }
        }
    }

    private void take(ByteBuffer bytes, int at, double[] into, long[] exact, int to) {
        into[to] = header.type().number(bytes, at);
        if (exact != null) {
            exact[to] = bytes.getLong(at);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            in.close();
        } finally {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
