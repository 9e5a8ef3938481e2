package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that went through a file has the result of one that did not stop, bit by bit, but for times. */
class CheckpointTest {
    private static final int BATCH = 32;
    private static final int TRAIN = DeviceMatrix.slow() ? 96 : 320;
    private static final int PER_EPOCH = TRAIN / BATCH;

    @TempDir
    Path folder;

    static Dataset data(int test) {
        Dataset sample = FashionMnist.sample();
        return new Dataset(sample.name(), sample.train(), sample.test().gather(IntStream.range(0, test).toArray()), sample.classNames(),
            sample.normalization(), sample.source(), true);
    }

    private static TrainingOptions.Builder options() {
        return TrainingOptions.builder().model("mlp:8").shift("symmetric:0.4").trainSamples(TRAIN).validationSamples(64)
            .batch(BATCH).validationBatch(DeviceMatrix.slow() ? 16 : 32).learningRate(1e-3f).schedule("step:2:0.5").epochs(4)
            .pretrainEpochs(1).warmupEpochs(1).trace(true).weightsTrace(true);
    }

    private static Device open() {
        return Devices.open(DeviceMatrix.name(), 1);
    }

    /** Runs to the end; {@code step} hears of every step. */
    private static TrainingResult run(TrainingOptions options, Checkpoint from, BiConsumer<Trainer, Long> step) {
        return run(data(100), options, from, step);
    }

    private static TrainingResult run(Dataset data, TrainingOptions options, Checkpoint from, BiConsumer<Trainer, Long> step) {
        try (Device device = open(); Trainer trainer = new Trainer(device, data, options)) {
            if (from != null) {
                trainer.restore(from);
            }
            return trainer.run(new TrainingListener() {
                @Override
                public void step(long done, long total) {
                    step.accept(trainer, done);
                }
            });
        }
    }

    private static void same(TrainingResult actual, TrainingResult expected) {
        assertThat(actual.failure()).isNull();
        assertThat(actual.interrupted()).isFalse();
        assertThat(actual.epochs().stream().map(CheckpointTest::withoutTimes))
            .containsExactlyElementsOf(expected.epochs().stream().map(CheckpointTest::withoutTimes).toList());
        assertThat(actual.epochs()).allMatch(e -> e.seconds() >= e.secondsTraining() && e.secondsTraining() > 0);
        assertThat(actual.weights()).containsExactly(expected.weights());
        assertThat(actual.trace()).containsExactlyElementsOf(expected.trace());
        assertThat(actual.weightsTrace()).hasSameSizeAs(expected.weightsTrace());
        for (int s = 0; s < expected.weightsTrace().size(); s++) {
            assertThat(actual.weightsTrace().get(s)).containsExactly(expected.weightsTrace().get(s));
        }
        assertThat(actual.parameters().tensors().keySet()).isEqualTo(expected.parameters().tensors().keySet());
        expected.parameters().tensors().forEach((name, tensor) -> assertThat(actual.parameters().tensors().get(name).array()).as(name)
            .isEqualTo(tensor.array()));
    }

    private static List<Object> withoutTimes(EpochReport report) {
        List<Object> values = new ArrayList<>(List.of(report.epoch()));
        for (int i = 0; i < report.values().length; i++) {
            if (!EpochReport.names().get(i).startsWith("seconds")) {
                values.add(report.values()[i]);
            }
        }
        return values;
    }

    static Stream<String> methods() {
        return TrainingOptions.methods().stream();
    }

    /** Stopped in the middle of an epoch and at its end, and, without a stop, saved in the middle of the next one. */
    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodGoesOn(String method) {
        TrainingOptions options = options().method(method).optimizer("adam").build();
        TrainingResult whole = run(options, null, (trainer, done) -> {});
        int[] moments = DeviceMatrix.slow() ? new int[] {PER_EPOCH + 1} : new int[] {3, PER_EPOCH, 2 * PER_EPOCH + 4};
        for (int moment : moments) {
            Path stopped = folder.resolve("stopped-" + moment);
            Path passed = folder.resolve("passed-" + moment);
            try (Device device = open(); Trainer trainer = new Trainer(device, data(100), options)) {
                TrainingResult part = trainer.run(new TrainingListener() {
                    @Override
                    public void step(long done, long total) {
                        if (done == moment) {
                            trainer.checkpoint().write(passed);
                            trainer.stop();
                        }
                    }
                });
                assertThat(part.interrupted()).isTrue();
                trainer.checkpoint().write(stopped);
            }
            for (Path file : List.of(stopped, passed)) {
                Checkpoint read = Checkpoint.read(file);
                assertThat(read.step()).isEqualTo(moment);
                assertThat(read.totalSteps()).isEqualTo(4L * PER_EPOCH);
                same(run(options, read, (trainer, done) -> assertThat(done).isGreaterThan(moment)), whole);
            }
        }
    }

    @Test
    void momentumAndStepsWithoutEpochsGoOn() {
        TrainingOptions options = options().method("adiw-km").momentum(0.9f).nesterov(true).steps(2 * PER_EPOCH + 1).build();
        List<Path> files = new ArrayList<>();
        TrainingResult whole = run(options, null, (trainer, done) -> {
            if (done % 2 == 1) {
                Path file = folder.resolve(done + ".safetensors");
                trainer.checkpoint().write(file);
                files.add(file);
            }
        });
        assertThat(whole.epochs()).hasSize(1);
        for (Path file : DeviceMatrix.slow() ? files.subList(1, 2) : files) {
            same(run(options, Checkpoint.read(file), (trainer, done) -> {}), whole);
        }
    }

