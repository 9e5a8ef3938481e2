package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LearningRateScheduleTest {
    @Test
    void noneStaysAsItIs() {
        LearningRateSchedule schedule = LearningRateSchedule.parse("none", 0.25f, 10);
        assertThat(schedule.at(1)).isEqualTo(0.25f);
        assertThat(schedule.at(10)).isEqualTo(0.25f);
    }

    @Test
    void stepFallsAfterEveryHundredEpochs() {
        LearningRateSchedule schedule = LearningRateSchedule.parse("step:100:0.1", 3e-4f, 400);
        assertThat(new float[] {schedule.at(1), schedule.at(100)}).containsExactly(3e-4f, 3e-4f);
        assertThat(schedule.at(101)).isEqualTo(3e-5f, within(1e-11f));
        assertThat(schedule.at(200)).isEqualTo(3e-5f, within(1e-11f));
        assertThat(schedule.at(201)).isEqualTo(3e-6f, within(1e-12f));
    }

    @Test
    void cosineFallsFromTheRateTowardsZero() {
        LearningRateSchedule schedule = LearningRateSchedule.parse("cosine", 1, 4);
        assertThat(schedule.at(1)).isEqualTo(1);
        assertThat(schedule.at(2)).isEqualTo((float) ((1 + Math.sqrt(0.5)) / 2));
        assertThat(schedule.at(3)).isEqualTo(0.5f);
        assertThat(schedule.at(4)).isEqualTo((float) ((1 - Math.sqrt(0.5)) / 2));
    }

    /** Of PyTorch 1.13, at a rate of 0.1: MultiStepLR([2, 5, 6], 0.1), beside it and others LinearLR(1 / 4, 1, 3) for a warm-up of 3. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "milestones:2,5,6:0.1 | 0 | 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.0001, 0.0001",
        "milestones:2,5,6:0.1 | 3 | 0.025, 0.05, 0.0075, 0.01, 0.01, 0.001, 0.0001, 0.0001",
        "step:2:0.5 | 3 | 0.025, 0.05, 0.0375, 0.05, 0.025, 0.025, 0.0125, 0.0125",
        "none | 3 | 0.025, 0.05, 0.075, 0.1, 0.1, 0.1, 0.1, 0.1",
        "cosine | 3 | 0.025, 0.0480969883, 0.0640165043, 0.0691341716, 0.05, 0.0308658284, 0.0146446609, 0.00380602337"})
    void ratesAreThoseOfPyTorch(String text, int warmUp, String rates) {
        LearningRateSchedule schedule = LearningRateSchedule.parse(text, 0.1f, 8).warmedUp(warmUp);
        String[] expected = rates.split(", ");
        for (int epoch = 1; epoch <= expected.length; epoch++) {
            float rate = Float.parseFloat(expected[epoch - 1]);
            assertThat(schedule.at(epoch)).as("epoch %d", epoch).isEqualTo(rate, within(1e-6f * rate));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
        value = {"milestones:100,50:0.1 | has the epoch 50 behind 100", "milestones:5,5:0.1 | has the epoch 5 behind 5",
            "milestones:0:0.1 | has \"0\" where a number of epochs", "milestones::0.1 | has \"\" where a number of epochs",
            "milestones:10,x:0.1 | has \"x\" where", "milestones:10,99999999999:0.1 | has \"99999999999\" where",
            "milestones:10:2 | has \"2\" where a factor", "step:10:0x1p-1 | has \"0x1p-1\" where a factor", "milestones:10 | is not known"})
    void theMistakeIsNamed(String text, String mistake) {
        assertThatThrownBy(() -> LearningRateSchedule.parse(text, 1, 10)).isInstanceOf(UsageException.class)
            .hasMessageStartingWith("schedule " + text + " " + mistake).hasMessageEndingWith("such as milestones:100,150:0.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "linear", "step", "step:10", "step:0:0.1", "step:10:0", "step:10:1.5", "step:10:NaN", "step:x:0.1",
        "step:10:0.1:2", "none:1", "cosine:2"})
    void whatIsNoScheduleIsRefused(String text) {
        assertThatThrownBy(() -> LearningRateSchedule.parse(text, 1, 10)).isInstanceOf(UsageException.class)
            .hasMessageContaining("schedule " + text).hasMessageContaining("step:100:0.1").extracting("parameter").isEqualTo("schedule");
    }
}
