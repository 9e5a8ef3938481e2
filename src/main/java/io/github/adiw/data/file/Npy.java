package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An array in NumPy's file format (NEP 1 and numpy.lib.format; versions 1 to 3), of float32, float64, int32, int64 or uint8. Files in
 * Fortran order and big-endian ones are read too; here, and in what is written, elements are in C order, and files little-endian.
 * Immutable from outside: the accessors give copies.
 */
public final class Npy {
    /** The types of element that are read and written. */
    public enum Type {
        /** {@code <f4} */
        FLOAT32("<f4", 4),
        /** {@code <f8} */
        FLOAT64("<f8", 8),
        /** {@code <i4} */
        INT32("<i4", 4),
        /** {@code <i8} */
        INT64("<i8", 8),
        /** {@code |u1} */
        UINT8("|u1", 1);

        private final String code;
        private final int bytes;

        Type(String code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        static Type of(String code) {
            for (Type type : values()) {
                if (type.code.substring(1).equals(code.replaceFirst("^[<>|]", "")) && (type == UINT8 || !code.startsWith("|"))) {
                    return type;
                }
            }
            return null;
        }
    }

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int CHUNK = 1 << 16;
    private static final int LONGEST_HEADER = 1 << 20;
    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*(?:['\"]([^'\"]*)['\"]|\\[)");
    private static final Pattern ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9,\\sL]*)\\)");

    private final String name;
    private final Type type;
    private final int[] shape;
    private final int size;
    /** float[], double[], int[], long[] or byte[], as {@link #type} says. */
    private final Object values;

    private Npy(String name, Type type, int[] shape, int size, Object values) {
        this.name = name;
        this.type = type;
        this.shape = shape;
        this.size = size;
        this.values = values;
    }

    /**
     * Reads a whole file.
     *
     * @param path the file
     * @return the array
     * @throws AdiwException if it is missing, is no .npy file, is empty, truncated or goes on after its last value, or
     *     holds something else than numbers of a {@link Type}
     */
    public static Npy read(Path path) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and a .npy file was expected");
        }
        try (FileChannel channel = FileChannel.open(path)) {
            return new Reader(path.toString(), channel).read();
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    private static final class Reader {
        private final String name;
        private final FileChannel channel;

        Reader(String name, FileChannel channel) {
            this.name = name;
            this.channel = channel;
        }

        Npy read() throws IOException {
            long fileSize = channel.size();
            if (fileSize == 0) {
                throw new AdiwException(name + " is empty, and a .npy file was expected");
            }
            ByteBuffer start = take(Math.min(8, fileSize), "its first eight bytes");
            for (int i = 0; i < MAGIC.length && i < start.limit(); i++) {
                if (start.get(i) != MAGIC[i]) {
                    throw new AdiwException(name + " is not a .npy file: it does not begin with NumPy's magic string");
                }
            }
            if (start.limit() < 8) {
                throw truncated("its first eight bytes");
            }
            int version = start.get(6);
            if (version < 1 || version > 3) {
                throw new AdiwException(name + " is .npy version " + (version & 0xff) + "." + (start.get(7) & 0xff)
                    + ", and 1.0, 2.0 or 3.0 was expected");
            }
            long headerLength = version == 1
                ? Short.toUnsignedInt(take(2, "its header").getShort(0))
                : Integer.toUnsignedLong(take(4, "its header").getInt(0));
            if (headerLength > LONGEST_HEADER) {
                throw broken("its header is said to have " + headerLength + " bytes, and at most " + LONGEST_HEADER
                    + " was expected");
            }
            String header = StandardCharsets.UTF_8.decode(take(headerLength, "its header")).toString();
            String code = code(header);
            Type type = type(code);
            boolean fortran = isFortran(header);
            int[] shape = shape(header);
            long size = 1;
            for (int length : shape) {
                if (length == 0) {
                    throw new AdiwException(name + " is an empty array of shape " + Arrays.toString(shape)
                        + ", and at least one element was expected");
                }
                size *= length;
                if (size > Integer.MAX_VALUE - 16) {
                    throw new AdiwException(name + " has the shape " + Arrays.toString(shape)
                        + ", and at most 2^31 elements can be read");
                }
            }
            long left = fileSize - channel.position();
            if (left < size * type.bytes) {
                throw broken("it is truncated: " + Arrays.toString(shape) + " " + type.code + " needs " + size * type.bytes
                    + " bytes, and " + left + " follow the header");
            }
            if (left > size * type.bytes) {
                throw broken("it goes on after its last value: " + Arrays.toString(shape) + " " + type.code + " needs "
                    + size * type.bytes + " bytes, and " + left + " follow the header");
            }
            return new Npy(name, type, shape, (int) size, values(code, (int) size, fortran, shape));
        }

        private String code(String header) {
            Matcher m = DESCR.matcher(header);
            if (!m.find()) {
                throw broken("its header has no 'descr'");
            }
            if (m.group(1) == null) {
                throw new AdiwException(name + " holds records, and plain numbers were expected");
            }
            return m.group(1);
        }

        private Type type(String code) {
            Type type = Type.of(code);
            if (type == null) {
                throw new AdiwException(name + " holds elements of NumPy type '" + code
                    + "', and float32, float64, int32, int64 or uint8 was expected");
            }
            return type;
        }

        private boolean isFortran(String header) {
            Matcher m = ORDER.matcher(header);
            if (!m.find()) {
                throw broken("its header has no 'fortran_order'");
            }
            return m.group(1).equals("True");
        }

        private int[] shape(String header) {
            Matcher m = SHAPE.matcher(header);
            if (!m.find()) {
                throw broken("its header has no 'shape'");
            }
            String inside = m.group(1).replaceAll("[\\sL]", "");
            if (inside.isEmpty()) {
                return new int[0];
            }
            String[] parts = inside.split(",");
            int[] shape = new int[parts.length];
            for (int i = 0; i < parts.length; i++) {
                try {
                    shape[i] = Integer.parseInt(parts[i]);
                } catch (NumberFormatException e) {
                    throw broken("its shape (" + m.group(1) + ") has the part '" + parts[i]
                        + "', and 0 to 2147483647 was expected");
                }
            }
            return shape;
        }

        private Object values(String code, int size, boolean fortran, int[] shape) throws IOException {
            Type type = Type.of(code);
            Object values = switch (type) {
                case FLOAT32 -> new float[size];
                case FLOAT64 -> new double[size];
                case INT32 -> new int[size];
                case INT64 -> new long[size];
                case UINT8 -> new byte[size];
            };
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(code.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            for (int done = 0; done < size;) {
                int count = Math.min(size - done, CHUNK / type.bytes);
                fill(chunk.clear().limit(count * type.bytes), "its values");
                switch (type) {
                    case FLOAT32 -> chunk.asFloatBuffer().get((float[]) values, done, count);
                    case FLOAT64 -> chunk.asDoubleBuffer().get((double[]) values, done, count);
                    case INT32 -> chunk.asIntBuffer().get((int[]) values, done, count);
                    case INT64 -> chunk.asLongBuffer().get((long[]) values, done, count);
                    case UINT8 -> chunk.get((byte[]) values, done, count);
                }
                done += count;
            }
            return fortran && shape.length > 1 ? inCOrder(values, size, shape) : values;
        }

        /** Elements of which the first index runs fastest, so that the last one does. */
        private static Object inCOrder(Object values, int size, int[] shape) {
            Object ordered = Array.newInstance(values.getClass().getComponentType(), size);
            int[] stride = new int[shape.length];
            for (int k = 0, product = 1; k < shape.length; product *= shape[k++]) {
                stride[k] = product;
            }
            int[] index = new int[shape.length];
            for (int to = 0, from = 0; to < size; to++) {
                System.arraycopy(values, from, ordered, to, 1);
                for (int k = shape.length - 1; k >= 0; k--) {
                    from += stride[k];
                    if (++index[k] < shape[k]) {
                        break;
                    }
                    from -= index[k] * stride[k];
                    index[k] = 0;
                }
            }
            return ordered;
        }

        private ByteBuffer take(long bytes, String what) throws IOException {
            if (channel.size() - channel.position() < bytes) {
                throw truncated(what);
            }
            return fill(ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN), what);
        }

        private ByteBuffer fill(ByteBuffer buffer, String what) throws IOException {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer) < 0) {
                    throw truncated(what);
                }
            }
            return buffer.flip();
        }

        private AdiwException truncated(String what) {
            return broken("it is truncated: it ends within " + what);
        }

        private AdiwException broken(String what) {
            return new AdiwException(name + " is broken: " + what);
        }
    }

    /** @return the type of the elements */
    public Type type() {
        return type;
    }

    /** @return the shape; empty for a single number */
    public int[] shape() {
        return shape.clone();
    }

    /** @return the number of dimensions */
    public int dimensions() {
        return shape.length;
    }

    /** @return the number of elements, at least 1 */
    public int size() {
        return size;
    }

    /** @return whether the elements are float32 or float64 */
    public boolean isFloating() {
        return type == Type.FLOAT32 || type == Type.FLOAT64;
    }

    /**
     * Checks that no element is NaN or infinite.
     *
     * @return this
     * @throws AdiwException if one is; it says which
     */
    public Npy requireFinite() {
        for (int i = 0; isFloating() && i < size; i++) {
            double value = type == Type.FLOAT32 ? ((float[]) values)[i] : ((double[]) values)[i];
            if (!Double.isFinite(value)) {
                throw new AdiwException(name + " has " + value + " at " + position(i) + ", and finite numbers were expected");
            }
        }
        return this;
    }

    /**
     * Checks that no element is below 0.
     *
     * @param what the elements are, for the message
     * @return this
     * @throws AdiwException if one is; it says which
     */
    public Npy requireNotNegative(String what) {
        for (int i = 0; i < size; i++) {
            if (asDouble(i) < 0) {
                throw new AdiwException(
                    name + " has " + asDouble(i) + " at " + position(i) + ", and " + what + " of at least 0 were expected");
            }
        }
        return this;
    }

    /**
     * Checks the type.
     *
     * @param allowed what it may be
     * @return this
     * @throws AdiwException if it is another
     */
    public Npy requireType(Type... allowed) {
        if (!Arrays.asList(allowed).contains(type)) {
            throw new AdiwException(name + " holds " + type.name().toLowerCase(Locale.ROOT) + ", and "
                + String.join(" or ", Arrays.stream(allowed).map(t -> t.name().toLowerCase(Locale.ROOT)).toList()) + " was expected");
        }
        return this;
    }

    /**
     * Checks the shape.
     *
     * @param expected the sizes; -1 where any is right
     * @return this
     * @throws AdiwException if it has another shape
     */
    public Npy requireShape(int... expected) {
        boolean same = expected.length == shape.length;
        for (int i = 0; same && i < shape.length; i++) {
            same = expected[i] == -1 || expected[i] == shape[i];
        }
        if (!same) {
            throw new AdiwException(name + " has the shape " + Arrays.toString(shape) + ", and "
                + Arrays.toString(expected).replace("-1", "any") + " was expected");
        }
        return this;
    }

    /**
     * The elements as float32; float64 and integers are rounded to the nearest.
     *
     * @return {@code [size]}, a copy
     * @throws AdiwException if a finite float64 is too large for float32
     */
    public float[] toFloats() {
        if (type == Type.FLOAT32) {
            return ((float[]) values).clone();
        }
        float[] out = new float[size];
        for (int i = 0; i < size; i++) {
            double value = asDouble(i);
            out[i] = (float) value;
            if (Float.isInfinite(out[i]) && !Double.isInfinite(value)) {
                throw new AdiwException(name + " has " + value + " at " + position(i) + ", which is too large for float32");
            }
        }
        return out;
    }

    /** @return {@code [size]} as float64, a copy */
    public double[] toDoubles() {
        double[] out = new double[size];
        for (int i = 0; i < size; i++) {
            out[i] = asDouble(i);
        }
        return out;
    }

    /**
     * The elements as int.
     *
     * @return {@code [size]}, a copy
     * @throws AdiwException if the type is not an integer type, or an element does not fit
     */
    public int[] toInts() {
        requireType(Type.INT32, Type.INT64, Type.UINT8);
        int[] out = new int[size];
        for (int i = 0; i < size; i++) {
            long value = switch (type) {
                case INT32 -> ((int[]) values)[i];
                case INT64 -> ((long[]) values)[i];
                default -> ((byte[]) values)[i] & 0xff;
            };
            if (value != (int) value) {
                throw new AdiwException(name + " has " + value + " at " + position(i) + ", which does not fit 32 bits");
            }
            out[i] = (int) value;
        }
        return out;
    }

    private double asDouble(int i) {
        return switch (type) {
            case FLOAT32 -> ((float[]) values)[i];
            case FLOAT64 -> ((double[]) values)[i];
            case INT32 -> ((int[]) values)[i];
            case INT64 -> ((long[]) values)[i];
            case UINT8 -> ((byte[]) values)[i] & 0xff;
        };
    }

    /** The index of element i as NumPy would write it. */
    private String position(int i) {
        int[] index = new int[shape.length];
        for (int d = shape.length - 1, rest = i; d >= 0; d--) {
            index[d] = rest % shape[d];
            rest /= shape[d];
        }
        return "index " + Arrays.toString(index);
    }

    /**
     * Writes float32 values, whole or not at all.
     *
     * @param path the file; an existing one is replaced
     * @param values in C order
     * @param shape the sizes; their product is the number of values
     * @throws AdiwException if the file cannot be written
     */
    public static void write(Path path, float[] values, int... shape) {
        write(path, Type.FLOAT32, values.length, shape,
            (chunk, at, count) -> chunk.asFloatBuffer().put(values, at, count));
    }

    /**
     * Writes float64 values, whole or not at all.
     *
     * @param path the file; an existing one is replaced
     * @param values in C order
     * @param shape the sizes; their product is the number of values
     * @throws AdiwException if the file cannot be written
     */
    public static void write(Path path, double[] values, int... shape) {
        write(path, Type.FLOAT64, values.length, shape,
            (chunk, at, count) -> chunk.asDoubleBuffer().put(values, at, count));
    }

    /**
     * Writes int32 values, whole or not at all.
     *
     * @param path the file; an existing one is replaced
     * @param values in C order
     * @param shape the sizes; their product is the number of values
     * @throws AdiwException if the file cannot be written
     */
    public static void write(Path path, int[] values, int... shape) {
        write(path, Type.INT32, values.length, shape, (chunk, at, count) -> chunk.asIntBuffer().put(values, at, count));
    }

    /**
     * Writes int64 values, whole or not at all.
     *
     * @param path the file; an existing one is replaced
     * @param values in C order
     * @param shape the sizes; their product is the number of values
     * @throws AdiwException if the file cannot be written
     */
    public static void write(Path path, long[] values, int... shape) {
        write(path, Type.INT64, values.length, shape, (chunk, at, count) -> chunk.asLongBuffer().put(values, at, count));
    }

    /**
     * Writes uint8 values, whole or not at all.
     *
     * @param path the file; an existing one is replaced
     * @param values in C order
     * @param shape the sizes; their product is the number of values
     * @throws AdiwException if the file cannot be written
     */
    public static void write(Path path, byte[] values, int... shape) {
        write(path, Type.UINT8, values.length, shape, (chunk, at, count) -> chunk.duplicate().put(values, at, count));
    }

    private interface Encoder {
        void encode(ByteBuffer chunk, int at, int count);
    }

    private static void write(Path path, Type type, int size, int[] shape, Encoder encoder) {
        long product = 1;
        for (int length : shape) {
            product = Math.multiplyExact(product, (long) length);
        }
        if (product != size) {
            throw new IllegalArgumentException(size + " values were given for the shape " + Arrays.toString(shape));
        }
        AtomicFile.write(path, out -> {
            writeHeader(out, type, shape);
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (int done = 0; done < size;) {
                int count = Math.min(size - done, CHUNK / type.bytes);
                encoder.encode(chunk.clear(), done, count);
                out.write(chunk.array(), 0, count * type.bytes);
                done += count;
            }
        });
    }

    /** Version 1.0; values begin at a multiple of 64 bytes, as NumPy writes it. */
    private static void writeHeader(OutputStream out, Type type, int[] shape) throws IOException {
        StringBuilder header = new StringBuilder("{'descr': '" + type.code + "', 'fortran_order': False, 'shape': (");
        for (int i = 0; i < shape.length; i++) {
            header.append(shape[i]).append(i + 1 < shape.length ? ", " : shape.length == 1 ? "," : "");
        }
        header.append("), }");
        while ((MAGIC.length + 4 + header.length() + 1) % 64 != 0) {
            header.append(' ');
        }
        header.append('\n');
        out.write(MAGIC);
        out.write(new byte[] {1, 0, (byte) header.length(), (byte) (header.length() >>> 8)});
        out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** @return for instance {@code float32[100, 3]} */
    @Override
    public String toString() {
        return type.name().toLowerCase(Locale.ROOT) + Arrays.toString(shape);
    }
}
