package io.github.adiw.data;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;

/**
 * An augmentation, and what its random numbers depend on beside the sample: the same sample is altered in the same way in the same step of
 * runs from the same seed, wherever in a batch it is.
 *
 * @param augmentation what is done
 * @param step         int64 {@code [1]}, the step counter; the caller's to close
 * @param seed         of the run
 */
public record Augmenter(Augmentation augmentation, Buffer step, long seed) {
    /** @throws UsageException if something is null */
    public Augmenter {
        UsageException.given("augmentation", augmentation);
        UsageException.given("step", step);
    }
}
