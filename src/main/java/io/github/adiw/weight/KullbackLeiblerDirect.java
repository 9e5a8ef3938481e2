package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/**
 * The Kullback-Leibler divergence on the sample weights themselves: w minimises -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)) over
 * {@code 0 <= w <= B, sum w = n}, by EM steps, which never raise the objective. Converged it collapses to a few atoms: it is of use stopped
 * early, and a weight that comes back below 1e-3 starts from there, or it could never return. {@code eta} has no part in it.
 */
public final class KullbackLeiblerDirect extends SteppedEstimator {
    /** A gap that is small enough. */
    static final double WANTED_GAP = 2e-5;
    private final GaussianMatrix basis, transpose;
    private final Buffer mixture, u, share, scaled;

    /** An estimator; {@link Divergence#estimator}. */
    public KullbackLeiblerDirect(Device device, EstimatorOptions options) {
        super(device, options, options.bandwidth());
        basis = matrix(n, m);
        transpose = matrix(m, n);
        mixture = floats(m);
        u = floats(m);
        share = floats(n);
        scaled = floats(n);
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        device.launch("direct_recall", Launch.elements(n), memory, indices, bandwidth.status(), weights, n);
        basis.compute(points, points.training(), points.validation(), bandwidth.gamma());
        transpose.compute(points, points.validation(), points.training(), bandwidth.gamma());
    }

    @Override
    void step(boolean converge) {
        transpose.multiply(weights, mixture);
        device.launch("reciprocal", Launch.elements(m), mixture, u, m, 1f);
        basis.multiply(u, share);
        device.launch("direct_scale", Launch.block(), share, bandwidth.status(), scaled, weights, n, m, (double) options.upperBound());
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) { }

    @Override
    Quality qualityOfState(Buffer z, Buffer validation) {
        return quality(evaluated(), EvaluatedBatch.doubles(weights));
    }

    /** Of -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)). */
    static Quality quality(EvaluatedBatch batch, double[] w) {
        int n = batch.n();
        int m = batch.m();
        double[] q = batch.atValidation(w);
        double[] s = batch.atValidation(EvaluatedBatch.constant(n, 1));
        double objective = 0;
        double[] inverse = new double[m];
        double[] curvature = new double[m];
        for (int j = 0; j < m; j++) {
            objective -= Math.log(q[j] / n) / m;
            inverse[j] = -1 / (m * q[j]);
            curvature[j] = s[j] / (m * q[j] * q[j]);
        }
        double L = Arrays.stream(batch.atTraining(curvature)).max().orElseThrow();
        double[] gradient = batch.atTraining(inverse);
        return new Quality(batch.bandwidth(), objective, batch.residualOfWeights(w, gradient, L), gap(w, gradient, batch.upper()));
    }

    /** How far the linearised objective can fall: weights B where the gradient is least, until they sum to n. */
    private static double gap(double[] w, double[] gradient, double upper) {
        double at = 0;
        for (int i = 0; i < w.length; i++) {
            at += gradient[i] * w[i];
        }
        double[] sorted = gradient.clone();
        Arrays.sort(sorted);
        double left = w.length;
        double least = 0;
        for (int i = 0; i < sorted.length && left > 0; i++) {
            double taken = Math.min(upper, left);
            least += taken * sorted[i];
            left -= taken;
        }
        return Math.max(0, at - least);
    }

    @Override
    double wantedGap(double objective) {
        return WANTED_GAP;
    }

    /** {@code kl-direct}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "kl-direct";
        }

        /** A wide kernel: with the median's, few atoms get all the weight. */
        @Override
        public String defaultBandwidth() {
            return "diw:0.01";
        }

        @Override
        public boolean usesEta() {
            return false;
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new KullbackLeiblerDirect(device, options);
        }

        @Override
        public boolean hasClassConditional() {
            return true;
        }

        @Override
        public WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
            return new ClassConditionalKullbackLeiblerDirect(device, options, labels, validationLabels, classes);
        }
    }
}
