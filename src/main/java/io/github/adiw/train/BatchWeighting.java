package io.github.adiw.train;

import io.github.adiw.device.Buffer;

/** How the weights of a training batch come about, given its forward pass. All memory is allocated at construction. */
interface BatchWeighting extends AutoCloseable {
    /** What a weighting may look at: the batch and, where it asks for one, a validation batch, after their forward pass. */
    interface Batch {
        /** Rows of the training batch in the training set, int32 {@code [n]}. */
        Buffer indices();

        /** Rows of the validation batch in the training set, int32 {@code [m]}. */
        Buffer validationIndices();

        /** What weights are estimated from: losses, float32 {@code [n]}, or features {@code [n, d]}. */
        Buffer transformed();

        /** The same of the validation batch, {@code [m]} or {@code [m, d]}. */
        Buffer validationTransformed();

        /** Images, float32 {@code [n, size]}. */
        Buffer inputs();

        /** Images, float32 {@code [m, size]}. */
        Buffer validationInputs();

        /** Int32 {@code [n]}. */
        Buffer labels();

        /** Int32 {@code [m]}. */
        Buffer validationLabels();
    }

    /** Enqueues what sets {@link #weights} and {@link #memory}; part of the recorded step. */
    void estimate(Batch batch);

    /** {@link io.github.adiw.weight.WeightEstimator#problem}. */
    default String problem() {
        return null;
    }

    /** Float32 {@code [n]}. */
    Buffer weights();

    /** The last weight of every training sample, float32 {@code [N]}, 1 where it has none yet. */
    Buffer memory();

    @Override
    void close();
}
