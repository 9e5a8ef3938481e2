package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/**
 * ADIW with the Kullback-Leibler divergence: the ratio r(z) = sum_l alpha_l k(z, z'_l) minimises -(1/m) sum_j log r(z'_j) over
 * alpha >= 0 and (1/n) sum_i r(z_i) = 1 (KLIEP, Sugiyama et al. 2008), by multiplicative steps that keep the constraint and never
 * raise the objective. The state is a coefficient for every validation sample. {@code eta} has no part in it.
 */
public final class KullbackLeibler extends SteppedEstimator {
    /** A gap that is small enough. */
    static final double WANTED_GAP = 2e-5;
    private final GaussianMatrix basis, transpose, top;
    final Buffer alpha;
    private final Buffer coefficients, b, r, u;

    /** An estimator; {@link Divergence#estimator}. */
    public KullbackLeibler(Device device, EstimatorOptions options) {
        super(device, options, options.bandwidth());
        basis = matrix(n, m);
        transpose = matrix(m, n);
        top = matrix(m, m);
        coefficients = floats(options.validationSamples());
        alpha = floats(m);
        b = floats(m);
        r = floats(Math.max(n, m));
        u = floats(m);
        device.launch("fill", Launch.elements(options.validationSamples()), coefficients, -1f, options.validationSamples());
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        recall(indices, null);
        basis.compute(points, points.training(), points.validation(), bandwidth.gamma());
        transpose.compute(points, points.validation(), points.training(), bandwidth.gamma());
        top.compute(points, points.validation(), points.validation(), bandwidth.gamma());
        device.launch("kl_begin", Launch.block(), coefficients, validationIndices, transpose.rowSums(), bandwidth.status(), b, alpha, n, m);
    }

    @Override
    void step(boolean converge) {
        top.multiply(alpha, r);
        device.launch("reciprocal", Launch.elements(m), r, u, m, 1f / m);
        top.multiply(u, r);
        device.launch("kl_update", Launch.elements(m), r, b, bandwidth.status(), alpha, m);
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) {
        basis.multiply(alpha, r);
        device.launch("model_weights", Launch.elements(n), r, bandwidth.status(), weights, n, options.upperBound());
        device.launch("store_state", Launch.elements(m), coefficients, validationIndices, alpha, m);
    }

    @Override
    double wantedGap(double objective) {
        return WANTED_GAP;
    }

    @Override
    Quality qualityOfState(Buffer z, Buffer validation) {
        return quality(evaluated(), EvaluatedBatch.doubles(alpha));
    }

    /** Of -(1/m) sum_j log r(z'_j). */
    static Quality quality(EvaluatedBatch batch, double[] alpha) {
        int n = batch.n();
        int m = batch.m();
        double[] a = alpha.clone();
        double[] s = batch.amongValidation(EvaluatedBatch.constant(m, 1));
        double[] constraint = batch.atValidation(EvaluatedBatch.constant(n, 1.0 / n));
        if (a[0] < 0) {         // a degenerate batch, and no state yet: what it would begin with
            Arrays.fill(a, 1 / Arrays.stream(constraint).sum());
        }
        double[] ratio = batch.amongValidation(a);
        double objective = 0;
        double[] inverse = new double[m];
        double[] curvature = new double[m];
        for (int j = 0; j < m; j++) {
            objective -= Math.log(ratio[j]) / m;
            inverse[j] = 1 / (m * ratio[j]);
            curvature[j] = s[j] / (m * ratio[j] * ratio[j]);
        }
        double[] gradient = batch.amongValidation(inverse);
        double L = Arrays.stream(batch.amongValidation(curvature)).max().orElseThrow();
        double[] moved = new double[m];
        double gap = 0;
        for (int l = 0; l < m; l++) {
            moved[l] = a[l] + gradient[l] / L;
            gap = Math.max(gap, constraint[l] > 0 ? gradient[l] / constraint[l] - 1 : 0);   // linearised, at the best vertex 1 / b_l
        }
        return new Quality(batch.bandwidth(), objective, EvaluatedBatch.residual(a, onConstraint(moved, constraint)), gap);
    }

    /** The nearest point of {x >= 0, b'x = 1}: max(0, v - t b), t by Newton's steps from the left, which are monotone. */
    static double[] onConstraint(double[] v, double[] b) {
        double t = Double.POSITIVE_INFINITY;
        for (int l = 0; l < v.length; l++) {
            if (b[l] > 0) {
                t = Math.min(t, (v[l] - 1 / b[l]) / b[l]);
            }
        }
        for (int pass = 0; pass < 1000; pass++) {
            double sum = -1;
            double slope = 0;
            for (int l = 0; l < v.length; l++) {
                double x = v[l] - t * b[l];
                sum += x > 0 ? b[l] * x : 0;
                slope += x > 0 ? b[l] * b[l] : 0;
            }
            if (slope == 0 || Math.abs(sum) <= 1e-14) {
                break;
            }
            t += sum / slope;
        }
        double[] x = new double[v.length];
        for (int l = 0; l < v.length; l++) {
            x[l] = Math.max(0, v[l] - t * b[l]);
        }
        return x;
    }

    @Override
    public Buffer state() {
        return coefficients;
    }

    @Override
    public void startFrom(float[] start) {
        coefficients.upload(start);
    }

    /** {@code kl}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "kl";
        }

        @Override
        public boolean stateIsOfValidation() {
            return true;
        }

        @Override
        public boolean usesEta() {
            return false;
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new KullbackLeibler(device, options);
        }

        @Override
        public boolean hasClassConditional() {
            return true;
        }

        @Override
        public WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
            return new ClassConditionalKullbackLeibler(device, options, labels, validationLabels, classes);
        }
    }
}
