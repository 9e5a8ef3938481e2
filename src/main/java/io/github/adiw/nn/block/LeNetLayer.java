package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameter;
import java.util.List;
import java.util.stream.Stream;

/**
 * LeNet on images {@code [1, 28, 28]} as one layer, two launches forward and three backward ({@code kernels/lenet.cu}), in exact single
 * precision. Besides the logits it makes what the last linear layer is given, which is its inner value.
 *
 * @param conv1 6 filters of 5 x 5, padding 2; ReLU and pool follow
 * @param conv2 16 filters of 5 x 5; ReLU and pool follow
 * @param fc1   120 outputs; ReLU follows
 * @param fc2   84 outputs; ReLU follows
 * @param fc3   the logits, at most {@value #MOST_CLASSES}
 */
record LeNetLayer(ConvolutionLayer conv1, ConvolutionLayer conv2, LinearLayer fc1, LinearLayer fc2, LinearLayer fc3) implements Layer {
    private static final Shape IMAGE = new Shape(1, 28, 28);
    // The sizes of kernels/lenet.cu.
    private static final int POOLED1 = 6 * 14 * 14;
    private static final int POOLED2 = 16 * 5 * 5;
    private static final int HIDDEN1 = 120;
    private static final int HIDDEN2 = 84;
    private static final int MOST_CLASSES = HIDDEN1;
    private static final int PARTIAL = 6 * 25 + 6 + 16 * 6 * 25 + 16;
    private static final int FORWARD_ROWS = 4;
    private static final int BACKWARD_ROWS = 2;
    private static final int COLUMNS = 32;
    private static final int TILE_ROWS = 4;
    private static final int TILE_COLUMNS = 128;

    /** Whether partial sums of so many rows, a row's for itself, are few enough to be kept. */
    static boolean fits(int trained) {
        return (long) trained * PARTIAL <= MatrixKernels.MOST_PARTIALS;
    }

    /** The layer that does what these do one after the other on rows of a shape; null if they are not LeNet's. */
    static LeNetLayer of(Shape input, List<Layer> layers) {
        if (!input.equals(IMAGE) || layers.size() != 5 || !(layers.get(0) instanceof ConvolutionReluPoolLayer first)
            || !(layers.get(1) instanceof ConvolutionReluPoolLayer second) || !(layers.get(2) instanceof LinearLayer fc1)
            || !(layers.get(3) instanceof LinearLayer fc2) || !(layers.get(4) instanceof LinearLayer fc3)) {
            return null;
        }
        return is(first.convolution(), 6, 2) && is(second.convolution(), 16, 0) && is(fc1, HIDDEN1, true) && is(fc2, HIDDEN2, true)
            && fc3.outputs() <= MOST_CLASSES && is(fc3, fc3.outputs(), false)
                ? new LeNetLayer(first.convolution(), second.convolution(), fc1, fc2, fc3) : null;
    }

    private static boolean is(ConvolutionLayer layer, int filters, int padding) {
        return layer.filters() == filters && layer.kernel() == 5 && layer.stride() == 1 && layer.padding() == padding && layer.bias();
    }

    private static boolean is(LinearLayer layer, int outputs, boolean relu) {
        return layer.outputs() == outputs && layer.bias() && layer.relu() == relu;
    }

    @Override
    public Shape output(Shape input) {
        return new Shape(fc3.outputs(), 1, 1);
    }

    @Override
    public List<Declaration> needs(Shape input) {
        return Stream.of(conv1.needs(input), conv2.needs(new Shape(6, 14, 14)), fc1.needs(new Shape(16, 5, 5)),
            fc2.needs(new Shape(HIDDEN1, 1, 1)), fc3.needs(new Shape(HIDDEN2, 1, 1))).flatMap(List::stream).toList();
    }

    @Override
    public Operation bind(Site site) {
        return new Bound(site);
    }

    private final class Bound implements Operation {
        private final Site site;
        private final Device device;
        private final int rows;
        private final int trained;
        private final int classes;
        private final Affine first, second, third, fourth, fifth;
        private final Buffer a1, a2, h1, choice1, choice2;
        private final Scratch da2, dz1, dz2, partials;
        /** Where neither the loss nor its gradient is this layer's to make. */
        private final Loss none = new Loss(null, null, 0, null, null, null, null);

