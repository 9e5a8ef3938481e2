package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/**
 * ADIW with the squared distance between ratios: r(z) = sum_l alpha_l k(z, z'_l) minimises 1/2 a'Ha - h'a + lambda/2 |a|^2 over
 * alpha >= 0, H = (1/n) sum_i k(z_i, .) k(z_i, .)', h = (1/m) sum_j k(z'_j, .) (LSIF and uLSIF: Kanamori, Hido, Sugiyama, JMLR 2009), by
 * projected-gradient steps of eta over the largest row sum of H + lambda. The state is a coefficient for every validation sample.
 */
public final class LeastSquares extends SteppedEstimator {
    /** A gap that is small enough, over the size of the objective. */
    static final double WANTED_GAP = 1e-8;
    static final float CONVERGING_MOMENTUM = 0.9f;
    private final GaussianMatrix basis, transpose, top;
    final Buffer alpha;
    private final Buffer coefficients, v, fitted, gradient, curvature, rate;

    /** An estimator; {@link Divergence#estimator}. */
    public LeastSquares(Device device, EstimatorOptions options) {
        super(device, options, options.bandwidth());
        basis = matrix(n, m);
        transpose = matrix(m, n);
        top = matrix(m, m);
        coefficients = floats(options.validationSamples());
        alpha = floats(m);
        v = floats(m);
        fitted = floats(n);
        gradient = floats(m);
        curvature = floats(m);
        rate = floats(1);
        device.launch("fill", Launch.elements(options.validationSamples()), coefficients, -1f, options.validationSamples());
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        recall(indices, null);
        basis.compute(points, points.training(), points.validation(), bandwidth.gamma());
        transpose.compute(points, points.validation(), points.training(), bandwidth.gamma());
        top.compute(points, points.validation(), points.validation(), bandwidth.gamma());
        transpose.multiply(basis.rowSums(), curvature);
        device.launch("ls_begin", Launch.block(), coefficients, validationIndices, curvature, alpha, v, rate, n, m, options.lambda(),
            converge ? 1f : options.eta());
    }

    @Override
    void step(boolean converge) {
        basis.multiply(v, fitted);
        transpose.multiply(fitted, gradient);
        device.launch("ls_update", Launch.elements(m), gradient, top.rowSums(), rate, bandwidth.status(), alpha, v, n, m, options.lambda(),
            converge ? CONVERGING_MOMENTUM : options.momentum());
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) {
        basis.multiply(alpha, fitted);
        device.launch("model_weights", Launch.elements(n), fitted, bandwidth.status(), weights, n, options.upperBound());
        device.launch("store_state", Launch.elements(m), coefficients, validationIndices, alpha, m);
    }

    @Override
    Quality qualityOfState(Buffer z, Buffer validation) {
        return quality(evaluated(), EvaluatedBatch.doubles(alpha));
    }

    /** Of 1/2 a'Ha - h'a + lambda/2 |a|^2. */
    static Quality quality(EvaluatedBatch batch, double[] a) {
        int n = batch.n();
        int m = batch.m();
        double[] product = batch.atValidation(batch.atTraining(a));
        double[] rows = batch.atValidation(batch.atTraining(EvaluatedBatch.constant(m, 1)));
        double[] h = batch.amongValidation(EvaluatedBatch.constant(m, 1.0 / m));
        double lambda = batch.options().lambda();
        double L = Arrays.stream(rows).max().orElseThrow() / n + lambda;
        double objective = 0;
        double gap = 0;
        double[] moved = new double[m];
        for (int l = 0; l < m; l++) {
            double gradient = product[l] / n - h[l] + lambda * a[l];
            objective += a[l] * (product[l] / (2 * n) - h[l] + lambda * a[l] / 2);
            moved[l] = Math.max(0, a[l] - gradient / L);
            double least = Math.max(0, a[l] - gradient / lambda) - a[l];        // where gradient and lambda alone would lead
            gap -= lambda > 0 ? least * (gradient + lambda * least / 2) : 0;
        }
        return new Quality(batch.bandwidth(), objective, EvaluatedBatch.residual(a, moved), lambda > 0 ? gap : Double.NaN);
    }

    @Override
    double wantedGap(double objective) {
        return WANTED_GAP * Math.abs(objective);
    }

    @Override
    public Buffer state() {
        return coefficients;
    }

    @Override
    public void startFrom(float[] start) {
        coefficients.upload(start);
    }

    /** {@code ls}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "ls";
        }

        @Override
        public boolean stateIsOfValidation() {
            return true;
        }

        @Override
        public boolean usesMomentum() {
            return true;
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new LeastSquares(device, options);
        }

        @Override
        public boolean hasClassConditional() {
            return true;
        }

        @Override
        public WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
            return new ClassConditionalLeastSquares(device, options, labels, validationLabels, classes);
        }
    }
}
