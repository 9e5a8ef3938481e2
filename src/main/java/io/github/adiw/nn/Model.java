package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import java.util.ArrayList;
import java.util.List;

/**
 * A network, as a list of what its layers do: from it come the {@link Parameters} and any number of {@link ModelInstance}s
 * that share them.
 *
 * @param name     as on the command line
 * @param channels of the input
 * @param height   of the input
 * @param width    of the input
 * @param classes  of the output
 * @param stages   the layers in order; the last gives the logits
 */
public record Model(String name, int channels, int height, int width, int classes, List<Stage> stages) {
    /** What one layer does. */
    public sealed interface Stage { }

    /** Convolution with bias. */
    public record Conv(String name, int filters, int kernel, int stride, int padding) implements Stage { }

    /** max(0, x). */
    public record Relu() implements Stage { }

    /** Maximum over 2 x 2 windows of stride 2. */
    public record MaxPool() implements Stage { }

    /** Fully connected, with bias; flattens what it is given. */
    public record Linear(String name, int outputs) implements Stage { }

    /** The networks that {@link #parse} knows. */
    public static final List<String> KNOWN = List.of("lenet", "mlp:WIDTH,WIDTH,...");

    /**
     * Reads {@code lenet} or {@code mlp:W1,W2,...} (hidden widths, each at least 1).
     *
     * @throws UsageException if the text is neither, or LeNet's windows do not fit the images
     */
    public static Model parse(String text, int channels, int height, int width, int classes) {
        if (text.equals("lenet")) {
            if (height % 4 != 0 || width % 4 != 0 || height < 16 || width < 16) {
                throw new UsageException("lenet needs images of at least 16 x 16 whose sides are multiples of 4, not "
                    + height + " x " + width + ": use mlp:256,128");
            }
            return new Model(text, channels, height, width, classes, List.of(
                new Conv("conv1", 6, 5, 1, 2), new Relu(), new MaxPool(), new Conv("conv2", 16, 5, 1, 0), new Relu(), new MaxPool(),
                new Linear("fc1", 120), new Relu(), new Linear("fc2", 84), new Relu(), new Linear("fc3", classes)));
        }
        if (text.startsWith("mlp:")) {
            List<Stage> stages = new ArrayList<>();
            for (String part : text.substring(4).split(",", -1)) {
                stages.add(new Linear("fc" + (stages.size() / 2 + 1), width(text, part)));
                stages.add(new Relu());
            }
            stages.add(new Linear("fc" + (stages.size() / 2 + 1), classes));
            return new Model(text, channels, height, width, classes, List.copyOf(stages));
        }
        throw new UsageException("--model " + text + " is not known: give " + String.join(" or ", KNOWN) + ", such as mlp:256,128");
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
        return new UsageException("--model " + text + ": the width \"" + part + "\" must be a whole number from 1 to 65536, as in mlp:256,128");
    }

    /** Memory for the parameters, all zero. */
    public Parameters parameters(Device device) {
        List<Parameters.Declaration> declarations = new ArrayList<>();
        Shape shape = input();
        for (Stage stage : stages) {
            if (stage instanceof Conv c) {
                int fanIn = shape.channels * c.kernel * c.kernel;
                declarations.add(new Parameters.Declaration(c.name + ".weight", new int[] {c.filters, shape.channels, c.kernel, c.kernel}, fanIn));
                declarations.add(new Parameters.Declaration(c.name + ".bias", new int[] {c.filters}, fanIn));
            } else if (stage instanceof Linear l) {
                declarations.add(new Parameters.Declaration(l.name + ".weight", new int[] {l.outputs, shape.size()}, shape.size()));
                declarations.add(new Parameters.Declaration(l.name + ".bias", new int[] {l.outputs}, shape.size()));
            }
            shape = shape.after(stage);
        }
        return new Parameters(device, declarations);
    }

    /**
     * An instance: memory for the activations of a fixed number of rows.
     *
     * @param parameters from {@link #parameters}, on the same device
     * @param trained    rows of the batch that are trained on, at least 0; they come first
     * @param extra      further rows of the forward pass, at least 0
     * @throws IllegalArgumentException if there is no row at all
     */
    public ModelInstance instance(Device device, Parameters parameters, int trained, int extra, Precision precision) {
        return new ModelInstance(this, device, parameters, trained, extra, precision, true);
    }

    /** Elements of a row of {@link ModelInstance#features}. */
    public int features() {
        Shape shape = input();
        for (Stage stage : stages.subList(0, stages.size() - 1)) {
            shape = shape.after(stage);
        }
        return shape.size();
    }

    Shape input() {
        return new Shape(channels, height, width);
    }

    /** Shape of one row between two layers. */
    record Shape(int channels, int height, int width) {
        int size() {
            return channels * height * width;
        }

        Shape after(Stage stage) {
            if (stage instanceof Conv c) {
                Convolution s = new Convolution(1, channels, height, width, c.filters, c.kernel, c.stride, c.padding);
                return new Shape(c.filters, s.outputHeight(), s.outputWidth());
            }
            if (stage instanceof MaxPool) {
                return new Shape(channels, height / 2, width / 2);
            }
            return stage instanceof Linear l ? new Shape(l.outputs, 1, 1) : this;
        }
    }
}
