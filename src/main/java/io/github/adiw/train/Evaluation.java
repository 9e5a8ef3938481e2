package io.github.adiw.train;

import io.github.adiw.data.SampleSource;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.SoftmaxCrossEntropy;
import java.util.Arrays;

/** What a model makes of samples that it is not trained on, in batches that go through them in their order. */
final class Evaluation implements AutoCloseable {
    /** Samples of a batch at most, and numbers that go in: 500 images of CIFAR, ten of ImageNet. */
    private static final int MOST_ROWS = 500, MOST_NUMBERS = MOST_ROWS * 3 * 32 * 32;

    private final Scope scope;
    private final Device device;
    private final int rows, testCount;
    private final ModelInstance instance;
    private final SoftmaxCrossEntropy loss;
    private final Buffer batch, correct, index, inputs, labels;
    private final Graph testBatch;

    private Evaluation(Scope scope, Device device, TrainedModel model, TrainingData data) {
        this.scope = scope;
        this.device = device;
        testCount = Math.toIntExact(data.testLabels().length());
        rows = Math.max(1, Math.min(Math.min(MOST_ROWS, testCount), MOST_NUMBERS / data.test().shape().size()));
        instance = scope.keep(model.instance(0, rows));
        loss = scope.keep(new SoftmaxCrossEntropy(device, rows, 0, model.classes()));
        batch = scope.keep(device.allocate(ElementType.INT64, 1));
        correct = scope.keep(device.allocate(ElementType.INT32, 1));
        index = scope.keep(device.allocate(ElementType.INT32, rows));
        inputs = scope.keep(device.allocate(ElementType.FLOAT32, (long) rows * data.test().shape().size()));
        labels = scope.keep(device.allocate(ElementType.INT32, rows));
        testBatch = scope.keep(device.record(() -> {
            forward(data.test(), data.testLabels());
            device.launch("count_correct", Launch.block(rows), loss.correct(), correct, batch, rows, testCount);
            device.launch("advance", Launch.block(1), batch);
        }));
    }

    static Evaluation create(Device device, TrainedModel model, TrainingData data) {
        return Scope.building(scope -> new Evaluation(scope, device, model, data));
    }

    /** Enqueues the forward pass over the next batch; where fewer samples are left, the last one stands in. */
    private void forward(SampleSource samples, Buffer sampleLabels) {
        int count = Math.toIntExact(sampleLabels.length());
        device.launch("next_rows", Launch.elements(rows), index, batch, rows, count);
        samples.gather(index, inputs);
        device.launch("gather_labels", Launch.elements(rows), sampleLabels, index, labels, rows);
        loss.forward(instance, inputs, Mode.EVALUATE, labels);
    }

    /** Share of the test samples that are classified right, in [0, 1]; waits. */
    double accuracy() {
        device.zero(batch);
        device.zero(correct);
        for (int done = 0; done < testCount; done += rows) {
            testBatch.replay();
        }
        return (double) correct.toInts()[0] / testCount;
    }

    /**
     * The loss of every sample under its label; waits.
     *
     * @param sampleLabels int32, one a sample
     */
    float[] losses(SampleSource samples, Buffer sampleLabels) {
        int count = Math.toIntExact(sampleLabels.length());
        int batches = (count + rows - 1) / rows;
        device.zero(batch);
        try (Buffer all = device.allocate(ElementType.FLOAT32, (long) batches * rows)) {
            for (int i = 0; i < batches; i++) {
                forward(samples, sampleLabels);
                device.launch("store_row", Launch.elements(rows), loss.losses(), all, batch, rows);
                device.launch("advance", Launch.block(1), batch);
            }
            return Arrays.copyOf(all.toFloats(), count);
        }
    }

    @Override
    public void close() {
        scope.close();
    }
}
