package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** Maximum over 2 x 2 windows, stride 2. */
final class MaxPoolLayer implements Layer {
    private final Device device;
    private final int planes, trainedPlanes, height, width;
    private final Buffer output, choice, inputGradient;

    MaxPoolLayer(Device device, int rows, int trainedRows, int channels, int height, int width) {
        this.device = device;
        this.planes = rows * channels;
        this.trainedPlanes = trainedRows * channels;
        this.height = height;
        this.width = width;
        long pooled = (long) planes * (height / 2) * (width / 2);
        this.output = device.allocate(ElementType.FLOAT32, pooled);
        this.choice = device.allocate(ElementType.UINT8, pooled);
        this.inputGradient = device.allocate(ElementType.FLOAT32, (long) trainedPlanes * height * width);
    }

    @Override
    public Buffer forward(Buffer x) {
        device.launch("max_pool_forward", Launch.elements(output.length()), x, output, choice, planes, height, width);
        return output;
    }

    @Override
    public Buffer backward(Buffer gradient, boolean needed) {
        device.zero(inputGradient);
        device.launch("max_pool_backward", Launch.elements((long) trainedPlanes * (height / 2) * (width / 2)), gradient, choice,
            inputGradient, trainedPlanes, height, width);
        return inputGradient;
    }

    @Override
    public void close() {
        output.close();
        choice.close();
        inputGradient.close();
    }
}
