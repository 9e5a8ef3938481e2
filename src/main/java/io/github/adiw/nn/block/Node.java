package io.github.adiw.nn.block;

import java.util.List;

/**
 * A layer in a network.
 *
 * @param inputs what it takes, all of one shape
 * @param output what it makes
 * @param inner  what it makes besides: values between the layers that it is in place of, which are read from outside
 */
public record Node(Layer layer, List<Value> inputs, Value output, List<Value> inner) {
    Node(Layer layer, List<Value> inputs, Value output) {
        this(layer, inputs, output, List.of());
    }

    /** Shape of a row of each input. */
    public Shape shape() {
        return inputs.get(0).shape();
    }

    /** Parameters and buffers of the layer. */
    public List<Declaration> needs() {
        return layer.needs(shape());
    }
}
