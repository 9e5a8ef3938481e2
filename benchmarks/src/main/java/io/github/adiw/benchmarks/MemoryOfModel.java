package io.github.adiw.benchmarks;

import io.github.adiw.data.Dataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * How much memory does a program need that trains? One step of adiw-km on random colour images, on two threads of the host; prints the most
 * that was resident, as Linux counts it.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.MemoryOfModel MODEL BATCH SIDE</pre>
 *
 * BATCH training and as many validation samples, SIDE x SIDE pixels.
 */
public final class MemoryOfModel {
    private static final int CLASSES = 10;

    private MemoryOfModel() {}

    public static void main(String[] arguments) throws IOException {
        int batch = Integer.parseInt(arguments[1]);
        Dataset images = randomImages(2 * batch, Integer.parseInt(arguments[2]));
        TrainingOptions options = TrainingOptions.builder().model(arguments[0]).method("adiw-km").batch(batch).validationBatch(batch)
            .validationSamples(batch).trainSamples(2 * batch).shift("symmetric:0.4").schedule("none").warmupEpochs(0).learningRate(1e-5f)
            .steps(1).build();
        try (Device device = Devices.open("host", 2); Trainer trainer = new Trainer(device, images, options)) {
            trainer.run(new TrainingListener() {});
        }
        Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmHWM")).forEach(System.out::println);
    }

    private static Dataset randomImages(int count, int side) {
        Random random = new Random(1);
        byte[] pixels = new byte[count * 3 * side * side];
        random.nextBytes(pixels);
        ImageSet images = new ImageSet(pixels, random.ints(count, 0, CLASSES).toArray(), 3, side, side);
        List<String> names = IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
        return new Dataset("random", images, images.gather(new int[] {0, 1}), names, Normalization.NONE, "a benchmark", true);
    }
}
