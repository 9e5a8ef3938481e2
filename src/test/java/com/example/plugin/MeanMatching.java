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
 * A divergence of somebody else: the squared distance of the means, 1/2 |sum_i w_i z_i - (n/m) sum_j z'_j|^2 over {@code 0 <= w <= B,
 * sum w = n}, by projected-gradient steps of eta over sum_i |z_i|^2. It stands on the library's kernels and its public classes alone.
 */
public final class MeanMatching implements Divergence {
    @Override
    public String name() {
        return "mean";
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
        private final Buffer memory, weights, ahead, moved, columns, validationColumns, ones, share, sums, product, target, trace, bound,
            gamma, status;

        Estimator(Device device, EstimatorOptions options) {
            this.device = device;
            this.options = options;
            n = options.n();
            m = options.m();
            d = options.d();
            memory = filled(options.samples(), 1);
            weights = filled(n, 1);
            ahead = filled(n, 1);
            moved = filled(n, 0);
            columns = filled((long) n * d, 0);
            validationColumns = filled((long) m * d, 0);
            ones = filled(n, 1);
            share = filled(m, (float) n / m);
            sums = filled(d, 0);
            product = filled(n, 0);
            target = filled(n, 0);
            trace = filled(1, 0);
            bound = filled(n, 0);
            gamma = kept(device.allocate(ElementType.FLOAT64, 1));
            status = kept(device.allocate(ElementType.INT32, 1));
        }

        private Buffer filled(long length, float value) {
            Buffer buffer = kept(device.allocate(ElementType.FLOAT32, length));
            device.launch("fill", Launch.elements(length), buffer, value, (int) length);
            return buffer;
        }

        private Buffer kept(Buffer buffer) {
            owned.add(buffer);
            return buffer;
        }

        @Override
        public void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
            device.launch("recall_state", Launch.elements(n), memory, indices, weights, ahead, n);
            device.launch("bandwidth_given", Launch.block(), z, validation, gamma, status, 1.0, n * d, m * d, d);
            device.launch("transpose_columns", Launch.elements((long) n * d), z, columns, n, d, n, 0);
            device.launch("transpose_columns", Launch.elements((long) m * d), validation, validationColumns, m, d, m, 0);
            device.launch("matrix_product", Launch.rows(d), validationColumns, share, sums, m);
            device.launch("matrix_product", Launch.rows(n), z, sums, target, d);
            device.launch("matrix_product", Launch.rows(1), z, z, trace, n * d);
            device.launch("matrix_product", Launch.rows(n), ones, trace, bound, 1);
            for (int i = 0; i < options.steps(); i++) {
                device.launch("matrix_product", Launch.rows(d), columns, ahead, sums, n);
                device.launch("matrix_product", Launch.rows(n), z, sums, product, d);
                device.launch("kmm_step", Launch.block(), product, target, bound, status, moved, ahead, weights, n, options.eta(),
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
                estimate(indices, validationIndices, z, validation);
                steps += options.steps();
            } while (steps < 100_000 && quality(z, validation).kktResidual() > 1e-6);
            return steps;
        }

        @Override
        public Quality quality(Buffer z, Buffer validation) {
            float[] x = z.toFloats();
            float[] v = validation.toFloats();
            float[] w = weights.toFloats();
            double[] gap = new double[d];
            double squares = 0;
            for (int i = 0; i < n * d; i++) {
                gap[i % d] += (double) w[i / d] * x[i];
                squares += (double) x[i] * x[i];
            }
            for (int j = 0; j < m * d; j++) {
                gap[j % d] -= (double) n / m * v[j];
            }
            double objective = 0;
            for (double g : gap) {
                objective += g * g / 2;
            }
            double[] from = new double[n];
            double[] next = new double[n];
            for (int i = 0; i < n; i++) {
                double gradient = 0;
                for (int k = 0; k < d; k++) {
                    gradient += x[i * d + k] * gap[k];
                }
                from[i] = w[i];
                next[i] = w[i] - gradient / squares;
            }
            try (Buffer u = device.allocate(ElementType.FLOAT64, n); Buffer at = device.allocate(ElementType.FLOAT64, n);
                 Buffer out = device.allocate(ElementType.FLOAT64, 1)) {
                u.upload(next);
                at.upload(from);
                device.launch("kmm_residual", Launch.block(), u, at, out, n, (double) options.upperBound(), (double) n, (double) n);
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
