package io.github.adiw.benchmarks;

import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Dataset;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Training steps on command, so that another program can be timed in turn with them ({@code benchmarks/peers/compare.py}).
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.StepServer FILE.safetensors [DEVICE [THREADS]]</pre>
 *
 * Commands on standard input, each answered by one line of JSON: {@code run METHOD STEPS} by {@code {"method", "millis"}},
 * {@code quit}. The first line printed is {@code {"device", "threads"}}. LeNet, batch 256 + 256, 10,000 images of the
 * embedded sample with 40 % symmetric noise, SGD at 1e-5, sum-reduced, every run from the parameters in the file: what
 * {@code benchmarks/peers/steps.py} trains.
 *
 * <p>Times are from one step's end to the next one's, so drawing, gathering and every launch are in them.
 */
public final class StepServer {
    private static final int WARM = 5;

    private StepServer() {}

    public static void main(String[] arguments) throws IOException {
        Path start = Path.of(arguments[0]);
        String name = arguments.length > 1 ? arguments[1] : "host";
        int threads = arguments.length > 2 ? Integer.parseInt(arguments[2]) : Runtime.getRuntime().availableProcessors();
        Dataset images = fewTests(FashionMnist.sample());
        try (Device device = Devices.open(name, threads)) {
            answer("{\"device\": \"" + device.name() + "\", \"threads\": " + threads + "}");
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = commands.readLine(); line != null && !line.equals("quit"); line = commands.readLine()) {
                String[] words = line.split(" ");
                String millis = Arrays.stream(run(device, images, start, words[1], Integer.parseInt(words[2])))
                    .mapToObj(t -> String.format(Locale.ROOT, "%.4f", t)).collect(Collectors.joining(", "));
                answer("{\"method\": \"" + words[1] + "\", \"millis\": [" + millis + "]}");
            }
        }
    }

    private static double[] run(Device device, Dataset images, Path start, String method, int steps) {
        long[] ends = new long[WARM + steps + 1];
        TrainingListener watch = new TrainingListener() {
            @Override
            public void step(long done, long total) {
                device.synchronize();
                ends[(int) done] = System.nanoTime();
            }
        };
        try (Trainer trainer = new Trainer(device, images, TrainingOptions.builder().method(method).shift("symmetric:0.4")
            .initialParameters(start).learningRate(1e-5f).trainSamples(10_000).schedule("none").warmupEpochs(0).steps(WARM + steps)
            .build())) {
            trainer.run(watch);
        }
        double[] millis = new double[steps];
        for (int i = 0; i < steps; i++) {
            millis[i] = (ends[WARM + i + 1] - ends[WARM + i]) * 1e-6;
        }
        return millis;
    }

    /** The evaluation at the end of a run is not what is measured. */
    private static Dataset fewTests(Dataset sample) {
        return new Dataset(sample.name(), sample.train(), sample.test().gather(IntStream.range(0, 10).toArray()), sample.classNames(),
            sample.normalization(), sample.source(), true);
    }

    private static void answer(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
