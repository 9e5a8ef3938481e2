package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** y = max(0, x), element by element. */
final class ReluLayer implements Layer {
    private final Device device;
    private final int size, trained;
    private final Buffer output;

    /** @param rowSize elements of a row */
    ReluLayer(Device device, int rows, int trainedRows, int rowSize) {
        this.device = device;
        this.size = rows * rowSize;
        this.trained = trainedRows * rowSize;
        this.output = device.allocate(ElementType.FLOAT32, size);
    }

    @Override
    public Buffer forward(Buffer x) {
        device.launch("relu_forward", Launch.elements(size), x, output, size);
        return output;
    }

    @Override
    public Buffer backward(Buffer gradient, boolean needed) {
        device.launch("relu_backward", Launch.elements(trained), gradient, output, gradient, trained);
        return gradient;
    }

    @Override
    public void close() {
        output.close();
    }
}
