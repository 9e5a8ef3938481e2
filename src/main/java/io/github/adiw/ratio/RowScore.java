package io.github.adiw.ratio;

import java.util.stream.IntStream;

/**
 * sum_l a_l exp(-gamma |x - c_l|^2) of one row after the other, in double precision and plain Java, where a device would cost more than it
 * gives: in tasks that get rows one by one. Written as loops over centers that a virtual machine turns into vector instructions, the
 * exponential too: one of {@link Math#exp} after the other took ten times as long. Immutable, for any number of threads.
 */
final class RowScore {
    /** Where the kernels are cut ({@link RowMatrix#gaussian}). */
    private static final double SMALLEST_EXPONENT = -80;
    /** 1.5 * 2^52: a sum with it is rounded to an integer. */
    private static final double ROUNDING = 0x1.8p52;
    private static final double PER_OCTAVE = 1 / Math.log(2);
    /** ln 2 in two parts, the first of so few digits that its products with integers up to 2^10 are exact (fdlibm's e_exp.c). */
    private static final double LOG_2_HIGH = 0x1.62e42feep-1;
    private static final double LOG_2_LOW = 0x1.a39ef35793c76p-33;
    /** 2^-k, k from 0 to 80 / ln 2. */
    private static final double[] POWERS = IntStream.rangeClosed(0, 116).mapToDouble(k -> Math.scalb(1.0, -k)).toArray();
    /** 1/k!, the largest k first: within 0.35 of 0 the series is exact to 2e-16. */
    private static final double[] SERIES = series(12);

    /** Coordinates of the centers whose coefficient is not 0, {@code [columns][centers]}. */
    private final double[][] centers;
    private final double[] coefficients;
    private final double gamma;

    private RowScore(double[][] centers, double[] coefficients, double gamma) {
        this.centers = centers;
        this.coefficients = coefficients;
        this.gamma = gamma;
    }

    static RowScore of(Matrix centers, double gamma, float[] coefficients) {
        int[] used = IntStream.range(0, coefficients.length).filter(l -> coefficients[l] != 0).toArray();
        double[][] columns = new double[centers.columns()][used.length];
        double[] factors = new double[used.length];
        for (int l = 0; l < used.length; l++) {
            factors[l] = coefficients[used[l]];
            for (int k = 0; k < columns.length; k++) {
                columns[k][l] = centers.at(used[l], k);
            }
        }
        return new RowScore(columns, factors, gamma);
    }

    /** At one row, {@code [columns]}. */
    double at(float[] row) {
        double[] exponents = new double[coefficients.length];
        for (int k = 0; k < row.length; k++) {
            addSquares(exponents, centers[k], row[k]);
        }
        double[] octaves = new double[coefficients.length];
        reduce(exponents, octaves, -gamma);
        exponentiate(exponents);
        double even = 0;
        double odd = 0;
        int l = 0;
        for (; l + 1 < octaves.length; l += 2) {
            even += coefficients[l] * (exponents[l] * POWERS[(int) octaves[l]]);
            odd += coefficients[l + 1] * (exponents[l + 1] * POWERS[(int) octaves[l + 1]]);
        }
        return l < octaves.length ? even + odd + coefficients[l] * (exponents[l] * POWERS[(int) octaves[l]]) : even + odd;
    }

    private static void addSquares(double[] sums, double[] center, double x) {
        for (int l = 0; l < sums.length; l++) {
            double off = x - center[l];
            sums[l] += off * off;
        }
    }

    /** Squared distances become exponents y = rest - octaves ln 2, of which the rest, within ln 2 / 2 of 0, takes their place. */
    private static void reduce(double[] squares, double[] octaves, double factor) {
        for (int l = 0; l < squares.length; l++) {
            double y = Math.max(SMALLEST_EXPONENT, factor * squares[l]);
            double n = ROUNDING - y * PER_OCTAVE - ROUNDING;
            octaves[l] = n;
            squares[l] = y + n * LOG_2_HIGH + n * LOG_2_LOW;
        }
    }

    /** exp x in the place of each x within 0.35 of 0. */
    private static void exponentiate(double[] values) {
        double c12 = SERIES[0];
        double c11 = SERIES[1];
        double c10 = SERIES[2];
        double c9 = SERIES[3];
        double c8 = SERIES[4];
        double c7 = SERIES[5];
        double c6 = SERIES[6];
        double c5 = SERIES[7];
        double c4 = SERIES[8];
        double c3 = SERIES[9];
        for (int l = 0; l < values.length; l++) {
            double x = values[l];
            double high = (((((((((c12 * x + c11) * x + c10) * x + c9) * x + c8) * x + c7) * x + c6) * x + c5) * x + c4) * x + c3) * x;
            values[l] = ((high + 0.5) * x + 1) * x + 1;
        }
    }

    private static double[] series(int degree) {
        double[] inverse = new double[degree + 1];
        inverse[degree] = 1;
        for (int k = 1; k <= degree; k++) {
            inverse[degree - k] = inverse[degree - k + 1] / k;
        }
        return inverse;
    }
}
