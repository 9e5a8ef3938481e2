package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.block.Loss;

/** Softmax cross-entropy with one loss a sample, and the gradient of its weighted sum. */
public final class SoftmaxCrossEntropy implements AutoCloseable {
    private final Device device;
    private final int rows, trained, classes;
    private final Memory memory;
    /** Whether the last forward pass left probabilities, of which a gradient can be made. */
    private boolean probable;

    private record Memory(Scope scope, Buffer losses, Buffer correct, Buffer probabilities, Buffer gradient) {
        static Memory of(Device device, int rows, int trained, int classes) {
            return Scope.building(scope -> new Memory(scope,
                scope.keep(device.allocate(ElementType.FLOAT32, rows)),
                scope.keep(device.allocate(ElementType.INT32, rows)),
                scope.keep(device.allocate(ElementType.FLOAT32, (long) rows * classes)),
                scope.keep(device.allocate(ElementType.FLOAT32, (long) trained * classes))));
        }
    }

    /**
     * @param rows    of the forward pass, at least 1
     * @param trained rows of the backward pass, the first ones, at least 0
     * @param classes at least 2
     * @throws UsageException if a number is out of its range
     */
    public SoftmaxCrossEntropy(Device device, int rows, int trained, int classes) {
        this.device = UsageException.given("device", device);
        if (rows < 1 || trained < 0 || trained > rows || classes < 2) {
            throw new UsageException("a loss needs at least 1 row, 0 to as many rows that are trained on, and at least 2 classes, not "
                + rows + ", " + trained + " and " + classes);
        }
        this.rows = rows;
        this.trained = trained;
        this.classes = classes;
        memory = Memory.of(device, rows, trained, classes);
    }

    /**
     * Enqueues the forward pass.
     *
     * @param logits float32 {@code [rows, classes]}
     * @param labels int32 {@code [rows]}, each in 0 to classes - 1
     * @throws UsageException if a buffer is of another device, type or length
     */
    public void forward(Buffer logits, Buffer labels) {
        device.require("logits", logits, ElementType.FLOAT32, rows, classes);
        requireLabels(labels);
        probable = true;
        launch(logits, of(labels, null, 0));
    }

    /**
     * Enqueues the forward pass of a network and, behind it, of the loss, in fewer launches than one after the other where there are
     * kernels for both.
     *
     * @param instance of as many rows and classes as the loss
     * @param input    as for {@link ModelInstance#forward(Buffer, Mode)}
     * @param labels   int32 {@code [rows]}, each in 0 to classes - 1
     * @throws IllegalArgumentException if a size is another one, or a buffer of another device or type
     */
    public void forward(ModelInstance instance, Buffer input, Mode mode, Buffer labels) {
        forward(instance, input, mode, of(labels, null, 0));
    }

    /**
     * As {@link #forward(ModelInstance, Buffer, Mode, Buffer)} in training, and the gradient of {@code scale * sum_i w_i loss_i} with it,
     * for weights that do not depend on the losses. It is for {@link ModelInstance#backward(Buffer, Optimizer)}; there is nothing left for
     * {@code backward} here.
     *
     * @param weights float32 {@code [trained]}
     * @param scale   1 for the sum of the losses, 1 / trained for their mean
     * @return float32 {@code [trained, classes]}
     * @throws IllegalArgumentException if a size is another one, or a buffer of another device or type
     */
    public Buffer forward(ModelInstance instance, Buffer input, Buffer labels, Buffer weights, float scale) {
        UsageException.given("weights", weights);
        forward(instance, input, Mode.TRAIN, of(labels, weights, scale));
        return memory.gradient;
    }

    private Loss of(Buffer labels, Buffer weights, float scale) {
        return new Loss(labels, weights, scale, memory.losses, memory.correct, memory.probabilities, memory.gradient);
    }

