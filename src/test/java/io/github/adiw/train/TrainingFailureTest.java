package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Device;
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

    @ParameterizedTest
    @CsvSource({"3e-4, 0, 3e-4", "3e-4, 1, 3e-5", "0.1, 0, 0.1", "0.1, 1, 0.01", "0.025, 1, 0.0025", "1, 0, 1", "10, 1, 1", "200, 0, 200",
        "1.5e-7, 1, 1.5e-8", "2e7, 0, 2e7"})
    void ratesAreWrittenAsPeopleWriteThem(float rate, int tenths, String written) {
        assertThat(Trainer.written(rate, tenths)).isEqualTo(written);
    }
}
