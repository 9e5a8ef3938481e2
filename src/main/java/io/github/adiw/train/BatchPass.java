package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.SoftmaxCrossEntropy;

/**
 * What a step does with a batch: a forward pass that is trained on, with its backward pass and update, and a forward pass over the training
 * and the validation samples that weights are estimated from. These are one pass, unless the network does something else in evaluation than
 * in training and weights are to be estimated in evaluation.
 */
final class BatchPass implements BatchWeighting.Batch, AutoCloseable {
    private final Scope scope;
    private final TrainedModel model;
    private final BatchSource batches;
    private final int n, m, size, features;
    private final float lossScale;
    private final boolean apart;
    private final Pass trained, observed;
    /** That of the logits, float32 {@code [n, classes]}; null if the last forward pass did not know the weights. */
    private Buffer gradient;

    private BatchPass(Scope scope, Device device, TrainedModel model, BatchSource batches, boolean apart, TrainingOptions options,
                      BatchPass other) {
        this.scope = scope;
        this.model = model;
        this.batches = batches;
        this.apart = apart;
        lossScale = options.lossScale();
        n = batches.training();
        m = batches.validation();
        size = Math.toIntExact(batches.inputs().length() / (n + m));
        features = options.insideClasses() ? model.features() : 0;
        int untrained = apart ? 0 : m;
        boolean alike = other != null && other.n == n && other.trained.instance.rows() == n + untrained;
        trained = alike ? other.trained : Pass.of(scope, device, model, n, untrained);
        observed = apart ? Pass.of(scope, device, model, 0, n + m) : trained;
    }

    /** A network bound to so many rows, and the loss behind it. */
    private record Pass(ModelInstance instance, SoftmaxCrossEntropy loss) {
        static Pass of(Scope scope, Device device, TrainedModel model, int trained, int untrained) {
            ModelInstance instance = scope.keep(model.instance(trained, untrained));
            return new Pass(instance, scope.keep(new SoftmaxCrossEntropy(device, trained + untrained, trained, model.classes())));
        }

        void forward(Buffer inputs, Buffer labels, Mode mode) {
            loss.forward(instance, inputs, mode, labels);
        }
    }

    /**
     * @param batches   where the batches come from; the caller's to close, after this
     * @param weighting what looks at the pass; where it does not {@linkplain BatchWeighting#observes observe}, one pass is enough
     * @param other     of the same model, null or closed after this: the two never run at once, and share the memory of activations where
     *                  their rows are as many
     */
    static BatchPass create(Device device, TrainedModel model, BatchSource batches, BatchWeighting weighting, TrainingOptions options,
                            BatchPass other) {
        boolean apart = weighting.observes() && model.model().dependsOnMode() && options.estimatesInEvaluation();
        return Scope.building(scope -> new BatchPass(scope, device, model, batches, apart, options, other));
    }

    /** Whether weights are estimated from a pass of its own, {@link #observe}. */
    boolean apart() {
        return apart;
    }

    /**
     * Enqueues what gathers the next batch.
     *
     * @param began is given the time at which this begins
     */
    void next(StepClock.Stamp began) {
        batches.next(began);
    }

    /** Enqueues the forward pass that serves the estimation alone. */
    void observe() {
        observed.forward(batches.inputs(), batches.labels(), Mode.EVALUATE);
    }

    /** Enqueues the forward pass that is trained on. */
    void forward() {
        model.beginPass();
        int rows = trained.instance.rows();
        trained.forward(inputs(rows), labels(rows), Mode.TRAIN);
        gradient = null;
    }

    /**
     * Enqueues the forward pass that is trained on, under weights that do not depend on it.
     *
     * @param weights float32 {@code [n]}
     */
    void forward(Buffer weights) {
        model.beginPass();
        int rows = trained.instance.rows();
        gradient = trained.loss.forward(trained.instance, inputs(rows), labels(rows), weights, lossScale);
    }

    /**
     * Enqueues the backward pass and the update.
     *
     * @param weights float32 {@code [n]}; those of the forward pass, if it had some
     */
    void update(Buffer weights) {
        if (gradient != null) {
            model.update(optimizer -> trained.instance.backward(gradient, optimizer));
        } else {
            model.update(optimizer -> trained.loss.backward(trained.instance, batches.labels(), weights, lossScale, optimizer));
        }
    }

    private Buffer inputs(int rows) {
        return batches.inputs().slice(0, (long) rows * size);
    }

    private Buffer labels(int rows) {
        return batches.labels().slice(0, rows);
    }

    /**
     * What weights are estimated from where these are losses, of both batches, float32 {@code [n + m]}, those of the training batch first.
     */
    Buffer observedLosses() {
        return observed.loss.losses();
    }

    /** Losses of the training batch in the pass that is trained on, float32 {@code [n]}. */
    Buffer losses() {
        return trained.loss.losses().slice(0, n);
    }

    @Override
    public Buffer indices() {
        return batches.rows().slice(0, n);
    }

    @Override
    public Buffer validationIndices() {
        return batches.rows().slice(n, m);
    }

    @Override
    public Buffer transformed() {
        return features == 0 ? observedLosses().slice(0, n) : observed.instance.features().slice(0, (long) n * features);
    }

    @Override
    public Buffer validationTransformed() {
        return features == 0 ? observedLosses().slice(n, m)
            : observed.instance.features().slice((long) n * features, (long) m * features);
    }

    @Override
    public Buffer inputs() {
        return inputs(n);
    }

    @Override
    public Buffer validationInputs() {
        return batches.inputs().slice((long) n * size, (long) m * size);
    }

    @Override
    public Buffer labels() {
        return labels(n);
    }

    @Override
    public Buffer validationLabels() {
        return batches.labels().slice(n, m);
    }

    @Override
    public void close() {
        scope.close();
    }
}
