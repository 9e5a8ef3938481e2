package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.nn.block.Loss;
import io.github.adiw.nn.block.Program;
import io.github.adiw.nn.block.Wiring;

/**
 * A {@link Model} with memory for a fixed number of rows. One forward pass runs over all rows, those that are trained on
 * first; the backward pass runs over these alone, so that the pass that weights are estimated from is the pass that is trained on.
 */
public final class ModelInstance implements AutoCloseable {
    private final Device device;
    private final Model model;
    private final Parameters parameters;
    private final int rows;
    private final int trained;
    private final Program program;
    private Mode last;
    private boolean updated;

    /** @param network the model's, whatever is fused in it */
    ModelInstance(Model model, Wiring network, Device device, Parameters parameters, int trained, int untrained, Precision precision) {
        if (trained < 0 || untrained < 0 || trained + untrained == 0) {
            throw new IllegalArgumentException("a model instance needs at least one row, not " + trained + " trained and " + untrained
                + " further rows");
        }
        this.device = device;
        this.model = model;
        this.parameters = parameters;
        this.trained = trained;
        this.rows = trained + untrained;
        program = Program.bind(device, network, parameters, rows, trained, precision);
    }

    /** Rows of the forward pass. */
    public int rows() {
        return rows;
    }

    /** Rows of the backward pass: the first ones. */
    public int trained() {
        return trained;
    }

    /** Logits of a row. */
    int classes() {
        return model.classes();
    }

    /** {@link #forward(Buffer, Mode)}, in training mode if there are rows that are trained on. */
    public Buffer forward(Buffer input) {
        return forward(input, trained > 0 ? Mode.TRAIN : Mode.EVALUATE);
    }

    /**
     * Enqueues the forward pass.
     *
     * @param input float32 {@code [rows, channels, height, width]}; it must stay as it is until {@link #backward} has run
     * @param mode  what the pass is for
     * @return the logits, float32 {@code [rows, classes]}, overwritten by the next pass
     * @throws IllegalArgumentException if the input has another size, or is of another device or type
     * @throws IllegalStateException    if it is to train an instance that has no rows that are trained on
     */
    public Buffer forward(Buffer input, Mode mode) {
        begin(input, mode);
        return program.forward(input, mode);
    }

    /**
     * Enqueues the forward pass and the loss of its logits, where there are kernels for both in one.
     *
     * @return whether there are; if not, nothing was done
     */
    boolean forward(Buffer input, Mode mode, Loss loss) {
        begin(input, mode);
        return program.forward(input, mode, loss);
    }

    private void begin(Buffer input, Mode mode) {
        device.require("input", input, ElementType.FLOAT32, rows, model.channels(), model.height(), model.width());
        UsageException.given("mode", mode);
        if (mode == Mode.TRAIN && trained == 0) {
            throw new IllegalStateException("an instance for evaluation has no training mode: none of its " + rows + " rows is trained on");
        }
        last = mode;
        updated = false;
    }

    /**
     * What the last layer was given in the last forward pass: the last hidden layer's output, float32 {@code [rows, d]} with d of
     * {@link Model#features}; overwritten by the next pass.
     *
     * @throws IllegalStateException before the first forward pass
     */
    public Buffer features() {
        if (last == null) {
            throw new IllegalStateException("there are no features before a forward pass");
        }
        return program.features();
    }

    /**
     * Enqueues the backward pass of the last forward pass: fills the parameters' gradients.
     *
     * @param logitGradient float32 {@code [trained, classes]}; left as it is
     * @throws IllegalStateException    if the instance has no rows that are trained on, or the last forward pass was not in training mode
     * @throws IllegalArgumentException if the gradient has another size, or is of another device or type
     */
    public void backward(Buffer logitGradient) {
        requireBackward(logitGradient);
        program.backward(logitGradient);
    }

    /**
     * Enqueues the backward pass of the last forward pass and an update by its gradients, in fewer launches than one after the other where
     * there are kernels for both. The parameters move: another call needs another forward pass.
     *
     * @param logitGradient as for {@link #backward(Buffer)}
     * @param optimizer     of this instance's parameters
     * @throws IllegalStateException    as there, or if such an update has followed the last forward pass already
     * @throws IllegalArgumentException as there, or if the optimizer is of other parameters
     */
    public void backward(Buffer logitGradient, Optimizer optimizer) {
        if (!together(logitGradient, null, optimizer)) {
            program.backward(logitGradient);
            optimizer.update();
            updated = true;
        }
    }

    /**
     * As {@link #backward(Buffer, Optimizer)} from a loss of which the gradient of the logits is still to be made, where there are kernels
     * for all that.
     *
     * @return whether there are; if not, nothing was done
     */
    boolean backward(Loss loss, Optimizer optimizer) {
        return together(loss.gradient(), loss, optimizer);
    }

    private boolean together(Buffer logitGradient, Loss loss, Optimizer optimizer) {
        requireBackward(logitGradient);
        if (UsageException.given("optimizer", optimizer).parameters() != parameters) {
            throw new IllegalArgumentException("the optimizer is of other parameters than the instance");
        }
        updated = optimizer.isOneLaunch() && program.backward(logitGradient, loss, optimizer.launch());
        return updated;
    }

    private void requireBackward(Buffer logitGradient) {
        if (trained == 0) {
            throw new IllegalStateException("an instance for evaluation has no backward pass: none of its " + rows + " rows is trained on");
        }
        device.require("logitGradient", logitGradient, ElementType.FLOAT32, trained, model.classes());
        if (last != Mode.TRAIN || updated) {
            throw new IllegalStateException("a backward pass needs a forward pass in training mode before it"
                + (updated ? ", and since the last one the parameters have moved" : ""));
        }
    }

    @Override
    public void close() {
        program.close();
    }
}
