package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameter;
import java.util.List;

/**
 * 2-D convolution; W {@code [filters, channels, kernel, kernel]}, b {@code [filters]}.
 *
 * @param name    of its parameters: {@code name.weight}, {@code name.bias}
 * @param filters output channels
 * @param kernel  side of the window
 * @param stride  step of the window
 * @param padding zeros on each side
 * @param bias    whether there is b
 * @param start   what W and b are before training
 * @param relu    whether ReLU follows in the same launch
 */
public record ConvolutionLayer(String name, int filters, int kernel, int stride, int padding, boolean bias, Start start, boolean relu)
    implements
        Layer {
    /** What the parameters are before training. */
    public enum Start {
        /** PyTorch's default: {@link Initial#uniform} by the inputs of an output. */
        UNIFORM,
        /** {@link Initial#normal} by the outputs of an input, as residual networks have it. */
        NORMAL
    }

    /** From PyTorch's default values, without ReLU. */
    public ConvolutionLayer(String name, int filters, int kernel, int stride, int padding, boolean bias) {
        this(name, filters, kernel, stride, padding, bias, Start.UNIFORM, false);
    }

    /** One that a batch normalisation follows: without a bias, from He's normal distribution. */
    public static ConvolutionLayer beforeNorm(String name, int filters, int kernel, int stride, int padding) {
        return new ConvolutionLayer(name, filters, kernel, stride, padding, false, Start.NORMAL, false);
    }

    ConvolutionLayer withRelu() {
        return new ConvolutionLayer(name, filters, kernel, stride, padding, bias, start, true);
    }

    Convolution sizes(int rows, Shape input) {
        return new Convolution(rows, input.channels(), input.height(), input.width(), filters, kernel, stride, padding);
    }

    @Override
    public Shape output(Shape input) {
        Convolution sizes = sizes(1, input);
        return new Shape(filters, sizes.outputHeight(), sizes.outputWidth());
    }

    @Override
    public List<Declaration> needs(Shape input) {
        Initial initial = start == Start.UNIFORM ? Initial.uniform(input.channels() * kernel * kernel)
            : Initial.normal(filters * kernel * kernel);
        Declaration weight = Declaration.weight(name + ".weight", initial, filters, input.channels(), kernel, kernel);
        return bias ? List.of(weight, Declaration.undecayed(name + ".bias", initial, filters)) : List.of(weight);
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
        private final MaskedGradient masked;
        private final Scratch partials;

        Bound(Site site) {
            this.site = site;
            device = site.device();
            forward = sizes(site.rows(), site.shape());
            backward = forward.withBatch(Math.max(1, site.trained()));
            weights = site.parameter(name + ".weight");
            Parameter b = bias ? site.parameter(name + ".bias") : null;
            biases = b == null ? null : b.value();
            biasGradients = b == null ? null : b.gradient();
            masked = relu ? new MaskedGradient(site, output(site.shape()).size()) : null;
            partials = site.scratch(site.trained() == 0 ? 0 : MatrixKernels.partials(device, backward));
        }

        @Override
        public void forward(Mode mode) {
            MatrixKernels.conv2dForward(device, site.precision(), forward, site.input(), weights.value(), biases,
                site.output(), relu);
        }

        @Override
        public void backward() {
            Buffer gradient = masked != null ? masked.of(site.outputGradient()) : site.outputGradient();
            MatrixKernels.conv2dBackwardWeights(device, site.precision(), backward, site.input(), gradient, partials.buffer(),
                weights.gradient(), biasGradients);
            if (site.inputGradient() != null) {
                MatrixKernels.conv2dBackwardData(device, site.precision(), backward, gradient, weights.value(), site.inputGradient());
            }
        }
    }
}