    private void forward(ModelInstance instance, Buffer input, Mode mode, Loss loss) {
        requireFits(instance, loss);
        probable = loss.weights() == null;
        if (!instance.forward(input, mode, loss)) {
            launch(instance.forward(input, mode), loss);
        }
    }

    private void requireFits(ModelInstance instance, Loss loss) {
        UsageException.given("instance", instance);
        if (instance.rows() != rows || instance.classes() != classes || loss.weights() != null && instance.trained() != trained) {
            throw new IllegalArgumentException("the loss is of " + rows + " rows, " + trained + " of them trained on, and " + classes
                + " classes; the instance of " + instance.rows() + ", " + instance.trained() + " and " + instance.classes());
        }
        requireLabels(loss.labels());
        if (loss.weights() != null) {
            requireWeights(loss.weights());
        }
    }

    private void requireLabels(Buffer labels) {
        device.require("labels", labels, ElementType.INT32, rows);
    }

    private void requireWeights(Buffer weights) {
        device.require("weights", weights, ElementType.FLOAT32, trained);
    }

    private void launch(Buffer logits, Loss loss) {
        if (loss.weights() == null) {
            device.launch("cross_entropy_forward", Launch.elements(rows), logits, loss.labels(), memory.losses, memory.correct,
                memory.probabilities, rows, classes);
        } else {
            device.launch("cross_entropy", Launch.elements(rows), logits, loss.labels(), loss.weights(), memory.losses, memory.correct,
                memory.gradient, rows, trained, classes, loss.scale());
        }
    }

    /**
     * Enqueues the gradient of {@code scale * sum_i w_i loss_i}.
     *
     * @param labels  as in the forward pass
     * @param weights float32 {@code [trained]}
     * @param scale   1 for the sum of the losses, 1 / trained for their mean
     * @return float32 {@code [trained, classes]}
     * @throws UsageException        if a buffer is of another device, type or length
     * @throws IllegalStateException if no forward pass has run, or the last one made the gradient itself
     */
    public Buffer backward(Buffer labels, Buffer weights, float scale) {
        requireLabels(labels);
        requireWeights(weights);
        requireProbable();
        device.launch("cross_entropy_backward", Launch.elements((long) trained * classes), memory.probabilities, labels, weights,
            memory.gradient, trained, classes, scale);
        return memory.gradient;
    }

    /**
     * Enqueues that gradient, the backward pass of the network and the update by its gradients, in fewer launches than one after the other
     * where there are kernels for more than one. The parameters move: another call needs another forward pass.
     *
     * @param instance  of the last forward pass
     * @param labels    as there
     * @param weights   float32 {@code [trained]}
     * @param scale     1 for the sum of the losses, 1 / trained for their mean
     * @param optimizer of the instance's parameters
     * @throws IllegalArgumentException if a size is another one, a buffer of another device or type, or the optimizer of other parameters
     * @throws IllegalStateException    as {@link #backward(Buffer, Buffer, float)} and {@link ModelInstance#backward(Buffer, Optimizer)}
     */
    public void backward(ModelInstance instance, Buffer labels, Buffer weights, float scale, Optimizer optimizer) {
        UsageException.given("weights", weights);
        Loss loss = of(labels, weights, scale);
        requireFits(instance, loss);
        requireProbable();
        if (!instance.backward(loss, optimizer)) {
            instance.backward(backward(labels, weights, scale), optimizer);
        }
    }

    private void requireProbable() {
        if (!probable) {
            throw new IllegalStateException(
                "the last forward pass left nothing to make a gradient of: one with weights returns the gradient, "
                    + "which is for ModelInstance.backward");
        }
    }

    /** Loss of every row, float32 {@code [rows]}. */
    public Buffer losses() {
        return memory.losses;
    }

    /** 1 where the first largest logit is the label's, else 0; int32 {@code [rows]}. */
    public Buffer correct() {
        return memory.correct;
    }

    @Override
    public void close() {
        memory.scope.close();
    }
}
