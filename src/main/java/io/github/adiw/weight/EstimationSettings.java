package io.github.adiw.weight;

import io.github.adiw.UsageException;

/**
 * How weights are estimated, whatever the divergence and the data: an immutable value, part of a training run's options, of a one-shot
 * estimation and of {@link ImportanceWeights}. The only place of the defaults that hold for every divergence; those of {@link #eta},
 * {@link #bandwidth} and {@link #ridge} are the divergence's own ({@link Divergence#defaultEta}, {@link Divergence#defaultBandwidth},
 * {@link Divergence#defaultRidge}).
 */
public final class EstimationSettings {
    /**
     * The bandwidth inside classes where none is given, whatever the divergence: the transformed data are features there, and DIW's rule, a
     * distance used as gamma, was made for losses; among features it leaves most kernel values at 0.
     */
    public static final Bandwidth INSIDE_CLASSES = Bandwidth.MEDIAN;

    /** The default of {@link #steps}. */
    public static final int STEPS = 5;
    /** The default of {@link #upperBound}, as in DIW. */
    public static final int UPPER_BOUND = 50;
    /** The default of {@link #lambda}. */
    public static final float LAMBDA = 0.1f;
    /** The default of {@link #projections}. */
    public static final int PROJECTIONS = 64;

    private final Bandwidth bandwidth;
    private final int steps;
    private final Float eta;
    private final float upperBound;
    private final float lambda;
    private final Float ridge;
    private final int projections;
    private final float momentum;
    private final boolean normalize;
    private final long seed;

    private EstimationSettings(Builder from) {
        bandwidth = from.bandwidth;
        steps = UsageException.atLeast("steps", 1, from.steps);
        eta = from.eta;
        upperBound = from.upperBound;
        lambda = from.lambda;
        ridge = from.ridge;
        projections = UsageException.atLeast("projections", 1, from.projections);
        momentum = from.momentum;
        normalize = from.normalize;
        seed = from.seed;
        if (eta != null && !(eta > 0 && Float.isFinite(eta))) {
            throw UsageException.of("eta", "eta must be a number above 0, not " + eta);
        }
        if (!(upperBound >= 1 && Float.isFinite(upperBound))) {
            throw UsageException.of("upperBound",
                "upperBound must be at least 1, since the weights must sum to about n, not " + upperBound);
        }
        if (!(lambda >= 0 && Float.isFinite(lambda))) {
            throw UsageException.of("lambda", "lambda must be at least 0, not " + lambda);
        }
        if (ridge != null && !(ridge >= 0 && Float.isFinite(ridge))) {
            throw UsageException.of("ridge", "ridge must be at least 0, not " + ridge);
        }
        if (!(momentum >= 0 && momentum < 1)) {
            throw UsageException.of("momentum", "momentum must be a number in [0, 1), not " + momentum);
        }
    }

    /** The defaults. */
    public static EstimationSettings defaults() {
        return builder().build();
    }

    /** A builder that begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.bandwidth = bandwidth;
        builder.steps = steps;
        builder.eta = eta;
        builder.upperBound = upperBound;
        builder.lambda = lambda;
        builder.ridge = ridge;
        builder.projections = projections;
        builder.momentum = momentum;
        builder.normalize = normalize;
        builder.seed = seed;
        return builder;
    }

    /** Of the Gaussian kernel; null where it is the divergence's own, or {@link #INSIDE_CLASSES}. */
    public Bandwidth bandwidth() {
        return bandwidth;
    }

    /** The rule of the bandwidth that holds for a divergence. */
    public Bandwidth bandwidth(Divergence divergence, boolean insideClasses) {
        return bandwidth != null ? bandwidth : insideClasses ? INSIDE_CLASSES : divergence.defaultBandwidth();
    }

    /** Steps a batch, at least 1. */
    public int steps() {
        return steps;
    }

    /**
     * Step size over the curvature bound (of {@code w1}: over the standard deviation of the pooled batch), above 0; null where it is the
     * divergence's own.
     */
    public Float eta() {
        return eta;
    }

