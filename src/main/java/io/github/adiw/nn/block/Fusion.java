package io.github.adiw.nn.block;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Layers that can be done together, most by one launch, and networks that have kernels of their own. Every pair that may become one is
 * named here, and every such network.
 */
final class Fusion {
    private Fusion() {}

    /** One layer that does what both do, or null if there is none. */
    private static Layer both(Layer first, Layer second, Shape between, boolean evaluated) {
        if (first instanceof LinearLayer linear && second instanceof ReluLayer) {
            return linear.withRelu();
        }
        if (first instanceof ConvolutionLayer convolution && second instanceof ReluLayer) {
            return convolution.withRelu();
        }
        if (evaluated && first instanceof ConvolutionLayer convolution && !convolution.relu() && second instanceof BatchNormLayer norm) {
            return new NormalizedConvolutionLayer(convolution, norm);
        }
        if (first instanceof NormalizedConvolutionLayer normalized && second instanceof ReluLayer) {
            return normalized.withRelu();
        }
        if (first instanceof SumLayer sum && !sum.relu() && second instanceof ReluLayer) {
            return sum.withRelu();
        }
        if (first instanceof BatchNormLayer norm && !norm.relu() && second instanceof ReluLayer) {
            return norm.withRelu();
        }
        // The fused pool has no rule for a last odd row or column.
        if (first instanceof ConvolutionLayer convolution && convolution.relu() && second instanceof MaxPoolLayer pool && pool.ofPairs()
            && between.height() % 2 == 0 && between.width() % 2 == 0) {
            return new ConvolutionReluPoolLayer(convolution);
        }
        return null;
    }

    /**
     * The same network with as few layers as there can be.
     *
     * @param kept      values that must be made, since others than layers read them
     * @param evaluated whether no row is ever trained on
     */
    static List<Node> of(List<Node> nodes, Set<Value> kept, boolean evaluated) {
        List<Node> fused = new ArrayList<>();
        for (Node node : nodes) {
            Value between = node.inputs().get(0);
            int maker = maker(fused, between);
            Layer layer = maker < 0 || kept.contains(between) || uses(nodes, between) > 1 ? null
                : both(fused.get(maker).layer(), node.layer(), between.shape(), evaluated);
            if (layer == null) {
                fused.add(node);
            } else {
                fused.set(maker, new Node(layer, fused.get(maker).inputs(), node.output()));
            }
        }
        return fused;
    }

    /**
     * The same network as one layer, where there is one for the whole of it; else as it is.
     *
     * @param fused   what {@link #of} has made of it
     * @param kept    as there
     * @param trained rows that are trained on
     */
    static List<Node> whole(List<Node> fused, Set<Value> kept, int trained) {
        Node first = fused.get(0);
        Node last = fused.get(fused.size() - 1);
        for (int i = 1; i < fused.size(); i++) {
            if (!fused.get(i).inputs().equals(List.of(fused.get(i - 1).output()))) {
                return fused;
            }
        }
        Set<Value> inner = new HashSet<>(kept);
        inner.remove(last.output());
        if (!inner.equals(Set.copyOf(last.inputs()))) {
            return fused;
        }
        Layer layer = !LeNetLayer.fits(trained) ? null : LeNetLayer.of(first.shape(), fused.stream().map(Node::layer).toList());
        return layer == null ? fused : List.of(new Node(layer, first.inputs(), last.output(), last.inputs()));
    }

    private static int maker(List<Node> nodes, Value value) {
        for (int i = nodes.size() - 1; i >= 0; i--) {
            if (nodes.get(i).output() == value) {
                return i;
            }
        }
        return -1;
    }

    private static long uses(List<Node> nodes, Value value) {
        return nodes.stream().flatMap(node -> node.inputs().stream()).filter(input -> input == value).count();
    }
}
