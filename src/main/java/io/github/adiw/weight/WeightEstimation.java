package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Importance weights of one sample of data, once: training data {@code [n, d]} are weighted so that they look like
 * validation data {@code [m, d]}.
 *
 * @param method              {@code km} or {@code kmm-exact}
 * @param device              where it ran
 * @param gamma               of the Gaussian kernel
 * @param steps               iterations that were made
 * @param objective           1/2 w'Kw - kappa'w at {@code weights}, in double precision
 * @param sum                 of the weights
 * @param minimum             of the weights
 * @param maximum             of the weights
 * @param effectiveSampleSize (sum w)^2 / sum w^2
 * @param fractionAtBound     share of the weights at the upper bound
 * @param converged           whether {@code kktResidual} is at most 1e-6
 * @param kktResidual         max |w - P(w - grad/L)| / max(1, max |w|)
 * @param seconds             of the estimation, transfer of the data not counted
 * @param weights             float32 {@code [n]}
 */
public record WeightEstimation(String method, String device, int n, int m, int dimension, double gamma, int steps, double objective,
                               double sum, double minimum, double maximum, double effectiveSampleSize, double fractionAtBound,
                               boolean converged, double kktResidual, double seconds, float[] weights) {
    /** The methods there are. */
    public static final List<String> METHODS = List.of("km", "kmm-exact");

    /**
     * What to estimate.
     *
     * @param method         one of {@link #METHODS}
     * @param bandwidth      of the Gaussian kernel
     * @param steps          projected-gradient steps of {@code km}, at least 1
     * @param eta            step size over the curvature bound, above 0
     * @param upperBound     largest weight, at least 1
     * @param initial        weights to start from, {@code [n]}; null for 1
     * @param untilConverged whether {@code km} goes on until it has converged, whatever {@code steps} says
     */
    public record Options(String method, Bandwidth bandwidth, int steps, float eta, float upperBound, float[] initial, boolean untilConverged) {
        /** Checks every range. */
        public Options {
            if (!METHODS.contains(method)) {
                throw new UsageException("--method " + method + " is not known: choose one of " + String.join(", ", METHODS));
            }
            if (steps < 1) {
                throw new UsageException("--steps must be at least 1, not " + steps);
            }
            if (!(eta > 0) || !Float.isFinite(eta)) {
                throw new UsageException("--eta must be a number above 0, not " + eta);
            }
            if (!(upperBound >= 1) || !Float.isFinite(upperBound)) {
                throw new UsageException("--upper-bound must be at least 1, since the weights must sum to about n, not " + upperBound);
            }
        }

        boolean exact() {
            return untilConverged || method.equals("kmm-exact");
        }
    }

    /**
     * Estimates.
     *
     * @param train      {@code [n, d]}, row-major, finite
     * @param validation {@code [m, d]}, row-major, finite
     * @param d          dimension, at least 1
     * @throws UsageException if the lengths are no multiples of d, or the initial weights are not n
     */
    public static WeightEstimation of(Device device, float[] train, float[] validation, int d, Options options) {
        if (d < 1 || train.length == 0 || validation.length == 0 || train.length % d != 0 || validation.length % d != 0) {
            throw new UsageException("the data must be at least one row of " + d + " numbers each, not " + train.length + " and "
                + validation.length + " numbers");
        }
        int n = train.length / d;
        int m = validation.length / d;
        if (options.initial != null && options.initial.length != n) {
            throw new UsageException("there are " + options.initial.length + " initial weights for " + n + " training rows: give one a row");
        }
        try (Buffer z = device.floats(train); Buffer zv = device.floats(validation);
             Buffer indices = device.ints(IntStream.range(0, n).toArray())) {
            return options.exact() ? exact(device, z, zv, indices, n, m, d, options) : steps(device, z, zv, indices, n, m, d, options);
        }
    }

    private static WeightEstimation exact(Device device, Buffer z, Buffer zv, Buffer indices, int n, int m, int d, Options options) {
        try (ConvergedKernelMeanMatching solver = new ConvergedKernelMeanMatching(device, n, n, m, d, options.bandwidth, options.upperBound)) {
            if (options.initial != null) {
                solver.memory().upload(options.initial);
            }
            long start = System.nanoTime();
            solver.estimate(indices, z, zv);
            device.synchronize();
            double seconds = (System.nanoTime() - start) * 1e-9;
            return result(device, z, zv, n, m, d, options, solver.gamma(), solver.weights(), solver.iterations(), seconds);
        }
    }

    private static WeightEstimation steps(Device device, Buffer z, Buffer zv, Buffer indices, int n, int m, int d, Options options) {
        try (KernelMeanMatching matching = new KernelMeanMatching(device, n, n, m, d, options.bandwidth, options.steps, options.eta,
                options.upperBound)) {
            if (options.initial != null) {
                matching.memory().upload(options.initial);
            }
            long start = System.nanoTime();
            matching.estimate(indices, z, zv);
            device.synchronize();
            double seconds = (System.nanoTime() - start) * 1e-9;
            return result(device, z, zv, n, m, d, options, matching.gamma(), matching.weights(), options.steps, seconds);
        }
    }

    private static WeightEstimation result(Device device, Buffer z, Buffer zv, int n, int m, int d, Options options, Buffer gamma,
                                           Buffer weights, int steps, double seconds) {
        float[] w = weights.toFloats();
        double[] product = new double[n];
        double[] rowSums = new double[n];
        double[] kappa = new double[n];
        double[] residual = new double[1];
        double[] bandwidth = new double[1];
        WeightBounds bounds = new WeightBounds(n, options.upperBound);
        try (Buffer products = device.allocate(ElementType.FLOAT64, n); Buffer sums = device.allocate(ElementType.FLOAT64, n);
             Buffer kappas = device.allocate(ElementType.FLOAT64, n); Buffer moved = device.allocate(ElementType.FLOAT64, n);
             Buffer wide = device.allocate(ElementType.FLOAT64, n); Buffer residuals = device.allocate(ElementType.FLOAT64, 1)) {
            device.launch("kmm_evaluate", Launch.rows(n), z, zv, gamma, weights, products, sums, kappas, n, m, d, GramMatrix.RIDGE);
            products.download(product);
            sums.download(rowSums);
            kappas.download(kappa);
            double bound = Arrays.stream(rowSums).max().orElseThrow();
            double[] gone = new double[n];
            double[] exact = new double[n];
            for (int i = 0; i < n; i++) {
                exact[i] = w[i];
                gone[i] = w[i] - (product[i] - kappa[i]) / bound;
            }
            moved.upload(gone);
            wide.upload(exact);
            device.launch("kmm_residual", Launch.block(), moved, wide, residuals, n, bounds.upper(), bounds.low(), bounds.high());
            residuals.download(residual);
            gamma.download(bandwidth);
        }
        double objective = 0, sum = 0, squares = 0, least = Double.POSITIVE_INFINITY, most = Double.NEGATIVE_INFINITY;
        int atBound = 0;
        for (int i = 0; i < n; i++) {
            objective += w[i] * (product[i] / 2 - kappa[i]);
            sum += w[i];
            squares += (double) w[i] * w[i];
            least = Math.min(least, w[i]);
            most = Math.max(most, w[i]);
            atBound += w[i] >= options.upperBound * (1 - 1e-6) ? 1 : 0;
        }
        return new WeightEstimation(options.method, device.name(), n, m, d, bandwidth[0], steps, objective, sum, least, most,
            squares == 0 ? 0 : sum * sum / squares, (double) atBound / n, residual[0] <= ConvergedKernelMeanMatching.TOLERANCE, residual[0],
            seconds, w);
    }
}
