package io.github.adiw.benchmarks;

import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.nn.Precision;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How long does a training step take on a device, by its own clock and by the wall? All methods and precisions in one process, with one
 * context and one load of the kernels; {@code benchmarks/gpu/check.sh} runs it.
 *
 * <pre>java -cp ... io.github.adiw.benchmarks.StepsOnDevice DEVICE MODEL METHODS PRECISIONS STEPS</pre>
 *
 * METHODS and PRECISIONS are lists with commas, or {@code all} for every precision there is. Batch 256 + 256, 10,000 images of the embedded
 * sample with 40 % symmetric noise, Adam. One line a run: microseconds of a step by the device's clock, median and mean, and of a replay by
 * the wall, from rounds of one epoch's steps with nothing read in between. A run that fails is a line too, and the status is then 1.
 */
public final class StepsOnDevice {
    /** By the device's clock, these are left out at the front where there are more. */
    private static final int WARM = 10;

    private StepsOnDevice() {}

    public static void main(String[] arguments) {
        if (arguments.length != 5) {
            System.err.println("usage: StepsOnDevice DEVICE MODEL METHODS PRECISIONS STEPS");
            System.exit(2);
        }
        String model = arguments[1];
        int steps = Integer.parseInt(arguments[4]);
        Dataset images = fewTests(FashionMnist.sample());
        boolean failed = false;
        long start = System.nanoTime();
        try (Device device = Devices.open(arguments[0])) {
            print("%-44s %.0f ms", "opening the device, kernels loaded", (System.nanoTime() - start) * 1e-6);
            for (String method : arguments[2].split(",")) {
                for (String precision : precisions(arguments[3])) {
                    String name = String.format(Locale.ROOT, "%s step, %s, %s", model, method, precision);
                    try {
                        print("%-44s %s", name, measure(device, images, model, method, precision, steps));
                    } catch (RuntimeException e) {
                        failed = true;
                        print("%-44s FAILED: %s", name, e.getMessage());
                    }
                }
            }
        }
        System.exit(failed ? 1 : 0);
    }

    private static List<String> precisions(String given) {
        return given.equals("all") ? Arrays.stream(Precision.values()).map(p -> p.name().toLowerCase(Locale.ROOT)).toList()
            : List.of(given.split(","));
    }

    private static String measure(Device device, Dataset images, String model, String method, String precision, int steps) {
        Rounds rounds = new Rounds(device, 10_000 / 256);
        try (Trainer trainer = new Trainer(device, images,
            TrainingOptions.builder().model(model).method(method).precision(precision).shift("symmetric:0.4").trainSamples(10_000)
                .optimizer("adam").learningRate(1e-3f).weightDecay(0).schedule("none").warmupEpochs(0).steps(steps).build())) {
            TrainingResult result = trainer.run(rounds);
            double[] clock = trainer.stepMillis();
            double[] counted = clock.length > 2 * WARM ? Arrays.copyOfRange(clock, WARM, clock.length) : clock;
            return String.format(Locale.ROOT, "%.1f us (mean %.1f, estimation %.1f) by the device's clock, %.1f us (mean %.1f) a replay",
                1e3 * median(counted), 1e3 * mean(counted), 1e3 * result.stepMillis().weightEstimation(), median(rounds.micros()),
                mean(rounds.micros()));
        }
    }

    /** Wall time of the steps between an epoch's first and its last, while nothing waits for the device. */
    private static final class Rounds implements TrainingListener {
        private final Device device;
        private final int perEpoch;
        private final List<Double> micros = new ArrayList<>();
        private long start;

        Rounds(Device device, int perEpoch) {
            this.device = device;
            this.perEpoch = perEpoch;
        }

        @Override
        public void step(long done, long total) {
            long in = (done - 1) % perEpoch;
            if (in == 0) {
                device.synchronize();
                start = System.nanoTime();
            } else if (in == perEpoch - 1 || done == total) {
                device.synchronize();
                micros.add((System.nanoTime() - start) * 1e-3 / in);
            }
        }

        /** The first round warms up, where there is another. */
        double[] micros() {
            return micros.stream().skip(micros.size() > 1 ? 1 : 0).mapToDouble(x -> x).toArray();
        }
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted.length == 0 ? Double.NaN : (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    /** A line at once: what has been measured is there when the process is ended. */
    static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
        System.out.flush();
    }

    /** The evaluation at the end of a run is not what is measured. */
    private static Dataset fewTests(Dataset sample) {
        return new Dataset(sample.name(), sample.train(), sample.test().gather(IntStream.range(0, 10).toArray()), sample.classNames(),
            sample.normalization(), sample.source(), true);
    }
}
