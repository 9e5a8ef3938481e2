package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link Model} with memory for a fixed number of rows. One forward pass runs over all rows, those that are trained on
 * first; the backward pass runs over these alone, so that the pass that weights are estimated from is the pass that is trained on.
 */
public final class ModelInstance implements AutoCloseable {
    private final int rows;
    private final int trained;
    private final Model model;
    private final List<Layer> layers = new ArrayList<>();
    private Buffer features;

    /** @param fuse whether convolution, ReLU and pool become one layer where they can */
    ModelInstance(Model model, Device device, Parameters parameters, int trained, int extra, Precision precision, boolean fuse) {
        if (trained < 0 || extra < 0 || trained + extra == 0) {
            throw new IllegalArgumentException("a model instance needs at least one row, not " + trained + " trained and " + extra + " further rows");
        }
        this.model = model;
        this.trained = trained;
        this.rows = trained + extra;
        List<Model.Stage> stages = model.stages();
        Model.Shape shape = model.input();
        for (int i = 0; i < stages.size(); ) {
            int used = 1;
            Model.Stage stage = stages.get(i);
            boolean relu = i + 1 < stages.size() && stages.get(i + 1) instanceof Model.Relu;
            if (stage instanceof Model.Conv c) {
                Convolution s = new Convolution(rows, shape.channels(), shape.height(), shape.width(), c.filters(), c.kernel(), c.stride(), c.padding());
                Parameter weight = parameters.get(c.name() + ".weight");
                Parameter bias = parameters.get(c.name() + ".bias");
                boolean pool = relu && i + 2 < stages.size() && stages.get(i + 2) instanceof Model.MaxPool
                    && s.outputHeight() % 2 == 0 && s.outputWidth() % 2 == 0;
                if (fuse && pool) {
                    layers.add(new ConvolutionReluPoolLayer(device, s, trained, weight, bias, precision));
                    used = 3;
                } else {
                    layers.add(new ConvolutionLayer(device, s, trained, relu, weight, bias, precision));
                    used = relu ? 2 : 1;
                }
            } else if (stage instanceof Model.Linear l) {
                layers.add(new LinearLayer(device, rows, trained, shape.size(), l.outputs(), relu,
                    parameters.get(l.name() + ".weight"), parameters.get(l.name() + ".bias"), precision));
                used = relu ? 2 : 1;
            } else if (stage instanceof Model.MaxPool) {
                layers.add(new MaxPoolLayer(device, rows, trained, shape.channels(), shape.height(), shape.width()));
            } else {
                layers.add(new ReluLayer(device, rows, trained, shape.size()));
            }
            for (int k = 0; k < used; k++) {
                shape = shape.after(stages.get(i + k));
            }
            i += used;
        }
    }

    /** Rows of the forward pass. */
    public int rows() {
        return rows;
    }

    /** Rows of the backward pass: the first ones. */
    public int trained() {
        return trained;
    }

    /**
     * Enqueues the forward pass.
     *
     * @param input float32 {@code [rows, channels, height, width]}; it must stay as it is until {@link #backward} has run
     * @return the logits, float32 {@code [rows, classes]}, overwritten by the next pass
     * @throws IllegalArgumentException if the input has another size
     */
    public Buffer forward(Buffer input) {
        if (input.length() != (long) rows * model.input().size()) {
            throw new IllegalArgumentException("the input must be [" + rows + ", " + model.channels() + ", " + model.height() + ", " + model.width()
                + "], but has " + input.length() + " elements");
        }
        Buffer x = input;
        for (Layer layer : layers) {
            features = x;
            x = layer.forward(x);
        }
        return x;
    }

    /**
     * What the last layer was given in the last forward pass: the last hidden layer's output, float32 {@code [rows, d]} with d of
     * {@link Model#features}; overwritten by the next pass.
     *
     * @throws IllegalStateException before the first forward pass
     */
    public Buffer features() {
        if (features == null) {
            throw new IllegalStateException("there are no features before a forward pass");
        }
        return features;
    }

    /**
     * Enqueues the backward pass of the last forward pass: fills the parameters' gradients.
     *
     * @param logitGradient float32 {@code [trained, classes]}; overwritten
     * @throws IllegalStateException    if the instance has no rows that are trained on
     * @throws IllegalArgumentException if the gradient has another size
     */
    public void backward(Buffer logitGradient) {
        if (trained == 0) {
            throw new IllegalStateException("an instance for evaluation has no backward pass: none of its " + rows + " rows is trained on");
        }
        if (logitGradient.length() != (long) trained * model.classes()) {
            throw new IllegalArgumentException("the gradient of the logits must be [" + trained + ", " + model.classes() + "], but has "
                + logitGradient.length() + " elements");
        }
        Buffer gradient = logitGradient;
        for (int i = layers.size() - 1; i >= 0; i--) {
            gradient = layers.get(i).backward(gradient, i > 0);
        }
    }

    @Override
    public void close() {
        layers.forEach(Layer::close);
    }
}
