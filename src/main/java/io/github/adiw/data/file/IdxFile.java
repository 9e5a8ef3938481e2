package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
    /** Deflate cannot compress more than this: a header that promises more is wrong before anything is allocated. */
    private static final long MOST_COMPRESSED = 1032;

    /**
     * Reads a whole file.
     *
     * @param path the file, plain or gzip
     * @param dimensions how many dimensions it must have (images 3, labels 1)
     * @return shape and values
     * @throws AdiwException if it is missing, is not IDX of unsigned bytes, has another number of dimensions, is empty,
     *     truncated, corrupt, or goes on after its last value
     */
    public static IdxFile read(Path path, int dimensions) {
        return parse(path.toString(), bytes(path), dimensions);
    }

    /** The file's bytes as they are, or a sentence that says why they cannot be had. */
    public static byte[] bytes(Path path) {
        try {
            if (Files.isDirectory(path)) {
                throw new AdiwException(path + " is a folder, and an IDX file was expected");
            }
            if (Files.size(path) > Integer.MAX_VALUE - 16) {
                throw new AdiwException(path + " has " + Files.size(path) + " bytes, and at most 2^31 can be read");
            }
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * As {@link #read}, from bytes that are at hand.
     *
     * @param name what to call them in messages
     * @param file the file's bytes, plain or gzip
     * @param dimensions how many dimensions it must have
     * @return shape and values
     * @throws AdiwException as {@link #read}
     */
    public static IdxFile parse(String name, byte[] file, int dimensions) {
        return new Parser(name, file, dimensions).parse();
    }

    private static final class Parser {
        private final String name;
        private final byte[] file;
        private final int dimensions;
        private final boolean gzip;

        Parser(String name, byte[] file, int dimensions) {
            this.name = name;
            this.file = file;
            this.dimensions = dimensions;
            this.gzip = file.length >= 2 && (file[0] & 0xff) == 0x1f && (file[1] & 0xff) == 0x8b;
        }

        IdxFile parse() {
            if (file.length == 0) {
                throw new AdiwException(name + " is empty, and an IDX file was expected");
            }
            try (InputStream in = open()) {
                int[] shape = header(in);
                long count = 1;
                for (int length : shape) {
                    count *= length;
                    if (count > Integer.MAX_VALUE - 16) {
                        throw broken("its header says " + shapeOf(shape) + " values, and at most 2^31 can be read");
                    }
                }
                if (gzip ? count > file.length * MOST_COMPRESSED : count > file.length) {
                    throw broken("its header says " + shapeOf(shape) + " = " + count
                        + " values, which a file of " + file.length + " bytes cannot hold: it is truncated or corrupt");
                }
                byte[] values = new byte[(int) count];
                int read = in.readNBytes(values, 0, values.length);
                if (read < values.length) {
                    throw broken("it is truncated: its header says " + shapeOf(shape) + " = " + count + " values, and "
                        + read + " follow");
                }
                if (in.read() >= 0) {
                    throw broken("it goes on after its last value: its header says " + shapeOf(shape) + " = " + count
                        + " values");
                }
                if (gzip) {
                    checkEnd(shape, values);
                }
                return new IdxFile(shape, values);
            } catch (EOFException e) {
                throw new AdiwException(message("its gzip stream is truncated"), e);
            } catch (ZipException e) {
                throw new AdiwException(message("its gzip stream is corrupt (" + e.getMessage() + ")"), e);
            } catch (IOException e) {
                throw new AdiwException(message(AtomicFile.reason(e)), e);
            }
        }

        private InputStream open() throws IOException {
            InputStream bytes = new ByteArrayInputStream(file);
            return gzip ? new BufferedInputStream(new GZIPInputStream(bytes, 1 << 16), 1 << 16) : bytes;
        }

        private int[] header(InputStream in) throws IOException {
            byte[] magic = in.readNBytes(4);
            if (magic.length < 4) {
                throw broken("it is truncated: it ends within its first four bytes");
            }
            int found = bigEndian(magic, 0);
            int expected = UNSIGNED_BYTE << 8 | dimensions;
            if (found != expected) {
                throw broken(String.format("its magic number is 0x%08x, and 0x%08x was expected (unsigned bytes, %d "
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
        private void checkEnd(int[] shape, byte[] values) {
            CRC32 crc = new CRC32();
            byte[] header = new byte[4 + 4 * shape.length];
            writeBigEndian(header, 0, UNSIGNED_BYTE << 8 | shape.length);
            for (int i = 0; i < shape.length; i++) {
                writeBigEndian(header, 4 + 4 * i, shape[i]);
            }
            crc.update(header);
            crc.update(values);
            int end = file.length;
            if (littleEndian(file, end - 8) != (int) crc.getValue()
                || littleEndian(file, end - 4) != header.length + values.length) {
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

    private static int littleEndian(byte[] b, int at) {
        return (b[at + 3] & 0xff) << 24 | (b[at + 2] & 0xff) << 16 | (b[at + 1] & 0xff) << 8 | b[at] & 0xff;
    }

    private static void writeBigEndian(byte[] b, int at, int value) {
        b[at] = (byte) (value >>> 24);
        b[at + 1] = (byte) (value >>> 16);
        b[at + 2] = (byte) (value >>> 8);
        b[at + 3] = (byte) value;
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
