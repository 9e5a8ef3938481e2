package io.github.adiw.benchmarks;

import static io.github.adiw.benchmarks.StepsOnDevice.print;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;

/**
 * What does no step go below on this device? A chain of nodes that do next to nothing, the tick of its clock, how fast it copies; and how
 * long it takes to open; {@code benchmarks/gpu/check.sh} runs it.
 *
 * <pre>java -cp ... io.github.adiw.benchmarks.DeviceLimits DEVICE NODES MEBIBYTES</pre>
 *
 * NODES is a list with commas of lengths of chains.
 */
public final class DeviceLimits {
    private static final int STAMPS = 500;
    private static final int REPLAYS = 20;

    private DeviceLimits() {}

    public static void main(String[] arguments) {
        if (arguments.length != 3) {
            System.err.println("usage: DeviceLimits DEVICE NODES MEBIBYTES");
            System.exit(2);
        }
        long start = System.nanoTime();
        try (Device device = Devices.open(arguments[0])) {
            print("%-44s %.0f ms (%s)", "opening the device, kernels loaded", (System.nanoTime() - start) * 1e-6, device.description());
            print("%-44s %d ns", "tick of the device's clock", tick(device));
            for (String nodes : arguments[1].split(",")) {
                print("%-44s %.1f us a replay", "a chain of " + nodes + " nodes that do nothing", chain(device, Integer.parseInt(nodes)));
            }
            print("%-44s %.1f GB/s, read and written", "a copy of " + arguments[2] + " MiB", copy(device, Long.parseLong(arguments[2])));
        }
    }

    /** The least difference of stamps that follow one another and differ. */
    private static long tick(Device device) {
        try (Buffer step = device.allocate(ElementType.INT64, 1); Buffer stamps = device.allocate(ElementType.INT64, STAMPS)) {
            device.zero(step);
            for (int i = 0; i < STAMPS; i++) {
                device.launch("mark_time", Launch.block(), stamps.slice(i, STAMPS - i), step, STAMPS, 1);
            }
            long[] read = new long[STAMPS];
            stamps.download(read);
            long least = Long.MAX_VALUE;
            for (int i = 1; i < STAMPS; i++) {
                if (read[i] > read[i - 1]) {
                    least = Math.min(least, read[i] - read[i - 1]);
                }
            }
            return least;
        }
    }

    private static double chain(Device device, int nodes) {
        try (Buffer counter = device.allocate(ElementType.INT64, 1)) {
            device.zero(counter);
            try (Graph graph = device.record(() -> {
                for (int i = 0; i < nodes; i++) {
                    device.launch("advance", Launch.block(), counter);
                }
            })) {
                return micros(device, graph);
            }
        }
    }

    private static double copy(Device device, long mebibytes) {
        long bytes = mebibytes << 20;
        try (Buffer source = device.allocate(ElementType.UINT8, bytes); Buffer target = device.allocate(ElementType.UINT8, bytes)) {
            device.zero(source);
            try (Graph graph = device.record(() -> device.copy(source, target))) {
                return 2 * bytes * 1e-3 / micros(device, graph);
            }
        }
    }

    /** The least of three rounds. */
    private static double micros(Device device, Graph graph) {
        graph.replay();
        device.synchronize();
        double least = Double.POSITIVE_INFINITY;
        for (int round = 0; round < 3; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < REPLAYS; i++) {
                graph.replay();
            }
            device.synchronize();
            least = Math.min(least, (System.nanoTime() - start) * 1e-3 / REPLAYS);
        }
        return least;
    }
}
