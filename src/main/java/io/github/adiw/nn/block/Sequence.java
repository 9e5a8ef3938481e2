package io.github.adiw.nn.block;

import java.util.List;

/**
 * Blocks one after the other; none at all give what they are given.
 *
 * @param blocks in order
 */
public record Sequence(List<Block> blocks) implements Block {
    /** Copies the list. */
    public Sequence {
        blocks = List.copyOf(blocks);
    }

    /** Blocks in their order. */
    public static Sequence of(Block... blocks) {
        return new Sequence(List.of(blocks));
    }

    @Override
    public Value wire(Wiring network, Value input) {
        Value value = input;
        for (Block block : blocks) {
            value = block.wire(network, value);
        }
        return value;
    }
}
