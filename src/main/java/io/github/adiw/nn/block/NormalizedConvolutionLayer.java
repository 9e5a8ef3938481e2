package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * A convolution and the batch normalisation behind it, in evaluation: the running statistics scale filters and move biases, so that the two
 * are one convolution. The folded filters are made anew in every pass, since training moves what they are made of; they are few beside the
 * values that then need not be read and written once more.
 *
 * @param convolution the first of the two, with the ReLU that may follow both
 * @param norm        the second, without a ReLU
 */
record NormalizedConvolutionLayer(ConvolutionLayer convolution, BatchNormLayer norm) implements Layer {
    NormalizedConvolutionLayer withRelu() {
        return new NormalizedConvolutionLayer(convolution.withRelu(), norm);
    }

    @Override
    public Shape output(Shape input) {
        return convolution.output(input);
    }

    @Override
    public List<Declaration> needs(Shape input) {
        List<Declaration> needs = new ArrayList<>(convolution.needs(input));
        needs.addAll(norm.needs(output(input)));
        return needs;
    }

    /** @throws IllegalStateException if rows are trained on: in training, the statistics are those of the convolution's output */
    @Override
    public Operation bind(Site site) {
        if (site.trained() > 0) {
            throw new IllegalStateException("a convolution with a folded batch normalisation cannot be trained");
        }
        return new Bound(site);
    }

    private final class Bound implements Operation {
        private final Site site;
        private final Device device;
        private final Convolution sizes;
        private final Buffer weights;
        private final Buffer biases;
        private final Buffer folded;
        private final Buffer shift;
        private final Parameter scale;
        private final Parameter offset;
        private final Parameter mean;
        private final Parameter variance;

        Bound(Site site) {
            this.site = site;
            device = site.device();
            sizes = convolution.sizes(site.rows(), site.shape());
            weights = site.parameter(convolution.name() + ".weight").value();
            biases = convolution.bias() ? site.parameter(convolution.name() + ".bias").value() : null;
            folded = site.allocate(ElementType.FLOAT32, sizes.weights());
            shift = site.allocate(ElementType.FLOAT32, sizes.filters());
            scale = site.parameter(norm.name() + ".weight");
            offset = site.parameter(norm.name() + ".bias");
            mean = site.parameter(norm.name() + ".running_mean");
            variance = site.parameter(norm.name() + ".running_var");
        }

        @Override
        public void forward(Mode mode) {
            device.launch("fold_batch_norm", Launch.rows(sizes.filters()), weights, biases, mean.value(), variance.value(), scale.value(),
                offset.value(), folded, shift, sizes.weights() / sizes.filters(), BatchNormLayer.EPSILON);
            MatrixKernels.conv2dForward(device, site.precision(), sizes, site.input(), folded, shift, site.output(), convolution.relu());
        }

        @Override
        public void backward() {
            throw new IllegalStateException("a convolution with a folded batch normalisation has no backward pass");
        }
    }
}
