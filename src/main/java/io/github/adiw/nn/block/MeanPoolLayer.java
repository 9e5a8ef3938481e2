package io.github.adiw.nn.block;

import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;

/** The mean of every channel over all its pixels. */
public record MeanPoolLayer() implements Layer {
    @Override
    public Shape output(Shape input) {
        return new Shape(input.channels(), 1, 1);
    }

    @Override
    public Operation bind(Site site) {
        Shape in = site.shape();
        int pixels = in.height() * in.width();
        int planes = Math.multiplyExact(site.rows(), in.channels());
        int trainedPlanes = site.trained() * in.channels();
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                site.device().launch("mean_pool_forward", Launch.rows(planes), site.input(), site.output(), pixels);
            }

            @Override
            public void backward() {
                site.device().launch("mean_pool_backward", Launch.rows(trainedPlanes), site.outputGradient(), site.inputGradient(), pixels);
            }
        };
    }
}
