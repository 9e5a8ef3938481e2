package io.github.adiw.benchmarks;

import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Training steps on command, so that another program can be timed in turn with them ({@code benchmarks/peers/compare.py}).
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.StepServer DEVICE THREADS MODEL BATCH [FILE.safetensors]</pre>
 *
 * Commands on standard input, each answered by one line of JSON: {@code run METHOD STEPS} by {@code {"method", "millis",
 * "weightEstimation", "estimationForward"}}, the times of all steps and the means of those two parts, {@code quit}. The first line printed
 * is {@code {"device", "threads"}}. BATCH training and as many validation samples, SGD at 1e-5, sum-reduced, every run from the parameters
 * in the file or from new ones: what {@code benchmarks/peers/steps.py} trains. LeNet has 10,000 images of the embedded sample with 40 %
 * symmetric noise, other models as many random colour images of 32 x 32.
 *
 * <p>Times are from one step's end to the next one's, so drawing, gathering and every launch are in them. With
 * {@code -Dprocessor-time=true} they are those for which the processor worked for this thread, which is all of a step on one thread of the
 * host, however many programs share the machine.
 */
public final class StepServer {
    private static final int WARM = 5;
    private static final int SAMPLES = 10_000;
    private static final int CLASSES = 10;
    private static final int SIDE = 32;

    private StepServer() {}

    public static void main(String[] arguments) throws IOException {
        int threads = Integer.parseInt(arguments[1]);
        String model = arguments[2];
        TrainingOptions.Builder options = TrainingOptions.builder().model(model).batch(Integer.parseInt(arguments[3]))
            .validationBatch(Integer.parseInt(arguments[3])).shift("symmetric:0.4").learningRate(1e-5f).trainSamples(SAMPLES)
            .schedule("none").warmupEpochs(0);
        if (arguments.length > 4) {
            options.initialParameters(Path.of(arguments[4]));
        }
        Dataset images = fewTests(model.equals("lenet") ? FashionMnist.sample() : randomImages());
        try (Device device = Devices.open(arguments[0], threads)) {
            answer("{\"device\": \"" + device.name() + "\", \"threads\": " + threads + "}");
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = commands.readLine(); line != null && !line.equals("quit"); line = commands.readLine()) {
                String[] words = line.split(" ");
                answer(run(device, images, options.method(words[1]), words[1], Integer.parseInt(words[2])));
            }
        }
    }

    private static String run(Device device, Dataset images, TrainingOptions.Builder options, String method, int steps) {
        long[] ends = new long[WARM + steps + 1];
        TrainingListener watch = new TrainingListener() {
            @Override
            public void step(long done, long total) {
                device.synchronize();
                ends[(int) done] = Boolean.getBoolean("processor-time")
                    ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
            }
        };
        TrainingResult.StepMillis parts;
        try (Trainer trainer = new Trainer(device, images, options.steps(WARM + steps).build())) {
            parts = trainer.run(watch).stepMillis();
        }
        String millis = IntStream.range(WARM, WARM + steps)
            .mapToObj(i -> String.format(Locale.ROOT, "%.4f", (ends[i + 1] - ends[i]) * 1e-6)).collect(Collectors.joining(", "));
        return String.format(Locale.ROOT,
            "{\"method\": \"%s\", \"millis\": [%s], \"weightEstimation\": %.4f, \"estimationForward\": %.4f}", method, millis,
            parts.weightEstimation(), parts.estimationForward());
    }

    private static Dataset randomImages() {
        Random random = new Random(1);
        byte[] pixels = new byte[SAMPLES * 3 * SIDE * SIDE];
        random.nextBytes(pixels);
        ImageSet images = new ImageSet(pixels, random.ints(SAMPLES, 0, CLASSES).toArray(), 3, SIDE, SIDE);
        List<String> names = IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
        return new Dataset("random", images, images, names, Normalization.NONE, "a benchmark", true);
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
