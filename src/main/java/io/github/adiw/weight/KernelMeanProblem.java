package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * The quadratic program of kernel mean matching for one pair of samples, in double precision: how good given weights are. The
 * program is 1/2 w'Kw - kappa'w over 0 <= w <= B and |sum w - n| <= n eps (Huang et al. 2006; Fang et al., NeurIPS 2020).
 */
public final class KernelMeanProblem implements AutoCloseable {
    /**
     * How good weights are.
     *
     * @param gamma       of the Gaussian kernel
     * @param objective   1/2 w'Kw - kappa'w
     * @param kktResidual max |w - P(w - grad/L)| / max(1, max |w|), L the largest row sum of K; 0 at the solution
     */
    public record Quality(double gamma, double objective, double kktResidual) { }

    private final Device device;
    private final int n;
    private final WeightBounds bounds;
    private final GramMatrix gram;
    private final Buffer weights, moved, state;

    /**
     * @param n          training samples, at least 1
     * @param m          validation samples, at least 1
     * @param d          dimension, at least 1
     * @param upperBound B, at least 1
     */
    public KernelMeanProblem(Device device, int n, int m, int d, Bandwidth bandwidth, float upperBound) {
        this.device = device;
        this.n = n;
        this.bounds = new WeightBounds(n, upperBound);
        this.gram = new GramMatrix(device, n, m, d, bandwidth, true);
        this.weights = device.allocate(ElementType.FLOAT64, n);
        this.moved = device.allocate(ElementType.FLOAT64, n);
        this.state = device.allocate(ElementType.FLOAT64, 4);
    }

    /**
     * Evaluates weights.
     *
     * @param z          float32 {@code [n, d]}
     * @param validation float32 {@code [m, d]}
     * @param w          {@code [n]}
     */
    public Quality evaluate(Buffer z, Buffer validation, double[] w) {
        gram.compute(z, validation);
        double[] rowSums = new double[n];
        gram.rowSums().download(rowSums);
        double most = 0;
        for (double sum : rowSums) {
            most = Math.max(most, sum);
        }
        weights.upload(w);
        state.upload(new double[] {1 / most, 1, 0, 0});
        device.launch("kmm_solve_gradient", Launch.rows(n), gram.matrix(), gram.kappa(), weights, state, moved, n);
        device.launch("kmm_solve_check", Launch.block(), moved, weights, state, n, bounds.upper(), bounds.low(), bounds.high());
        double[] v = new double[n];
        moved.download(v);
        double[] kappa = new double[n];
        gram.kappa().download(kappa);
        double[] read = new double[4];
        state.download(read);
        double twice = 0;
        for (int i = 0; i < n; i++) {
            double gradient = (w[i] - v[i]) * most;
            twice += w[i] * (gradient - kappa[i]);
        }
        return new Quality(gram.gamma().toFloats()[0], twice / 2, read[2]);
    }

    @Override
    public void close() {
        gram.close();
        weights.close();
        moved.close();
        state.close();
    }
}
