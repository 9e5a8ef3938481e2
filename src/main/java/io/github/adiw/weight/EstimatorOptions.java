package io.github.adiw.weight;

import io.github.adiw.UsageException;

/**
 * What an estimator is made for. {@link #of} has the defaults; the others change one thing.
 *
 * @param samples           training samples in all: their indices are 0 to {@code samples - 1}
 * @param validationSamples validation samples in all, likewise
 * @param n                 training batch, at least 1
 * @param m                 validation batch, at least 1
 * @param d                 dimension of the transformed data, at least 1
 * @param bandwidth         of the Gaussian kernel
 * @param steps             steps a batch, at least 1
 * @param eta               step size over the curvature bound (of {@code w1}: over the standard deviation of the pooled batch), above 0
 * @param upperBound        B, the largest weight, at least 1
 * @param lambda            of {@code ls}: weight of |alpha|^2 / 2, at least 0
 * @param projections       of {@code w1} where d > 1: random directions a step, at least 1
 * @param momentum          Nesterov's momentum of {@code km}, {@code ls} and {@code ls-direct}, in [0, 1); the others have none
 * @param normalize         whether a batch's weights are divided by their mean (as in GIW, Fang et al., NeurIPS 2023)
 * @param seed              of the random directions of {@code w1}
 */
public record EstimatorOptions(int samples, int validationSamples, int n, int m, int d, Bandwidth bandwidth, int steps, float eta,
                               float upperBound, float lambda, int projections, float momentum, boolean normalize, long seed) {
    /** Checks every range. */
    public EstimatorOptions {
        if (samples < 1 || validationSamples < 1 || n < 1 || m < 1 || d < 1) {
            throw new UsageException("an estimator needs at least one training and one validation sample and one dimension, not N = " + samples
                + ", V = " + validationSamples + ", n = " + n + ", m = " + m + ", d = " + d);
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
        if (!(lambda >= 0) || !Float.isFinite(lambda)) {
            throw new UsageException("--lambda must be at least 0, not " + lambda);
        }
        if (projections < 1) {
            throw new UsageException("--projections must be at least 1, not " + projections);
        }
        if (!(momentum >= 0 && momentum < 1)) {
            throw new UsageException("--momentum must be a number in [0, 1), not " + momentum);
        }
    }

    /** With the seed 0. */
    public EstimatorOptions(int samples, int validationSamples, int n, int m, int d, Bandwidth bandwidth, int steps, float eta,
                            float upperBound, float lambda, int projections, float momentum, boolean normalize) {
        this(samples, validationSamples, n, m, d, bandwidth, steps, eta, upperBound, lambda, projections, momentum, normalize, 0);
    }

    /** Five steps, eta 1, B 50, lambda 0.1, DIW's bandwidth, 64 projections, no momentum, not normalised. */
    public static EstimatorOptions of(int samples, int validationSamples, int n, int m, int d) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, Bandwidth.DEFAULT, 5, 1, 50, 0.1f, 64, 0, false);
    }

    /** With another bandwidth. */
    public EstimatorOptions bandwidth(Bandwidth other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, other, steps, eta,
            upperBound, lambda, projections, momentum, normalize, seed);
    }

    /** With another number of steps. */
    public EstimatorOptions steps(int other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, other, eta,
            upperBound, lambda, projections, momentum, normalize, seed);
    }

    /** With another step size. */
    public EstimatorOptions eta(float other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, other, upperBound, lambda, projections, momentum, normalize, seed);
    }

    /** With another upper bound. */
    public EstimatorOptions upperBound(float other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, eta, other, lambda, projections, momentum, normalize, seed);
    }

    /** With another lambda. */
    public EstimatorOptions lambda(float other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, eta,
            upperBound, other, projections, momentum, normalize, seed);
    }

    /** With another number of projections. */
    public EstimatorOptions projections(int other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, eta,
            upperBound, lambda, other, momentum, normalize, seed);
    }

    /** With another momentum. */
    public EstimatorOptions momentum(float other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, eta,
            upperBound, lambda, projections, other, normalize, seed);
    }

    /** With or without normalisation. */
    public EstimatorOptions normalize(boolean other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, eta,
            upperBound, lambda, projections, momentum, other, seed);
    }

    /** With another seed. */
    public EstimatorOptions seed(long other) {
        return new EstimatorOptions(samples, validationSamples, n, m, d, bandwidth, steps, eta,
            upperBound, lambda, projections, momentum, normalize, other);
    }
}
