package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** Softmax cross-entropy with one loss a sample, and the gradient of its weighted sum. */
public final class SoftmaxCrossEntropy implements AutoCloseable {
    private final Device device;
    private final int rows, trained, classes;
    private final Buffer losses, correct, probabilities, gradient;

    /**
     * @param rows    of the forward pass
     * @param trained rows of the backward pass, the first ones
     * @param classes at least 2
     */
    public SoftmaxCrossEntropy(Device device, int rows, int trained, int classes) {
        this.device = device;
        this.rows = rows;
        this.trained = trained;
        this.classes = classes;
        this.losses = device.allocate(ElementType.FLOAT32, rows);
        this.correct = device.allocate(ElementType.INT32, rows);
        this.probabilities = device.allocate(ElementType.FLOAT32, (long) rows * classes);
        this.gradient = device.allocate(ElementType.FLOAT32, (long) trained * classes);
    }

    /**
     * Enqueues the forward pass.
     *
     * @param logits float32 {@code [rows, classes]}
     * @param labels int32 {@code [rows]}, each in 0 to classes - 1
     */
    public void forward(Buffer logits, Buffer labels) {
        device.launch("cross_entropy_forward", Launch.elements(rows), logits, labels, losses, correct, probabilities, rows, classes);
    }

    /**
     * Enqueues the gradient of {@code scale * sum_i w_i loss_i}.
     *
     * @param labels  as in the forward pass
     * @param weights float32 {@code [trained]}
     * @param scale   1 for the sum of the losses, 1 / trained for their mean
     * @return float32 {@code [trained, classes]}
     */
    public Buffer backward(Buffer labels, Buffer weights, float scale) {
        device.launch("cross_entropy_backward", Launch.elements((long) trained * classes), probabilities, labels, weights, gradient,
            trained, classes, scale);
        return gradient;
    }

    /** Loss of every row, float32 {@code [rows]}. */
    public Buffer losses() {
        return losses;
    }

    /** 1 where the first largest logit is the label's, else 0; int32 {@code [rows]}. */
    public Buffer correct() {
        return correct;
    }

    @Override
    public void close() {
        losses.close();
        correct.close();
        probabilities.close();
        gradient.close();
    }
}
