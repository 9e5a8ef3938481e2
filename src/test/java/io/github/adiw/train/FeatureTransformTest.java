package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.example.plugin.MeanMatching;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.file.Npy;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.Shift;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.SampleLabels;
import io.github.adiw.weight.WeightEstimator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training with the last hidden layer's output as transformed data. */
class FeatureTransformTest {
    private static final int BATCH = 48;
    private static final int VALIDATION_BATCH = 40;
    private static final int STEPS = 3;
    private static final int HIDDEN = 9;

    @TempDir
    Path folder;

    private static TrainingOptions.Builder options() {
        return TrainingOptions.builder().transform("features").model("mlp:20," + HIDDEN).trainSamples(400).validationSamples(100)
            .batch(BATCH).validationBatch(VALIDATION_BATCH).warmupEpochs(0).learningRate(1e-3f).schedule("none");
    }

    private static TrainingSplit split(int validationSamples) {
        return TrainingSplit.of(FashionMnist.sample()).seed(1).trainSamples(400).validationSamples(validationSamples).build();
    }

    private TrainingResult train(TrainingOptions options) {
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, FashionMnist.sample(), options)) {
            return trainer.run(new TrainingListener() {});
        }
    }

    /** max(0, W x + b), in double precision. */
    private static double[] layer(SafeTensors parameters, String name, double[] x) {
        float[] weight = parameters.tensors().get(name + ".weight").values();
        float[] bias = parameters.tensors().get(name + ".bias").values();
        double[] y = new double[bias.length];
        for (int o = 0; o < y.length; o++) {
            double sum = bias[o];
            for (int i = 0; i < x.length; i++) {
                sum += weight[o * x.length + i] * x[i];
            }
            y[o] = Math.max(0, sum);
        }
        return y;
    }

    private static float[] features(SafeTensors parameters, byte[] images, int[] rows, int size) {
        float[] z = new float[rows.length * HIDDEN];
        for (int r = 0; r < rows.length; r++) {
            double[] x = new double[size];
            for (int k = 0; k < size; k++) {
                x[k] = (images[rows[r] * size + k] & 0xff) / 255.0;
            }
            double[] hidden = layer(parameters, "fc2", layer(parameters, "fc1", x));
            for (int k = 0; k < HIDDEN; k++) {
                z[r * HIDDEN + k] = (float) hidden[k];
            }
        }
        return z;
    }

    /** Every step's weights are those of an estimator that is given the features of the parameters before that step. */
    @ParameterizedTest
    @ValueSource(strings = {"adiw-km", "diw"})
    void weightsAreThoseOfTheFeatures(String method) {
        Dataset data = FashionMnist.sample();
        TrainingSplit split = TrainingSplit.of(data).seed(1).trainSamples(400).validationSamples(100)
            .shift(Shift.parse("symmetric:0.4")).build();
        Random random = new Random(5);
        int[] rows = random.ints(0, split.count()).distinct().limit(STEPS * BATCH).toArray();
        System.arraycopy(rows, 0, rows, 2 * BATCH, BATCH / 2);       // half of the last batch is met again
        int[] validation = new int[STEPS * VALIDATION_BATCH];
        for (int i = 0; i < validation.length; i++) {
            validation[i] = split.validation()[(i * 7 + i / VALIDATION_BATCH) % 100];
        }
        Path order = folder.resolve("order.npy");
        Path validationOrder = folder.resolve("validation.npy");
        Npy.write(order, Arrays.stream(rows).map(i -> split.rows()[i]).toArray(), STEPS, BATCH);
        Npy.write(validationOrder, Arrays.stream(validation).map(i -> split.rows()[i]).toArray(), STEPS, VALIDATION_BATCH);
        SafeTensors[] before = new SafeTensors[STEPS];
        TrainingResult whole = null;
        Path start = folder.resolve("start.safetensors");
        for (int s = 1; s <= STEPS; s++) {
            TrainingOptions.Builder made = options().method(method).shift("symmetric:0.4").trainOrder(order)
                .validationOrder(validationOrder).weightsTrace(true).steps(s);
            if (s == 1) {       // a step that changes nothing, for the initial parameters
                train(made.learningRate(1e-30f).weightDecay(0).build()).parameters().write(start);
                before[0] = SafeTensors.read(start);
            }
            whole = train(made.learningRate(1e-3f).initialParameters(start).build());
            if (s < STEPS) {
                before[s] = whole.parameters();
            }
        }
        try (Device device = DeviceMatrix.open(); Buffer labels = device.ints(split.labels());
             Buffer trueLabels = device.ints(split.trueLabels());
             WeightEstimator estimator = WeightEstimator.create(device, Divergences.get(method.equals("diw") ? "diw" : "km"),
                 new BatchShape(400, 400, BATCH, VALIDATION_BATCH, HIDDEN), EstimationSettings.defaults(),
                 new SampleLabels(labels, trueLabels, 10))) {
            for (int s = 0; s < STEPS; s++) {
                int[] own = Arrays.copyOfRange(rows, s * BATCH, (s + 1) * BATCH);
                int[] other = Arrays.copyOfRange(validation, s * VALIDATION_BATCH, (s + 1) * VALIDATION_BATCH);
                byte[] images = ((ImageSet) split.data()).images();
                int size = split.data().shape().size();
                try (Buffer index = device.ints(own); Buffer validationIndex = device.ints(other);
                     Buffer z = device.floats(features(before[s], images, own, size));
                     Buffer zv = device.floats(features(before[s], images, other, size))) {
                    estimator.estimate(index, validationIndex, z, zv);
                    float[] expected = estimator.weights().toFloats();
                    for (int i = 0; i < BATCH; i++) {
                        assertThat(whole.weightsTrace().get(s)[i]).as("weight %d at step %d", i, s).isCloseTo(expected[i], within(1e-3f));
                    }
                }
            }
            float[] memory = estimator.memory().toFloats();
            float furthest = 0;
            for (int i = 0; i < memory.length; i++) {
                assertThat(whole.weights()[i]).as("last weight of sample %d", i).isCloseTo(memory[i], within(1e-3f));
                furthest = Math.max(furthest, Math.abs(memory[i] - 1));
            }
            assertThat(furthest).as("the weights have left 1").isGreaterThan(0.3f);
        }
    }

    @Test
    void lenetTrainsWithIt() {
        TrainingResult result = train(options().model("lenet").shift("symmetric:0.4").steps(DeviceMatrix.slow() ? 2 : 20).optimizer("adam")
            .trace(true).build());
        assertThat(result.failure()).isNull();
        assertThat(result.options().estimation().bandwidth()).isEqualTo(Bandwidth.parse("median"));
        assertThat(result.trace()).allSatisfy(row -> assertThat(row.weightSum()).isBetween(0.1f * BATCH, 2f * BATCH));
        assertThat(result.trace()).anySatisfy(row -> assertThat(row.weightMax()).isGreaterThan(1.2f));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"12 | none", "20 | symmetric:0.4"})
    void classWithoutValidationSampleIsNamed(int validationSamples, String noise) {
        TrainingSplit split = split(validationSamples);
        boolean[] there = new boolean[10];
        for (int sample : split.validation()) {
            there[split.trueLabels()[sample]] = true;
        }
        int missing = 0;
        while (there[missing]) {
            missing++;
        }
        TrainingOptions.Builder made = options().validationSamples(validationSamples).validationBatch(validationSamples).shift(noise);
        String name = FashionMnist.sample().classNames().get(missing);
        assertThatThrownBy(() -> train(made.build())).isInstanceOf(UsageException.class)
            .hasMessageContaining("class " + missing + " (" + name + ")").hasMessageContaining("validationSamples");
        assertThat(train(made.method("uniform").steps(1).build()).failure()).as("without weights there is nothing to compare").isNull();
        assertThat(train(made.method("adiw-km").transform("loss").steps(1).build()).failure()).isNull();
    }

    @Test
    void validationOrderDecidesWhichClassesAreThere() {
        TrainingSplit split = split(100);
        int[] noBags = Arrays.stream(split.validation()).filter(i -> split.trueLabels()[i] != 8).limit(VALIDATION_BATCH)
            .map(i -> split.rows()[i]).toArray();
        Path order = folder.resolve("validation.npy");
        Npy.write(order, noBags, 1, VALIDATION_BATCH);
        assertThatThrownBy(() -> train(options().validationOrder(order).steps(1).build())).isInstanceOf(UsageException.class)
            .hasMessageContaining("class 8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"adiw-kl", "adiw-ls", "adiw-w1", "adiw-kl-direct", "adiw-ls-direct"})
    void everyMethodTrainsWithIt(String method) {
        TrainingResult result = train(options().method(method).shift("symmetric:0.4").steps(DeviceMatrix.slow() ? 2 : 12).trace(true)
            .build());
        assertThat(result.failure()).isNull();
        assertThat(result.trace()).allSatisfy(row -> assertThat(row.weightSum()).isBetween(0.3f * BATCH, 2f * BATCH));
        assertThat(result.trace()).anySatisfy(row -> assertThat(row.weightMax()).isGreaterThan(1.2f));
    }

    /** A divergence of somebody else needs nothing more to work inside classes. */
    @Test
    void aDivergenceFromOutsideTrainsWithIt() {
        TrainingResult result = train(
            options().method("adiw-" + new MeanMatching().name()).shift("symmetric:0.4").steps(3).trace(true).build());
        assertThat(result.failure()).isNull();
        assertThat(result.trace()).allSatisfy(row -> assertThat(row.weightSum()).isBetween(0.3f * BATCH, 2f * BATCH));
    }

    @Test
    void aMethodWithoutEstimatorIsRefused() {
        assertThatThrownBy(() -> options().method("random").build()).isInstanceOf(UsageException.class).hasMessageContaining("random")
            .hasMessageContaining("uniform, diw, adiw-km");
    }
}
