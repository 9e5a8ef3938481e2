package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;

/**
 * The samples of a batch, and what is remembered of them from visit to visit.
 *
 * @param indices           int32 {@code [n]}, the training samples' numbers
 * @param validationIndices int32 {@code [m]}, the validation samples' numbers
 * @param state             what the next visit starts from, float32, of all training or all validation samples; the same buffer as
 *                          {@code memory} where that is the same
 * @param memory            the last weight of every training sample, float32 {@code [N]}
 * @param weights           where the batch's weights go, float32 {@code [n]}
 */
public record RememberedSamples(Buffer indices, Buffer validationIndices, Buffer state, Buffer memory, Buffer weights) {
    /** @throws UsageException if something is null */
    public RememberedSamples {
        UsageException.given("indices", indices);
        UsageException.given("validationIndices", validationIndices);
        UsageException.given("state", state);
        UsageException.given("memory", memory);
        UsageException.given("weights", weights);
    }
}
