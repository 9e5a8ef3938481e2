package com.example.plugin;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EvaluatedSegment;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.SegmentedBatch;

/**
 * A divergence of somebody else: the squared distance of the means, 1/2 |sum_i w_i z_i - (n/m) sum_j z'_j|^2 over {@code 0 <= w <= B,
 * sum w = n}, by projected-gradient steps of eta over sum_i |z_i|^2, in the form 1/2 w'Kw - kappa'w with K = z z'. It stands on the
 * library's kernels and its public classes alone.
 */
public final class MeanMatching implements Divergence {
    @Override
    public String name() {
        return "mean";
    }

    @Override
    public boolean usesMomentum() {
        return true;
    }

    @Override
    public boolean usesBandwidth() {
        return false;
    }

    @Override
    public Minimizer minimizer(SegmentedBatch batch) {
        return Scope.building(scope -> new Steps(scope, batch));
    }

    private static final class Steps implements Minimizer {
        private final Scope scope;
        private final SegmentedBatch batch;
        private final Device device;
        private final int n;
        private final int m;
        private final int d;
        private final Buffer weights;
        private final Buffer extrapolated;
        private final Buffer moved;
        private final Buffer product;
        private final Buffer matrix;
        private final Buffer cross;
        private final Buffer kappa;
        private final Buffer bound;
        private final Buffer trace;
        private final Buffer ones;
        private final Buffer shares;

        Steps(Scope scope, SegmentedBatch batch) {
            this.scope = scope;
            this.batch = batch;
            device = batch.device();
            n = batch.n();
            m = batch.m();
            d = batch.d();
            weights = floats(n);
            extrapolated = floats(n);
            moved = floats(n);
            product = floats(n);
            matrix = floats((long) n * n);
            cross = floats((long) n * m);
            kappa = floats(n);
            bound = floats(n);
            trace = floats(1);
            ones = floats(Math.max(n, m));
            shares = floats(m);
            device.launch("fill", Launch.elements(Math.max(n, m)), ones, 1f, Math.max(n, m));
        }

        private Buffer floats(long length) {
            return scope.keep(device.allocate(ElementType.FLOAT32, length));
        }

        @Override
        public Buffer state() {
            return weights;
        }

        @Override
        public Buffer ratios() {
            return weights;
        }

        @Override
        public Buffer stateCopy() {
            return extrapolated;
        }

        @Override
        public void begin(boolean converge) {
            Buffer z = batch.training();
            Buffer validation = batch.validation();
            Buffer of = batch.segments().of();
            Buffer table = batch.segments().table();
            device.launch("gemm_fp32", Launch.product(device, n, n), z, z, matrix, null, n, n, d, 0, 1, 0);
            device.launch("gemm_fp32", Launch.product(device, n, m), z, validation, cross, null, n, m, d, 0, 1, 0);
            device.launch("reciprocal", Launch.elements(m), ones, shares, batch.segments().ofValidation(), table, m, 2);
            device.launch("matrix_product", Launch.rows(n), cross, shares, of, table, kappa, m, 0);
            device.launch("matrix_product", Launch.rows(1), z, z, null, null, trace, n * d, 1);
            device.launch("matrix_product", Launch.rows(n), ones, trace, null, null, bound, 1, 1);
        }

        @Override
        public void step(boolean converge) {
            device.launch("matrix_product", Launch.rows(n), matrix, extrapolated, batch.segments().of(), batch.segments().table(), product,
                n, 1);
            device.launch("kmm_step", Launch.blocks(batch.segments().count()), product, kappa, bound, batch.segments().table(),
                batch.status(),
                moved, extrapolated, weights, converge ? 1f : batch.settings().eta(), converge ? 0.9f : batch.settings().momentum(), 0f,
                (double) batch.settings().upperBound(), 1);
        }

        @Override
        public Quality quality(EvaluatedSegment segment) {
            double[] x = EvaluatedSegment.doubles(segment.ofTraining(batch.training()));
            double[] v = EvaluatedSegment.doubles(segment.ofValidation(batch.validation()));
            double[] w = EvaluatedSegment.doubles(segment.ofTraining(weights));
            double[] gap = new double[d];
            double squares = 0;
            for (int i = 0; i < x.length; i++) {
                gap[i % d] += w[i / d] * x[i];
                squares += x[i] * x[i];
            }
            for (int j = 0; j < v.length; j++) {
                gap[j % d] -= (double) segment.n() / segment.m() * v[j];
            }
            double objective = 0;
            for (double g : gap) {
                objective += g * g / 2;
            }
            double[] gradient = new double[w.length];
            for (int i = 0; i < x.length; i++) {
                gradient[i / d] += x[i] * gap[i % d];
            }
            return new Quality(Double.NaN, objective, segment.residualOfWeights(w, gradient, squares));
        }

        @Override
        public void close() {
            scope.close();
        }
    }
}
