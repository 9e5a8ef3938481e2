package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;

/** Maximum over 2 x 2 windows, stride 2; a last odd row or column is left out. */
public record MaxPoolLayer() implements Layer {
    @Override
    public Shape output(Shape input) {
        return new Shape(input.channels(), input.height() / 2, input.width() / 2);
    }

    @Override
    public Operation bind(Site site) {
        Shape in = site.shape();
        int planes = Math.multiplyExact(site.rows(), in.channels());
        int trainedPlanes = site.trained() * in.channels();
        int window = in.height() / 2 * (in.width() / 2);
        Buffer choice = site.allocate(ElementType.UINT8, (long) planes * window);
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                site.device().launch("max_pool_forward", Launch.elements((long) planes * window), site.input(), site.output(), choice,
                    planes, in.height(), in.width());
            }

            @Override
            public void backward() {
                site.device().zero(site.inputGradient());
                site.device().launch("max_pool_backward", Launch.elements((long) trainedPlanes * window), site.outputGradient(), choice,
                    site.inputGradient(), trainedPlanes, in.height(), in.width());
            }
        };
    }
}
