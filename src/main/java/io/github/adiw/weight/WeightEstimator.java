package io.github.adiw.weight;

import io.github.adiw.device.Buffer;

/**
 * Estimates importance weights w_i ~ p_test / p_train of a training batch from its transformed data z and those of a
 * validation batch z', starting from what it knows of these samples, and remembers what it found.
 *
 * <p>All memory is allocated at construction. One thread, the device's.
 */
public interface WeightEstimator extends AutoCloseable {
    /**
     * Sets {@link #weights} and {@link #memory} for a batch.
     *
     * @param indices    int32 {@code [n]}, the samples' numbers, each in 0 to N - 1; where one stands twice, its last row's
     *                   weight is remembered
     * @param z          float32 {@code [n, d]}, transformed training data
     * @param validation float32 {@code [m, d]}, transformed validation data
     */
    void estimate(Buffer indices, Buffer z, Buffer validation);

    /** Whether {@link #estimate} only enqueues launches, so that it may be called while a graph is recorded. */
    boolean recordable();

    /** Weights of the last batch, float32 {@code [n]}. */
    Buffer weights();

    /** The last weight of every training sample, float32 {@code [N]}, 1 where it has none yet. */
    Buffer memory();

    @Override
    void close();
}
