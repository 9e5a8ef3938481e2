package io.github.adiw.nn;

import io.github.adiw.device.Buffer;

/**
 * A parameter of a model.
 *
 * @param name     as PyTorch names it, {@code conv1.weight}
 * @param shape    as PyTorch's
 * @param fanIn    inputs that meet in one output: the initial values are uniform in +-1/sqrt(fanIn)
 * @param value    float32, a slice of all values
 * @param gradient float32, a slice of all gradients
 */
public record Parameter(String name, int[] shape, int fanIn, Buffer value, Buffer gradient) {
    /** Number of values. */
    public int size() {
        return Math.toIntExact(value.length());
    }
}
