package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.weight.WeightEstimator;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** How the weights of a training batch come about, given its forward pass. All memory is allocated at construction. */
interface BatchWeighting extends AutoCloseable {
    /** What a weighting may look at: the batch and, where it asks for one, a validation batch, after their forward pass. */
    interface Batch {
        /** Rows of the training batch in the training set, int32 {@code [n]}. */
        Buffer indices();

        /** Rows of the validation batch in the training set, int32 {@code [m]}. */
        Buffer validationIndices();

        /**
         * What weights are estimated from, where the weighting {@linkplain BatchWeighting#observes asks} for it: losses, float32
         * {@code [n]}, or features {@code [n, d]}.
         */
        Buffer transformed();

        /** The same of the validation batch, {@code [m]} or {@code [m, d]}. */
        Buffer validationTransformed();

        /** The model's inputs, float32 {@code [n, size]}. */
        Buffer inputs();

        /** The model's inputs, float32 {@code [m, size]}. */
        Buffer validationInputs();

        /** Int32 {@code [n]}. */
        Buffer labels();

        /** Int32 {@code [m]}. */
        Buffer validationLabels();
    }

    /**
     * What must be done once, before the first step of a run; a run that goes on from its {@link #state} does not do it again. The learning
     * rate is that of the first epoch. It may train the model, and leaves it as it was.
     *
     * @param stopping asked now and then; once it is true, this returns soon
     * @throws io.github.adiw.AdiwException if training cannot begin
     */
    default void prepare(BooleanSupplier stopping) {}

    /** Whether it looks at what a forward pass has {@linkplain Batch#transformed made} of the batch. */
    default boolean observes() {
        return false;
    }

    /** Whether {@link #weights} are always what they are at the start: nothing is to be estimated. */
    default boolean constant() {
        return false;
    }

    /** Enqueues what sets {@link #weights} and {@link #memory}; part of the recorded step. */
    void estimate(Batch batch);

    /** What estimates the weights of every batch, and may fail to; null where nothing can. */
    default WeightEstimator estimator() {
        return null;
    }

    /** Float32 {@code [n]}. */
    Buffer weights();

    /** The last weight of every training sample, float32 {@code [N]}, 1 where it has none yet. */
    Buffer memory();

    /** What the next step depends on, by name: a weighting whose state is overwritten with that of another goes on as that would. */
    default Map<String, Buffer> state() {
        return Map.of("memory", memory());
    }

    @Override
    void close();
}