    /** The step size that holds for a divergence. */
    public float eta(Divergence divergence) {
        return eta != null ? eta : divergence.defaultEta();
    }

    /** B, the largest weight, at least 1. */
    public float upperBound() {
        return upperBound;
    }

    /** Of {@code ls}: the weight of |alpha|^2 / 2, at least 0. */
    public float lambda() {
        return lambda;
    }

    /**
     * Of {@code km}, what is added to K's diagonal, and of {@code kl}, to b, as a share of the segment's rows, at least 0; null where it is
     * the divergence's own.
     */
    public Float ridge() {
        return ridge;
    }

    /**
     * The ridge that holds for a divergence: its own goes with its own bandwidth in whole batches. With a bandwidth that is given, and
     * inside classes, there is none but one that is given, too.
     */
    public float ridge(Divergence divergence, boolean insideClasses) {
        return ridge != null ? ridge : bandwidth != null || insideClasses ? 0 : divergence.defaultRidge();
    }

    /** Of {@code w1} where d > 1: random directions a step, at least 1. */
    public int projections() {
        return projections;
    }

    /** Nesterov's momentum of the divergences that {@linkplain Divergence#usesMomentum have one}, in [0, 1). */
    public float momentum() {
        return momentum;
    }

    /** Whether a batch's weights are divided by their mean (as in GIW, Fang et al., NeurIPS 2023); what a next visit starts from is not. */
    public boolean normalize() {
        return normalize;
    }

    /** Of the random directions of {@code w1}. */
    public long seed() {
        return seed;
    }

    /** Builds settings; what is not given has its default. */
    public static final class Builder {
        private Bandwidth bandwidth;
        private int steps = STEPS;
        private Float eta;
        private float upperBound = UPPER_BOUND;
        private float lambda = LAMBDA;
        private Float ridge;
        private int projections = PROJECTIONS;
        private float momentum;
        private boolean normalize;
        private long seed;

        private Builder() {}

        /** Of the Gaussian kernel; null, the divergence's own, where it is not given. */
        public Builder bandwidth(Bandwidth value) {
            bandwidth = value;
            return this;
        }

        /**
         * As {@link Bandwidth#parse} reads it; null, the divergence's own, where it is not given.
         *
         * @throws UsageException if the text is no rule
         */
        public Builder bandwidth(String value) {
            return bandwidth(value == null ? null : Bandwidth.parse(value));
        }

        /** Steps a batch, at least 1; {@link EstimationSettings#STEPS} where it is not given. */
        public Builder steps(int value) {
            steps = value;
            return this;
        }

        /** Step size, above 0; null, the divergence's own, where it is not given. */
        public Builder eta(Float value) {
            eta = value;
            return this;
        }

        /** B, the largest weight, at least 1; {@link EstimationSettings#UPPER_BOUND} where it is not given. */
        public Builder upperBound(float value) {
            upperBound = value;
            return this;
        }

        /** Of {@code ls}: the weight of |alpha|^2 / 2, at least 0; {@link EstimationSettings#LAMBDA} where it is not given. */
        public Builder lambda(float value) {
            lambda = value;
            return this;
        }

        /**
         * Of {@code km}, what is added to K's diagonal, and of {@code kl}, to b, as a share of the segment's rows, at least 0; null, the
         * divergence's own, where it is not given.
         */
        public Builder ridge(Float value) {
            ridge = value;
            return this;
        }

        /**
         * Of {@code w1} where d > 1: random directions a step, at least 1; {@link EstimationSettings#PROJECTIONS} where it is not given.
         */
        public Builder projections(int value) {
            projections = value;
            return this;
        }

        /** Nesterov's momentum, in [0, 1); 0 where it is not given. */
        public Builder momentum(float value) {
            momentum = value;
            return this;
        }

        /** Whether a batch's weights are divided by their mean; not where it is not given. */
        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        /** Of the random directions of {@code w1}; 0 where it is not given. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** @throws UsageException naming the setting, what was given and what is expected */
        public EstimationSettings build() {
            return new EstimationSettings(this);
        }
    }
}
