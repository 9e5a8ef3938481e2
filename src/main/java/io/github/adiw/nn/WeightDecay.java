package io.github.adiw.nn;

import io.github.adiw.UsageException;

/**
 * Weight decay: the gradient of rate / 2 times the squares of parameters.
 *
 * @param rate         at least 0
 * @param weightsAlone whether it leaves out biases and the scales and shifts of batch normalisation
 */
public record WeightDecay(float rate, boolean weightsAlone) {
    /** @throws UsageException if the rate is below 0 or not finite */
    public WeightDecay {
        if (!(rate >= 0 && Float.isFinite(rate))) {
            throw UsageException.of("weightDecay", "weightDecay must be a number of at least 0, not " + rate);
        }
    }

    /** Decay of all parameters. */
    public static WeightDecay ofAll(float rate) {
        return new WeightDecay(rate, false);
    }

    /** Decay of {@link Parameter#decayed} ones alone. */
    public static WeightDecay ofWeights(float rate) {
        return new WeightDecay(rate, true);
    }
}
