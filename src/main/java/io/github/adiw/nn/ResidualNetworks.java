package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.nn.block.BatchNormLayer;
import io.github.adiw.nn.block.Block;
import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.MeanPoolLayer;
import io.github.adiw.nn.block.PaddedShortcutLayer;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.ResidualSum;
import io.github.adiw.nn.block.Sequence;
import io.github.adiw.nn.block.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Residual networks (He et al., CVPR 2016): those of the article's section 4.2 for small images, and those for large ones as torchvision
 * has them, down to the names and shapes of the parameters. Convolutions have no bias and start from He's normal distribution.
 */
final class ResidualNetworks {
    private ResidualNetworks() {}

    /**
     * The network of 6 {@code blocks} + 2 layers for small images: a stem of 16 filters, and three stages of 16, 32 and 64 whose shortcuts
     * have no parameters (option A).
     *
     * @throws UsageException if the images are too small to be halved twice
     */
    static Block small(int blocks, Shape input, int classes) {
        String name = "resnet" + (6 * blocks + 2);
        requireSides(name, input, 3);
        List<Block> layers = new ArrayList<>(List.of(convolution("conv1", 16, 3, 1), new BatchNormLayer("bn1"), new ReluLayer()));
        for (int stage = 1; stage <= 3; stage++) {
            int filters = 8 << stage;
            for (int i = 0; i < blocks; i++) {
                int stride = i == 0 && stage > 1 ? 2 : 1;
                Block shortcut = stride == 1 ? Sequence.of() : new PaddedShortcutLayer(filters, stride);
                layers.add(new ResidualSum(basic("layer" + stage + "." + i, filters, stride), shortcut));
                layers.add(new ReluLayer());
            }
        }
        layers.add(new MeanPoolLayer());
        layers.add(new LinearLayer("fc", classes, true));
        return new Sequence(layers);
    }

    /**
     * torchvision's: a stem of 7 x 7 windows and a max-pool, then four stages.
     *
     * @param name       for messages
     * @param bottleneck whether a block is 1 x 1, 3 x 3 (which has the stride) and 1 x 1 convolutions, the last with four times the
     *                   filters; else two of 3 x 3
     * @param blocks     of each stage
     * @throws UsageException if the images are too small to be halved five times
     */
    static Block large(String name, boolean bottleneck, List<Integer> blocks, Shape input, int classes) {
        requireSides(name, input, 17);
        List<Block> layers = new ArrayList<>(List.of(convolution("conv1", 64, 7, 2), new BatchNormLayer("bn1"), new ReluLayer(),
            new MaxPoolLayer(3, 2, 1)));
        int channels = 64;
        for (int stage = 1; stage <= 4; stage++) {
            int width = 32 << stage;
            int filters = bottleneck ? 4 * width : width;
            for (int i = 0; i < blocks.get(stage - 1); i++) {
                String at = "layer" + stage + "." + i;
                int stride = i == 0 && stage > 1 ? 2 : 1;
                Block shortcut = stride == 1 && channels == filters ? Sequence.of()
                    : Sequence.of(convolution(at + ".downsample.0", filters, 1, stride), new BatchNormLayer(at + ".downsample.1"));
                layers.add(new ResidualSum(bottleneck ? bottleneck(at, width, stride) : basic(at, width, stride), shortcut));
                layers.add(new ReluLayer());
                channels = filters;
            }
        }
        layers.add(new MeanPoolLayer());
        layers.add(new LinearLayer("fc", classes, true));
        return new Sequence(layers);
    }

    private static Block basic(String at, int filters, int stride) {
        return Sequence.of(convolution(at + ".conv1", filters, 3, stride), new BatchNormLayer(at + ".bn1"), new ReluLayer(),
            convolution(at + ".conv2", filters, 3, 1), new BatchNormLayer(at + ".bn2"));
    }

    private static Block bottleneck(String at, int width, int stride) {
        return Sequence.of(convolution(at + ".conv1", width, 1, 1), new BatchNormLayer(at + ".bn1"), new ReluLayer(),
            convolution(at + ".conv2", width, 3, stride), new BatchNormLayer(at + ".bn2"), new ReluLayer(),
            convolution(at + ".conv3", 4 * width, 1, 1), new BatchNormLayer(at + ".bn3"));
    }

    /** Padded so that stride 1 keeps the size. */
    private static ConvolutionLayer convolution(String name, int filters, int kernel, int stride) {
        return ConvolutionLayer.beforeNorm(name, filters, kernel, stride, kernel / 2);
    }

    private static void requireSides(String name, Shape input, int least) {
        if (input.height() < least || input.width() < least) {
            throw UsageException.of("model", "model " + name + " needs images of at least " + least + " x " + least + ", not "
                + input.height() + " x " + input.width() + ", of which its strides would leave nothing to halve: use mlp:256,128");
        }
    }
}
