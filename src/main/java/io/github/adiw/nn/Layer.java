package io.github.adiw.nn;

import io.github.adiw.device.Buffer;

/**
 * A layer of a model instance, its sizes fixed, its memory its own. {@link #forward} runs over all rows,
 * {@link #backward} over the first rows only, those that are trained on.
 */
interface Layer extends AutoCloseable {
    /** Enqueues the forward pass; the input must stay as it is until {@link #backward} has run. */
    Buffer forward(Buffer input);

    /**
     * Enqueues the backward pass: fills the gradients of the layer's parameters.
     *
     * @param gradient of the output; may be overwritten
     * @return the gradient of the input, or null if {@code needed} is false
     */
    Buffer backward(Buffer gradient, boolean needed);

    @Override
    void close();
}
