package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Parameter;
import io.github.adiw.nn.Precision;

/**
 * A layer's place in a program. Sizes, parameters and memory of the layer's own are asked for in {@link Layer#bind}; inputs, output and
 * gradients are there in a pass. The rows that are trained on come first, and gradients are of these alone.
 */
public final class Site {
    private final Program.Setting setting;
    private final Shape shape;
    private final Slot[] inputs;
    private final Slot output;
    private final Slot[] inner;
    private final Slot[] inputGradients;
    private Slot outputGradient;
    private long reserved;

    Site(Program.Setting setting, Shape shape, Slot[] inputs, Slot output, Slot[] inner) {
        this.setting = setting;
        this.shape = shape;
        this.inputs = inputs;
        this.output = output;
        this.inner = inner;
        inputGradients = new Slot[inputs.length];
    }

    /** Where the program runs. */
    public Device device() {
        return setting.device();
    }

    /** Arithmetic of products and convolutions. */
    public Precision precision() {
        return setting.precision();
    }

    /** Rows of the forward pass. */
    public int rows() {
        return setting.rows();
    }

    /** Rows of the backward pass, the first ones; 0 if there is none. */
    public int trained() {
        return setting.trained();
    }

    /** Shape of a row of every input. */
    public Shape shape() {
        return shape;
    }

    /** A parameter or buffer that the layer declared. */
    public Parameter parameter(String name) {
        return setting.parameters().get(name);
    }

    /** Memory that keeps its contents from pass to pass; freed with the program. */
    public Buffer allocate(ElementType type, long length) {
        return setting.scope().keep(setting.device().allocate(type, length));
    }

    /** Memory for the layer's own backward pass; several do not overlap. */
    public Scratch scratch(long floats) {
        Scratch scratch = new Scratch(setting.workspace(), reserved, floats);
        reserved += (floats + 15) / 16 * 16;        // as vector and asynchronous copies like it
        setting.workspace().reserve(reserved);
        return scratch;
    }

    /** The only or first input, float32 {@code [rows, ...]}. */
    public Buffer input() {
        return input(0);
    }

    /** @param index of an input, from 0 */
    public Buffer input(int index) {
        return inputs[index].buffer();
    }

    /** Where the output goes, float32 {@code [rows, ...]}. */
    public Buffer output() {
        return output.buffer();
    }

    /**
     * Where a value goes that the layer makes besides its output, float32 {@code [rows, ...]}.
     *
     * @param index of {@link Node#inner}, from 0
     */
    public Buffer inner(int index) {
        return inner[index].buffer();
    }

    /** Gradient of the output, float32 {@code [trained, ...]}, which the layer leaves as it is. */
    public Buffer outputGradient() {
        return outputGradient.buffer();
    }

    /** Where the gradient of the only or first input goes, float32 {@code [trained, ...]}; null if nobody needs it. */
    public Buffer inputGradient() {
        return inputGradient(0);
    }

    /** As {@link #inputGradient()}, of any input. */
    public Buffer inputGradient(int index) {
        return inputGradients[index] == null ? null : inputGradients[index].buffer();
    }

    void outputGradient(Slot gradient) {
        outputGradient = gradient;
    }

    void inputGradient(int index, Slot gradient) {
        inputGradients[index] = gradient;
    }
}
