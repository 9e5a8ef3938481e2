package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.AdiwException;
import io.github.adiw.weight.Bandwidth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PairDistancesTest {
    private final List<String> notices = new ArrayList<>();
    private final FitListener listener = new FitListener() {
        @Override
        public void notice(String sentence) {
            notices.add(sentence);
        }
    };

    private FitContext context(String bandwidth) {
        return new FitContext(null, bandwidth == null ? null : Bandwidth.parse(bandwidth), null, 1, 3, listener);
    }

    private static Matrix matrix(int rows, int columns, long seed) {
        Random random = new Random(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Matrix(values, rows, columns);
    }

    private static double[] sorted(Matrix... all) {
        List<Double> distances = new ArrayList<>();
        List<float[]> rows = new ArrayList<>();
        for (Matrix matrix : all) {
            for (int i = 0; i < matrix.rows(); i++) {
                rows.add(matrix.select(i).values());
            }
        }
        for (int i = 0; i < rows.size(); i++) {
            for (int j = 0; j < i; j++) {
                double square = 0;
                for (int k = 0; k < rows.get(i).length; k++) {
                    square += Math.pow((double) rows.get(i)[k] - rows.get(j)[k], 2);
                }
                distances.add(Math.sqrt(square));
            }
        }
        return distances.stream().mapToDouble(x -> x).sorted().toArray();
    }

    private static double quantile(double[] sorted, double q) {
        double position = (sorted.length - 1) * q;
        int below = (int) position;
        return below + 1 == sorted.length ? sorted[below] : sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]);
    }

    @Test
    void allPairsOfFewRows() {
        for (int rows : new int[] {2, 3, 40, 71}) {
            Matrix train = matrix(rows, 3, 1);
            Matrix validation = matrix(25, 3, 2);
            for (double q : new double[] {0, 0.01, 0.33, 1}) {
                assertThat(PairDistances.gamma(context("diw:" + q), train, validation, Bandwidth.MEDIAN))
                    .isCloseTo(quantile(sorted(train), q), within(1e-12));
            }
            double median = quantile(sorted(train, validation), 0.5);
            assertThat(PairDistances.median(train, validation, 1000, 3)).isCloseTo(median, within(1e-12));
            for (String bandwidth : new String[] {null, "median"}) {
                assertThat(PairDistances.gamma(context(bandwidth), train, validation, Bandwidth.MEDIAN))
                    .isCloseTo(1 / (2 * median * median), within(1e-12));
            }
        }
        assertThat(PairDistances.gamma(context("gamma:7"), matrix(3, 1, 1), matrix(3, 1, 1), Bandwidth.MEDIAN)).isEqualTo(7);
        assertThat(notices).isEmpty();
    }

    @Test
    void aSampleOfManyRows() {
        Matrix many = matrix(40_000, 1, 1);
        // |x - y| of two normal numbers: its quantile q is sqrt(2) times that of |x|.
        assertThat(PairDistances.gamma(context("diw:0.5"), many, matrix(2, 1, 1), Bandwidth.MEDIAN))
            .isCloseTo(Math.sqrt(2) * 0.6745, within(0.02));
        assertThat(PairDistances.median(many, many, 1000, 3)).isCloseTo(Math.sqrt(2) * 0.6745, within(0.04))
            .isEqualTo(PairDistances.median(many, many, 1000, 3));
    }

    @Test
    void aQuantileOfZeroGoesOn() {
        Matrix train = new Matrix(new float[] {0, 0, 0, 0, 0, 0, 0, 3, 5}, 9, 1);
        Matrix validation = new Matrix(new float[] {0, 1.5f}, 2, 1);
        assertThat(PairDistances.gamma(context("diw:0.01"), train, validation, Bandwidth.MEDIAN)).isEqualTo(2);
        assertThat(notices).singleElement().asString().contains("diw:0.01 is 0").contains("gamma 2.000");
        assertThat(PairDistances.gamma(context("median"), train, validation, Bandwidth.MEDIAN)).isEqualTo(1 / (2 * 1.5 * 1.5));
        assertThat(PairDistances.median(train, validation, 1000, 3)).isEqualTo(1.5);

        float[] rare = new float[20_000];
        rare[12_345] = 4;
        assertThat(PairDistances.median(new Matrix(rare, 20_000, 1), validation.select(0), 10, 3)).isEqualTo(4);
        Matrix equal = new Matrix(new float[10], 5, 2);
        assertThatThrownBy(() -> PairDistances.median(equal, equal, 1000, 3)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("all rows are equal");
        float[] one = Arrays.copyOf(rare, 1);
        assertThatThrownBy(() -> PairDistances.gamma(context("diw:0.5"), new Matrix(one, 1, 1), equal, Bandwidth.MEDIAN))
            .isInstanceOf(AdiwException.class);
    }
}
