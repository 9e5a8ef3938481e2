package io.github.adiw.nn.block;

/**
 * A part of a network: a {@link Layer}, or blocks put together ({@link Sequence}, {@link ResidualSum}). It describes, and has no memory; a
 * {@link Program} gives the layers of a network theirs.
 */
public interface Block {
    /**
     * Adds the layers of this block to a network.
     *
     * @param input what the block is given; other blocks may be given it too
     * @return what the block makes of it
     * @throws IllegalArgumentException if the block cannot take rows of that shape
     */
    Value wire(Wiring network, Value input);
}
