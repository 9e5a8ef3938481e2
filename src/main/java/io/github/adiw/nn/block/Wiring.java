package io.github.adiw.nn.block;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The layers of a network in the order in which they run, and which values go from which to which. */
public final class Wiring {
    private final Value input;
    private final List<Node> nodes;
    private Value output;
    private Value features;

    private Wiring(Value input, List<Node> nodes) {
        this.input = input;
        this.nodes = nodes;
    }

    /**
     * The network that a block is.
     *
     * @param input shape of its rows
     * @throws IllegalArgumentException if a layer cannot take what it is given, or the block has no layer
     */
    public static Wiring of(Shape input, Block block) {
        Wiring network = new Wiring(new Value(input), new ArrayList<>());
        network.output = block.wire(network, network.input);
        if (network.output == network.input) {
            throw new IllegalArgumentException("a network needs at least one layer");
        }
        network.features = network.nodes.stream().filter(node -> node.output() == network.output).findFirst().orElseThrow().inputs().get(0);
        return network;
    }

    /**
     * Adds a layer.
     *
     * @param inputs the input of the network or outputs of layers that were added before, all of one shape
     * @return what the layer makes
     * @throws IllegalArgumentException if the layer cannot take them
     */
    public Value add(Layer layer, Value... inputs) {
        for (Value other : inputs) {
            if (!other.shape().equals(inputs[0].shape())) {
                throw new IllegalArgumentException("what meets in a layer must have one shape, not " + inputs[0].shape() + " and "
                    + other.shape());
            }
        }
        Value made = new Value(layer.output(inputs[0].shape()));
        nodes.add(new Node(layer, List.of(inputs), made));
        return made;
    }

    /**
     * The same network, in which layers are one where one launch can do the work of several.
     *
     * @param kept values between layers that are read from outside, and so must be made
     */
    public Wiring fused(Value... kept) {
        return with(Fusion.of(nodes, read(kept), false));
    }

    /** As {@link #fused}, for passes in evaluation alone, in which more is one. */
    public Wiring evaluated(Value... kept) {
        return with(Fusion.of(nodes, read(kept), true));
    }

    /**
     * One layer, where there are kernels in exact single precision for the whole of a network that was {@link #fused}, and so many rows;
     * else as it is.
     *
     * @param trained rows that are trained on
     * @param kept    as there
     */
    public Wiring whole(int trained, Value... kept) {
        return with(Fusion.whole(nodes, read(kept), trained));
    }

    private Set<Value> read(Value... kept) {
        Set<Value> read = new HashSet<>(List.of(kept));
        read.add(output);
        return read;
    }

    private Wiring with(List<Node> fused) {
        Wiring network = new Wiring(input, fused);
        network.output = output;
        network.features = features;
        return network;
    }

    /** What the network is given. */
    public Value input() {
        return input;
    }

    /** What the network makes. */
    public Value output() {
        return output;
    }

    /** What the layer that makes the output is given, however layers are fused. */
    public Value features() {
        return features;
    }

    /** The layers in order. */
    public List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    /** Whether a layer does something else in evaluation than in training. */
    public boolean dependsOnMode() {
        return nodes.stream().anyMatch(node -> node.layer().dependsOnMode());
    }

    /** Parameters and buffers of all layers, in order. */
    public List<Declaration> needs() {
        return nodes.stream().flatMap(node -> node.needs().stream()).toList();
    }
}
