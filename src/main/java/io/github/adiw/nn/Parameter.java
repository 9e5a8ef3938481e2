package io.github.adiw.nn;

import io.github.adiw.device.Buffer;

/**
 * A parameter of a model, or a buffer that belongs to it as one does: running statistics.
 *
 * @param name      as PyTorch names it, {@code conv1.weight}
 * @param shape     as PyTorch's
 * @param trainable whether it has a gradient and the optimizer moves it; else its layer keeps it up to date
 * @param decayed   whether it is a weight, which weight decay reaches even where biases and the like are spared
 * @param value     float32, a slice of all values of its kind; int64 if it is a count
 * @param gradient  float32, a slice of all gradients; null if it is not trained
 */
public record Parameter(String name, int[] shape, boolean trainable, boolean decayed, Buffer value, Buffer gradient) {
    /** Number of values. */
    public int size() {
        return Math.toIntExact(value.length());
    }
}
