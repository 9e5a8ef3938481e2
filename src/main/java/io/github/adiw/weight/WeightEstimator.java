package io.github.adiw.weight;

import io.github.adiw.device.Buffer;

/**
 * Estimates importance weights w_i ~ p_test / p_train of a training batch from its transformed data z and those of a
 * validation batch z', starting from what it knows of these samples, and remembers what it found.
 *
 * <p>All memory is allocated at construction. The buffers that it shows are its own, and nobody else's to close. One thread, the device's.
 */
public interface WeightEstimator extends AutoCloseable {
    /**
     * Enqueues what sets {@link #weights} and {@link #memory} for a batch; it waits for nothing, so that it may be called while a
     * graph is recorded. A degenerate batch (all z equal, n = 1, a number that is not finite) leaves the memory as it is, and
     * gives the weights that it holds.
     *
     * @param indices           int32 {@code [n]}, the training samples' numbers, each in 0 to N - 1; where one stands twice, its
     *                          last row's weight is remembered
     * @param validationIndices int32 {@code [m]}, the validation samples' numbers, each in 0 to V - 1
     * @param z                 float32 {@code [n, d]}, transformed training data
     * @param validation        float32 {@code [m, d]}, transformed validation data
     */
    void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation);

    /**
     * As {@link #estimate}, but goes on until the {@link Quality#kktResidual residual} is at most 1e-6 and, for up to ten times the steps to
     * there, a {@link Quality#gap} that is known is small, or until 100,000 steps are made; waits, and cannot be recorded.
     *
     * @return steps made
     */
    int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation);

    /**
     * How good the last batch's estimate is, given the same data again; waits. Inside classes: the sum of the classes' objectives, the
     * largest of their residuals and the sum of their gaps, degenerate classes left out, gamma NaN.
     */
    Quality quality(Buffer z, Buffer validation);

    /** Weights of the last batch, float32 {@code [n]}. */
    Buffer weights();

    /** The last weight of every training sample, float32 {@code [N]}, 1 where it has none yet. */
    Buffer memory();

    /**
     * What the next visit starts from: {@link #memory} itself, or another iterate of the weights {@code [N]}, or the coefficients of the
     * validation samples, float32 {@code [V]}, negative where a sample has none yet. An estimator holds nothing else from batch to batch:
     * one whose {@link #memory} and state are overwritten with those of another goes on as that would (but for the directions that
     * {@code w1} draws).
     */
    default Buffer state() {
        return memory();
    }

    /** Why the last batch has not been estimated, for a person, so that it was given the weights that were remembered; null if it has been. Waits. */
    default String problem() {
        return null;
    }

    /**
     * Makes this the {@link #state}, and, where the state is weights, also what is remembered as the samples' last weights.
     *
     * @param start as long as {@link #state}
     */
    void startFrom(float[] start);

    @Override
    void close();
}
