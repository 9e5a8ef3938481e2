package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What stands before the values of a .npy file (NEP 1 and numpy.lib.format; versions 1 to 3).
 *
 * @param name    the file, for messages
 * @param type    of an element
 * @param code    NumPy's name of the type
 * @param fortran whether the first index runs fastest
 * @param shape   at least 1 each
 * @param length  where the first value is, in bytes from the beginning of the file
 */
record NpyHeader(String name, Npy.Type type, String code, boolean fortran, int[] shape, int length) {
    static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int LONGEST = 1 << 20;
    /** As many as NumPy had for most of its life. */
    private static final int MOST_DIMENSIONS = 32;
    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*(?:['\"]([^'\"]*)['\"]|\\[)");
    private static final Pattern ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9,\\sL]*)\\)");

    /**
     * Reads it; the stream is then at the first value.
     *
     * @param name the file, for messages
     * @throws AdiwException if it is no .npy file of numbers, or has no element
     */
    static NpyHeader read(InputStream in, String name) throws IOException {
        byte[] start = in.readNBytes(8);
        if (start.length == 0) {
            throw new AdiwException(name + " is empty, and a .npy file was expected");
        }
        for (int i = 0; i < MAGIC.length && i < start.length; i++) {
            if (start[i] != MAGIC[i]) {
                throw new AdiwException(name + " is not a .npy file: it does not begin with NumPy's magic string");
            }
        }
        if (start.length < 8) {
            throw broken(name, "it is truncated: it ends within its first eight bytes");
        }
        int version = start[6];
        if (version < 1 || version > 3) {
            throw new AdiwException(name + " is .npy version " + (version & 0xff) + "." + (start[7] & 0xff)
                + ", and 1.0, 2.0 or 3.0 was expected");
        }
        byte[] digits = take(in, version == 1 ? 2 : 4, name);
        long length = 0;
        for (int i = digits.length - 1; i >= 0; i--) {
            length = length << 8 | digits[i] & 0xff;
        }
        if (length > LONGEST) {
            throw broken(name, "its header is said to have " + length + " bytes, and at most " + LONGEST + " was expected");
        }
        String header = new String(take(in, (int) length, name), StandardCharsets.UTF_8);
        String code = code(header, name);
        Npy.Type type = Npy.Type.of(code);
        if (type == null) {
            throw new AdiwException(
                name + " holds elements of NumPy type '" + code + "', and numbers were expected: floats, integers or bool");
        }
        Matcher order = ORDER.matcher(header);
        if (!order.find()) {
            throw broken(name, "its header has no 'fortran_order'");
        }
        int[] shape = shape(header, name);
        if (Arrays.stream(shape).anyMatch(size -> size == 0)) {
            throw new AdiwException(
                name + " is an empty array of shape " + Arrays.toString(shape) + ", and at least one element was expected");
        }
        return new NpyHeader(name, type, code, order.group(1).equals("True"), shape,
            start.length + digits.length + (int) length);
    }

    /** Of the values. */
    ByteOrder byteOrder() {
        return code.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    }

    /**
     * Checks how many bytes follow.
     *
     * @param left bytes after the header
     * @throws AdiwException if they are too few or too many
     */
    void requireLength(long left) {
        long size = type.bytes();
        for (int length : shape) {
            size = size > Long.MAX_VALUE / length ? Long.MAX_VALUE : size * length;
        }
        if (left != size) {
            throw broken((left < size ? "it is truncated: " : "it goes on after its last value: ") + Arrays.toString(shape) + " " + code
                + " needs " + size + " bytes, and " + left + " follow the header");
        }
    }

    AdiwException broken(String what) {
        return broken(name, what);
    }

    private static AdiwException broken(String name, String what) {
        return new AdiwException(name + " is broken: " + what);
    }

    private static String code(String header, String name) {
        Matcher m = DESCR.matcher(header);
        if (!m.find()) {
            throw broken(name, "its header has no 'descr'");
        }
        if (m.group(1) == null) {
            throw new AdiwException(name + " holds records, and plain numbers were expected");
        }
        return m.group(1);
    }

    private static int[] shape(String header, String name) {
        Matcher m = SHAPE.matcher(header);
        if (!m.find()) {
            throw broken(name, "its header has no 'shape'");
        }
        String inside = m.group(1).replaceAll("[\\sL]", "");
        if (inside.isEmpty()) {
            return new int[0];
        }
        String[] parts = inside.split(",");
        if (parts.length > MOST_DIMENSIONS) {
            throw broken(name, "its shape has " + parts.length + " dimensions, and at most " + MOST_DIMENSIONS + " were expected");
        }
        int[] shape = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            try {
                shape[i] = Integer.parseInt(parts[i]);
            } catch (NumberFormatException e) {
                throw broken(name, "its shape (" + m.group(1) + ") has the part '" + parts[i] + "', and 0 to 2147483647 was expected");
            }
        }
        return shape;
    }

    private static byte[] take(InputStream in, int bytes, String name) throws IOException {
        byte[] taken = in.readNBytes(bytes);
        if (taken.length < bytes) {
            throw broken(name, "it is truncated: it ends within its header");
        }
        return taken;
    }
}
