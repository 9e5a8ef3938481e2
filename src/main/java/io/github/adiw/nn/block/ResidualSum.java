package io.github.adiw.nn.block;

/**
 * y = body(x) + shortcut(x) (He et al., CVPR 2016). Both must make rows of one shape.
 *
 * @param body     the residual
 * @param shortcut the empty {@link Sequence} where it is x itself
 */
public record ResidualSum(Block body, Block shortcut) implements Block {
    /** The sum of a block and what it is given. */
    public ResidualSum(Block body) {
        this(body, Sequence.of());
    }

    @Override
    public Value wire(Wiring network, Value input) {
        return network.add(new SumLayer(), body.wire(network, input), shortcut.wire(network, input));
    }
}
