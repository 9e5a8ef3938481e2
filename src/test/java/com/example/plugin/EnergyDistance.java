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
 * A divergence of somebody else with a kernel of its own, {@code src/test/kernels/energy.cu}: the energy distance of the weighted training
 * batch and the validation batch, by projected-gradient steps of eta over the largest row sum of the distances.
 */
public final class EnergyDistance implements Divergence {
    @Override
    public String name() {
        return "energy";
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
        private final int d;
        private final Buffer weights;
        private final Buffer extrapolated;
        private final Buffer moved;
        private final Buffer product;
        private final Buffer matrix;
        private final Buffer kappa;
        private final Buffer bound;

        Steps(Scope scope, SegmentedBatch batch) {
            this.scope = scope;
            this.batch = batch;
            device = batch.device();
            n = batch.n();
            d = batch.d();
            weights = floats(n);
            extrapolated = floats(n);
            moved = floats(n);
            product = floats(n);
            matrix = floats((long) n * n);
            kappa = floats(n);
            bound = floats(n);
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
            device.launch("energy_rows", Launch.rows(n), batch.training(), batch.validation(), batch.segments().of(),
                batch.segments().table(),
                matrix, kappa, bound, n, d);
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

        /** The objective is 1/2 w'Kw - kappa'w. */
        @Override
        public Quality quality(EvaluatedSegment segment) {
            int count = segment.n();
            int first = segment.firstTraining();
            double[] w = EvaluatedSegment.doubles(segment.ofTraining(weights));
            double[] target = EvaluatedSegment.doubles(segment.ofTraining(kappa));
            float[] K = matrix.toFloats();
            double[] gradient = new double[count];
            double objective = 0;
            double most = 0;
            for (int i = 0; i < count; i++) {
                double at = 0;
                double sum = 0;
                for (int j = 0; j < count; j++) {
                    float k = K[(first + i) * n + first + j];
                    at += k * w[j];
                    sum -= k;
                }
                gradient[i] = at - target[i];
                objective += w[i] * (at / 2 - target[i]);
                most = Math.max(most, sum);
            }
            return new Quality(Double.NaN, objective, segment.residualOfWeights(w, gradient, most));
        }

        @Override
        public void close() {
            scope.close();
        }
    }
}
