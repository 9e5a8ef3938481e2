package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Augmentation;
import io.github.adiw.data.Augmenter;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.data.SampleSet;
import io.github.adiw.data.SampleSource;
import io.github.adiw.data.TableSet;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images and tables, as they reach a model. */
class SampleSourceTest {
    private static float[] gathered(SampleSet samples, Normalization normalization, int... rows) {
        try (Device device = DeviceMatrix.open(); SampleSource source = samples.load(device, normalization);
             Buffer index = device.ints(rows);
             Buffer batch = device.allocate(ElementType.FLOAT32, (long) rows.length * samples.shape().size())) {
            source.gather(index, batch);
            return batch.toFloats();
        }
    }

    /** Two images of three channels of two pixels. */
    @Test
    void everyChannelOfAnImageHasItsOwnNormalization() {
        byte[] pixels = new byte[12];
        for (int i = 0; i < 12; i++) {
            pixels[i] = (byte) (20 * i);
        }
        ImageSet images = new ImageSet(pixels, new int[2], 3, 1, 2);
        float[] means = {0.1f, 0.2f, 0.3f};
        float[] deviations = {1, 0.5f, 0.25f};
        float[] found = gathered(images, new Normalization(means, deviations), 1, 0);
        float[] plain = gathered(images, Normalization.NONE, 1, 0);
        for (int i = 0; i < 12; i++) {
            float x = 20 * ((i + 6) % 12) / 255f;
            assertThat(plain[i]).isEqualTo(x, within(1e-7f));
            assertThat(found[i]).isEqualTo((x - means[i % 6 / 2]) / deviations[i % 6 / 2], within(1e-6f));
        }
    }

    @Test
    void everyColumnOfATableHasItsOwnNormalization() {
        TableSet table = new TableSet(new float[] {1, 10, 3, 30, 5, 50}, new int[3], 2);
        assertThat(gathered(table, Normalization.NONE, 2, 0, 2)).containsExactly(5, 50, 1, 10, 5, 50);
        assertThat(gathered(table, new Normalization(new float[] {3, 30}, new float[] {2, 20}), 2, 0)).containsExactly(1, 1, -1, -1);
    }

