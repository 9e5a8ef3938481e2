package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** y = x W' + b, then ReLU if asked for; x {@code [rows, in]}, W {@code [out, in]}, y {@code [rows, out]}. */
final class LinearLayer implements Layer {
    private final Device device;
    private final int rows, trained, in, out;
    private final boolean relu;
    private final Parameter weight, bias;
    private final Precision precision;
    private final Buffer output, inputGradient;
    private Buffer input;

    LinearLayer(Device device, int rows, int trained, int in, int out, boolean relu, Parameter weight, Parameter bias, Precision precision) {
        this.device = device;
        this.rows = rows;
        this.trained = trained;
        this.in = in;
        this.out = out;
        this.relu = relu;
        this.weight = weight;
        this.bias = bias;
        this.precision = precision;
        this.output = device.allocate(ElementType.FLOAT32, (long) rows * out);
        this.inputGradient = device.allocate(ElementType.FLOAT32, (long) trained * in);
    }

    @Override
    public Buffer forward(Buffer x) {
        input = x;
        MatrixKernels.gemm(device, precision, x, weight.value(), output, bias.value(), rows, out, in, false, true,
            relu ? MatrixKernels.RELU : 0);
        return output;
    }

    @Override
    public Buffer backward(Buffer gradient, boolean needed) {
        if (relu) {
            device.launch("relu_backward", Launch.elements((long) trained * out), gradient, output, gradient, trained * out);
        }
        MatrixKernels.gemm(device, precision, gradient, input, weight.gradient(), null, out, in, trained, true, false, 0);
        device.launch("column_sum", Launch.rows((out + 15) / 16), gradient, bias.gradient(), trained, out);
        if (!needed) {
            return null;
        }
        MatrixKernels.gemm(device, precision, gradient, weight.value(), inputGradient, null, trained, in, out, false, false, 0);
        return inputGradient;
    }

    @Override
    public void close() {
        output.close();
        inputGradient.close();
    }
}
