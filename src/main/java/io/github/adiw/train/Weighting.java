package io.github.adiw.train;

import io.github.adiw.device.Buffer;

/** Where a step's weights come from. */
interface Weighting extends AutoCloseable {
    /** Weights of the batch, float32 {@code [batch]}. */
    Buffer weights();

    /** The last weight of every training sample, float32 {@code [N]}. */
    Buffer memory();

    /** Whether {@link #estimate} only enqueues launches, so that it can be part of a graph. */
    boolean recordable();

    /**
     * Sets {@link #weights} and {@link #memory}.
     *
     * @param indices     int32 {@code [batch]}, the samples' numbers
     * @param losses      float32 {@code [batch]}, their transformed data
     * @param validation  float32 {@code [validation batch]}, the validation samples'
     */
    void estimate(Buffer indices, Buffer losses, Buffer validation);

    @Override
    void close();
}
