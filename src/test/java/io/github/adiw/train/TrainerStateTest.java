package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Trainer#state} names everything that a run must have to go on. */
class TrainerStateTest {
    private static final int BATCH = 32;

    private static Dataset data() {
        Dataset sample = FashionMnist.sample();
        return new Dataset(sample.name(), sample.train(), sample.test().gather(IntStream.range(0, 100).toArray()), sample.classNames(),
            sample.normalization(), sample.source(), true);
    }

    private static TrainingOptions.Builder options() {
        boolean slow = DeviceMatrix.slow();
        return TrainingOptions.builder().model("mlp:8").shift("symmetric:0.4").trainSamples(slow ? 96 : 320).validationSamples(64)
            .batch(BATCH).validationBatch(slow ? 16 : 32).learningRate(1e-3f).schedule("none").epochs(3).pretrainEpochs(1)
            .trace(true).weightsTrace(true);
    }

    private static Device open() {
        return Devices.open(DeviceMatrix.name(), 1);
    }

    static Map<String, byte[]> saved(Map<String, Buffer> state) {
        Map<String, byte[]> saved = new LinkedHashMap<>();
        state.forEach((name, buffer) -> {
            ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(buffer.bytes())).order(ByteOrder.nativeOrder());
            buffer.download(bytes);
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            saved.put(name, copy);
        });
        return saved;
    }

    private static void load(Map<String, byte[]> saved, Map<String, Buffer> state) {
        assertThat(saved.keySet()).isEqualTo(state.keySet());
        state.forEach((name, buffer) -> buffer.upload(ByteBuffer.allocateDirect(saved.get(name).length).order(ByteOrder.nativeOrder())
            .put(saved.get(name)).flip()));
    }

    private static Map<String, byte[]> stoppedAfter(int steps, Dataset data, TrainingOptions options) {
        try (Device device = open(); Trainer trainer = new Trainer(device, data, options)) {
            TrainingResult result = trainer.run(new TrainingListener() {
                @Override
                public void step(long done, long total) {
                    if (done == steps) {
                        trainer.stop();
                    }
                }
            });
            assertThat(result.interrupted()).isTrue();
            return saved(trainer.state());
        }
    }

    private static void goesOn(TrainingOptions options, int... stops) {
        goesOn(data(), options, stops);
    }

    private static void goesOn(Dataset data, TrainingOptions options, int... stops) {
        TrainingResult whole;
        Map<String, byte[]> end;
        try (Device device = open(); Trainer trainer = new Trainer(device, data, options)) {
            whole = trainer.run(new TrainingListener() {});
            end = saved(trainer.state());
        }
        assertThat(whole.failure()).isNull();
        for (int steps : stops) {
            Map<String, byte[]> middle = stoppedAfter(steps, data, options);
            try (Device device = open(); Trainer trainer = new Trainer(device, data, options)) {
                load(middle, trainer.state());
                TrainingResult rest = trainer.run(new TrainingListener() {});
                assertThat(saved(trainer.state())).as("state at the end, gone on after step %d", steps).containsExactlyEntriesOf(end);
                assertThat(rest.weights()).containsExactly(whole.weights());
                rest.parameters().tensors().forEach((name, tensor) -> assertThat(tensor.array()).as(name)
                    .isEqualTo(whole.parameters().tensors().get(name).array()));
                int perEpoch = options.trainSamples() / BATCH;
                List<EpochReport> later = whole.epochs().subList(steps / perEpoch, whole.epochs().size());
                assertThat(rest.epochs()).extracting(EpochReport::epoch, EpochReport::trainLoss, EpochReport::testAccuracy)
                    .containsExactlyElementsOf(later.stream().map(e -> tuple(e.epoch(), e.trainLoss(), e.testAccuracy())).toList());
                List<TrainingResult.TraceRow> rows = whole.trace().subList(steps / perEpoch * perEpoch, whole.trace().size());
                assertThat(rest.trace()).containsExactlyElementsOf(rows);
                assertThat(rest.weightsTrace()).hasSameSizeAs(whole.weightsTrace());
            }
        }
    }

    static Stream<String> methods() {
        return TrainingOptions.methods().stream();
    }

    /** In the middle of an epoch, also one without weights, and at its end. */
    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodGoesOn(String method) {
        int perEpoch = options().build().trainSamples() / BATCH;
        goesOn(options().method(method).optimizer("adam").build(), DeviceMatrix.slow() ? new int[] {perEpoch + 1}
            : new int[] {3, perEpoch, perEpoch + 4});
    }

    /** Running statistics and their counts, too. */
    @ParameterizedTest
    @CsvSource({"uniform, evaluate", "adiw-km, evaluate", "adiw-km, train", "iw, evaluate", "reweight, train"})
    void batchNormGoesOn(String method, String mode) {
        TrainingOptions options = options().model("resnet20").method(method).estimationMode(mode).momentum(0.9f).trainSamples(96)
            .validationSamples(40).epochs(2).build();
        goesOn(SmallImages.of(96, 20), options, DeviceMatrix.slow() ? new int[] {4} : new int[] {2, 3, 4});
    }

    @Test
    void momentumGoesOn() {
        goesOn(options().method("adiw-km").momentum(0.9f).nesterov(true).build(), DeviceMatrix.slow() ? 4 : 14);
    }

    /** Crops and mirrors are those of the run that was not stopped. */
    @ParameterizedTest
    @ValueSource(strings = {"adiw-km", "iw"})
    void augmentationGoesOn(String method) {
        goesOn(options().method(method).augment("crop-flip").schedule("milestones:1,2:0.5").learningRateWarmupEpochs(2).build(),
            DeviceMatrix.slow() ? 4 : 14);
    }

    @Test
    void augmentationAltersTraining() {
        float[][] weights = new float[2][];
        for (int i = 0; i < 2; i++) {
            TrainingOptions options = options().method("uniform").epochs(1).augment(i == 0 ? "none" : "crop-flip").build();
            try (Device device = open(); Trainer trainer = new Trainer(device, data(), options)) {
                weights[i] = trainer.run(new TrainingListener() {}).parameters().tensors().get("fc1.weight").values();
            }
        }
        assertThat(weights[1]).isNotEqualTo(weights[0]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"adiw-ls", "adiw-w1"})
    void weightsInsideClassesGoOn(String method) {
        goesOn(options().method(method).transform("features").optimizer("adam").build(), DeviceMatrix.slow() ? 4 : 14);
    }

    @Test
    void namesWhatThereIs() {
        try (Device device = open(); Trainer trainer = new Trainer(device, data(), options().method("adiw-kl").momentum(0.9f).build())) {
            assertThat(trainer.state()).containsKeys("parameters.fc1.weight", "parameters.fc2.bias", "step", "halted", "weighting.memory",
                "weighting.state");
            assertThat(trainer.state().keySet()).anyMatch(name -> name.startsWith("optimizer."));
        }
        try (Device device = open();
             Trainer trainer = new Trainer(device, SmallImages.of(96, 20), options().model("resnet20").trainSamples(96).build())) {
            assertThat(trainer.state()).containsKeys("parameters.bn1.running_mean", "parameters.layer3.2.bn2.running_var",
                "parameters.bn1.num_batches_tracked");
        }
    }
}
