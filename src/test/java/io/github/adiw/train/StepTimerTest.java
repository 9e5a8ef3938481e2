package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Device;
import io.github.adiw.train.TrainingResult.StepMillis;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** Times of steps, taken in turn. */
@DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*", disabledReason = "times of the stand-in driver say nothing")
class StepTimerTest {
    private static TrainingOptions.Builder options() {
        return TrainingOptions.builder().model("mlp:8").shift("symmetric:0.4").trainSamples(600).validationSamples(100).batch(32)
            .validationBatch(16).warmupEpochs(3).steps(50);
    }

    private static List<TrainingOptions> methods(TrainingOptions.Builder builder, String... names) {
        return Stream.of(names).map(name -> builder.method(name).build()).toList();
    }

    @Test
    void everyMethodIsTimedAndDiwAsPublishedBesideDiw() {
        try (Device device = DeviceMatrix.open()) {
            Map<String, StepMillis> times = StepTimer.measure(device, FashionMnist.sample(),
                methods(options(), "uniform", "diw", "iw", "adiw-km"), () -> false);
            assertThat(times.keySet()).containsExactly("uniform", "diw", StepTimer.PUBLISHED, "iw", "adiw-km");
            times.forEach((method, millis) -> {
                assertThat(millis.total()).as(method).isPositive();
                assertThat(millis.training()).as(method).isPositive().isLessThanOrEqualTo(millis.total());
                assertThat(millis.weightEstimation()).as(method).isGreaterThanOrEqualTo(0).isLessThan(millis.total());
                assertThat(millis.weightEstimation() + millis.training()).as(method).isCloseTo(millis.total(), within(1e-12));
            });
            StepMillis published = times.get(StepTimer.PUBLISHED);
            assertThat(published.training()).isEqualTo(times.get("diw").training());
            assertThat(published.total()).isCloseTo(published.training() + published.weightEstimation(), within(1e-12));
            assertThat(times.get("uniform").weightEstimation()).as("it has none").isLessThan(times.get("diw").weightEstimation());
        }
    }

    @Test
    void insideClassesOrWithLargeBatchesThePublishedEstimationIsLeftOut() {
        try (Device device = DeviceMatrix.open()) {
            assertThat(StepTimer.measure(device, FashionMnist.sample(), methods(options().transform("features"), "diw"), () -> false))
                .containsOnlyKeys("diw");
            assertThat(StepTimer.measure(device, FashionMnist.sample(), methods(options().trainSamples(1200).batch(1025), "diw"),
                () -> false)).containsOnlyKeys("diw");
        }
    }

    @Test
    void methodsTakeTurnsUntilTheyAreStopped() {
        AtomicInteger turns = new AtomicInteger();
        try (Device device = DeviceMatrix.open()) {
            Map<String, StepMillis> times = StepTimer.measure(device, FashionMnist.sample(),
                methods(options(), "uniform", "adiw-km", "random"), () -> turns.incrementAndGet() > 5);
            assertThat(times.values()).as("all were warmed up in the first round, two timed in the second").hasSize(3)
                .filteredOn(millis -> Double.isNaN(millis.total())).hasSize(1);
        }
    }

    /** The clock's ring holds 18 steps, the options have 50. */
    @Test
    void timedStepsGoOnAfterTheLast() {
        try (Device device = DeviceMatrix.open();
             Trainer trainer = new Trainer(device, FashionMnist.sample(), options().method("diw").build())) {
            List<StepMillis> all = new ArrayList<>(trainer.timeSteps(45));
            all.addAll(trainer.timeSteps(1));
            all.addAll(trainer.timeSteps(60));
            assertThat(all).hasSize(106).allSatisfy(millis -> {
                assertThat(millis.weightEstimation()).as("weighted in spite of warm-up").isGreaterThan(0.002);
                assertThat(millis.total()).isBetween(millis.weightEstimation(), 60_000.0);
            });
            assertThat(trainer.lastLosses().length()).isEqualTo(32 + 16);
        }
    }
}
