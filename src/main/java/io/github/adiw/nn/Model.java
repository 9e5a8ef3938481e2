package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import io.github.adiw.nn.block.Block;
import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.Sequence;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Wiring;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A network without memory: from it come the {@link Parameters} and any number of {@link ModelInstance}s that share them. */
public final class Model {
    /** The networks that {@link #parse} knows, as messages list them. */
    public static final List<String> KNOWN = List.of("lenet", "mlp:WIDTH,WIDTH,...", "resnet20", "resnet32", "resnet44", "resnet56",
        "resnet18", "resnet34", "resnet50");

    /** Of a perceptron: far above what trains without further help, and far below what a graph of layers could not hold. */
    private static final int MOST_HIDDEN = 1000;

    private final String name;
    private final Wiring network;

    /**
     * @param input shape of a row
     * @param block makes the logits of it
     */
    Model(String name, Shape input, Block block) {
        this.name = name;
        network = Wiring.of(input, block);
    }

    /** The layers of a network, for rows of a shape. */
    @FunctionalInterface
    private interface Architecture {
        /** @throws UsageException if it cannot take such rows */
        Block block(Shape input, int classes);
    }

    /**
     * Reads {@code lenet}; {@code mlp:W1,W2,...} (hidden widths, each at least 1); {@code resnet20}, {@code resnet32}, {@code resnet44} or
     * {@code resnet56}, for small images; {@code resnet18}, {@code resnet34} or {@code resnet50}, with torchvision's parameters.
     *
     * @throws UsageException if the text is none of them, or the images are too small for it
     */
    public static Model parse(String text, int channels, int height, int width, int classes) {
        Shape input = new Shape(channels, height, width);
        return new Model(text, input, architecture(text).block(input, classes));
    }

    /**
     * Refuses what {@link #parse} refuses whatever the rows are, before there are any.
     *
     * @throws UsageException if the text names no network
     */
    public static void check(String text) {
        architecture(text);
    }

    /** What a name stands for; {@link #KNOWN} lists the same. */
    private static Architecture architecture(String text) {
        switch (text) {
            case "lenet" -> {
                return Model::lenet;
            }
            case "resnet20", "resnet32", "resnet44", "resnet56" -> {
                int blocks = (Integer.parseInt(text.substring("resnet".length())) - 2) / 6;
                return (input, classes) -> ResidualNetworks.small(blocks, input, classes);
            }
            case "resnet18" -> {
                return (input, classes) -> ResidualNetworks.large(text, false, List.of(2, 2, 2, 2), input, classes);
            }
            case "resnet34" -> {
                return (input, classes) -> ResidualNetworks.large(text, false, List.of(3, 4, 6, 3), input, classes);
            }
            case "resnet50" -> {
                return (input, classes) -> ResidualNetworks.large(text, true, List.of(3, 4, 6, 3), input, classes);
            }
            default -> {}
        }
        if (text.startsWith("mlp:")) {
            String[] parts = text.substring("mlp:".length()).split(",", -1);
            if (parts.length > MOST_HIDDEN) {
                throw UsageException.of("model", "model mlp has " + parts.length + " hidden layers, and at most " + MOST_HIDDEN
                    + " are possible: give fewer widths, as in mlp:256,128");
            }
            List<Integer> widths = Arrays.stream(parts).map(part -> width(text, part)).toList();
            return (input, classes) -> perceptron(widths, classes);
        }
        throw UsageException.of("model", "model " + text + " is not known: give one of " + String.join(" or ", KNOWN)
            + ", such as mlp:256,128");
    }

    /** LeNet-5 (LeCun et al. 1998) with ReLU and max-pool. */
    private static Block lenet(Shape input, int classes) {
        if (input.height() < 12 || input.width() < 12) {
            throw UsageException.of("model", "model lenet needs images of at least 12 x 12, not " + input.height() + " x " + input.width()
                + ": use mlp:256,128");
        }
        return Sequence.of(
            new ConvolutionLayer("conv1", 6, 5, 1, 2, true), new ReluLayer(), new MaxPoolLayer(),
            new ConvolutionLayer("conv2", 16, 5, 1, 0, true), new ReluLayer(), new MaxPoolLayer(),
            new LinearLayer("fc1", 120, true), new ReluLayer(), new LinearLayer("fc2", 84, true), new ReluLayer(),
            new LinearLayer("fc3", classes, true));
    }

    private static Block perceptron(List<Integer> widths, int classes) {
        List<Block> blocks = new ArrayList<>();
        int layer = 1;
        for (int width : widths) {
            blocks.add(new LinearLayer("fc" + layer, width, true));
            blocks.add(new ReluLayer());
            layer++;
        }
        blocks.add(new LinearLayer("fc" + layer, classes, true));
        return new Sequence(blocks);
    }

    private static int width(String text, String part) {
        try {
            int value = Integer.parseInt(part);
            if (value >= 1 && value <= 1 << 16) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw badWidth(text, part);
        }
        throw badWidth(text, part);
    }

    private static UsageException badWidth(String text, String part) {
        return UsageException.of("model", "model " + text + ": the width \"" + part
            + "\" must be a whole number from 1 to 65536, as in mlp:256,128");
    }

    /** As on the command line. */
    public String name() {
        return name;
    }

    /** Channels of the input. */
    public int channels() {
        return network.input().shape().channels();
    }

    /** Height of the input. */
    public int height() {
        return network.input().shape().height();
    }

    /** Width of the input. */
    public int width() {
        return network.input().shape().width();
    }

    /** Logits of a row. */
    public int classes() {
        return network.output().shape().size();
    }

    /** Elements of a row of {@link ModelInstance#features}. */
    public int features() {
        return network.features().shape().size();
    }

    /** Whether a forward pass in evaluation differs from one in training, as with batch normalisation. */
    public boolean dependsOnMode() {
        return network.dependsOnMode();
    }

    /** Memory for the parameters, all zero. */
    public Parameters parameters(Device device) {
        return Parameters.allocate(UsageException.given("device", device), network.needs());
    }

    /**
     * An instance: memory for the activations of a fixed number of rows.
     *
     * @param parameters from {@link #parameters}, on the same device
     * @param trained    rows of the batch that are trained on, at least 0; they come first
     * @param untrained  further rows of the forward pass, at least 0
     * @throws IllegalArgumentException if there is no row at all, or the parameters are another model's or device's
     */
    public ModelInstance instance(Device device, Parameters parameters, int trained, int untrained, Precision precision) {
        UsageException.given("device", device);
        UsageException.given("precision", precision);
        UsageException.given("parameters", parameters).requireOf(device, name, network.needs());
        return new ModelInstance(this, fused(device, trained, precision), device, parameters, trained, untrained, precision);
    }

    /** The layers, one by one. */
    Wiring network() {
        return network;
    }

    /** As few layers as do the same and leave the features there, and on devices that gain by it whole networks as one. */
    Wiring fused(Device device, int trained, Precision precision) {
        Wiring layers = trained == 0 ? network.evaluated(network.features()) : fused();
        return device.prefersFewLaunches() && precision == Precision.FP32 ? layers.whole(trained, network.features()) : layers;
    }

    /** Layer by layer, as few as do the same and leave the features there. */
    Wiring fused() {
        return network.fused(network.features());
    }

    @Override
    public String toString() {
        return name;
    }
}
