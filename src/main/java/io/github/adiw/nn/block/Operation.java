package io.github.adiw.nn.block;

import io.github.adiw.nn.Mode;

/** A layer bound to its memory. Both passes only enqueue launches and copies: they are recorded. */
public interface Operation {
    /** Fills {@link Site#output} for all rows. */
    void forward(Mode mode);

    /**
     * As {@link #forward(Mode)}, for a layer that is the whole of a network, and then the loss of its output.
     *
     * @return whether there are kernels for it; if not, nothing was done
     */
    default boolean forward(Mode mode, Loss loss) {
        return false;
    }

    /**
     * Fills, for the rows that are trained on, {@link Site#inputGradient} unless it is null, and the gradients of the layer's parameters.
     * {@link Site#outputGradient}, inputs and output stay as they are: others may still read them.
     */
    void backward();

    /**
     * As {@link #backward()}, for a layer that is the whole of a network, and then an update of its parameters.
     *
     * @param loss of which the gradient of the output is made first, by its probabilities and weights; null if that is there
     * @return whether there are kernels for it; if not, nothing was done
     */
    default boolean backward(Loss loss, Update update) {
        return false;
    }
}
