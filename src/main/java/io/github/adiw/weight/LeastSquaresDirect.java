package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/**
 * Least squares on the sample weights themselves with a kernel-smoothed ratio: w minimises 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i,
 * s_ji = k(z'_j, z_i) / sum_l k(z'_j, z_l), over {@code 0 <= w <= B, sum w = n}. One step with eta 1 is the minimiser; with eta below 1 it is a
 * moving average over a sample's visits.
 */
public final class LeastSquaresDirect extends SteppedEstimator {
    private final GaussianMatrix basis, transpose;
    private final Buffer shares, target, ahead, moved;

    /** An estimator; {@link Divergence#estimator}. */
    public LeastSquaresDirect(Device device, EstimatorOptions options) {
        super(device, options, options.bandwidth());
        basis = matrix(n, m);
        transpose = matrix(m, n);
        shares = floats(m);
        target = floats(n);
        ahead = floats(n);
        moved = floats(n);
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        recall(indices, ahead);
        basis.compute(points, points.training(), points.validation(), bandwidth.gamma());
        transpose.compute(points, points.validation(), points.training(), bandwidth.gamma());
        device.launch("reciprocal", Launch.elements(m), transpose.rowSums(), shares, m, 1f);
        basis.multiply(shares, target);
    }

    @Override
    void step(boolean converge) {
        device.launch("smooth_step", Launch.block(), target, bandwidth.status(), moved, ahead, weights, n, m, converge ? 1f : options.eta(),
            converge ? 0f : options.momentum(), (double) options.upperBound());
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) { }

    @Override
    Quality qualityOfState(Buffer z, Buffer validation) {
        return quality(evaluated(), EvaluatedBatch.doubles(weights));
    }

    /** Of 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i. */
    static Quality quality(EvaluatedBatch batch, double[] w) {
        int n = batch.n();
        int m = batch.m();
        double[] shares = batch.atValidation(EvaluatedBatch.constant(n, 1));
        for (int j = 0; j < m; j++) {
            shares[j] = 1 / Math.max(shares[j] * m, 1e-30 * m);
        }
        double[] pull = batch.atTraining(shares);
        double objective = 0;
        double[] gradient = new double[n];
        for (int i = 0; i < n; i++) {
            objective += w[i] * (w[i] / (2 * n) - pull[i]);
            gradient[i] = w[i] / n - pull[i];
        }
        return new Quality(batch.bandwidth(), objective, batch.residualOfWeights(w, gradient, 1.0 / n));
    }

    /** {@code ls-direct}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "ls-direct";
        }

        @Override
        public float defaultEta() {
            return 0.5f;
        }

        @Override
        public boolean usesMomentum() {
            return true;
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new LeastSquaresDirect(device, options);
        }

        @Override
        public boolean hasClassConditional() {
            return true;
        }

        @Override
        public WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
            return new ClassConditionalLeastSquaresDirect(device, options, labels, validationLabels, classes);
        }
    }
}
