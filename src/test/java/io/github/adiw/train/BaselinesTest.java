package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.data.DownloadListener;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Datasets;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.file.Npy;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The methods that ADIW is compared with: random weights, static importance weighting, learning to reweight; and every divergence in
 * training.
 */
class BaselinesTest {

    private static TrainingResult train(String method, int epochs) {
        return train(method, epochs, 0);
    }

    /** @param steps in all, whatever {@code epochs} says; 0 for all epochs */
    private static TrainingResult train(String method, int epochs, int steps) {
        boolean slow = DeviceMatrix.slow();
        TrainingOptions options = TrainingOptions.builder().model("mlp:16").method(method).shift("symmetric:0.4")
            .trainSamples(slow ? 96 : 3000).validationSamples(slow ? 40 : 300).batch(32).validationBatch(16).optimizer("adam")
            .learningRate(2e-3f).weightDecay(0).schedule("none").epochs(epochs).steps(steps).pretrainEpochs(1).trace(true)
            .weightsTrace(true).build();
        Dataset sample = FashionMnist.sample();
        Dataset data = new Dataset(sample.name(), sample.train(), sample.test().gather(IntStream.range(0, 100).toArray()),
            sample.classNames(), sample.normalization(), sample.source(), true);
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, data, options)) {
            return trainer.run(new TrainingListener() {});
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"random", "iw", "reweight", "adiw-kl", "adiw-ls", "adiw-w1", "adiw-kl-direct", "adiw-ls-direct"})
    void trainsAndRepeats(String method) {
        TrainingResult result = train(method, 2);
        assertThat(result.failure()).isNull();
        for (float w : result.weights()) {
            assertThat(w).isBetween(0f, 100f);
        }
        float[] last = result.weightsTrace().get(result.weightsTrace().size() - 1);
        assertThat(IntStream.range(0, last.length).mapToDouble(i -> last[i]).distinct().count()).as("weights differ").isGreaterThan(3);
        TrainingResult again = train(method, 2);
        assertThat(again.weights()).containsExactly(result.weights());
        assertThat(again.parameters().tensors().get("fc1.weight").values())
            .containsExactly(result.parameters().tensors().get("fc1.weight").values());
    }

    @Test
    void pretrainingMayHaveMoreStepsThanTraining() {
        TrainingResult result = train("iw", 1, 2);
        assertThat(result.failure()).isNull();
        assertThat(result.weightsTrace()).hasSize(2);
        assertThat(result.trace()).hasSize(2);
        assertThat(result.epochs()).hasSize(1);
    }

    @Test
    void randomWeightsHaveTheMeanOneAndDifferFromBatchToBatch() {
        TrainingResult result = train("random", 2);
        int steps = result.weightsTrace().size();
        for (int s = steps / 2; s < steps; s++) {
            double sum = 0;
            for (float w : result.weightsTrace().get(s)) {
                sum += w;
            }
            assertThat(sum / 32).isCloseTo(1, within(1e-5));
        }
        assertThat(result.weightsTrace().get(steps - 1)).isNotEqualTo(result.weightsTrace().get(steps - 2));
    }

    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void staticWeightsStayAndFavourRightLabels() {
        float[] two = train("iw", 2).weights();
        TrainingResult result = train("iw", 4);
        assertThat(result.weights()).as("estimated once").containsExactly(two);
        EpochReport last = result.epochs().get(3);
        assertThat(last.meanWeightClean()).isGreaterThan(last.meanWeightNoisy() + 0.2);
    }

    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void gradientsFavourRightLabels() {
        EpochReport last = train("reweight", 4).epochs().get(3);
        assertThat(last.meanWeightClean()).isGreaterThan(last.meanWeightNoisy() + 0.2);
    }

    /** Against PyTorch's exact products of gradients ({@code fixtures/divergences/divergences.py}, kind reweight). */
    @Test
    void reweightsAsExactGradientsDo() {
        SafeTensors tensors = SafeTensors.read(Fixtures.path("divergences/divergences.safetensors"));
        Dataset data = Datasets.open("fashion-mnist", Fixtures.path("trajectories/data"), DownloadListener.SILENT);
        int[] labels = Npy.read(Fixtures.path("trajectories/labels.npy")).toInts();
        int n = 64;
        ImageSet train = (ImageSet) data.train();
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        try (Device device = DeviceMatrix.open(); Parameters parameters = model.parameters(device);
             GradientWeighting weighting = GradientWeighting.create(device, n, n, n, model, parameters, Precision.FP32, Mode.EVALUATE);
             Buffer rows = device.ints(IntStream.range(0, n).toArray());
             Buffer inputs = device.floats(images(train, 0, n)); Buffer validation = device.floats(images(train, 1600, n));
             Buffer noisy = device.ints(Arrays.copyOf(labels, n));
             Buffer clean = device.ints(Arrays.copyOfRange(train.labels(), 1600, 1600 + n))) {
            parameters.load(SafeTensors.read(Fixtures.path("trajectories/adiw-km.safetensors")));
            float[] before = parameters.values().toFloats();
            weighting.estimate(new FixedBatch(rows, inputs, validation, noisy, clean));
            assertThat(parameters.values().toFloats()).as("parameters are put back").containsExactly(before);
            float[] products = tensors.tensors().get("reweight/dots").values();
            float[] weights = tensors.tensors().get("reweight/w").values();
            double most = IntStream.range(0, n).mapToDouble(i -> Math.abs(products[i])).max().orElseThrow();
            double largest = IntStream.range(0, n).mapToDouble(i -> weights[i]).max().orElseThrow();
            float[] found = weighting.products().toFloats();
            float[] w = weighting.weights().toFloats();
            for (int i = 0; i < n; i++) {
                assertThat((double) found[i]).as("product %d", i).isCloseTo(products[i], within(0.02 * most));
                assertThat((double) w[i]).as("weight %d", i).isCloseTo(weights[i], within(0.02 * largest));
            }
        }
    }

    /** The pass over validation samples is one in training, and leaves no trace in what evaluation uses. */
    @Test
    void reweightingLeavesRunningStatisticsAsTheyAre() {
        Model model = Model.parse("resnet20", 1, 8, 8, 2);
        int n = 3;
        try (Device device = DeviceMatrix.open(); Parameters parameters = model.parameters(device);
             GradientWeighting weighting = GradientWeighting.create(device, n, n, n, model, parameters, Precision.FP32, Mode.EVALUATE);
             Buffer rows = device.ints(0, 1, 2); Buffer labels = device.ints(0, 1, 1);
             Buffer inputs = device.floats(wave(n * 64)); Buffer validation = device.floats(wave(n * 64))) {
            parameters.initialize(2);
            Map<String, SafeTensors.Tensor> before = parameters.save().tensors();
            weighting.estimate(new FixedBatch(rows, inputs, validation, labels, labels));
            parameters.save().tensors().forEach((name, tensor) -> assertThat(tensor.array()).as(name).isEqualTo(before.get(name).array()));
            assertThat(weighting.products().toFloats()).doesNotContain(0, Float.NaN);
        }
    }

    private static float[] wave(int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) Math.sin(i * (1 + i % 7));
        }
        return x;
    }

    private static float[] images(ImageSet set, int first, int count) {
        float[] x = new float[count * set.imageSize()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (set.images()[first * set.imageSize() + i] & 255) / 255f;
        }
        return x;
    }

    private record FixedBatch(Buffer indices, Buffer inputs, Buffer validationInputs, Buffer labels, Buffer validationLabels)
        implements
            BatchWeighting.Batch {
        @Override
        public Buffer validationIndices() {
            return indices;
        }

        @Override
        public Buffer transformed() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Buffer validationTransformed() {
            throw new UnsupportedOperationException();
        }
    }
}
