package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;

/**
 * Convolution, bias, ReLU and 2 x 2 max-pool in one: the convolution's output is never in memory, and the backward pass
 * visits only the positions that the pool chose.
 */
final class ConvolutionReluPoolLayer implements Layer {
    private final Device device;
    private final Convolution forward, backward;
    private final Parameter weight, bias;
    private final Precision precision;
    private final Buffer output, choice, inputGradient, partials;
    private Buffer input;

    ConvolutionReluPoolLayer(Device device, Convolution shape, int trained, Parameter weight, Parameter bias, Precision precision) {
        this.device = device;
        this.forward = shape;
        this.backward = shape.withBatch(Math.max(1, trained));
        this.weight = weight;
        this.bias = bias;
        this.precision = precision;
        long pooled = (long) shape.batch() * shape.filters() * (shape.outputHeight() / 2) * (shape.outputWidth() / 2);
        this.output = device.allocate(ElementType.FLOAT32, pooled);
        this.choice = device.allocate(ElementType.UINT8, pooled);
        this.inputGradient = device.allocate(ElementType.FLOAT32, (long) trained * shape.channels() * shape.height() * shape.width());
        this.partials = device.allocate(ElementType.FLOAT32, trained == 0 ? 0 : MatrixKernels.partials(backward));
    }

    @Override
    public Buffer forward(Buffer x) {
        input = x;
        MatrixKernels.conv2dReluPoolForward(device, precision, forward, x, weight.value(), bias.value(), output, choice);
        return output;
    }

    @Override
    public Buffer backward(Buffer gradient, boolean needed) {
        MatrixKernels.conv2dReluPoolBackwardWeights(device, precision, backward, input, gradient, choice, partials,
            weight.gradient(), bias.gradient());
        if (!needed) {
            return null;
        }
        MatrixKernels.conv2dReluPoolBackwardData(device, precision, backward, gradient, choice, weight.value(), inputGradient);
        return inputGradient;
    }

    @Override
    public void close() {
        output.close();
        choice.close();
        inputGradient.close();
        partials.close();
    }
}
