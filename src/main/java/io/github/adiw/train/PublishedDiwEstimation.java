package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import java.util.Arrays;

/**
 * DIW's weight estimation as its published code does it (Fang, Lu, Niu, Sugiyama, NeurIPS 2020), rebuilt in Java as a baseline to time: the
 * losses of both batches are copied from the device, the kernel's width is the 0.01-quantile of the distances of all pairs, one by one,
 * kernel mean matching is a quadratic program with 2n + 2 dense inequalities for a general solver in double precision on one thread, and
 * the weights are copied back. What the published code spends in Python's loops is not spent here.
 */
final class PublishedDiwEstimation {
    private static final double QUANTILE = 0.01;
    private static final double RIDGE = 1e-5;
    private static final double UPPER_BOUND = 50;

    private PublishedDiwEstimation() {}

    /**
     * Estimates.
     *
     * @param losses  float32 {@code [n + m]} on a device, of the training batch and behind it of the validation batch
     * @param n       size of the training batch
     * @param weights float32 {@code [n]}, receives the weights
     */
    static void estimate(Buffer losses, int n, Buffer weights) {
        float[] both = losses.toFloats();
        double[] z = new double[n];
        double[] validation = new double[both.length - n];
        for (int i = 0; i < both.length; i++) {
            if (i < n) {
                z[i] = both[i];
            } else {
                validation[i - n] = both[i];
            }
        }
        double[] w = solve(z, validation).x();
        float[] rounded = new float[n];
        for (int i = 0; i < n; i++) {
            rounded[i] = (float) w[i];
        }
        weights.upload(rounded);
    }

    /** The weights {@code [n]} of losses {@code [n]} against losses {@code [m]}. */
    static QuadraticProgram.Solution solve(double[] z, double[] validation) {
        int n = z.length;
        double gamma = width(z);
        double[][] gram = new double[n][n];
        double[] q = new double[n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                gram[i][j] = kernel(z[i], z[j], gamma) + (i == j ? RIDGE : 0);
            }
            double sum = 0;
            for (double v : validation) {
                sum += kernel(z[i], v, gamma);
            }
            q[i] = -sum * n / validation.length;
        }
        double eps = (Math.sqrt(n) - 1) / Math.sqrt(n);
        double[][] g = new double[2 * n + 2][n];
        double[] h = new double[2 * n + 2];
        Arrays.fill(g[0], 1);
        h[0] = n * (1 + eps);
        Arrays.fill(g[1], -1);
        h[1] = n * (eps - 1);
        for (int i = 0; i < n; i++) {
            g[2 + i][i] = 1;
            h[2 + i] = UPPER_BOUND;
            g[2 + n + i][i] = -1;
        }
        return QuadraticProgram.solve(gram, q, g, h);
    }

    /** The quantile of the distances |z_i - z_j|, i &lt; j, with linear interpolation; used as gamma, as published. */
    static double width(double[] z) {
        int n = z.length;
        double[] distances = new double[n * (n - 1) / 2];
        int count = 0;
        for (int i = 0; i < n; i++) {
            for (int j = i + 1; j < n; j++) {
                distances[count++] = Math.abs(z[i] - z[j]);
            }
        }
        if (count == 0) {
            return 0;
        }
        Arrays.sort(distances);
        double at = QUANTILE * (count - 1);
        int below = (int) at;
        double above = distances[Math.min(count - 1, below + 1)];
        return distances[below] + (at - below) * (above - distances[below]);
    }

    private static double kernel(double a, double b, double gamma) {
        return Math.exp(-gamma * (a - b) * (a - b));
    }
}
