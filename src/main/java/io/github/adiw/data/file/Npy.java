package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * An array in NumPy's file format (NEP 1 and numpy.lib.format; versions 1 to 3), of real numbers of any type or bool. Files in Fortran
 * order and big-endian ones are read too; here, and in what is written, elements are in C order, and files little-endian. Immutable from
 * outside: the accessors give copies.
 */
public final class Npy {
    /** The types of element that are read; float32, float64, int32, int64 and uint8 are written too. */
    public enum Type {
        /** {@code <f4} */
        FLOAT32("<f4"),
        /** {@code <f8} */
        FLOAT64("<f8"),
        /** {@code <i4} */
        INT32("<i4"),
        /** {@code <i8} */
        INT64("<i8"),
        /** {@code |u1} */
        UINT8("|u1"),
        /** {@code <f2} */
        FLOAT16("<f2"),
        /** {@code |i1} */
        INT8("|i1"),
        /** {@code <i2} */
        INT16("<i2"),
        /** {@code <u2} */
        UINT16("<u2"),
        /** {@code <u4} */
        UINT32("<u4"),
        /** {@code <u8} */
        UINT64("<u8"),
        /** {@code |b1} */
        BOOL("|b1");

        private final String code;
        private final int bytes;

        Type(String code) {
            this.code = code;
            bytes = code.charAt(2) - '0';
        }

        static Type of(String code) {
            for (Type type : values()) {
                if (type.code.substring(1).equals(code.replaceFirst("^[<>|]", "")) && (type.bytes == 1 || !code.startsWith("|"))) {
                    return type;
                }
            }
            return null;
        }

        int bytes() {
            return bytes;
        }

        boolean isFloating() {
            return code.charAt(1) == 'f';
        }

        /** Whether there are whole numbers among its elements that no double is. */
        boolean isWide() {
            return this == INT64 || this == UINT64;
        }

        /**
         * An element, to the nearest double.
         *
         * @param at where it begins
         */
        double number(ByteBuffer bytes, int at) {
            return switch (this) {
                case FLOAT16 -> half(bytes.getShort(at));
                case FLOAT32 -> bytes.getFloat(at);
                case FLOAT64 -> bytes.getDouble(at);
                case UINT64 -> unsigned(bytes.getLong(at));
                case INT64 -> bytes.getLong(at);
                case INT8 -> bytes.get(at);
                case UINT8 -> bytes.get(at) & 0xff;
                case BOOL -> bytes.get(at) == 0 ? 0 : 1;
                case INT16 -> bytes.getShort(at);
                case UINT16 -> bytes.getShort(at) & 0xffff;
                case INT32 -> bytes.getInt(at);
                case UINT32 -> bytes.getInt(at) & 0xffffffffL;
            };
        }
    }

    private static final int CHUNK = 1 << 16;

