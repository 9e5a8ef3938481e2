package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** 2-D convolution with bias, then ReLU if asked for; x {@code [rows, channels, height, width]}. */
final class ConvolutionLayer implements Layer {
    private final Device device;
    private final Convolution forward, backward;
    private final boolean relu;
    private final Parameter weight, bias;
    private final Precision precision;
    private final Buffer output, inputGradient, partials;
    private Buffer input;

    ConvolutionLayer(Device device, Convolution shape, int trained, boolean relu, Parameter weight, Parameter bias, Precision precision) {
        this.device = device;
        this.forward = shape;
        this.backward = shape.withBatch(Math.max(1, trained));
        this.relu = relu;
        this.weight = weight;
        this.bias = bias;
        this.precision = precision;
        this.output = device.allocate(ElementType.FLOAT32, (long) shape.batch() * shape.filters() * shape.outputHeight() * shape.outputWidth());
        this.inputGradient = device.allocate(ElementType.FLOAT32, (long) trained * shape.channels() * shape.height() * shape.width());
        this.partials = device.allocate(ElementType.FLOAT32, trained == 0 ? 0 : MatrixKernels.partials(backward));
    }

    @Override
    public Buffer forward(Buffer x) {
        input = x;
        MatrixKernels.conv2dForward(device, precision, forward, x, weight.value(), bias.value(), output, relu);
        return output;
    }

    @Override
    public Buffer backward(Buffer gradient, boolean needed) {
        if (relu) {
            int n = backward.batch() * backward.filters() * backward.outputHeight() * backward.outputWidth();
            device.launch("relu_backward", Launch.elements(n), gradient, output, gradient, n);
        }
        MatrixKernels.conv2dBackwardWeights(device, precision, backward, input, gradient, partials, weight.gradient(), bias.gradient());
        if (!needed) {
            return null;
        }
        MatrixKernels.conv2dBackwardData(device, precision, backward, gradient, weight.value(), inputGradient);
        return inputGradient;
    }

    @Override
    public void close() {
        output.close();
        inputGradient.close();
        partials.close();
    }
}
