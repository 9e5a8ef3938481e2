package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.Arrays;

/**
 * The feasible set of kernel mean matching for a batch of n samples: {@code 0 <= w <= upper} and {@code |sum w - n| <= n eps} with
 * eps = (sqrt(n) - 1) / sqrt(n) (Huang et al. 2006).
 */
record WeightBounds(int n, double upper) {
    double epsilon() {
        return (Math.sqrt(n) - 1) / Math.sqrt(n);
    }

    double low() {
        return n * (1 - epsilon());
    }

    double high() {
        return Math.min(n * (1 + epsilon()), n * upper);
    }

    /** How good weights are for 1/2 w'Kw - kappa'w; waits. */
    Quality quality(Device device, BatchPoints points, int m, Buffer gamma, Buffer weights) {
        Buffer z = points.training();
        double[] w = SteppedEstimator.doubles(weights);
        double[] product = SteppedEstimator.product(device, points, gamma, z, z, n, n, w);
        double[] rowSums = SteppedEstimator.product(device, points, gamma, z, z, n, n, SteppedEstimator.constant(n, 1));
        double[] kappa = SteppedEstimator.product(device, points, gamma, z, points.validation(), n, m, SteppedEstimator.constant(m, (double) n / m));
        double[] bandwidth = new double[1];
        gamma.download(bandwidth);
        double[] gradient = new double[n];
        double objective = 0;
        for (int i = 0; i < n; i++) {
            product[i] += GramMatrix.RIDGE * w[i];
            gradient[i] = product[i] - kappa[i];
            objective += w[i] * (product[i] / 2 - kappa[i]);
        }
        double L = Arrays.stream(rowSums).max().orElseThrow() + GramMatrix.RIDGE;
        return new Quality(bandwidth[0], objective, SteppedEstimator.residualOfWeights(device, w, gradient, L, upper, low(), high()));
    }
}
