package io.github.adiw.train;

import io.github.adiw.device.Buffer;

/**
 * Which samples the batch of a step consists of; the step counter is read on the device.
 *
 * @param way   how they are chosen, as {@code draw_batch} counts ways
 * @param list  int32, what they are chosen from; null where these are all samples
 * @param count samples to choose from; 0 where the list is in order
 */
record RowChoice(int way, Buffer list, int count) {
    private static final int SHUFFLED = 0, DRAWN = 1, LISTED = 2;

    /** No samples. */
    static final RowChoice NONE = new RowChoice(LISTED, null, 0);

    /**
     * All samples in an order of their own in every epoch, without replacement; the last incomplete batch is dropped.
     *
     * @param samples N
     */
    static RowChoice shuffled(int samples) {
        return new RowChoice(SHUFFLED, null, samples);
    }

    /**
     * Drawn in every step from some samples, without replacement within a batch.
     *
     * @param samples int32 {@code [V]}, which samples; at least a batch of them
     */
    static RowChoice drawn(Buffer samples) {
        return new RowChoice(DRAWN, samples, Math.toIntExact(samples.length()));
    }

    /**
     * As a list says.
     *
     * @param order int32 {@code [steps, batch]}
     */
    static RowChoice listed(Buffer order) {
        return new RowChoice(LISTED, order, 0);
    }
}