        Bound(Site site) {
            this.site = site;
            device = site.device();
            rows = site.rows();
            trained = site.trained();
            classes = fc3.outputs();
            first = new Affine(site, conv1.name());
            second = new Affine(site, conv2.name());
            third = new Affine(site, fc1.name());
            fourth = new Affine(site, fc2.name());
            fifth = new Affine(site, fc3.name());
            a1 = site.allocate(ElementType.FLOAT32, (long) trained * POOLED1);
            choice1 = site.allocate(ElementType.UINT8, (long) trained * POOLED1);
            a2 = site.allocate(ElementType.FLOAT32, (long) rows * POOLED2);
            choice2 = site.allocate(ElementType.UINT8, (long) trained * POOLED2);
            h1 = site.allocate(ElementType.FLOAT32, (long) trained * HIDDEN1);
            da2 = site.scratch((long) trained * POOLED2);
            dz1 = site.scratch((long) trained * HIDDEN1);
            dz2 = site.scratch((long) trained * HIDDEN2);
            partials = site.scratch((long) trained * PARTIAL);
        }

        @Override
        public void forward(Mode mode) {
            forward(mode, none);
        }

        @Override
        public boolean forward(Mode mode, Loss loss) {
            device.launch("lenet_convolutions", Launch.rows(rows), site.input(), first.weight(), first.bias(), second.weight(),
                second.bias(), a1, choice1, a2, choice2, trained);
            device.launch("lenet_linear", Launch.rows(parts(rows, FORWARD_ROWS)), a2, third.weight(), third.bias(), fourth.weight(),
                fourth.bias(), fifth.weight(), fifth.bias(), h1, site.inner(0), site.output(), rows, trained, classes,
                loss.labels(), loss.weights(), loss.scale(), loss.losses(), loss.correct(), loss.probabilities(), loss.gradient());
            return true;
        }

        @Override
        public void backward() {
            beforeGradients(none);
            device.launch("lenet_gradients", Launch.rows(blocks()), gradients().toArray());
        }

        @Override
        public boolean backward(Loss loss, Update update) {
            beforeGradients(loss == null ? none : loss);
            device.launch("lenet_" + update.kernel(), Launch.rows(blocks()),
                Stream.concat(gradients().stream(), update.arguments().stream()).toArray());
            return true;
        }

        private void beforeGradients(Loss loss) {
            device.launch("lenet_linear_backward", Launch.rows(parts(trained, BACKWARD_ROWS)), loss.probabilities(), loss.labels(),
                loss.weights(), loss.scale(), site.outputGradient(), third.weight(), fourth.weight(), fifth.weight(), h1, site.inner(0),
                dz2.buffer(), dz1.buffer(), da2.buffer(), trained, classes);
            device.launch("lenet_convolutions_backward", Launch.rows(trained), site.input(), a1, choice1, choice2, da2.buffer(),
                second.weight(), partials.buffer());
        }

        /** What the gradients are made of, and where they go. */
        private List<Object> gradients() {
            return List.of(partials.buffer(), a2, dz1.buffer(), h1, dz2.buffer(), site.inner(0), site.outputGradient(),
                first.weightGradient(), first.biasGradient(), second.weightGradient(), second.biasGradient(), third.weightGradient(),
                third.biasGradient(), fourth.weightGradient(), fourth.biasGradient(), fifth.weightGradient(), fifth.biasGradient(),
                trained, classes);
        }

        /** Of columns to be summed, then of tiles, as {@code lenet_gradients} counts them. */
        private int blocks() {
            return parts(PARTIAL, COLUMNS) + parts(HIDDEN1, COLUMNS) + parts(HIDDEN2, COLUMNS) + parts(classes, COLUMNS)
                + parts(HIDDEN1, TILE_ROWS) * parts(POOLED2, TILE_COLUMNS) + parts(HIDDEN2, TILE_ROWS) * parts(HIDDEN1, TILE_COLUMNS)
                + parts(classes, TILE_ROWS) * parts(HIDDEN2, TILE_COLUMNS);
        }
    }

    private static int parts(int n, int size) {
        return (n + size - 1) / size;
    }

    /** A layer's weights and biases. */
    private record Affine(Parameter weights, Parameter biases) {
        Affine(Site site, String name) {
            this(site.parameter(name + ".weight"), site.parameter(name + ".bias"));
        }

        Buffer weight() {
            return weights.value();
        }

        Buffer bias() {
            return biases.value();
        }

        Buffer weightGradient() {
            return weights.gradient();
        }

        Buffer biasGradient() {
            return biases.gradient();
        }
    }
}
