package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.stream.IntStream;

/**
 * Importance weights of one sample of data, once: training data {@code [n, d]} are weighted so that they look like validation data
 * {@code [m, d]}.
 *
 * <pre>{@code
 * EstimatedWeights estimated = EstimatedWeights.builder(device).method("km").untilConverged(true).estimate(train, validation, d);
 * float[] w = estimated.weights();
 * }</pre>
 */
public final class EstimatedWeights {
    /**
     * The ridge where none is given, whatever the divergence: in training it lets weights forget from visit to visit, and here there is one
     * problem, which is solved as it is.
     */
    public static final float RIDGE = 0;

    /** Pairs of samples up to which the quality is computed even if nobody asked for convergence by it. */
    private static final double MOST_PAIRS = 0x1p31;

    private final String method;
    private final String device;
    private final float upperBound;
    private final int n;
    private final int m;
    private final int dimension;
    private final int steps;
    private final Quality quality;
    private final float[] weights;
    private final float[] state;
    private final double seconds;
    private final boolean settled;
    private final String problem;

    private EstimatedWeights(Builder from, int n, int m, int dimension, int steps, boolean settled, String problem, Quality quality,
                             float[] weights, float[] state, double seconds) {
        method = from.divergence.name();
        device = from.device.name();
        upperBound = from.settings.upperBound();
        this.n = n;
        this.m = m;
        this.dimension = dimension;
        this.steps = steps;
        this.settled = settled;
        this.problem = problem;
        this.quality = quality;
        this.weights = weights;
        this.state = state;
        this.seconds = seconds;
    }

    /** A builder; the method is {@code km} where it is not given. */
    public static Builder builder(Device device) {
        return new Builder(device);
    }

    /** Name of the divergence. */
    public String method() {
        return method;
    }

    /** Name of the device where it ran. */
    public String device() {
        return device;
    }

    /** Training samples. */
    public int n() {
        return n;
    }

    /** Validation samples. */
    public int m() {
        return m;
    }

    /** d, of both. */
    public int dimension() {
        return dimension;
    }

    /** Of the Gaussian kernel; NaN where there is none. */
    public double gamma() {
        return quality.gamma();
    }

    /** Steps or iterations that were made. */
    public int steps() {
        return steps;
    }

    /** What the divergence minimises, in double precision. */
    public double objective() {
        return quality.objective();
    }

    /** Of the weights. */
    public double sum() {
        double sum = 0;
        for (float w : weights) {
            sum += w;
        }
        return sum;
    }

    /** Of the weights. */
    public double minimum() {
        double least = Double.POSITIVE_INFINITY;
        for (float w : weights) {
            least = Math.min(least, w);
        }
        return least;
    }

    /** Of the weights. */
    public double maximum() {
        double most = Double.NEGATIVE_INFINITY;
        for (float w : weights) {
            most = Math.max(most, w);
        }
        return most;
    }

    /** (sum w)^2 / sum w^2: how many samples of equal weight are worth as much. */
    public double effectiveSampleSize() {
        return effectiveSampleSize(weights);
    }

    /** The largest weight that there could be. */
    public float upperBound() {
        return upperBound;
    }

    /** The share of the weights at the upper bound. */
    public double fractionAtBound() {
        return fractionAtBound(weights, upperBound);
    }

    /** Whether {@link #kktResidual} is at most 1e-6, or the weights have settled ({@link Builder#untilSettled}). */
    public boolean converged() {
        return problem == null && (settled || kktResidual() <= Convergence.TOLERANCE);
    }

    /** Why nothing was estimated, for a person, so that the weights are those it started from; null if they were. */
    public String problem() {
        return problem;
    }

    /** {@link Quality#kktResidual()}; NaN, as the objective, where it would take longer than the estimation. */
    public double kktResidual() {
        return quality.kktResidual();
    }

    /** Of the estimation, transfer of the data not counted. */
    public double seconds() {
        return seconds;
    }

    /** {@code [n]}; not a copy. */
    public float[] weights() {
        return weights;
    }

    /** What another call may start from: {@link WeightEstimator#state}; not a copy. */
    public float[] state() {
        return state;
    }

    /** (sum w)^2 / sum w^2 of any weights, 0 of those that are all 0. */
    public static double effectiveSampleSize(float[] w) {
        UsageException.given("w", w);
        double sum = 0;
        double squares = 0;
        for (float x : w) {
            sum += x;
            squares += (double) x * x;
        }
        return squares == 0 ? 0 : sum * sum / squares;
    }

    /** The share of the weights that are at least B, but for rounding. */
    static double fractionAtBound(float[] w, float upper) {
        int atBound = 0;
        for (float x : w) {
            atBound += x >= upper * (1 - 1e-6) ? 1 : 0;
        }
        return (double) atBound / w.length;
    }

    /** Says what to estimate, and estimates. */
    public static final class Builder {
        private final Device device;
        private Divergence divergence = Divergences.get("km");
        private EstimationSettings settings = EstimationSettings.defaults();
        private float[] initial;
        private boolean untilConverged;
        private StepWatch watch;

