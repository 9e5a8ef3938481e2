package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CholeskyTest {
    private static double[] positiveDefinite(int size, Random random) {
        double[] root = random.doubles((long) size * size, -1, 1).toArray();
        double[] matrix = new double[size * size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                for (int k = 0; k < size; k++) {
                    matrix[i * size + j] += root[i * size + k] * root[j * size + k];
                }
            }
            matrix[i * size + i] += 0.1;
        }
        return matrix;
    }

    @Test
    void solutionsAndInverse() {
        Random random = new Random(5);
        for (int size : new int[] {1, 2, 7, 60}) {
            double[] matrix = positiveDefinite(size, random);
            double ridge = size == 7 ? 0.5 : 0;
            double[] x = random.doubles(size, -1, 1).toArray();
            double[] b = new double[size];
            for (int i = 0; i < size; i++) {
                for (int k = 0; k < size; k++) {
                    b[i] += (matrix[i * size + k] + (i == k ? ridge : 0)) * x[k];
                }
            }
            Cholesky cholesky = Cholesky.of(matrix, size, ridge);
            double[] solution = cholesky.solve(b);
            double[] inverse = cholesky.inverse();
            for (int i = 0; i < size; i++) {
                assertThat(solution[i]).isCloseTo(x[i], within(1e-9));
                double value = 0;
                for (int k = 0; k < size; k++) {
                    value += inverse[i * size + k] * b[k];
                    assertThat(inverse[i * size + k]).isEqualTo(inverse[k * size + i]);
                }
                assertThat(value).isCloseTo(x[i], within(1e-9));
            }
        }
    }

    @Test
    void whatIsNotPositiveDefinite() {
        double[] singular = {1, 2, 2, 4};
        assertThat(Cholesky.of(singular, 2, 0)).isNull();
        assertThat(Cholesky.of(new double[] {1, 2, 2, 1}, 2, 0)).isNull();
        assertThat(Cholesky.of(new double[] {Double.NaN}, 1, 0)).isNull();
        assertThat(Cholesky.of(singular, 2, 0.01)).isNotNull();
    }
}
