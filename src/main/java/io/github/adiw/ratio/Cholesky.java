package io.github.adiw.ratio;

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
        for (int i = 0; i < size; i++) {
            int row = i * size;
            double rest = x[i];
            for (int k = 0; k < i; k++) {
                rest -= factor[row + k] * x[k];
            }
            x[i] = rest / factor[row + i];
        }
        for (int i = size - 1; i >= 0; i--) {
            int row = i * size;
            double value = x[i] /= factor[row + i];
            for (int k = 0; k < i; k++) {
                x[k] -= factor[row + k] * value;
            }
        }
        return x;
    }

    /** A^-1, {@code [size, size]}, both triangles. */
    double[] inverse() {
        double[] inverse = new double[size * size];      // rows of L^-1, then L^-T L^-1
        for (int i = 0; i < size; i++) {
            int row = i * size;
            for (int k = 0; k < i; k++) {
                axpy(-factor[row + k], inverse, k * size, row, k + 1);
            }
            for (int j = 0; j < i; j++) {
                inverse[row + j] /= factor[row + i];
            }
            inverse[row + i] = 1 / factor[row + i];
        }
        double[] product = new double[size * size];
        for (int k = 0; k < size; k++) {
            for (int i = 0; i <= k; i++) {
                double value = inverse[k * size + i];
                for (int j = 0; j <= i; j++) {
                    product[i * size + j] += value * inverse[k * size + j];
                }
            }
        }
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < i; j++) {
                product[j * size + i] = product[i * size + j];
            }
        }
        return product;
    }

    /** x[to..] += factor x[from..], of length values; the two do not overlap. */
    private static void axpy(double factor, double[] x, int from, int to, int length) {
        for (int j = 0; j < length; j++) {
            x[to + j] += factor * x[from + j];
        }
    }
}
