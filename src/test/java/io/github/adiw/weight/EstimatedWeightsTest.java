package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import org.junit.jupiter.api.Test;

class EstimatedWeightsTest {
    private static final float[] TRAIN = {0, 1, 2, 3};
    private static final float[] VALIDATION = {1, 1.5f, 2};

    @Test
    void aResultStaysWhatItIsWhenItsBuilderGoesOn() {
        EstimatedWeights estimated;
        try (Device device = Devices.open("host", 1)) {
            EstimatedWeights.Builder builder = EstimatedWeights.builder(device).method("kl");
            estimated = builder.estimate(TRAIN, VALIDATION, 1);
            builder.method("ls").settings(EstimationSettings.builder().upperBound(1).build());
        }
        assertThat(estimated.method()).isEqualTo("kl");
        assertThat(estimated.device()).isEqualTo("host");
        assertThat(estimated.maximum()).isGreaterThan(1);
        assertThat(estimated.fractionAtBound()).isZero();
    }

    @Test
    void dataThatAreNotFiniteAreRefused() {
        try (Device device = Devices.open("host", 1)) {
            EstimatedWeights.Builder builder = EstimatedWeights.builder(device);
            assertThatThrownBy(() -> builder.estimate(new float[] {0, 1, 2, Float.NaN}, VALIDATION, 1)).isInstanceOf(UsageException.class)
                .hasMessage("the training data are NaN in row 3, column 0: weights need finite numbers");
            assertThatThrownBy(() -> builder.estimate(TRAIN, new float[] {0, 1, Float.POSITIVE_INFINITY, 2}, 2))
                .isInstanceOf(UsageException.class)
                .hasMessage("the validation data are Infinity in row 1, column 0: weights need finite numbers");
        }
    }

    @Test
    void aBandwidthIsCheckedHoweverItIsMade() {
        assertThatThrownBy(() -> new Bandwidth(Bandwidth.Kind.DIW, 7)).isInstanceOf(UsageException.class)
            .hasMessageStartingWith("bandwidth diw:7 is not known");
        assertThatThrownBy(() -> new Bandwidth(Bandwidth.Kind.GIVEN, 0)).hasMessageStartingWith("bandwidth gamma:0 is not known");
        assertThatThrownBy(() -> new Bandwidth(Bandwidth.Kind.MEDIAN, 0.4)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> Bandwidth.parse("gamma:NaN")).hasMessageStartingWith("bandwidth gamma:NaN is not known");
        assertThat(Bandwidth.parse("diw:0.01")).isEqualTo(Bandwidth.DIW);
        assertThat(Bandwidth.parse("median")).isEqualTo(Bandwidth.MEDIAN);
    }
}
