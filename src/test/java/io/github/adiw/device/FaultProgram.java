package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.Faults;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Does the same work again and again, over a device of its own, while one call of the system's fails: the first, the second, and so on,
 * of every function that {@code native/host/test/faults.cpp} knows. Arguments: the device, the file of the orders. Each time the work
 * must give the same numbers, or fail by an {@link AdiwException}; it prints how many calls of each function failed, and how many failed
 * the work.
 */
final class FaultProgram {
    private FaultProgram() {}

    public static void main(String[] arguments) throws IOException {
        String device = arguments[0];
        Faults faults = Faults.open(Path.of(arguments[1]));
        float[] expected = null;
        for (String function : Faults.MEMORY_AND_THREADS) {
            int failed = 0;
            int refused = 0;
            int more;
            do {
                faults.begin(function, failed);
                try {
                    expected = same(expected, work(device));
                } catch (AdiwException e) {
                    refused++;
                    if (!e.getMessage().contains("memory")) {
                        throw e;
                    }
                } finally {
                    more = faults.end();
                }
                failed += more;
            } while (more > 0);
            expected = same(expected, work(device));
            System.out.println(function + " " + failed + " " + refused);
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
