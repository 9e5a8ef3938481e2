package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Does the same work again and again, over a device of its own, while one call of the system's fails: the first, the second, and so on,
 * of every function that {@code native/host/test/faults.cpp} knows. Arguments: the device, the file of the orders. Each time the work
 * must give the same numbers, or fail by an {@link AdiwException}; it prints how many calls of each function failed, and how many failed
 * the work.
 */
final class FaultProgram {
    private static final String[] FUNCTIONS = {"mmap", "pthread_create", "aligned_alloc", "posix_memalign", "calloc"};
    private static final int NONE = -1;

    private FaultProgram() {}

    public static void main(String[] arguments) throws IOException {
        String device = arguments[0];
        IntBuffer orders;
        try (FileChannel file = FileChannel.open(Path.of(arguments[1]), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            orders = file.map(FileChannel.MapMode.READ_WRITE, 0, 12).order(ByteOrder.nativeOrder()).asIntBuffer();
        }
        float[] expected = null;
        for (int function = 0; function < FUNCTIONS.length; function++) {
            int failed = 0;
            int refused = 0;
            do {
                orders.put(0, function).put(2, 0).put(1, failed);
                try {
                    expected = same(expected, work(device));
                } catch (AdiwException e) {
                    refused++;
                    if (!e.getMessage().contains("memory")) {
                        throw e;
                    }
                } finally {
                    orders.put(1, NONE);
                }
                failed += orders.get(2);
            } while (orders.get(2) > 0);
            expected = same(expected, work(device));
            System.out.println(FUNCTIONS[function] + " " + failed + " " + refused);
        }
    }

    private static float[] same(float[] expected, float[] got) {
        if (expected != null && !Arrays.equals(expected, got)) {
            throw new IllegalStateException("other numbers than before");
        }
        return got;
    }

    /** A gradient of a small network, by a graph. */
    private static float[] work(String name) {
        boolean slow = !name.equals("host");
        Model model = Model.parse(slow ? "mlp:5" : "lenet", 1, slow ? 4 : 28, slow ? 4 : 28, 3);
        int rows = slow ? 3 : 16;
        try (Device device = Devices.open(name, 3, notice -> {}); Parameters parameters = model.parameters(device);
             ModelInstance instance = model.instance(device, parameters, rows, 0, Precision.FP32);
             Buffer input = device.allocate(ElementType.FLOAT32, (long) rows * model.height() * model.width());
             Buffer gradient = device.floats(new float[rows * model.classes()])) {
            Buffer values = parameters.values();
            for (Buffer filled : new Buffer[] {values, input, gradient}) {
                device.launch("fill", Launch.elements(filled.length()), filled, 0.01f, (int) filled.length());
            }
            try (Graph graph = device.record(() -> {
                instance.forward(input);
                instance.backward(gradient);
            })) {
                graph.replay();
            }
            return parameters.gradients().toFloats();
        }
    }
}
