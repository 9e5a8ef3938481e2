package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * An IDX file of unsigned bytes, the format of MNIST and Fashion-MNIST (LeCun's page on MNIST describes it): two zero
 * bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a big-endian 32-bit integer, and the
 * values in C order. It may be compressed with gzip, which is seen from its content and not from its name.
 *
 * @param shape the sizes of the dimensions, each at least 1
 * @param values the values in C order; read them as {@code value & 0xff}
 */
public record IdxFile(int[] shape, byte[] values) {
    private static final int UNSIGNED_BYTE = 8;
    /** Deflate cannot compress more than this: a header that promises more is wrong before anything is read. */
    private static final long MOST_COMPRESSED = 1032;
    private static final int BUFFER = 1 << 16;
    /** A file that ends early has taken no more than this, whatever its header said; others grow. */
    private static final int FIRST_VALUES = 1 << 20;

    /**
     * Reads a whole file. The memory that it takes is in step with what was read, and not with what the header promises.
     *
     * @param path the file, plain or gzip
     * @param dimensions how many dimensions it must have (images 3, labels 1)
     * @return shape and values
     * @throws AdiwException if it is missing, is not IDX of unsigned bytes, has another number of dimensions, is empty,
     *     truncated, corrupt, goes on after its last value, or Java has no memory for it
     */
    public static IdxFile read(Path path, int dimensions) {
        return read(path, dimensions, shape -> {
        });
    }

    /**
     * As {@link #read(Path, int)}.
     *
     * @param accept sees the shape before the values are read, and throws if it is not what was expected
     */
    public static IdxFile read(Path path, int dimensions, Consumer<int[]> accept) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and an IDX file was expected");
        }
        try (InputStream in = Files.newInputStream(path)) {
            long size = Files.isRegularFile(path) ? Files.size(path) : Long.MAX_VALUE / MOST_COMPRESSED;
            return new Parser(path.toString(), in, size, dimensions, accept).parse();
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * As {@link #read(Path, int, Consumer)}, from bytes that are at hand.
     *
     * @param name what to call them in messages
     * @param file the file's bytes, plain or gzip
     */
    public static IdxFile parse(String name, byte[] file, int dimensions, Consumer<int[]> accept) {
        return new Parser(name, new ByteArrayInputStream(file), file.length, dimensions, accept).parse();
    }

    /** What stands before the values in a plain file. */
    public byte[] header() {
        ByteBuffer header = ByteBuffer.allocate(4 + 4 * shape.length).putInt(UNSIGNED_BYTE << 8 | shape.length);
        for (int length : shape) {
            header.putInt(length);
        }
        return header.array();
    }

    /** Bytes as they come, of which the last eight are known: a gzip stream ends with a checksum and its length. */
    private static final class Ending extends FilterInputStream {
        private final ByteBuffer last = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

        Ending(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = super.read(bytes, offset, length);
            int kept = Math.min(count, 8);
            if (kept > 0) {
                last.position(kept).compact().put(8 - kept, bytes, offset + count - kept, kept).clear();
            }
            return count;
        }
    }

    private static final class Parser {
        private final String name;
        private final BufferedInputStream file;
        private final long size;
        private final int dimensions;
        private final Consumer<int[]> accept;

        /** @param size of the file in bytes, or the most that it may have */
        Parser(String name, InputStream file, long size, int dimensions, Consumer<int[]> accept) {
            this.name = name;
            this.file = new BufferedInputStream(file, BUFFER);
            this.size = size;
            this.dimensions = dimensions;
            this.accept = accept;
        }

        IdxFile parse() {
            try {
                file.mark(2);
                byte[] start = file.readNBytes(2);
                file.reset();
                if (start.length == 0) {
                    throw new AdiwException(name + " is empty, and an IDX file was expected");
                }
                if (start.length < 2 || (start[0] & 0xff) != 0x1f || (start[1] & 0xff) != 0x8b) {
                    return parse(file, size);
                }
                Ending compressed = new Ending(file);
                IdxFile read = parse(new BufferedInputStream(new GZIPInputStream(compressed, BUFFER), BUFFER), size * MOST_COMPRESSED);
                checkEnd(read, compressed);
                return read;
            } catch (EOFException e) {
                throw new AdiwException(message("its gzip stream is truncated"), e);
            } catch (ZipException e) {
                throw new AdiwException(message("its gzip stream is corrupt (" + e.getMessage() + ")"), e);
            } catch (IOException e) {
                throw new AdiwException(message(AtomicFile.reason(e)), e);
            }
        }

        /** @param most values that a file of this size can hold */
        private IdxFile parse(InputStream in, long most) throws IOException {
            int[] shape = header(in);
            long count = 1;
            for (int length : shape) {
                count *= length;
                if (count > Integer.MAX_VALUE - 16) {
                    throw broken("its header says " + shapeOf(shape) + " values, and at most 2^31 can be read");
                }
            }
            if (count > most) {
                throw broken("its header says " + shapeOf(shape) + " = " + count + " values, which a file of " + size
                    + " bytes cannot hold: it is truncated or corrupt");
            }
            accept.accept(shape);
            byte[] values = values(in, shape, (int) count);
            if (in.read() >= 0) {
                throw broken("it goes on after its last value: its header says " + shapeOf(shape) + " = " + count + " values");
            }
            return new IdxFile(shape, values);
        }

        private byte[] values(InputStream in, int[] shape, int count) throws IOException {
            byte[] values = room(Math.min(count, FIRST_VALUES), new byte[0]);
            int read = 0;
            while (true) {
                read += in.readNBytes(values, read, values.length - read);
                if (read < values.length) {
                    throw broken("it is truncated: its header says " + shapeOf(shape) + " = " + count + " values, and " + read
                        + " follow");
                }
                if (read == count) {
                    return values;
                }
                values = room((int) Math.min(count, 4L * read), values);
            }
        }

        private byte[] room(int length, byte[] values) {
            return HeapRoom.of(name, length, () -> Arrays.copyOf(values, length));
        }

        private int[] header(InputStream in) throws IOException {
            byte[] magic = in.readNBytes(4);
            if (magic.length < 4) {
                throw broken("it is truncated: it ends within its first four bytes");
            }
            int found = bigEndian(magic, 0);
            int expected = UNSIGNED_BYTE << 8 | dimensions;
            if (found != expected) {
                throw broken(String.format(Locale.ROOT, "its magic number is 0x%08x, and 0x%08x was expected (unsigned bytes, %d "
                    + "dimension%s)", found, expected, dimensions, dimensions == 1 ? "" : "s"));
            }
            byte[] lengths = in.readNBytes(4 * dimensions);
            if (lengths.length < 4 * dimensions) {
                throw broken("it is truncated: it ends within its header");
            }
            int[] shape = new int[dimensions];
            for (int i = 0; i < dimensions; i++) {
                shape[i] = bigEndian(lengths, 4 * i);
                if (shape[i] < 1) {
                    throw broken("dimension " + i + " in its header is " + Integer.toUnsignedString(shape[i])
                        + ", and 1 to 2147483647 was expected");
                }
            }
            return shape;
        }

        /** Java's gzip reader ignores what follows the stream; the stream's own end says how much it held. */
        private void checkEnd(IdxFile read, Ending compressed) throws IOException {
            byte[] header = read.header();
            CRC32 crc = new CRC32();
            crc.update(header);
            crc.update(read.values);
            boolean more = compressed.read() >= 0;
            if (more || compressed.last.getInt(0) != (int) crc.getValue()
                || compressed.last.getInt(4) != header.length + read.values.length) {
                throw broken("there are bytes after the end of its gzip stream");
            }
        }

        private AdiwException broken(String what) {
            return new AdiwException(message(what));
        }

        private String message(String what) {
            return name + " is broken: " + what;
        }
    }

    private static int bigEndian(byte[] b, int at) {
        return (b[at] & 0xff) << 24 | (b[at + 1] & 0xff) << 16 | (b[at + 2] & 0xff) << 8 | b[at + 3] & 0xff;
    }

    private static String shapeOf(int[] shape) {
        return IntStream.of(shape).mapToObj(Integer::toString).collect(Collectors.joining(" x "));
    }

    /** @return for instance {@code IdxFile[60000, 28, 28]} */
    @Override
    public String toString() {
        return "IdxFile" + Arrays.toString(shape);
    }
}
