package io.github.adiw.train;

import io.github.adiw.data.Augmenter;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/**
 * The batches of the steps: n training samples under the labels to train on, and behind them, where there is validation, m validation
 * samples under their true labels. Everything between a sample in the data set and a row of the model's input happens here.
 */
final class BatchSource implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final TrainingData data;
    private final Augmenter augmenter;
    private final RowChoice training, validation;
    private final Buffer step;
    private final long seed;
    private final int n, m;
    private final Buffer rows, inputs, labels;

    private BatchSource(Scope scope, Device device, TrainingData data, Augmenter augmenter, Buffer step, long seed, RowChoice training,
                        int n, RowChoice validation, int m) {
        this.scope = scope;
        this.device = device;
        this.data = data;
        this.augmenter = augmenter;
        this.step = step;
        this.seed = seed;
        this.training = training;
        this.validation = validation;
        this.n = n;
        this.m = m;
        rows = scope.keep(device.allocate(ElementType.INT32, n + m));
        inputs = scope.keep(device.allocate(ElementType.FLOAT32, (long) (n + m) * data.training().shape().size()));
        labels = scope.keep(device.allocate(ElementType.INT32, n + m));
    }

    /**
     * @param augmenter  of the training samples; validation samples are as they are
     * @param step       int64 {@code [1]}, the step counter
     * @param seed       of what is drawn
     * @param n          training samples a batch
     * @param m          validation samples a batch, or 0
     */
    static BatchSource create(Device device, TrainingData data, Augmenter augmenter, Buffer step, long seed, RowChoice training, int n,
                              RowChoice validation, int m) {
        return Scope.building(scope -> new BatchSource(scope, device, data, augmenter, step, seed, training, n, validation, m));
    }

    /**
     * Enqueues what gathers the batch of the current step.
     *
     * @param began is given the time at which this begins
     */
    void next(StepClock.Stamp began) {
        device.launch("draw_batch", Launch.elements(Math.max(n, m)), rows, labels, step, training.list(), data.labels(), training.way(),
            training.count(), n, validation.list(), data.trueLabels(), validation.way(), validation.count(), m, seed, began.stamps(),
            began.slots(), began.ring());
        data.training().gather(rows, inputs, n, augmenter);
    }

    /** n, training samples a batch; they come first. */
    int training() {
        return n;
    }

    /** m, validation samples a batch. */
    int validation() {
        return m;
    }

    /** Which samples they are, int32 {@code [n + m]}. */
    Buffer rows() {
        return rows;
    }

    /** The model's input, float32 {@code [n + m, size]}. */
    Buffer inputs() {
        return inputs;
    }

    /** Int32 {@code [n + m]}. */
    Buffer labels() {
        return labels;
    }

    @Override
    public void close() {
        scope.close();
    }
}
