package io.github.adiw.ratio;

import java.util.Arrays;

/**
 * The factor L of a positive definite matrix A = L L' in double precision, for systems of some hundred unknowns. Matrices are row-major;
 * of A the lower triangle is read.
 */
final class Cholesky {
    private final double[] factor;
    private final int size;

    private Cholesky(double[] factor, int size) {
        this.factor = factor;
        this.size = size;
    }

    /**
     * Factors A + ridge I.
     *
     * @param matrix {@code [size, size]}, not changed
     * @param ridge  at least 0
     * @return null if the sum is not positive definite to working precision
     */
    static Cholesky of(double[] matrix, int size, double ridge) {
        double[] factor = new double[size * size];
        for (int i = 0; i < size; i++) {
            int row = i * size;
            for (int j = 0; j <= i; j++) {
                int other = j * size;
                double rest = matrix[row + j] + (i == j ? ridge : 0);
                for (int k = 0; k < j; k++) {
                    rest -= factor[row + k] * factor[other + k];
                }
                if (i > j) {
                    factor[row + j] = rest / factor[other + j];
                } else if (rest > 1e-14 * (Math.abs(matrix[row + i]) + ridge)) {
                    factor[row + i] = Math.sqrt(rest);
                } else {
                    return null;
                }
            }
        }
        return new Cholesky(factor, size);
    }

    /** A^-1 b; b {@code [size]} is not changed. */
    double[] solve(double[] b) {
        double[] x = b.clone();
        solve(factor, size, x, size);
        return x;
    }

    /**
     * Turns x = b into A^-1 b.
     *
     * @param factor L in the rows of {@code stride} numbers
     * @param size   of A, and how many numbers of x there are
     */
    static void solve(double[] factor, int stride, double[] x, int size) {
        for (int i = 0; i < size; i++) {
            int row = i * stride;
            double rest = x[i];
            for (int k = 0; k < i; k++) {
                rest -= factor[row + k] * x[k];
            }
            x[i] = rest / factor[row + i];
        }
        for (int i = size - 1; i >= 0; i--) {
            int row = i * stride;
            double value = x[i] /= factor[row + i];
            for (int k = 0; k < i; k++) {
                x[k] -= factor[row + k] * value;
            }
        }
    }

    /** A^-1, {@code [size, size]}, both triangles. */
    double[] inverse() {
        double[][] root = new double[size][];      // the rows of L^-1
        for (int i = 0; i < size; i++) {
            root[i] = new double[i + 1];
            for (int k = 0; k < i; k++) {
                add(-factor[i * size + k], root[k], root[i], k + 1);
            }
            for (int j = 0; j < i; j++) {
                root[i][j] /= factor[i * size + i];
            }
            root[i][i] = 1 / factor[i * size + i];
        }
        double[] inverse = new double[size * size];
        double[] row = new double[size];
        for (int i = 0; i < size; i++) {      // L^-T L^-1
            Arrays.fill(row, 0, i + 1, 0);
            for (int k = i; k < size; k++) {
                add(root[k][i], root[k], row, i + 1);
            }
            for (int j = 0; j <= i; j++) {
                inverse[i * size + j] = row[j];
                inverse[j * size + i] = row[j];
            }
        }
        return inverse;
    }

    /** to += factor x, the first {@code length} of them; in arrays of their own, which is what the compiler vectorises. */
    private static void add(double factor, double[] x, double[] to, int length) {
        for (int j = 0; j < length; j++) {
            to[j] += factor * x[j];
        }
    }
}