    private final String name;
    private final Type type;
    private final int[] shape;
    private final int size;
    /** float[] (of float16 too), double[], or integers of the type's width: byte[], short[], int[], long[]. */
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
     * @throws AdiwException if it is missing, is no .npy file, is empty, truncated or goes on after its last value,
     *     holds something else than numbers of a {@link Type}, has more than 32 dimensions, or Java has no memory for it
     */
    public static Npy read(Path path) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and a .npy file was expected");
        }
        try (InputStream in = Files.newInputStream(path)) {
            NpyHeader header = NpyHeader.read(in, path.toString());
            int size = size(header);
            header.requireLength(Files.size(path) - header.length());
            Object values = values(in, header, size);
            if (header.fortran() && header.shape().length > 1) {
                values = inCOrder(values, header, size);
            }
            return new Npy(path.toString(), header.type(), header.shape(), size, values);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    private static int size(NpyHeader header) {
        long size = 1;
        for (int length : header.shape()) {
            size *= length;
            if (size > Integer.MAX_VALUE - 16) {
                throw new AdiwException(
                    header.name() + " has the shape " + Arrays.toString(header.shape()) + ", and at most 2^31 elements can be read");
            }
        }
        return (int) size;
    }

    private static Object values(InputStream in, NpyHeader header, int size) throws IOException {
        Type type = header.type();
        // The file has that many bytes, but a sparse one costs nobody anything.
        Object values = HeapRoom.of(header.name(), (long) size * type.bytes, () -> switch (type) {
            case FLOAT16, FLOAT32 -> new float[size];
            case FLOAT64 -> new double[size];
            case INT8, UINT8, BOOL -> new byte[size];
            case INT16, UINT16 -> new short[size];
            case INT32, UINT32 -> new int[size];
            case INT64, UINT64 -> new long[size];
        });
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(header.byteOrder());
        for (int done = 0; done < size;) {
            int count = Math.min(size - done, CHUNK / type.bytes);
            if (in.readNBytes(chunk.array(), 0, count * type.bytes) < count * type.bytes) {
                throw header.broken("it is truncated: it ends within its values");
            }
            chunk.clear();
            switch (type) {
                case FLOAT16 -> {
                    for (int i = 0; i < count; i++) {
                        ((float[]) values)[done + i] = half(chunk.getShort(2 * i));
                    }
                }
                case FLOAT32 -> chunk.asFloatBuffer().get((float[]) values, done, count);
                case FLOAT64 -> chunk.asDoubleBuffer().get((double[]) values, done, count);
                case INT8, UINT8, BOOL -> chunk.get((byte[]) values, done, count);
                case INT16, UINT16 -> chunk.asShortBuffer().get((short[]) values, done, count);
                case INT32, UINT32 -> chunk.asIntBuffer().get((int[]) values, done, count);
                case INT64, UINT64 -> chunk.asLongBuffer().get((long[]) values, done, count);
            }
            done += count;
        }
        return values;
    }

    /** IEEE 754 binary16 as float32, which has all its numbers. */
    private static float half(short bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        float size = exponent == 0
            ? fraction * 0x1p-24f
            : Float.intBitsToFloat((exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
        return bits < 0 ? -size : size;
    }

    /** Of a long without a sign, the nearest double: half of it, its last bit kept for rounding, twice. */
    public static double unsigned(long bits) {
        return bits >= 0 ? bits : 2.0 * (bits >>> 1 | bits & 1);
    }

    /** Elements of which the first index runs fastest, so that the last one does. */
    private static Object inCOrder(Object values, NpyHeader header, int size) {
        int[] shape = header.shape();
        Object ordered = HeapRoom.of(header.name(), (long) size * header.type().bytes,
            () -> Array.newInstance(values.getClass().getComponentType(), size));
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

    /** @return whether the elements are float16, float32 or float64 */
    public boolean isFloating() {
        return type.isFloating();
    }

    /**
     * Checks that no element is NaN or infinite.
     *
     * @return this
     * @throws AdiwException if one is; it says which
     */
    public Npy requireFinite() {
        for (int i = 0; isFloating() && i < size; i++) {
            double value = asDouble(i);
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
                + Arrays.toString(expected).replace("-1", "n") + " was expected");
        }
        return this;
    }

    /**
     * The elements as float32, rounded to the nearest.
     *
     * @return {@code [size]}, a copy
     * @throws AdiwException if a finite float64 is too large for float32
     */
    public float[] toFloats() {
        if (values instanceof float[] floats) {
            return floats.clone();
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
        requireType(Type.INT32, Type.INT64, Type.UINT8, Type.INT8, Type.INT16, Type.UINT16, Type.UINT32, Type.UINT64);
        int[] out = new int[size];
        for (int i = 0; i < size; i++) {
            long value = integer(i);
            if (value != (int) value || value < 0 && type == Type.UINT64) {
                throw new AdiwException(name + " has " + (type == Type.UINT64 ? Long.toUnsignedString(value) : value) + " at " + position(i)
                    + ", which does not fit 32 bits");
            }
            out[i] = (int) value;
        }
        return out;
    }

    private double asDouble(int i) {
        return switch (type) {
            case FLOAT16, FLOAT32 -> ((float[]) values)[i];
            case FLOAT64 -> ((double[]) values)[i];
            case UINT64 -> unsigned(integer(i));
            default -> integer(i);
        };
    }

    /** An element of a type without fractions; of uint64 its bits. */
    private long integer(int i) {
        return switch (type) {
            case INT8 -> ((byte[]) values)[i];
            case UINT8 -> ((byte[]) values)[i] & 0xff;
            case BOOL -> ((byte[]) values)[i] == 0 ? 0 : 1;
            case INT16 -> ((short[]) values)[i];
            case UINT16 -> ((short[]) values)[i] & 0xffff;
            case INT32 -> ((int[]) values)[i];
            case UINT32 -> ((int[]) values)[i] & 0xffffffffL;
            case INT64, UINT64 -> ((long[]) values)[i];
            default -> throw new IllegalStateException(type.name());
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

    /**
     * Writes what stands before the values: version 1.0, and values begin at a multiple of 64 bytes, as NumPy writes it.
     *
     * @param type of the values, which follow in C order, little-endian
     */
    public static void writeHeader(OutputStream out, Type type, int... shape) throws IOException {
        StringBuilder header = new StringBuilder("{'descr': '" + type.code + "', 'fortran_order': False, 'shape': (");
        for (int i = 0; i < shape.length; i++) {
            header.append(shape[i]).append(i + 1 < shape.length ? ", " : shape.length == 1 ? "," : "");
        }
        header.append("), }");
        while ((NpyHeader.MAGIC.length + 4 + header.length() + 1) % 64 != 0) {
            header.append(' ');
        }
        header.append('\n');
        out.write(NpyHeader.MAGIC);
        out.write(new byte[] {1, 0, (byte) header.length(), (byte) (header.length() >>> 8)});
        out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** @return for instance {@code float32[100, 3]} */
    @Override
    public String toString() {
        return type.name().toLowerCase(Locale.ROOT) + Arrays.toString(shape);
    }
}
