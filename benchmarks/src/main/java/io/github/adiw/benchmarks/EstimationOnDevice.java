package io.github.adiw.benchmarks;

import static io.github.adiw.benchmarks.StepsOnDevice.mean;
import static io.github.adiw.benchmarks.StepsOnDevice.median;
import static io.github.adiw.benchmarks.StepsOnDevice.print;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.Graph;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.WeightEstimator;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * How long does weight estimation take on a device, for batches small and large? Without JMH, so that one process does all of it while a
 * GPU is at hand; {@code benchmarks/gpu/check.sh} runs it. On a processor {@link WeightEstimationByBatchSize} says more.
 *
 * <pre>java -cp ... io.github.adiw.benchmarks.EstimationOnDevice DEVICE METHODS SIZES SECONDS</pre>
 *
 * METHODS and SIZES are lists with commas; n = m, d = 1, five steps. SECONDS, at most, for each. One line each: microseconds of a replay
 * by the wall, median and mean of rounds. What fails is a line too, and the status is then 1.
 */
public final class EstimationOnDevice {
    private static final int ROUNDS = 10;

    private EstimationOnDevice() {}

    public static void main(String[] arguments) {
        if (arguments.length != 4) {
            System.err.println("usage: EstimationOnDevice DEVICE METHODS SIZES SECONDS");
            System.exit(2);
        }
        double seconds = Double.parseDouble(arguments[3]);
        boolean failed = false;
        try (Device device = Devices.open(arguments[0])) {
            for (String size : arguments[2].split(",")) {
                for (String method : arguments[1].split(",")) {
                    String name = "estimation, " + method + ", n = m = " + size;
                    try {
                        double[] micros = measure(device, method, Integer.parseInt(size), seconds);
                        print("%-44s %.1f us (mean %.1f) a replay", name, median(micros), mean(micros));
                    } catch (RuntimeException e) {
                        failed = true;
                        print("%-44s FAILED: %s", name, e.getMessage());
                    }
                }
            }
        }
        System.exit(failed ? 1 : 0);
    }

    private static double[] measure(Device device, String method, int n, double seconds) {
        Random random = new Random(1);
        try (Buffer indices = device.ints(IntStream.range(0, n).toArray()); Buffer z = device.floats(losses(random, n, 2.0));
             Buffer validation = device.floats(losses(random, n, 0.5));
             WeightEstimator estimator = WeightEstimator.create(device, Divergences.get(method), new BatchShape(n, n, n, n, 1),
                 EstimationSettings.builder().bandwidth("diw:0.01").build());
             Graph graph = device.record(() -> estimator.estimate(indices, indices, z, validation))) {
            double once = micros(device, graph, 1);
            int replays = (int) Math.max(1, Math.min(100, 1e6 * seconds / ROUNDS / once));
            int rounds = (int) Math.max(1, Math.min(ROUNDS, 1e6 * seconds / once));
            double[] micros = new double[rounds];
            for (int round = 0; round < rounds; round++) {
                micros[round] = micros(device, graph, replays);
            }
            return micros;
        }
    }

    private static double micros(Device device, Graph graph, int replays) {
        device.synchronize();
        long start = System.nanoTime();
        for (int i = 0; i < replays; i++) {
            graph.replay();
        }
        device.synchronize();
        return (System.nanoTime() - start) * 1e-3 / replays;
    }

    /** Positive and skewed, as losses are. */
    private static float[] losses(Random random, int n, double mean) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (-mean * Math.log(1 - random.nextDouble()));
        }
        return values;
    }
}
