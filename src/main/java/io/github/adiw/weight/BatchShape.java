package io.github.adiw.weight;

import io.github.adiw.UsageException;

/**
 * The sizes that an estimator is made for.
 *
 * @param samples           N, training samples in all, at least 1: their numbers are 0 to N - 1
 * @param validationSamples V, validation samples in all, likewise
 * @param n                 training samples of a batch, at least 1
 * @param m                 validation samples of a batch, at least 1
 * @param d                 dimension of the transformed data, at least 1
 */
public record BatchShape(int samples, int validationSamples, int n, int m, int d) {
    /** Checks every range. */
    public BatchShape {
        if (samples < 1 || validationSamples < 1 || n < 1 || m < 1 || d < 1) {
            throw new UsageException("an estimator needs at least one training and one validation sample and one dimension, not N = "
                + samples + ", V = " + validationSamples + ", n = " + n + ", m = " + m + ", d = " + d);
        }
        if ((n + (long) m) * d > Integer.MAX_VALUE) {
            throw new UsageException("a batch of " + n + " training and " + m + " validation samples of dimension " + d
                + " has more than 2^31 numbers: take fewer samples, or fewer features of them");
        }
    }
}
