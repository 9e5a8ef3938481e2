package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** Which training samples the batch of a step consists of; the step counter is read on the device. */
@FunctionalInterface
interface RowChoice {
    /**
     * Enqueues the choice.
     *
     * @param rows int32 {@code [batch]}, where to
     */
    void choose(Buffer rows);

    /**
     * All samples in an order of their own in every epoch, without replacement; the last incomplete batch is dropped.
     *
     * @param step    int64 {@code [1]}, the step counter
     * @param samples N
     */
    static RowChoice shuffled(Device device, Buffer step, int samples, int batch, long seed) {
        int steps = samples / batch;
        return rows -> device.launch("draw_training", Launch.elements(batch), rows, step, samples, batch, steps, seed);
    }

    /**
     * Drawn in every step from some samples, without replacement within a batch.
     *
     * @param step    int64 {@code [1]}, the step counter
     * @param samples int32 {@code [V]}, which samples; at least {@code batch}
     */
    static RowChoice drawn(Device device, Buffer step, Buffer samples, int batch, long seed) {
        int count = Math.toIntExact(samples.length());
        return rows -> device.launch("draw_validation", Launch.elements(batch), rows, samples, step, count, batch, seed);
    }

    /**
     * As a list says.
     *
     * @param step  int64 {@code [1]}, the step counter
     * @param order int32 {@code [steps, batch]}
     */
    static RowChoice listed(Device device, Buffer step, Buffer order, int batch) {
        return rows -> device.launch("read_order", Launch.elements(batch), rows, order, step, batch);
    }
}
