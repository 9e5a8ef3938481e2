package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;

/**
 * The sum of two inputs, element by element.
 *
 * @param relu whether ReLU follows in the same launch
 */
record SumLayer(boolean relu) implements Layer {
    /** Without ReLU. */
    SumLayer() {
        this(false);
    }

    SumLayer withRelu() {
        return new SumLayer(true);
    }

    @Override
    public Shape output(Shape input) {
        return input;
    }

    @Override
    public boolean passesGradient() {
        return !relu;
    }

    @Override
    public boolean sharesGradient() {
        return true;
    }

    @Override
    public Operation bind(Site site) {
        int n = Math.multiplyExact(site.rows(), site.shape().size());
        int trained = site.trained() * site.shape().size();
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                site.device().launch(relu ? "add_relu" : "add", Launch.elements(n), site.input(0), site.input(1), site.output(), n);
            }

            @Override
            public void backward() {
                if (relu) {
                    Buffer shared = site.inputGradient(0) != null ? site.inputGradient(0) : site.inputGradient(1);
                    site.device().launch("relu_backward", Launch.elements(trained), site.outputGradient(), site.output(), shared, trained);
                }       // else it is passed on
            }
        };
    }
}
