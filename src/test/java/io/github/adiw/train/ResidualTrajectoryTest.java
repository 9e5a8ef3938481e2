package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Datasets;
import io.github.adiw.data.DownloadListener;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import io.github.adiw.nn.ReferenceCase;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A network with batch norm trains step by step as PyTorch's does in double precision, from the same parameters, running statistics,
 * batches and labels ({@code fixtures/trajectories/resnet_trajectories.py}); on the stand-in driver, the first steps.
 */
class ResidualTrajectoryTest {
    private static final int SIDE = 32;
    private static final int STEPS = 15;
    private static final int FIRST = 2;
    private static final int BATCH = 64;

    private static Path fixture(String name) {
        return Fixtures.path("trajectories/" + name);
    }

    /** The colour images that the script describes. */
    private static ImageSet colour(ImageSet grey) {
        int plane = SIDE * SIDE;
        byte[] images = new byte[grey.count() * 3 * plane];
        for (int i = 0; i < grey.count(); i++) {
            int row = i % 5;
            int column = i / 5 % 5;
            for (int p = 0; p < grey.imageSize(); p++) {
                int v = grey.images()[i * grey.imageSize() + p] & 0xff;
                int at = i * 3 * plane + p / grey.width() * SIDE + p % grey.width();
                images[at + 2 * SIDE + 2] = (byte) v;
                images[at + plane + row * SIDE + column] = (byte) (v * 3 / 4);
                images[at + 2 * plane + (4 - row) * SIDE + 4 - column] = (byte) (255 - v);
            }
        }
        return new ImageSet(images, grey.labels(), 3, SIDE, SIDE);
    }

    private static Dataset data() {
        Dataset grey = Datasets.open("fashion-mnist", fixture("data"), DownloadListener.SILENT);
        return new Dataset("colour", colour((ImageSet) grey.train()),
            colour(((ImageSet) grey.test()).gather(IntStream.range(0, 20).toArray())), grey.classNames(),
            new Normalization(new float[] {0.4914f, 0.4822f, 0.4465f}, new float[] {0.2470f, 0.2435f, 0.2616f}), "a test", true);
    }

    @ParameterizedTest
    @CsvSource({"uniform, uniform, evaluate", "adiw-km, adiw-km, evaluate", "adiw-km-train, adiw-km, train"})
    void goesWithPyTorch(String run, String method, String mode) {
        int steps = DeviceMatrix.slow() ? FIRST : STEPS;
        Map<String, SafeTensors.Tensor> expected = SafeTensors.read(fixture("resnet20-expected.safetensors")).tensors();
        TrainingOptions options = TrainingOptions.builder().model("resnet20").method(method).estimationMode(mode)
            .optimizer("sgd").learningRate(1e-3f).momentum(0.9f).weightDecay(1e-4f).reduction("mean").schedule("none").warmupEpochs(0)
            .batch(BATCH).validationBatch(BATCH).steps(steps).trace(true).weightsTrace(true)
            .initialParameters(fixture("resnet20.safetensors")).labels(fixture("labels.npy"))
            .trainOrder(fixture("resnet20-train-order.npy")).validationOrder(fixture("resnet20-validation-order.npy")).build();
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, data(), options)) {
            TrainingResult result = trainer.run(new TrainingListener() {});
            assertThat(result.failure()).isNull();
            compareSteps(result, steps, expected.get(run + "/losses").values(), expected.get(run + "/weights").values());
            String at = run + (DeviceMatrix.slow() ? "/first/" : "/");
            SafeTensors start = SafeTensors.readParameters(fixture("resnet20.safetensors"));
            compareParameters(result.parameters(), expected.get(at + "values").values());
            compareAdded(start, result.parameters(), expected.get(at + "parameters").values());
            compareStatistics(result.parameters(), expected.get(at + "statistics").values(), steps);
        }
    }

    private static void compareSteps(TrainingResult result, int steps, float[] losses, float[] weights) {
        assertThat(result.trace()).hasSize(steps);
        for (int s = 0; s < steps; s++) {
            assertThat(result.trace().get(s).trainLoss()).as("loss at step %d", s).isCloseTo(losses[s], within(1e-4f * losses[s]));
            for (int i = 0; i < BATCH; i++) {
                assertThat(result.weightsTrace().get(s)[i]).as("weight %d at step %d", i, s)
                    .isCloseTo(weights[s * BATCH + i], within(1e-3f));
            }
        }
    }

    private static List<String> parameters(SafeTensors tensors) {
        return tensors.tensors().keySet().stream().filter(name -> !name.matches(".*(running_|num_batches).*")).toList();
    }

    /** Every 37th value, within 1e-3 of the largest of its parameter. */
    private static void compareParameters(SafeTensors end, float[] expected) {
        int at = 0;
        for (String name : parameters(end)) {
            float[] values = end.tensors().get(name).values();
            double largest = 0;
            for (float value : values) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int i = 0; i < values.length; i += 37) {
                assertThat((double) values[i]).as("%s at %d", name, i).isCloseTo(expected[at++], within(1e-3 * largest));
            }
        }
        assertThat(expected).hasSize(at);
    }

    /**
     * All that was added to each parameter, which is little beside the parameter itself: its norm, and products with numbers in [-1, 1),
     * within 1e-2 of the norm, and 1e-7 of the norm of the parameter, which is its rounding in single precision.
     */
    private static void compareAdded(SafeTensors start, SafeTensors end, float[] expected) {
        List<String> names = parameters(end);
        assertThat(expected).hasSize(5 * names.size());
        for (int t = 0; t < names.size(); t++) {
            float[] before = start.tensors().get(names.get(t)).values();
            float[] after = end.tensors().get(names.get(t)).values();
            double size = 0;
            for (float value : before) {
                size += (double) value * value;
            }
            double tolerance = 1e-2 * expected[5 * t] + 1e-7 * Math.sqrt(size);
            for (int k = 0; k < 5; k++) {
                double sum = 0;
                float[] others = k == 0 ? null : ReferenceCase.values(10 + k, after.length, 1, 24);
                for (int i = 0; i < after.length; i++) {
                    double added = (double) after[i] - before[i];
                    sum += added * (k == 0 ? added : others[i]);
                }
                assertThat(k == 0 ? Math.sqrt(sum) : sum).as("%s, %s", names.get(t), k == 0 ? "norm" : "product " + k)
                    .isCloseTo(expected[5 * t + k], within(tolerance));
            }
        }
    }

    private static void compareStatistics(SafeTensors end, float[] expected, int steps) {
        int at = 0;
        for (Map.Entry<String, SafeTensors.Tensor> tensor : end.tensors().entrySet()) {
            if (tensor.getKey().contains("running_")) {
                float[] values = tensor.getValue().values();
                float largest = 0;
                for (int i = 0; i < values.length; i++) {
                    largest = Math.max(largest, Math.abs(expected[at + i]));
                }
                for (int i = 0; i < values.length; i++) {
                    assertThat(values[i]).as("%s at %d", tensor.getKey(), i).isCloseTo(expected[at + i], within(1e-5f * largest));
                }
                at += values.length;
            } else if (tensor.getKey().endsWith("num_batches_tracked")) {
                assertThat(tensor.getValue().array()).isEqualTo(new long[] {steps});
            }
        }
        assertThat(expected).hasSize(at);
    }
}
