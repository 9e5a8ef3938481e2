package com.example.plugin;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EstimatorOptions;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.WeightEstimator;
import java.util.ArrayList;
import java.util.List;

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
    public WeightEstimator estimator(Device device, EstimatorOptions options) {
        return new Estimator(device, options);
    }

    private static final class Estimator implements WeightEstimator {
        private final Device device;
        private final EstimatorOptions options;
        private final int n, m, d;
        private final List<Buffer> owned = new ArrayList<>();
        private final Buffer memory, weights, ahead, moved, matrix, kappa, bound, product, gamma, status;

        Estimator(Device device, EstimatorOptions options) {
            this.device = device;
            this.options = options;
            n = options.n();
            m = options.m();
            d = options.d();
            memory = kept(ElementType.FLOAT32, options.samples());
            weights = kept(ElementType.FLOAT32, n);
            ahead = kept(ElementType.FLOAT32, n);
            moved = kept(ElementType.FLOAT32, n);
            matrix = kept(ElementType.FLOAT32, (long) n * n);
            kappa = kept(ElementType.FLOAT32, n);
            bound = kept(ElementType.FLOAT32, n);
            product = kept(ElementType.FLOAT32, n);
            gamma = kept(ElementType.FLOAT64, 1);
            status = kept(ElementType.INT32, 1);
            device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
        }

        private Buffer kept(ElementType type, long length) {
            Buffer buffer = device.allocate(type, length);
            owned.add(buffer);
            return buffer;
        }

        @Override
        public void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
            device.launch("recall_state", Launch.elements(n), memory, indices, weights, ahead, n);
            device.launch("bandwidth_given", Launch.block(), z, validation, gamma, status, 1.0, n * d, m * d, d);
            device.launch("energy_rows", Launch.rows(n), z, validation, matrix, kappa, bound, n, m, d);
            for (int i = 0; i < options.steps(); i++) {
                device.launch("matrix_product", Launch.rows(n), matrix, ahead, product, n);
                device.launch("kmm_step", Launch.block(), product, kappa, bound, status, moved, ahead, weights, n, options.eta(),
                    options.momentum(), (double) options.upperBound(), (double) n, (double) n);
            }
            if (options.normalize()) {
                device.launch("normalize", Launch.block(), status, weights, n);
            }
            device.launch("store_state", Launch.elements(n), memory, indices, weights, n);
        }

        @Override
        public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
            int steps = 0;
            do {
                for (int i = 0; i < 20; i++) {
                    estimate(indices, validationIndices, z, validation);
                    steps += options.steps();
                }
            } while (steps < 100_000 && quality(z, validation).kktResidual() > 1e-6);
            return steps;
        }

        /** The objective is 1/2 w'Kw - kappa'w. */
        @Override
        public Quality quality(Buffer z, Buffer validation) {
            float[] w = weights.toFloats();
            float[] K = matrix.toFloats();
            float[] target = kappa.toFloats();
            double[] at = new double[n];
            double[] moved = new double[n];
            double objective = 0;
            double most = 0;
            for (int i = 0; i < n; i++) {
                double product = 0;
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    product += (double) K[i * n + j] * w[j];
                    sum -= K[i * n + j];
                }
                at[i] = w[i];
                moved[i] = product - target[i];
                objective += w[i] * (product / 2 - target[i]);
                most = Math.max(most, sum);
            }
            for (int i = 0; i < n; i++) {
                moved[i] = at[i] - moved[i] / most;
            }
            try (Buffer u = device.allocate(ElementType.FLOAT64, n); Buffer x = device.allocate(ElementType.FLOAT64, n);
                 Buffer out = device.allocate(ElementType.FLOAT64, 1)) {
                u.upload(moved);
                x.upload(at);
                device.launch("kmm_residual", Launch.block(), u, x, out, n, (double) options.upperBound(), (double) n, (double) n);
                double[] residual = new double[1];
                out.download(residual);
                return new Quality(Double.NaN, objective, residual[0]);
            }
        }

        @Override
        public Buffer weights() {
            return weights;
        }

        @Override
        public Buffer memory() {
            return memory;
        }

        @Override
        public void startFrom(float[] start) {
            memory.upload(start);
        }

        @Override
        public void close() {
            owned.forEach(Buffer::close);
        }
    }
}
