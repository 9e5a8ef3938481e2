package io.github.adiw.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.ratio.DensityRatio;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * What a fit of a density ratio costs in a program that has been running for a while: the least processor time of several, of all threads
 * of the process (compilation and collection of garbage, too), beside which {@code benchmarks/ratio/fit_time.py} puts the references.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.RatioFitTime N M D ROUNDS</pre>
 *
 * N training rows of D normal columns and M validation rows around 0.3; prints {@code {METHOD: SECONDS, ...}}.
 */
public final class RatioFitTime {
    private static final OperatingSystemMXBean PROCESS = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private RatioFitTime() {}

    public static void main(String[] arguments) {
        int d = Integer.parseInt(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        float[] train = normal(1, Integer.parseInt(arguments[0]) * d, 0, 1);
        float[] validation = normal(2, Integer.parseInt(arguments[1]) * d, 0.3, 0.9);
        try (Device device = Devices.open("host", 1)) {
            System.out.println(List.of("kl", "ls", "classifier").stream()
                .map(method -> String.format(Locale.ROOT, "\"%s\": %.4f", method, least(device, method, train, validation, d, rounds)))
                .collect(Collectors.joining(", ", "{", "}")));
        }
    }

    private static double least(Device device, String method, float[] train, float[] validation, int d, int rounds) {
        double least = Double.POSITIVE_INFINITY;
        for (int round = 0; round < rounds; round++) {
            long start = PROCESS.getProcessCpuTime();
            DensityRatio.builder().method(method).device(device).fit(train, validation, d);
            least = Math.min(least, (PROCESS.getProcessCpuTime() - start) * 1e-9);
        }
        return least;
    }

    private static float[] normal(long seed, int count, double mean, double deviation) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }
}
