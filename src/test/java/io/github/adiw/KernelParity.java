package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.StandInControl;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Runs one computation on {@code host} and on the device under test with blocks of 1, 32, 96 and 256 threads and those of production
 * ({@code -Dadiw.test.blocks} says others), on the stand-in driver under every thread order: results must be bit-identical across orders
 * (else a barrier is missing) and close to the host's. Kernels that fix their block run with that.
 *
 * <pre>{@code
 * KernelParity.of("sum", Launch.rows(3)).in(x).out(new float[3]).value(5).check();       // sum(const float* x, float* y, int n)
 * KernelParity.check(1e-5, device -> { ...; return List.of(result.toFloats()); });       // anything that uses a Device
 * }</pre>
 */
public final class KernelParity {
    /** Threads of a block; 0 for what each launch has in production. */
    private static final int[] BLOCKS = Arrays.stream(System.getProperty("adiw.test.blocks", "1,32,96,256,0").split(","))
        .mapToInt(Integer::parseInt).toArray();
    private final String kernel;
    private final Launch shape;
    private final List<Object> arguments = new ArrayList<>();
    private final List<Boolean> outputs = new ArrayList<>();
    private double tolerance = 1e-5;

    private KernelParity(String kernel, Launch shape) {
        this.kernel = kernel;
        this.shape = shape;
    }

    /** A launch of {@code kernel}; its arguments follow in their order. */
    public static KernelParity of(String kernel, Launch shape) {
        return new KernelParity(kernel, shape);
    }

    /** An array that the kernel reads; or null. */
    public KernelParity in(Object array) {
        return add(array, false);
    }

    /** An array that the kernel writes, and may read: it is uploaded first, and compared afterwards. */
    public KernelParity out(Object array) {
        return add(array, true);
    }

    /** An int, long, float or double. */
    public KernelParity value(Number value) {
        return add(value, false);
    }

    /** Largest difference of floating-point outputs from the host's, relative to the largest output; 1e-5 if not said. */
    public KernelParity within(double relative) {
        tolerance = relative;
        return this;
    }

    private KernelParity add(Object argument, boolean output) {
        arguments.add(argument);
        outputs.add(output);
        return this;
    }

    /** Runs and compares; skipped where the device under test is the host itself. */
    public void check() {
        assertThat(outputs).as("a parity check needs an output").contains(true);
        check(tolerance, this::run);
    }

    private List<Object> run(Device device) {
        Object[] values = new Object[arguments.size()];
        for (int i = 0; i < values.length; i++) {
            Object argument = arguments.get(i);
            values[i] = argument == null || argument instanceof Number ? argument : upload(device, argument);
        }
        device.launch(kernel, shape, values);
        List<Object> results = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            if (outputs.get(i)) {
                results.add(download((Buffer) values[i]));
            }
        }
        return results;
    }

    /**
     * Compares the arrays that {@code work} returns. It may leave buffers open.
     *
     * @param tolerance largest difference of floats and doubles from the host's, relative to the largest of the array;
     *                  integers must agree
     */
    public static void check(double tolerance, Function<Device, List<?>> work) {
        String name = DeviceMatrix.name();
        assumeTrue(!name.equals("host"),
            "parity of kernels with the host is checked in the test runs of the other devices (-Dadiw.test.device=simt)");
        List<?> reference;
        try (Device host = Devices.open("host", 2)) {
            reference = work.apply(host);
        }
        try {
            for (int block : BLOCKS) {
                StandInControl.block(block);
                try (Device device = DeviceMatrix.open()) {
                    if (DeviceMatrix.slow()) {
                        acrossOrders(device, reference, work, tolerance, blocks(block));
                    } else {
                        compare(reference, work.apply(device), tolerance, name + ", " + blocks(block));
                    }
                }
            }
        } finally {
            StandInControl.block(0);
            if (DeviceMatrix.slow()) {
                StandInControl.order("forwards");
            }
        }
    }

    private static String blocks(int threads) {
        return threads == 0 ? "the blocks of production" : "blocks of " + threads;
    }

    private static void acrossOrders(Device simt, List<?> reference, Function<Device, List<?>> work, double tolerance, String blocks) {
        List<?> first = null;
        for (String order : StandInControl.ORDERS) {
            StandInControl.order(order);
            List<?> result = work.apply(simt);
            if (first == null) {
                first = result;
                compare(reference, result, tolerance, blocks);
            }
            for (int i = 0; i < result.size(); i++) {
                assertThat(result.get(i)).as("output %d with %s, threads %s instead of forwards: bit for bit", i, blocks, order)
                    .isEqualTo(first.get(i));
            }
        }
    }

    private static void compare(List<?> reference, List<?> result, double tolerance, String what) {
        assertThat(result).as(what).hasSameSizeAs(reference);
        for (int i = 0; i < result.size(); i++) {
            Object expected = reference.get(i);
            Object actual = result.get(i);
            if (!(expected instanceof float[]) && !(expected instanceof double[])) {
                assertThat(actual).as("output %d, %s", i, what).isEqualTo(expected);
                continue;
            }
            int length = Array.getLength(expected);
            assertThat(Array.getLength(actual)).isEqualTo(length);
            double most = 0;
            for (int k = 0; k < length; k++) {
                double v = Math.abs(Array.getDouble(expected, k));
                most = Double.isFinite(v) ? Math.max(most, v) : most;
            }
            for (int k = 0; k < length; k++) {
                double a = Array.getDouble(actual, k);
                double b = Array.getDouble(expected, k);
                if (a != b && !(Double.isNaN(a) && Double.isNaN(b)) && !(Math.abs(a - b) <= tolerance * most)) {
                    throw new AssertionError("output " + i + "[" + k + "], " + what + ": " + a + " instead of the host's " + b
                        + ", which differs by more than " + tolerance + " of the largest, " + most);
                }
            }
        }
    }

    private static Buffer upload(Device device, Object array) {
        int length = Array.getLength(array);
        if (array instanceof float[] floats) {
            return device.floats(floats);
        } else if (array instanceof int[] ints) {
            return device.ints(ints);
        } else if (array instanceof long[] longs) {
            Buffer buffer = device.allocate(ElementType.INT64, length);
            buffer.upload(longs);
            return buffer;
        } else if (array instanceof double[] doubles) {
            Buffer buffer = device.allocate(ElementType.FLOAT64, length);
            buffer.upload(doubles);
            return buffer;
        } else if (array instanceof byte[] bytes) {
            Buffer buffer = device.allocate(ElementType.UINT8, length);
            buffer.upload(bytes);
            return buffer;
        }
        throw new IllegalArgumentException("no array type of a kernel: " + array.getClass());
    }

    private static Object download(Buffer buffer) {
        int length = (int) buffer.length();
        switch (buffer.type()) {
            case FLOAT32:
                return buffer.toFloats();
            case INT32:
                return buffer.toInts();
            case INT64:
                long[] longs = new long[length];
                buffer.download(longs);
                return longs;
            case FLOAT64:
                double[] doubles = new double[length];
                buffer.download(doubles);
                return doubles;
            default:
                byte[] bytes = new byte[length];
                buffer.download(bytes);
                return bytes;
        }
    }
}
