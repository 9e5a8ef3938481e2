package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/**
 * The feasible set of kernel mean matching for a batch of n samples: 0 <= w <= upper and |sum w - n| <= n eps with
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
    Quality quality(Device device, Buffer z, Buffer validation, int m, int d, Buffer gamma, Buffer weights) {
        float[] w = weights.toFloats();
        double[] product = new double[n];
        double[] rowSums = new double[n];
        double[] kappa = new double[n];
        double[] residual = new double[1];
        double[] bandwidth = new double[1];
        try (Buffer products = device.allocate(ElementType.FLOAT64, n); Buffer sums = device.allocate(ElementType.FLOAT64, n);
             Buffer kappas = device.allocate(ElementType.FLOAT64, n); Buffer moved = device.allocate(ElementType.FLOAT64, n);
             Buffer wide = device.allocate(ElementType.FLOAT64, n); Buffer residuals = device.allocate(ElementType.FLOAT64, 1)) {
            device.launch("kmm_evaluate", Launch.rows(n), z, validation, gamma, weights, products, sums, kappas, n, m, d, GramMatrix.RIDGE);
            products.download(product);
            sums.download(rowSums);
            kappas.download(kappa);
            gamma.download(bandwidth);
            double bound = Arrays.stream(rowSums).max().orElseThrow();
            double[] gone = new double[n];
            double[] exact = new double[n];
            for (int i = 0; i < n; i++) {
                exact[i] = w[i];
                gone[i] = w[i] - (product[i] - kappa[i]) / bound;
            }
            moved.upload(gone);
            wide.upload(exact);
            device.launch("kmm_residual", Launch.block(), moved, wide, residuals, n, upper, low(), high());
            residuals.download(residual);
        }
        double objective = 0;
        for (int i = 0; i < n; i++) {
            objective += w[i] * (product[i] / 2 - kappa[i]);
        }
        return new Quality(bandwidth[0], objective, residual[0]);
    }
}
