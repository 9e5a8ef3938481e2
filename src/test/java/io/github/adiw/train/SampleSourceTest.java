package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.data.SampleSet;
import io.github.adiw.data.SampleSource;
import io.github.adiw.data.TableSet;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

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
