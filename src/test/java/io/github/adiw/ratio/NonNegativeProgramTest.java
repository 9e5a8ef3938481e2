package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The optimality conditions: q at least 0, f - Hq at most 0, and 0 where q is above 0. */
class NonNegativeProgramTest {
    @ParameterizedTest
    @CsvSource({"1, 3", "6, 9", "40, 60", "40, 8", "90, 90"})
    void optimalWhereverItBegins(int size, int rank) {
        Random random = new Random(8);
        double[] root = random.doubles((long) size * rank, 0, 1).toArray();
        double[] matrix = new double[size * size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                for (int k = 0; k < rank; k++) {
                    matrix[i * size + j] += root[i * rank + k] * root[j * rank + k];
                }
            }
            matrix[i * size + i] *= 1 + 1e-10;
        }
        double[] linear = random.doubles(size, -1, 2).toArray();
        for (double[] start : new double[][] {new double[size], random.doubles(size, 0, 1).toArray()}) {
            double[] q = new NonNegativeProgram(matrix, linear).solve(start);
            for (int i = 0; i < size; i++) {
                double multiplier = linear[i];
                for (int k = 0; k < size; k++) {
                    multiplier -= matrix[i * size + k] * q[k];
                }
                assertThat(q[i]).isNotNegative();
                assertThat(q[i] > 0 ? Math.abs(multiplier) : multiplier).as("multiplier %d of %d", i, size).isLessThan(1e-5);
            }
        }
    }
}
