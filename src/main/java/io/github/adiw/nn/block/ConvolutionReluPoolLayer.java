package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameter;
import java.util.List;

/**
 * Convolution, ReLU and 2 x 2 max-pool in one: the convolution's output is never in memory, and the backward pass visits only the positions
 * that the pool chose. The convolution's output must have an even height and width.
 *
 * @param convolution the first of the three
 */
record ConvolutionReluPoolLayer(ConvolutionLayer convolution) implements Layer {
    @Override
    public Shape output(Shape input) {
        Shape before = convolution.output(input);
        return new Shape(before.channels(), before.height() / 2, before.width() / 2);
    }

    @Override
    public List<Declaration> needs(Shape input) {
        return convolution.needs(input);
    }

    @Override
    public Operation bind(Site site) {
        return new Bound(site);
    }

    private final class Bound implements Operation {
        private final Site site;
        private final Device device;
        private final Convolution forward;
        private final Convolution backward;
        private final Parameter weights;
        private final Buffer biases;
        private final Buffer biasGradients;
        private final Buffer choice;
        private final Scratch partials;

        Bound(Site site) {
            this.site = site;
            device = site.device();
            forward = convolution.sizes(site.rows(), site.shape());
            backward = forward.withBatch(Math.max(1, site.trained()));
            weights = site.parameter(convolution.name() + ".weight");
            Parameter b = convolution.bias() ? site.parameter(convolution.name() + ".bias") : null;
            biases = b == null ? null : b.value();
            biasGradients = b == null ? null : b.gradient();
            choice = site.allocate(ElementType.UINT8, (long) site.rows() * output(site.shape()).size());
            partials = site.scratch(site.trained() == 0 ? 0 : MatrixKernels.pooledPartials(device, backward));
        }

        @Override
        public void forward(Mode mode) {
            MatrixKernels.conv2dReluPoolForward(device, site.precision(), forward, site.input(), weights.value(),
                biases, site.output(), choice);
        }

        @Override
        public void backward() {
            Buffer gradient = site.outputGradient();
            MatrixKernels.conv2dReluPoolBackwardWeights(device, site.precision(), backward, site.input(), gradient, choice,
                partials.buffer(), weights.gradient(), biasGradients);
            if (site.inputGradient() != null) {
                MatrixKernels.conv2dReluPoolBackwardData(device, site.precision(), backward, gradient, choice, weights.value(),
                    site.inputGradient());
            }
        }
    }
}
