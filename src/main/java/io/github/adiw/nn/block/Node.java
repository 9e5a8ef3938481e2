package io.github.adiw.nn.block;

import java.util.List;

/**
 * A layer in a network.
 *
 * @param inputs what it takes, all of one shape
 * @param output what it makes
 */
public record Node(Layer layer, List<Value> inputs, Value output) {
    /** Shape of a row of each input. */
    public Shape shape() {
        return inputs.get(0).shape();
    }

    /** Parameters and buffers of the layer. */
    public List<Declaration> needs() {
        return layer.needs(shape());
    }
}
