package io.github.adiw.nn.block;

import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;

/** y = max(0, x), element by element. */
public record ReluLayer() implements Layer {
    @Override
    public Shape output(Shape input) {
        return input;
    }

    @Override
    public Operation bind(Site site) {
        int all = Math.multiplyExact(site.rows(), site.shape().size());
        int trained = site.trained() * site.shape().size();
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                site.device().launch("relu_forward", Launch.elements(all), site.input(), site.output(), all);
            }

            @Override
            public void backward() {
                site.device().launch("relu_backward", Launch.elements(trained), site.outputGradient(), site.output(),
                    site.inputGradient(), trained);
            }
        };
    }
}
