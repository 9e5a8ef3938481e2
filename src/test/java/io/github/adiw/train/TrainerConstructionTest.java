package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.StandInControl;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A {@link Trainer} that cannot be made leaves nothing allocated: seen through the memory of the stand-in driver's device. */
class TrainerConstructionTest {
    private static final Dataset DATA = data();

    @TempDir
    Path folder;

    private static Dataset data() {
        Dataset sample = FashionMnist.sample();
        return new Dataset(sample.name(), sample.train().gather(IntStream.range(0, 100).toArray()),
            sample.test().gather(IntStream.range(0, 20).toArray()), sample.classNames(), sample.normalization(), sample.source(), true);
    }

    private static TrainingOptions.Builder options(String method) {
        return TrainingOptions.builder().model("mlp:8").method(method).validationSamples(50).batch(16).validationBatch(16)
            .epochs(1).optimizer("adam").weightsTrace(true);
    }

    @AfterEach
    void restore() {
        if (DeviceMatrix.slow()) {
            StandInControl.totalMemory(0);
        }
    }

    /** Everything is free: what nobody can have is refused with how much there is. */
    private static void allIsFree(Device device, long total) {
        assertThatThrownBy(() -> device.allocate(ElementType.UINT8, 1L << 40)).isInstanceOf(AdiwException.class)
            .hasMessageContaining(total + " of " + total + " bytes are free");
    }

    /** However far it comes. */
    @ParameterizedTest
    @ValueSource(strings = {"uniform", "adiw-km", "random", "iw", "reweight"})
    void tooLittleMemory(String method) {
        assumeTrue(DeviceMatrix.slow(), "needs the stand-in driver's test run (-Dadiw.test.device=simt)");
        int failed = 0;
        try (Device device = DeviceMatrix.open()) {
            boolean made = false;
            for (long total = 1000; !made; total += total / 40) {
                StandInControl.totalMemory(total);
                try (Trainer trainer = new Trainer(device, DATA, options(method).build())) {
                    assertThat(trainer.split().count()).isEqualTo(100);
                    made = true;
                } catch (AdiwException e) {
                    failed++;
                }
                allIsFree(device, total);
            }
        }
        assertThat(failed).as("places where it failed").isGreaterThan(40);
    }

    @Test
    void parametersThatCannotBeRead() {
        assumeTrue(DeviceMatrix.slow(), "needs the stand-in driver's test run (-Dadiw.test.device=simt)");
        long total = 1L << 30;
        StandInControl.totalMemory(total);
        try (Device device = DeviceMatrix.open()) {
            assertThatThrownBy(() -> new Trainer(device, DATA,
                options("adiw-km").initialParameters(folder.resolve("none.safetensors")).build())).isInstanceOf(AdiwException.class);
            assertThatThrownBy(() -> new Trainer(device, DATA, options("adiw-km").model("none").build()))
                .isInstanceOf(UsageException.class);
            allIsFree(device, total);
        }
    }
}
