package io.github.adiw.nn.block;

import java.util.List;

/**
 * A block that is not made of others: it says the shape it makes, what it needs, and, once it is bound to memory, what it does in a pass.
 * Most have one input; those that have several (a sum) take inputs of one shape.
 */
public interface Layer extends Block {
    /**
     * Shape of the rows that it makes.
     *
     * @param input shape of the rows that it is given
     * @throws IllegalArgumentException if it cannot take them
     */
    Shape output(Shape input);

    /** Its parameters and buffers, in the order in which a model lists them. */
    default List<Declaration> needs(Shape input) {
        return List.of();
    }

    /** Whether the gradient of every input is that of the output, as in a sum: the program passes it on, and copies nothing. */
    default boolean passesGradient() {
        return false;
    }

    /** Whether a pass in evaluation does something else than one in training. */
    default boolean dependsOnMode() {
        return false;
    }

    /** Whether all inputs have the same gradient: it is made once, and every {@link Site#inputGradient(int)} that is needed is that. */
    default boolean sharesGradient() {
        return false;
    }

    /**
     * The layer at its place in a program. All memory is allocated here, since a pass may be recorded.
     *
     * @param site where its inputs, output, gradients and parameters lie
     */
    Operation bind(Site site);

    @Override
    default Value wire(Wiring network, Value input) {
        return network.add(this, input);
    }
}
