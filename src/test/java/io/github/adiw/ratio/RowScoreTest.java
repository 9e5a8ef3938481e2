package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the sum as it is written down, in double precision. */
class RowScoreTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64, 501})
    void isTheSumOfKernels(int centers) {
        int d = 3;
        Random random = new Random(centers);
        float[] values = new float[centers * d];
        float[] coefficients = new float[centers];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
            coefficients[i / d] = random.nextInt(3) == 0 ? 0 : random.nextFloat();
        }
        RowScore score = RowScore.of(new Matrix(values, centers, d), 0.4, coefficients);
        for (float scale : new float[] {0, 1, 3, 8, 13, 20, 0x1p50f}) {
            float[] row = {scale * (float) random.nextGaussian(), scale * (float) random.nextGaussian(), scale};
            double expected = 0;
            for (int l = 0; l < centers; l++) {
                double square = 0;
                for (int k = 0; k < d; k++) {
                    square += Math.pow((double) row[k] - values[l * d + k], 2);
                }
                expected += coefficients[l] * Math.exp(Math.max(-80, -0.4 * square));
            }
            assertThat(score.at(row)).isCloseTo(expected, within(4e-15 * expected));
        }
    }

    /** Each exponent by itself, from 0 to beyond where kernels are cut. */
    @Test
    void isTheExponentialToALastDigit() {
        RowScore score = RowScore.of(new Matrix(new float[1], 1, 1), 1, new float[] {1});
        for (int i = 0; i < 13_000; i++) {
            float x = 0.0007f * i;
            double expected = Math.exp(Math.max(-80, -(double) x * x));
            assertThat(score.at(new float[] {x})).isCloseTo(expected, within(4e-16 * expected));
        }
    }

    @Test
    void withoutCentersItIsZero() {
        assertThat(RowScore.of(new Matrix(new float[] {1, 2}, 2, 1), 1, new float[2]).at(new float[] {1})).isZero();
    }
}
