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
    private final GaussianBasis basis;
    private final Buffer coefficients, alpha, v, y, curvature, scalars;

    /** An estimator; {@link Divergence#estimator}. */
    public LeastSquares(Device device, EstimatorOptions options) {
        super(device, options, options.bandwidth());
        basis = basis(true);
        coefficients = floats(options.validationSamples());
        alpha = floats(m);
        v = floats(m);
        y = floats(n);
        curvature = floats(m);
        scalars = floats(2);
        device.launch("fill", Launch.elements(options.validationSamples()), coefficients, -1f, options.validationSamples());
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        recall(indices);
        basis.compute(z, validation, bandwidth.gamma());
        device.launch("kmm_product", Launch.rows(m), basis.transpose(), basis.basisSums(), curvature, n);
        device.launch("ls_begin", Launch.block(), coefficients, validationIndices, curvature, alpha, v, scalars, n, m, options.lambda(),
            converge ? 1f : options.eta(), converge ? 1 : 0);
    }

    @Override
    void step(boolean converge) {
        device.launch("kmm_product", Launch.rows(n), basis.basis(), v, y, m);
        device.launch("ls_update", Launch.rows(m), basis.transpose(), y, basis.topSums(), scalars, bandwidth.status(), alpha, v, n, m, options.lambda());
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) {
        device.launch("model_weights", Launch.rows(n), basis.basis(), alpha, bandwidth.status(), weights, m, options.upperBound());
        remember(indices);
        device.launch("kmm_end", Launch.elements(m), coefficients, validationIndices, alpha, m);
    }

    @Override
    public Quality quality(Buffer z, Buffer validation) {
        double[] a = doubles(alpha);
        double[] fitted = product(z, validation, n, m, a);
        double[] product = product(validation, z, m, n, fitted);
        double[] rows = product(validation, z, m, n, product(z, validation, n, m, constant(m, 1)));
        double[] h = product(validation, validation, m, m, constant(m, 1.0 / m));
        double L = Arrays.stream(rows).max().orElseThrow() / n + options.lambda();
        double objective = 0;
        double[] moved = new double[m];
        for (int l = 0; l < m; l++) {
            objective += a[l] * (product[l] / (2 * n) - h[l] + options.lambda() * a[l] / 2);
            moved[l] = Math.max(0, a[l] - (product[l] / n - h[l] + options.lambda() * a[l]) / L);
        }
        return new Quality(gamma(), objective, residual(a, moved));
    }

    @Override
    public Buffer state() {
        return coefficients;
    }

    /** {@code ls}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "ls";
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new LeastSquares(device, options);
        }
    }
}