    /** Running statistics and their counts go through the file, and so do the times of the estimation's own pass. */
    @Test
    void batchNormGoesOn() {
        Dataset data = SmallImages.of(96, 20);
        TrainingOptions options = options().model("resnet20").momentum(0.9f).trainSamples(96).validationSamples(40).epochs(2)
            .warmupEpochs(0).build();
        Path file = folder.resolve("checkpoint.safetensors");
        TrainingResult whole = run(data, options, null, (trainer, done) -> {
            if (done == 4) {
                trainer.checkpoint().write(file);
            }
        });
        Checkpoint read = Checkpoint.read(file);
        assertThat(read.progress().estimationForwards()).hasSize(4).doesNotContain(0);
        TrainingResult rest = run(data, options, read, (trainer, done) -> assertThat(done).isGreaterThan(4));
        same(rest, whole);
        assertThat(rest.parameters().tensors().get("bn1.num_batches_tracked").array()).isEqualTo(new long[] {6});
        assertThat(rest.stepMillis().estimationForward()).isPositive();
    }

    @Test
    void checkpointsOfTheBeginningAndTheEnd() {
        TrainingOptions options = options().method("iw").epochs(2).build();
        Checkpoint start;
        Checkpoint end;
        TrainingResult whole;
        try (Device device = open(); Trainer trainer = new Trainer(device, data(100), options)) {
            start = trainer.checkpoint();
            whole = trainer.run(new TrainingListener() {});
            end = trainer.checkpoint();
        }
        assertThat(start.step()).isZero();
        same(run(options, start, (trainer, done) -> {}), whole);
        same(run(options, end, (trainer, done) -> assertThat(done).as("nothing is left to do").isZero()), whole);
    }

    @Test
    void timesAreKept() {
        TrainingOptions options = options().method("adiw-km").build();
        Checkpoint[] middle = new Checkpoint[1];
        double[] before = new double[1];
        try (Device device = open(); Trainer trainer = new Trainer(device, data(100), options)) {
            trainer.run(new TrainingListener() {
                @Override
                public void completed(int epoch) {
                    if (epoch == 2) {
                        middle[0] = trainer.checkpoint();
                        before[0] = Arrays.stream(trainer.stepMillis()).sum();
                    }
                }
            });
        }
        try (Device device = open(); Trainer trainer = new Trainer(device, data(100), options)) {
            trainer.restore(middle[0]);
            trainer.run(new TrainingListener() {});
            assertThat(trainer.stepMillis()).hasSize(3 * PER_EPOCH);
            assertThat(Arrays.stream(trainer.stepMillis()).limit(PER_EPOCH).sum()).isEqualTo(before[0]);
        }
    }

    private Path written(TrainingOptions options) {
        Path file = folder.resolve("written.safetensors");
        try (Device device = open(); Trainer trainer = new Trainer(device, data(100), options)) {
            trainer.checkpoint().withNotes(Map.of("by", "a test")).write(file);
        }
        return file;
    }

    @Test
    void anotherRunIsRefused() {
        Checkpoint checkpoint = Checkpoint.read(written(options().method("adiw-km").build()));
        assertThat(checkpoint.notes()).isEqualTo(Map.of("by", "a test"));
        try (Device device = open()) {
            try (Trainer other = new Trainer(device, data(100), options().method("adiw-km").learningRate(2e-3f).build())) {
                assertThatThrownBy(() -> other.restore(checkpoint)).isInstanceOfSatisfying(UsageException.class, e -> {
                    assertThat(e.parameter()).isEqualTo("learningRate");
                    assertThat(e).hasMessage("learningRate was 0.001 in the checkpoint, and is 0.002");
                });
            }
            try (Trainer other = new Trainer(device, data(99), options().method("adiw-km").build())) {
                assertThatThrownBy(() -> other.restore(checkpoint)).isInstanceOf(UsageException.class).hasMessageStartingWith("data was ");
            }
        }
    }

    /** Of a file that an option names, the content counts. */
    @Test
    void otherLabelsUnderTheSameNameAreRefused() {
        int all = FashionMnist.sample().train().count();
        Path labels = folder.resolve("labels.npy");
        Npy.write(labels, new Random(7).ints(all, 0, 10).toArray(), all);
        TrainingOptions options = options().shift("none").labels(labels).build();
        Checkpoint checkpoint = Checkpoint.read(written(options));
        Npy.write(labels, new Random(8).ints(all, 0, 10).toArray(), all);
        try (Device device = open(); Trainer other = new Trainer(device, data(100), options)) {
            assertThatThrownBy(() -> other.restore(checkpoint)).isInstanceOf(UsageException.class).hasMessageStartingWith("labels was ");
        }
    }

    @Test
    void brokenFilesAreRefused() throws IOException {
        Path file = written(options().model("mlp:1").trace(false).weightsTrace(false).build());
        byte[] good = Files.readAllBytes(file);
        Random random = new Random(5);
        Path broken = folder.resolve("broken.safetensors");
        for (int i = 0; i < 200; i++) {
            byte[] bytes = i % 2 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            if (i % 2 == 1) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(broken, bytes);
            assertThatThrownBy(() -> Checkpoint.read(broken)).as("damage " + i).isInstanceOf(AdiwException.class)
                .hasMessageContaining("broken.safetensors");
        }
        new SafeTensors(Map.of(), Map.of()).write(broken);
        assertThatThrownBy(() -> Checkpoint.read(broken)).isInstanceOf(AdiwException.class).hasMessageContaining("is no checkpoint");
        assertThatThrownBy(() -> Checkpoint.read(folder.resolve("missing"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("no such file");
    }
}