        private Builder(Device device) {
            this.device = UsageException.given("device", device);
        }

        /**
         * The name of a divergence.
         *
         * @throws UsageException if there is none of that name
         */
        public Builder method(String value) {
            divergence = Divergences.get(value);
            return this;
        }

        /** How weights are estimated; without a ridge where none is given, since this is one problem, to be solved as it is. */
        public Builder settings(EstimationSettings value) {
            settings = UsageException.given("settings", value);
            return this;
        }

        /**
         * State to start from: weights {@code [n]}, or coefficients {@code [m]} of {@code kl} and {@code ls}; null, afresh, where it is not
         * given.
         */
        public Builder initial(float[] value) {
            initial = value;
            return this;
        }

        /** Whether to go on until it has converged, whatever the settings' steps say; not where it is not given. */
        public Builder untilConverged(boolean value) {
            untilConverged = value;
            return this;
        }

        /**
         * To go on until a doubling of the steps has changed no weight by more than 1e-3 of the largest, whatever the settings' steps say.
         *
         * @param value hears how it goes on, and may stop it; the weights are then those that were reached
         */
        public Builder untilSettled(StepWatch value) {
            watch = value;
            return this;
        }

        /**
         * Estimates; waits.
         *
         * @param train      {@code [n, d]}, row-major, finite
         * @param validation {@code [m, d]}, row-major, finite
         * @param d          dimension, at least 1
         * @throws UsageException             if the lengths are no multiples of d, a number is not finite, or the initial state has
         *                                    another size, or weights below 0
         * @throws AdiwException              if the method cannot solve the problem
         */
        public EstimatedWeights estimate(float[] train, float[] validation, int d) {
            UsageException.given("train", train);
            UsageException.given("validation", validation);
            if (d < 1 || train.length == 0 || validation.length == 0 || train.length % d != 0 || validation.length % d != 0) {
                throw new UsageException("the data must be at least one row of " + d + " numbers each, not " + train.length + " and "
                    + validation.length + " numbers");
            }
            checkFinite("training", train, d);
            checkFinite("validation", validation, d);
            int n = train.length / d;
            int m = validation.length / d;
            EstimationSettings own = settings.ridge() != null ? settings : settings.toBuilder().ridge(RIDGE).build();
            try (Buffer z = device.floats(train); Buffer zv = device.floats(validation);
                 Buffer indices = device.ints(IntStream.range(0, n).toArray());
                 Buffer validationIndices = device.ints(IntStream.range(0, m).toArray());
                 WeightEstimator estimator = WeightEstimator.create(device, divergence, new BatchShape(n, m, n, m, d), own)) {
                if (initial != null) {
                    estimator.startFrom(checkedInitial(estimator.state().length(), n));
                }
                long start = System.nanoTime();
                int steps = settings.steps();
                boolean settled = false;
                if (watch != null && divergence.takesSteps()) {
                    int made = estimator.settle(indices, validationIndices, z, zv, watch);
                    settled = made >= 0;
                    steps = Math.abs(made);
                } else if (untilConverged || !divergence.takesSteps()) {
                    steps = estimator.converge(indices, validationIndices, z, zv);
                } else {
                    estimator.estimate(indices, validationIndices, z, zv);
                }
                device.synchronize();
                String problem = estimator.problem();
                double seconds = (System.nanoTime() - start) * 1e-9;
                Quality quality = watch == null || (double) n * (n + m) <= MOST_PAIRS ? estimator.quality(z, zv)
                    : new Quality(gamma(), Double.NaN, Double.NaN);
                return new EstimatedWeights(this, n, m, d, steps, settled && problem == null, problem, quality,
                    estimator.weights().toFloats(),
                    estimator.state().toFloats(), seconds);
            }
        }

        private double gamma() {
            return settings.bandwidth() != null && settings.bandwidth().kind() == Bandwidth.Kind.GIVEN ? settings.bandwidth().value()
                : Double.NaN;
        }

        private static void checkFinite(String kind, float[] data, int d) {
            for (int i = 0; i < data.length; i++) {
                if (!Float.isFinite(data[i])) {
                    throw new UsageException("the " + kind + " data are " + data[i] + " in row " + i / d + ", column " + i % d
                        + ": weights need finite numbers");
                }
            }
        }

        private float[] checkedInitial(long length, int n) {
            if (initial.length != length) {
                throw new UsageException(
                    "the state of " + divergence.name() + " has " + length + (length == n && !divergence.stateIsOfValidation()
                        ? " numbers, a weight a training row, not " : " numbers, a coefficient a validation row, not ") + initial.length);
            }
            for (float w : initial) {
                if (!divergence.stateIsOfValidation() && !(w >= 0)) {
                    throw new UsageException("weights to start from must be at least 0, not " + w);
                }
            }
            return initial;
        }
    }
}
