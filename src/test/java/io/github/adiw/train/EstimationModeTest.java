package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.Parameters;
import io.github.adiw.train.TrainingResult.StepMillis;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights estimated from a pass of their own or from the one that is trained on, and what becomes of running statistics. */
class EstimationModeTest {
    private static final int BATCH = 24;
    private static final int IMAGES = 96;
    private static final Dataset DATA = SmallImages.of(IMAGES, 20);

    @TempDir
    Path folder;

    private static TrainingOptions.Builder options(String method, String mode) {
        return TrainingOptions.builder().model("resnet20").method(method).estimationMode(mode).shift("symmetric:0.4").batch(BATCH)
            .validationBatch(16).validationSamples(40).learningRate(0.02f).momentum(0.9f).reduction("mean").schedule("none")
            .warmupEpochs(0).pretrainEpochs(1).trace(true).weightsTrace(true);
    }

    private static TrainingResult train(TrainingOptions options) {
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, DATA, options)) {
            return trainer.run(new TrainingListener() {});
        }
    }

    private static Map<String, Object> tensors(TrainingResult result, String suffix) {
        Map<String, Object> found = new LinkedHashMap<>();
        result.parameters().tensors().forEach((name, tensor) -> {
            if (name.endsWith(suffix)) {
                found.put(name, tensor.array());
            }
        });
        assertThat(found).isNotEmpty();
        return found;
    }

    private static void same(Map<String, Object> actual, Map<String, Object> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, array) -> assertThat(actual.get(name)).as(name).isEqualTo(array));
    }

    static Stream<Arguments> everything() {
        List<String> methods = DeviceMatrix.slow() ? List.of("diw", "reweight") : TrainingOptions.methods();
        return methods.stream().flatMap(method -> Stream.of("evaluate", "train").map(mode -> Arguments.of(method, mode)));
    }

    /** Whatever else passes through the network in a step, running statistics are those of the pass over the training batch, once. */
    @ParameterizedTest
    @MethodSource("everything")
    void theTrainingBatchAloneMovesRunningStatistics(String method, String mode) {
        TrainingResult first = train(options(method, mode).steps(1).build());
        TrainingResult uniform = train(options("uniform", mode).steps(1).build());
        assertThat(first.failure()).isNull();
        assertThat(first.trace().get(0).trainLoss()).isEqualTo(uniform.trace().get(0).trainLoss());
        same(tensors(first, "running_mean"), tensors(uniform, "running_mean"));
        same(tensors(first, "running_var"), tensors(uniform, "running_var"));
        TrainingResult more = train(options(method, mode).steps(3).build());
        assertThat(more.failure()).isNull();
        assertThat(tensors(more, "num_batches_tracked").values()).allSatisfy(count -> assertThat(count).isEqualTo(new long[] {3}));
        for (float[] weights : more.weightsTrace()) {
            assertThat(weights).doesNotContain(Float.NaN);
        }
    }

    /** The first step has the same parameters and batches in both modes; only what weights are estimated from differs. */
    @ParameterizedTest
    @ValueSource(strings = {"adiw-km", "diw", "reweight"})
    void theModeDecidesWhatWeightsAreEstimatedFrom(String method) {
        float[] evaluated = train(options(method, "evaluate").steps(1).build()).weightsTrace().get(0);
        float[] trained = train(options(method, "train").steps(1).build()).weightsTrace().get(0);
        assertThat(evaluated).isNotEqualTo(trained);
    }

    @ParameterizedTest
    @ValueSource(strings = {"evaluate", "train"})
    void featuresTrainInBothModes(String mode) {
        TrainingResult result = train(options("adiw-km", mode).transform("features").validationSamples(80).steps(2).build());
        assertThat(result.failure()).isNull();
        assertThat(result.trace()).allSatisfy(row -> assertThat(row.weightSum()).isBetween(0.3f * BATCH, 2f * BATCH));
    }

    @ParameterizedTest
    @CsvSource({"mlp:8, adiw-km, loss", "mlp:8, reweight, loss", "mlp:8, adiw-ls, features", "lenet, diw, loss"})
    void withoutBatchNormItHasNoPart(String model, String method, String transform) {
        Dataset data = CheckpointTest.data(20);
        TrainingResult[] results = new TrainingResult[2];
        for (int i = 0; i < 2; i++) {
            TrainingOptions options = options(method, i == 0 ? "evaluate" : "train").model(model).transform(transform).trainSamples(200)
                .validationSamples(100).validationBatch(60).steps(2).build();
            try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, data, options)) {
                results[i] = trainer.run(new TrainingListener() {});
            }
            assertThat(results[i].failure()).isNull();
            assertThat(results[i].stepMillis().estimationForward()).isZero();
        }
        same(tensors(results[0], ""), tensors(results[1], ""));
        assertThat(results[0].weightsTrace().get(1)).isEqualTo(results[1].weightsTrace().get(1));
    }

    @ParameterizedTest
    @CsvSource({"adiw-km, evaluate, true", "adiw-km, train, false", "uniform, evaluate, false", "random, evaluate, false",
        "reweight, evaluate, false"})
    void aPassOfItsOwnIsTimed(String method, String mode, boolean apart) {
        StepMillis millis = train(options(method, mode).steps(3).build()).stepMillis();
        if (apart) {
            assertThat(millis.estimationForward()).isPositive().isLessThanOrEqualTo(millis.weightEstimation());
        } else {
            assertThat(millis.estimationForward()).isZero();
        }
        assertThat(millis.total()).isGreaterThan(millis.weightEstimation());
    }

    @Test
    void anUnknownModeIsRefused() {
        assertThatThrownBy(() -> TrainingOptions.builder().estimationMode("running").build()).isInstanceOf(UsageException.class)
            .hasMessage("estimationMode running is not known: choose one of evaluate, train").extracting("parameter")
            .isEqualTo("estimationMode");
    }

    @Test
    void aValidationBatchOfOneValueAChannelIsRefusedByItsName() {
        assertThatThrownBy(() -> train(options("reweight", "evaluate").model("resnet18").steps(1).build()))
            .hasMessageContaining("model resnet18 needs images of at least 17 x 17");
        Dataset large = CheckpointTest.data(20);
        for (boolean validation : new boolean[] {true, false}) {
            TrainingOptions options = options("reweight", "evaluate").model("resnet18").trainSamples(IMAGES).batch(validation ? 2 : 1)
                .validationBatch(validation ? 1 : 2).steps(1).build();
            String parameter = validation ? "validationBatch" : "batch";
            try (Device device = DeviceMatrix.open()) {
                assertThatThrownBy(() -> new Trainer(device, large, options)).isInstanceOf(UsageException.class)
                    .hasMessageContaining(parameter + " 1 leaves one value a channel").extracting("parameter").isEqualTo(parameter);
            }
        }
    }

    /** A start under which the loss of every sample is 0 or next to it, but for those of class 1, whose loss is infinite. */
    private Path fragile() {
        Path start = folder.resolve("start.safetensors");
        Model model = Model.parse("resnet20", 1, 7, 7, 10);
        try (Device device = DeviceMatrix.open(); Parameters parameters = model.parameters(device)) {
            parameters.initialize(3);
            Buffer bias = parameters.get("fc.bias").value();
            float[] values = new float[10];
            values[0] = 3e38f;
            values[1] = -3e38f;
            bias.upload(values);
            parameters.save().write(start);
        }
        return start;
    }

    /** Rows of the training file of a class, the first again behind the last. */
    private static int[] rows(int label, int count) {
        int[] all = IntStream.range(0, IMAGES).filter(i -> DATA.train().labels()[i] == label).toArray();
        return IntStream.range(0, count).map(i -> all[i % all.length]).toArray();
    }

    /**
     * Three good steps, a broken one, two good ones: parameters, the optimizer's momentum, running statistics and their counts are those
     * after the three.
     */
    @ParameterizedTest
    @CsvSource({"uniform, evaluate", "adiw-km, evaluate", "adiw-km, train", "random, evaluate"})
    void aBrokenStepLeavesNothingBehind(String method, String mode) {
        int[] order = rows(0, 6 * 2);
        System.arraycopy(rows(1, 1), 0, order, 3 * 2, 1);
        Path trainOrder = folder.resolve("order.npy");
        Npy.write(trainOrder, order, 6, 2);
        Path validationOrder = folder.resolve("validation.npy");
        Npy.write(validationOrder, rows(0, 6 * 2), 6, 2);
        Path start = fragile();
        Map<String, byte[]> reached = null;
        for (int steps : new int[] {3, 4, 6}) {
            TrainingOptions options = options(method, mode).shift("none").initialParameters(start).trainOrder(trainOrder)
                .validationOrder(validationOrder).batch(2).validationBatch(2).steps(steps).weightsTrace(false).build();
            try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, DATA, options)) {
                TrainingResult result = trainer.run(new TrainingListener() {});
                Map<String, byte[]> state = TrainerStateTest.saved(trainer.state());
                state.keySet().removeIf(name -> !name.startsWith("parameters.") && !name.startsWith("optimizer."));
                if (steps == 3) {
                    assertThat(result.failure()).isNull();
                    assertThat(tensors(result, "num_batches_tracked").values()).allSatisfy(c -> assertThat(c).isEqualTo(new long[] {3}));
                    assertThat(result.parameters().tensors().get("bn1.running_mean").values()).as("it has moved")
                        .isNotEqualTo(SafeTensors.readParameters(start).tensors().get("bn1.running_mean").values());
                    reached = state;
                } else {
                    assertThat(result.failure()).contains("no longer a finite number at step 4");
                    assertThat(state).containsExactlyEntriesOf(reached);
                }
            }
        }
    }
}
