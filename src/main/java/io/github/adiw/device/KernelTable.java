package io.github.adiw.device;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The kernels there are and the types of their parameters, as their C++ declarations say: the one table against which the
 * arguments of every launch are checked, whatever the device.
 */
final class KernelTable {
    /**
     * One kernel.
     *
     * @param index     its number in the host library
     * @param signature one letter a parameter: P pointer, C pointer to what is only read, I int, L long, F float, D double
     * @param fixed     whether its block is declared with the kernel (a call on the host)
     */
    record Kernel(String name, int index, String signature, boolean fixed) {}

    private final Map<String, Kernel> kernels = new LinkedHashMap<>();

    /** @param lines "name signature kind" as the host library lists them */
    KernelTable(String[] lines) {
        for (int i = 0; i < lines.length; i++) {
            String[] part = lines[i].split(" ");
            Kernel kernel = new Kernel(part[0], i, part[1], part[2].equals("c"));
            if (kernels.put(kernel.name, kernel) != null) {
                throw new IllegalStateException("two kernels are called " + kernel.name);
            }
        }
    }

    Kernel get(String name) {
        Kernel kernel = kernels.get(name);
        if (kernel == null) {
            throw new IllegalArgumentException("there is no kernel called " + name);
        }
        return kernel;
    }

    List<Kernel> all() {
        return List.copyOf(kernels.values());
    }

    /** The arguments as 64-bit words, checked against the signature and against {@code device}. */
    static long[] words(Kernel kernel, Device device, Object... arguments) {
        if (arguments.length != kernel.signature.length()) {
            throw new IllegalArgumentException(kernel.name + " takes " + kernel.signature.length() + " arguments ("
                + kernel.signature + "), not " + arguments.length);
        }
        long[] words = new long[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = word(kernel, device, i, arguments[i]);
        }
        refuseOverlap(kernel, arguments);
        return words;
    }

    /** A GPU may read what is only read through a cache that does not see what the kernel itself writes. */
    private static void refuseOverlap(Kernel kernel, Object[] arguments) {
        for (int read = 0; read < arguments.length; read++) {
            if (kernel.signature.charAt(read) != 'C' || !(arguments[read] instanceof Buffer source)) {
                continue;
            }
            for (int written = 0; written < arguments.length; written++) {
                if (kernel.signature.charAt(written) == 'P' && arguments[written] instanceof Buffer target && source.overlaps(target)) {
                    throw new IllegalArgumentException("arguments " + (read + 1) + " and " + (written + 1) + " of " + kernel.name
                        + " overlap, and it only reads the one and writes the other: give it two buffers, or slices that do not");
                }
            }
        }
    }

    private static long word(Kernel kernel, Device device, int position, Object argument) {
        char type = kernel.signature.charAt(position);
        boolean pointer = type == 'P' || type == 'C';
        if (pointer && argument == null) {
            return 0;
        }
        if (pointer && argument instanceof Buffer buffer) {
            if (buffer.device() != device) {
                throw new IllegalArgumentException("argument " + (position + 1) + " of " + kernel.name + " lies on "
                    + buffer.device().name() + ", but the launch is on " + device.name());
            }
            return buffer.address();
        }
        if (type == 'I' && argument instanceof Integer value) {
            return value;
        }
        if (type == 'L' && (argument instanceof Long || argument instanceof Integer)) {
            return ((Number) argument).longValue();
        }
        if (type == 'F' && argument instanceof Float value) {
            return Integer.toUnsignedLong(Float.floatToRawIntBits(value));
        }
        if (type == 'D' && argument instanceof Double value) {
            return Double.doubleToRawLongBits(value);
        }
        throw new IllegalArgumentException("argument " + (position + 1) + " of " + kernel.name + " is of type " + type
            + " (P and C Buffer, I int, L long, F float, D double), not "
            + (argument == null ? "null" : argument.getClass().getSimpleName()));
    }
}
