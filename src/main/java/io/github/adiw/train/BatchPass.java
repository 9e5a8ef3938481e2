package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.SoftmaxCrossEntropy;

/** What a step does with a batch: one forward pass over its training and validation samples, a backward pass over the former, an update. */
final class BatchPass implements BatchWeighting.Batch, AutoCloseable {
    private final Scope scope;
    private final TrainedModel model;
    private final BatchSource batches;
    private final int n, m, size, features;
    private final float lossScale;
    private final ModelInstance instance;
    private final SoftmaxCrossEntropy loss;

    private BatchPass(Scope scope, Device device, TrainedModel model, BatchSource batches, boolean byFeatures, float lossScale) {
        this.scope = scope;
        this.model = model;
        this.batches = batches;
        this.lossScale = lossScale;
        n = batches.training();
        m = batches.validation();
        size = Math.toIntExact(batches.inputs().length() / (n + m));
        features = byFeatures ? model.features() : 0;
        instance = scope.keep(model.instance(n, m));
        loss = scope.keep(new SoftmaxCrossEntropy(device, n + m, n, model.classes()));
    }

    /**
     * @param batches    where the batches come from; the caller's to close, after this
     * @param byFeatures whether {@link #transformed} data are the features of the samples, and not their losses
     * @param lossScale  of the sum of the weighted losses: 1, or 1 / n for their mean
     */
    static BatchPass create(Device device, TrainedModel model, BatchSource batches, boolean byFeatures, float lossScale) {
        return Scope.building(scope -> new BatchPass(scope, device, model, batches, byFeatures, lossScale));
    }

    /** Enqueues the forward pass over the next batch. */
    void forward() {
        batches.next();
        loss.forward(instance.forward(batches.inputs()), batches.labels());
    }

    /**
     * Enqueues the backward pass and the update.
     *
     * @param weights float32 {@code [n]}
     */
    void update(Buffer weights) {
        instance.backward(loss.backward(batches.labels(), weights, lossScale));
        model.update();
    }

    /** Of both batches, float32 {@code [n + m]}, those of the training batch first. */
    Buffer everyLoss() {
        return loss.losses();
    }

    /** Losses of the training batch, float32 {@code [n]}. */
    Buffer losses() {
        return loss.losses().slice(0, n);
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
        return features == 0 ? losses() : instance.features().slice(0, (long) n * features);
    }

    @Override
    public Buffer validationTransformed() {
        return features == 0 ? loss.losses().slice(n, m) : instance.features().slice((long) n * features, (long) m * features);
    }

    @Override
    public Buffer inputs() {
        return batches.inputs().slice(0, (long) n * size);
    }

    @Override
    public Buffer validationInputs() {
        return batches.inputs().slice((long) n * size, (long) m * size);
    }

    @Override
    public Buffer labels() {
        return batches.labels().slice(0, n);
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
