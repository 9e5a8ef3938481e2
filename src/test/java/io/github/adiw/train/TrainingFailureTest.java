package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Normalization;
import io.github.adiw.data.TableSet;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import io.github.adiw.weight.EstimationSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of training that diverges. */
class TrainingFailureTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "sum | (epoch 1, learning rate 1e30): try learningRate=1e29 or reduction=mean; what was reached before that step is kept",
        "mean | (epoch 1, learning rate 1e30): try learningRate=1e29; what was reached before that step is kept"})
    void whatToTry(String reduction, String said) {
        TrainingOptions options = TrainingOptions.builder().model("mlp:16").method("uniform").trainSamples(96).validationSamples(40)
            .batch(32).validationBatch(16).learningRate(1e30f).reduction(reduction).epochs(20).build();
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, FashionMnist.sample(), options)) {
            assertThat(trainer.run(new TrainingListener() {}).failure())
                .startsWith("the loss or a weight is no longer a finite number at step ")
                .endsWith(said);
        }
    }

    /** The losses are out of range in one batch, which is not an epoch's last: three steps are one. */
    @ParameterizedTest
    @CsvSource({"1, 1", "4, 2"})
    void anEstimationThatFailedInAnyBatch(int step, int epoch, @TempDir Path folder) {
        int batch = 16;
        int samples = 2 * batch;      // and a batch of others
        int columns = 2;
        Random random = new Random(1);
        float[] values = new float[(samples + batch) * columns];
        for (int i = 0; i < values.length; i++) {
            boolean far = i >= samples * columns;
            values[i] = (float) random.nextGaussian() * (far ? 1e25f : 1);
        }
        int[] labels = IntStream.range(0, samples + batch).map(i -> i % 3).toArray();
        TableSet train = new TableSet(values, labels, columns);
        Dataset data = new Dataset("table", train, train, List.of("a", "b", "c"), Normalization.NONE, "made here", true);
        int[] order = new int[6 * batch];
        int[] validation = new int[6 * 8];
        for (int i = 0; i < order.length; i++) {
            order[i] = i / batch == step - 1 ? samples + i % batch : i % samples;
        }
        for (int i = 0; i < validation.length; i++) {
            validation[i] = i % samples;
        }
        Npy.write(folder.resolve("order.npy"), order, 6, batch);
        Npy.write(folder.resolve("validation.npy"), validation, 6, 8);
        TrainingOptions options = TrainingOptions.builder().model("mlp:4").method("adiw-km").shift("none").batch(batch).validationBatch(8)
            .validationSamples(samples).learningRate(1e-35f).estimation(EstimationSettings.builder().bandwidth("median").build())
            .warmupEpochs(0).steps(6)
            .trainOrder(folder.resolve("order.npy")).validationOrder(folder.resolve("validation.npy")).build();
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, data, options)) {
            assertThat(trainer.run(new TrainingListener() {}).failure())
                .startsWith("at step " + step + " (epoch " + epoch + ") the data of this batch are not finite");
        }
    }

    @ParameterizedTest
    @CsvSource({"3e-4, 0, 3e-4", "3e-4, 1, 3e-5", "0.1, 0, 0.1", "0.1, 1, 0.01", "0.025, 1, 0.0025", "1, 0, 1", "10, 1, 1", "200, 0, 200",
        "1.5e-7, 1, 1.5e-8", "2e7, 0, 2e7"})
    void ratesAreWrittenAsPeopleWriteThem(float rate, int tenths, String written) {
        assertThat(Trainer.written(rate, tenths)).isEqualTo(written);
    }
}
