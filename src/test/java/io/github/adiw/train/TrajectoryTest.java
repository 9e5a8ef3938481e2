package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.data.DownloadListener;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Datasets;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import java.nio.file.Path;
import io.github.adiw.weight.EstimationSettings;
import org.junit.jupiter.api.Test;

/**
 * Training goes step by step where PyTorch's goes from the same parameters, batches and labels
 * ({@code fixtures/trajectories/trajectories.py}); on the stand-in driver, the first steps.
 */
class TrajectoryTest {
    private static Path fixture(String name) {
        return Fixtures.path("trajectories/" + name);
    }

    private static TrainingResult train(TrainingOptions options) {
        Dataset data = Datasets.open("fashion-mnist", fixture("data"), DownloadListener.SILENT);
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, data, options)) {
            return trainer.run(new TrainingListener() {});
        }
    }

    private static int steps(int all) {
        return DeviceMatrix.slow() ? 3 : all;
    }

    private static void comparesLosses(TrainingResult result, String reference) {
        double[] expected = Npy.read(fixture(reference)).toDoubles();
        for (TrainingResult.TraceRow row : result.trace()) {
            double loss = expected[row.step()];
            assertThat((double) row.trainLoss()).as("loss at step " + row.step()).isCloseTo(loss, within(1e-4 * loss));
        }
    }

    @Test
    void uniformWeightsWithAdam() {
        int steps = steps(100);
        TrainingResult result = train(TrainingOptions.builder().method("uniform").optimizer("adam").learningRate(1e-4f)
            .weightDecay(1e-4f).schedule("none").steps(steps).trace(true)
            .initialParameters(fixture("adam.safetensors")).labels(fixture("labels.npy"))
            .trainOrder(fixture("adam-train-order.npy")).build());
        assertThat(result.trace()).hasSize(steps);
        comparesLosses(result, "adam-train-loss.npy");
    }

    @Test
    void adaptiveWeightsWithSgd() {
        int steps = steps(60);
        TrainingResult result = train(TrainingOptions.builder().method("adiw-km").optimizer("sgd").learningRate(1e-5f)
            .estimation(EstimationSettings.builder().bandwidth("diw:0.01").build())
            .weightDecay(1e-4f).schedule("none").steps(steps).warmupEpochs(0).trace(true).weightsTrace(true)
            .initialParameters(fixture("adiw-km.safetensors")).labels(fixture("labels.npy"))
            .trainOrder(fixture("adiw-km-train-order.npy")).validationOrder(fixture("adiw-km-validation-order.npy")).build());
        comparesLosses(result, "adiw-km-train-loss.npy");
        float[] expected = Npy.read(fixture("adiw-km-weights.npy")).toFloats();
        float furthest = 0;
        for (int s = 0; s < steps; s++) {
            float[] weights = result.weightsTrace().get(s);
            for (int i = 0; i < weights.length; i++) {
                assertThat(weights[i]).as("weight " + i + " at step " + s).isCloseTo(expected[s * weights.length + i], within(1e-3f));
                furthest = Math.max(furthest, Math.abs(weights[i] - 1));
            }
        }
        if (!DeviceMatrix.slow()) {
            assertThat(furthest).as("the weights have left 1").isGreaterThan(0.5f);
        }
    }
}
