package io.github.adiw.ratio;

final class Cholesky {
    private final double[] lower;
    private final int n;

    private Cholesky(double[] lower, int n) {
        this.lower = lower;
        this.n = n;
    }

    static Cholesky of(double[] matrix, int n) {
        double[] l = matrix.clone();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = l[i * n + j];
                for (int k = 0; k < j; k++) {
                    sum -= l[i * n + k] * l[j * n + k];
                }
                l[i * n + j] = i == j ? Math.sqrt(sum) : sum / l[j * n + j];
            }
        }
        return new Cholesky(l, n);
    }

    double[] solve(double[] b) {
        double[] x = b.clone();
        for (int i = 0; i < n; i++) {
            double sum = x[i];
            for (int k = 0; k < i; k++) {
                sum -= lower[i * n + k] * x[k];
            }
            x[i] = sum / lower[i * n + i];
        }
        for (int i = n - 1; i >= 0; i--) {
            x[i] /= lower[i * n + i];
            for (int k = 0; k < i; k++) {
                x[k] -= lower[i * n + k] * x[i];
            }
        }
        return x;
    }
}
