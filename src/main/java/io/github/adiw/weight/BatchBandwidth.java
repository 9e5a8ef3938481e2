package io.github.adiw.weight;

import io.github.adiw.device.Buffer;

/** The Gaussian kernel's gamma for every segment of a batch, and whether it is degenerate. All memory is allocated at construction. */
interface BatchBandwidth extends AutoCloseable {
    /** Enqueues it for a batch whose rows and columns are there. */
    void compute(SegmentedBatch batch);

    /** float64 {@code [S]}. */
    Buffer gamma();

    /** {@link SegmentedBatch#status}. */
    Buffer status();

    /**
     * Squared distances inside segments, float32 {@code [k, n + m]}, of the first k rows, training rows first: as many as it stores, which
     * may be none. Only the elements inside the segments are set.
     */
    Buffer distances();

    @Override
    void close();
}