    private static ImageSet random(int count, int channels, int height, int width) {
        byte[] pixels = new byte[count * channels * height * width];
        Random random = new Random(5);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (1 + random.nextInt(255));       // none is as black as what is beside the image
        }
        return new ImageSet(pixels, new int[count], channels, height, width);
    }

    /** Rows of batches of consecutive steps, of which all but the last are augmented. */
    private static List<float[]> augmented(ImageSet images, Normalization normalization, long seed, int[] rows, long... steps) {
        List<float[]> batches = new ArrayList<>();
        try (Device device = DeviceMatrix.open(); SampleSource source = images.load(device, normalization);
             Buffer index = device.ints(rows); Buffer step = device.allocate(ElementType.INT64, 1);
             Buffer batch = device.allocate(ElementType.FLOAT32, (long) rows.length * images.imageSize());
             Graph graph = device.record(() -> source.gather(index, batch, rows.length - 1,
                 new Augmenter(Augmentation.CROP_FLIP, step, seed)))) {
            for (long s : steps) {
                step.upload(new long[] {s});
                graph.replay();
                float[] all = batch.toFloats();
                for (int i = 0; i < rows.length; i++) {
                    batches.add(Arrays.copyOfRange(all, i * images.imageSize(), (i + 1) * images.imageSize()));
                }
            }
        }
        return batches;
    }

    /** Whether an image is a part of the given one with black beside it, perhaps mirrored. */
    private static boolean matches(float[] found, ImageSet images, int sample, Normalization normalization, int up, int left,
                                   boolean mirrored) {
        int height = images.height();
        int width = images.width();
        for (int i = 0; i < found.length; i++) {
            int c = i / (height * width);
            int x = i % width;
            int y = i / width % height + up;
            x = (mirrored ? width - 1 - x : x) + left;
            boolean inside = y >= 0 && y < height && x >= 0 && x < width;
            float value = inside ? (images.images()[((sample * images.channels() + c) * height + y) * width + x] & 0xff) / 255f : 0;
            float expected = normalization.none() ? value : (value - normalization.means()[c]) / normalization.deviations()[c];
            if (Math.abs(found[i] - expected) > 1e-5) {
                return false;
            }
        }
        return true;
    }

    /** Places in the order of y, x, mirrored, of which the first 81 are not mirrored. */
    private static List<Integer> places(float[] found, ImageSet images, int sample, Normalization normalization) {
        return IntStream.range(0, 162).filter(place -> matches(found, images, sample, normalization, place % 81 / 9 - 4, place % 9 - 4,
            place >= 81)).boxed().toList();
    }

    @ParameterizedTest
    @CsvSource({"1, 28, 28", "3, 32, 32", "3, 5, 9", "2, 1, 1", "1, 11, 3"})
    void augmentedImagesAreCropsOfThePaddedOnes(int channels, int height, int width) {
        ImageSet images = random(6, channels, height, width);
        Normalization normalization = channels == 1 ? Normalization.NONE
            : new Normalization(Arrays.copyOf(new float[] {0.1f, 0.2f, 0.3f}, channels),
                Arrays.copyOf(new float[] {1, 0.5f, 0.25f}, channels));
        int[] rows = {4, 0, 5, 5, 1, 2};
        List<float[]> batches = augmented(images, normalization, 9, rows, 0, 1, 1L << 33);
        for (int i = 0; i < batches.size(); i++) {
            List<Integer> places = places(batches.get(i), images, rows[i % 6], normalization);
            assertThat(places).as("row %d", i).isNotEmpty();
            if (i % 6 == 5) {
                assertThat(places).as("not augmented").contains(40);
            }
        }
        assertThat(batches.get(2)).as("the same sample in the same step").containsExactly(batches.get(3));
        assertThat(augmented(images, normalization, 9, new int[] {2, 5, 0}, 1).get(1)).as("in another batch")
            .containsExactly(batches.get(8));
    }

    @Test
    void placesAndMirrorsAreEquallyLikely() {
        int count = DeviceMatrix.slow() ? 24 : 120;
        long[] steps = LongStream.range(0, DeviceMatrix.slow() ? 5 : 50).toArray();
        ImageSet images = random(count, 1, 9, 9);
        int[] rows = IntStream.rangeClosed(0, count).map(i -> i % count).toArray();
        List<float[]> batches = augmented(images, Normalization.NONE, 3, rows, steps);
        int[][] seen = {new int[9], new int[9], new int[2]};
        Set<Integer> ofOneSample = new HashSet<>();
        int draws = 0;
        for (int i = 0; i < batches.size(); i++) {
            if (i % rows.length < count) {
                List<Integer> places = places(batches.get(i), images, rows[i % rows.length], Normalization.NONE);
                assertThat(places).hasSize(1);
                int place = places.get(0);
                seen[0][place % 81 / 9]++;
                seen[1][place % 9]++;
                seen[2][place / 81]++;
                draws++;
                if (i % rows.length == 0) {
                    ofOneSample.add(place);
                }
            }
        }
        for (int[] counts : seen) {
            double p = 1.0 / counts.length;
            for (int c : counts) {
                assertThat((double) c).isCloseTo(p * draws, within(4.5 * Math.sqrt(draws * p * (1 - p))));
            }
        }
        assertThat(ofOneSample).as("another place in every step").hasSizeGreaterThan(steps.length / 2);
        assertThat(augmented(images, Normalization.NONE, 4, rows, 0).get(7)).as("another seed").isNotEqualTo(batches.get(7));
    }

    @Test
    void validationSamplesAreNotAugmented() {
        ImageSet images = random(40, 3, 8, 8);
        Dataset data = new Dataset("toy", images, images, List.of("a"), Normalization.NONE, "memory", false);
        TrainingSplit split = TrainingSplit.of(data).validationSamples(10).build();
        try (Device device = DeviceMatrix.open(); TrainingData loaded = TrainingData.load(device, data, split);
             Buffer step = device.allocate(ElementType.INT64, 1)) {
            device.zero(step);
            try (BatchSource batches = BatchSource.create(device, loaded, new Augmenter(Augmentation.CROP_FLIP, step, 1), step, 1,
                RowChoice.shuffled(40), 12, RowChoice.drawn(loaded.validation()), 6);
                 Buffer plain = device.allocate(ElementType.FLOAT32, batches.inputs().length())) {
                batches.next(StepClock.Stamp.NONE);
                loaded.training().gather(batches.rows(), plain);
                float[] found = batches.inputs().toFloats();
                float[] expected = plain.toFloats();
                int altered = 0;
                for (int row = 0; row < 18; row++) {
                    altered += Arrays.equals(found, row * 192, row * 192 + 192, expected, row * 192, row * 192 + 192) ? 0 : 1;
                }
                assertThat(altered).isBetween(10, 12);
                assertThat(Arrays.copyOfRange(found, 12 * 192, 18 * 192)).containsExactly(Arrays.copyOfRange(expected, 12 * 192, 18 * 192),
                    within(1e-6f));
            }
        }
    }

    @Test
    void tablesAreNotAugmented() {
        TableSet table = new TableSet(new float[] {1, 10, 3, 30, 5, 50}, new int[3], 2);
        Dataset data = new Dataset("toy", table, table, List.of("a"), Normalization.NONE, "memory", false);
        TrainingOptions options = TrainingOptions.builder().model("mlp:2").augment("crop-flip").build();
        try (Device device = DeviceMatrix.open()) {
            assertThatThrownBy(() -> new Trainer(device, data, options).close()).isInstanceOf(UsageException.class)
                .hasMessage("augment crop-flip alters images, and these samples are rows of 2 columns: give augment none")
                .extracting("parameter").isEqualTo("augment");
            try (SampleSource rows = table.load(device, Normalization.NONE); Buffer index = device.ints(0);
                 Buffer batch = device.allocate(ElementType.FLOAT32, 2); Buffer step = device.allocate(ElementType.INT64, 1)) {
                assertThatThrownBy(() -> rows.gather(index, batch, 1, new Augmenter(Augmentation.CROP_FLIP, step, 1)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("images alone");
                rows.gather(index, batch, 1, new Augmenter(Augmentation.NONE, step, 1));
                assertThat(batch.toFloats()).containsExactly(1, 10);
            }
        }
    }

    /** Rows around one of two points, far from 0 and of unlike scales; who knows the points gets 92 % right. */
    @Test
    void aTableTrainsAsImagesDo() {
        Random random = new Random(1);
        int n = DeviceMatrix.slow() ? 128 : 1024;
        SampleSet[] sets = new SampleSet[2];
        for (int s = 0; s < 2; s++) {
            float[] values = new float[2 * n];
            int[] labels = new int[n];
            for (int i = 0; i < n; i++) {
                labels[i] = i % 2;
                values[2 * i] = (float) (1000 + 10 * random.nextGaussian() + 20 * labels[i]);
                values[2 * i + 1] = (float) (0.1 * random.nextGaussian() - 0.2 * labels[i]);
            }
            sets[s] = new TableSet(values, labels, 2);
        }
        Dataset data = new Dataset("clouds", sets[0], sets[1], List.of("left", "right"),
            new Normalization(new float[] {1010, -0.1f}, new float[] {14, 0.14f}), "memory", false);
        TrainingOptions options = TrainingOptions.builder().model("mlp:8").method("adiw-km").shift("symmetric:0.3").validationSamples(64)
            .batch(32).validationBatch(32).optimizer("adam").learningRate(1e-2f).schedule("none")
            .epochs(DeviceMatrix.slow() ? 10 : 6).build();
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, data, options)) {
            TrainingResult result = trainer.run(new TrainingListener() {});
            assertThat(result.failure()).isNull();
            assertThat(result.finalTestAccuracy()).isGreaterThan(DeviceMatrix.slow() ? 0.75 : 0.88);
        }
    }
}
