package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Importance weights of one sample of data, once: training data {@code [n, d]} are weighted so that they look like
 * validation data {@code [m, d]}.
 *
 * @param method              one of {@link #methods}
 * @param device              where it ran
 * @param n                   training samples
 * @param m                   validation samples
 * @param dimension           d, of both
 * @param gamma               of the Gaussian kernel; NaN where there is none
 * @param steps               iterations that were made
 * @param objective           what the divergence minimises, in double precision
 * @param sum                 of the weights
 * @param minimum             of the weights
 * @param maximum             of the weights
 * @param effectiveSampleSize (sum w)^2 / sum w^2
 * @param fractionAtBound     share of the weights at the upper bound
 * @param converged           whether {@code kktResidual} is at most 1e-6
 * @param kktResidual         {@link Quality#kktResidual}
 * @param seconds             of the estimation, transfer of the data not counted
 * @param weights             {@code [n]}
 * @param state               what another call may start from: {@link WeightEstimator#state}
 */
public record WeightEstimation(String method, String device, int n, int m, int dimension, double gamma, int steps, double objective,
                               double sum, double minimum, double maximum, double effectiveSampleSize, double fractionAtBound,
                               boolean converged, double kktResidual, double seconds, float[] weights, float[] state) {
    /** DIW's quadratic program, solved to convergence. */
    private static final String EXACT = "kmm-exact";

    /** The methods there are: those of {@link Divergences}, and {@code kmm-exact}. */
    public static List<String> methods() {
        List<String> methods = new ArrayList<>(Divergences.all().keySet());
        methods.add(EXACT);
        Collections.sort(methods);
        return methods;
    }

    /** Whether a method's state is a coefficient for every validation sample, and not a weight for every training sample. */
    public static boolean stateIsOfValidation(String method) {
        return !method.equals(EXACT) && Divergences.get(method).stateIsOfValidation();
    }

    /** The step size of a method where none is given. */
    public static float defaultEta(String method) {
        return method.equals(EXACT) ? 1 : Divergences.get(method).defaultEta();
    }

    /** Whether the step size has a part in a method. */
    public static boolean usesEta(String method) {
        return !method.equals(EXACT) && Divergences.get(method).usesEta();
    }

    /** Whether the momentum has a part in a method. */
    public static boolean usesMomentum(String method) {
        return !method.equals(EXACT) && Divergences.get(method).usesMomentum();
    }

    /** The rule of the bandwidth of a method where none is given, in training. */
    static Bandwidth defaultBandwidth(String method) {
        return method.equals(EXACT) ? Bandwidth.DEFAULT : Bandwidth.parse(Divergences.get(method).defaultBandwidth());
    }

    /** A new estimator of a method, which is one of {@link #methods}. */
    static WeightEstimator estimator(String method, Device device, EstimatorOptions options) {
        return device.building(() -> method.equals(EXACT) ? new ConvergedKernelMeanMatching(device, options)
            : Divergences.get(method).estimator(device, options));
    }

    /** A new estimator of a method inside classes; {@link Divergence#classConditional}. */
    static WeightEstimator classConditional(String method, Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels,
                                            int classes) {
        return device.building(() -> method.equals(EXACT)
            ? new ClassConditionalConvergedMatching(device, options, labels, validationLabels, classes)
            : Divergences.get(method).classConditional(device, options, labels, validationLabels, classes));
    }

    /**
     * What to estimate.
     *
     * @param method         one of {@link #methods}
     * @param bandwidth      of the Gaussian kernel
     * @param steps          steps, at least 1
     * @param eta            step size over the curvature bound, above 0
     * @param upperBound     largest weight, at least 1
     * @param lambda         of {@code ls}, at least 0
     * @param projections    of {@code w1} where d > 1: random directions, at least 1
     * @param momentum       Nesterov's momentum of the steps of {@code km}, {@code ls}, {@code ls-direct}, in [0, 1)
     * @param normalize      whether the weights are divided by their mean
     * @param initial        state to start from: weights {@code [n]}, for {@code kl} and {@code ls} coefficients {@code [m]}; null to start afresh
     * @param untilConverged whether to go on until it has converged, whatever {@code steps} says
     * @param seed           of the random directions of {@code w1} where d > 1
     */
    public record Options(String method, Bandwidth bandwidth, int steps, float eta, float upperBound, float lambda, int projections, float momentum,
                          boolean normalize, float[] initial, boolean untilConverged, long seed) {
        /** With the seed 0. */
        public Options(String method, Bandwidth bandwidth, int steps, float eta, float upperBound, float lambda, int projections, float momentum,
                       boolean normalize, float[] initial, boolean untilConverged) {
            this(method, bandwidth, steps, eta, upperBound, lambda, projections, momentum, normalize, initial, untilConverged, 0);
        }

        /** With 64 projections, no momentum, and not normalised. */
        public Options(String method, Bandwidth bandwidth, int steps, float eta, float upperBound, float lambda, float[] initial, boolean untilConverged) {
            this(method, bandwidth, steps, eta, upperBound, lambda, 64, 0, false, initial, untilConverged);
        }

        /** Checks every range. */
        public Options {
            if (!methods().contains(method)) {
                throw new UsageException("--method " + method + " is not known: choose one of " + String.join(", ", methods()));
            }
            new EstimatorOptions(1, 1, 1, 1, 1, bandwidth, steps, eta, upperBound, lambda, projections, momentum, normalize);
        }

        /** With another state to start from; null to start afresh. */
        public Options startingFrom(float[] state) {
            return new Options(method, bandwidth, steps, eta, upperBound, lambda, projections, momentum, normalize, state, untilConverged, seed);
        }

        EstimatorOptions estimator(int n, int m, int d) {
            return new EstimatorOptions(n, m, n, m, d, bandwidth, steps, eta, upperBound, lambda, projections, momentum, normalize, seed);
        }
    }

    /**
     * Estimates.
     *
     * @param train      {@code [n, d]}, row-major, finite
     * @param validation {@code [m, d]}, row-major, finite
     * @param d          dimension, at least 1
     * @throws UsageException if the lengths are no multiples of d, or the initial state has another size, or weights below 0
     */
    public static WeightEstimation of(Device device, float[] train, float[] validation, int d, Options options) {
        if (d < 1 || train.length == 0 || validation.length == 0 || train.length % d != 0 || validation.length % d != 0) {
            throw new UsageException("the data must be at least one row of " + d + " numbers each, not " + train.length + " and "
                + validation.length + " numbers");
        }
        int n = train.length / d;
        int m = validation.length / d;
        try (Buffer z = device.floats(train); Buffer zv = device.floats(validation);
             Buffer indices = device.ints(IntStream.range(0, n).toArray())) {
            EstimatorOptions made = options.estimator(n, m, d);
            boolean exact = options.method.equals(EXACT);
            try (WeightEstimator estimator = estimator(options.method, device, made);
                 Buffer validationIndices = device.ints(IntStream.range(0, m).toArray())) {
                if (options.initial != null) {
                    if (options.initial.length != estimator.state().length()) {
                        throw new UsageException("the state of " + options.method + " has " + estimator.state().length()
                            + (estimator.state().length() == n ? " numbers, a weight a training row, not " : " numbers, a coefficient a validation row, not ")
                            + options.initial.length);
                    }
                    for (float w : options.initial) {
                        if (!stateIsOfValidation(options.method) && !(w >= 0)) {
                            throw new UsageException("weights to start from must be at least 0, not " + w);
                        }
                    }
                    estimator.startFrom(options.initial);
                }
                long start = System.nanoTime();
                int steps = options.steps;
                if (exact || options.untilConverged) {
                    steps = estimator.converge(indices, validationIndices, z, zv);
                } else {
                    estimator.estimate(indices, validationIndices, z, zv);
                }
                device.synchronize();
                double seconds = (System.nanoTime() - start) * 1e-9;
                return result(device, n, m, d, options, estimator.quality(z, zv), estimator.weights().toFloats(),
                    estimator.state().toFloats(), steps, seconds);
            }
        }
    }

    /** The share of the weights that are at least B, but for rounding. */
    static double fractionAtBound(float[] w, float upper) {
        int atBound = 0;
        for (float x : w) {
            atBound += x >= upper * (1 - 1e-6) ? 1 : 0;
        }
        return (double) atBound / w.length;
    }

    private static WeightEstimation result(Device device, int n, int m, int d, Options options, Quality quality, float[] w, float[] state, int steps,
                                           double seconds) {
        double sum = 0, squares = 0, least = Double.POSITIVE_INFINITY, most = Double.NEGATIVE_INFINITY;
        for (float x : w) {
            sum += x;
            squares += (double) x * x;
            least = Math.min(least, x);
            most = Math.max(most, x);
        }
        return new WeightEstimation(options.method, device.name(), n, m, d, quality.gamma(), steps, quality.objective(), sum, least, most,
            squares == 0 ? 0 : sum * sum / squares, fractionAtBound(w, options.upperBound), quality.kktResidual() <= Convergence.TOLERANCE,
            quality.kktResidual(), seconds, w, state);
    }
}
