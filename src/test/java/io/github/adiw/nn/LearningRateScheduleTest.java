package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

    @ParameterizedTest
    @ValueSource(strings = {"", "linear", "step", "step:10", "step:0:0.1", "step:10:0", "step:10:1.5", "step:10:NaN", "step:x:0.1",
        "step:10:0.1:2"})
    void whatIsNoScheduleIsRefused(String text) {
        assertThatThrownBy(() -> LearningRateSchedule.parse(text, 1, 10)).isInstanceOf(UsageException.class)
            .hasMessageContaining("schedule " + text).hasMessageContaining("step:100:0.1").extracting("parameter").isEqualTo("schedule");
    }
}
