package io.github.adiw.nn;

import io.github.adiw.nn.block.BatchNormLayer;
import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.Layer;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.MeanPoolLayer;
import io.github.adiw.nn.block.Node;
import io.github.adiw.nn.block.PaddedShortcutLayer;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** A network in training, written down as plainly as possible and in double precision: what the kernels are compared with. */
final class DoubleNetwork {
    private static final double H = 1e-6;
    private final Model model;
    private final Map<String, double[]> parameters = new HashMap<>();

    DoubleNetwork(Model model, Parameters values) {
        this.model = model;
        for (Parameter p : values.list()) {
            if (p.trainable()) {
                parameters.put(p.name(), doubles(p.value().toFloats()));
            }
        }
    }

    private static double[] doubles(float[] floats) {
        double[] doubles = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            doubles[i] = floats[i];
        }
        return doubles;
    }

    /** Central difference of a function of this network, by one of its parameters. */
    double slope(String name, int at, ToDoubleFunction<DoubleNetwork> function) {
        double[] values = parameters.get(name);
        double middle = values[at];
        values[at] = middle + H;
        double above = function.applyAsDouble(this);
        values[at] = middle - H;
        double below = function.applyAsDouble(this);
        values[at] = middle;
        return (above - below) / (2 * H);
    }

    /**
     * Softmax cross-entropy of images, in training.
     *
     * @param images  one after the other
     * @param labels  of these
     * @param trained how many of them, the first ones, make the statistics of batch normalisation
     */
    double[] losses(float[] images, int[] labels, int trained) {
        int size = model.network().input().shape().size();
        int rows = images.length / size;
        Map<Value, double[][]> values = new HashMap<>();
        double[][] input = new double[rows][];
        for (int i = 0; i < rows; i++) {
            input[i] = doubles(Arrays.copyOfRange(images, i * size, (i + 1) * size));
        }
        values.put(model.network().input(), input);
        for (Node node : model.network().nodes()) {
            double[][] x = values.get(node.inputs().get(0));
            double[][] y = new double[rows][];
            for (int i = 0; i < rows; i++) {
                y[i] = node.inputs().size() == 2 ? sum(x[i], values.get(node.inputs().get(1))[i])
                    : node.layer() instanceof BatchNormLayer ? x[i].clone() : apply(node, x[i]);
            }
            if (node.layer() instanceof BatchNormLayer norm) {
                normalise(norm, node.shape(), y, trained);
            }
            values.put(node.output(), y);
        }
        double[] losses = new double[rows];
        for (int i = 0; i < rows; i++) {
            double[] logits = values.get(model.network().output())[i];
            for (double logit : logits) {
                losses[i] += Math.exp(logit - logits[labels[i]]);
            }
            losses[i] = Math.log(losses[i]);
        }
        return losses;
    }

    private void normalise(BatchNormLayer norm, Shape shape, double[][] x, int trained) {
        int pixels = shape.height() * shape.width();
        for (int c = 0; c < shape.channels(); c++) {
            double mean = 0;
            double variance = 0;
            for (int at = c * pixels; at < (c + 1) * pixels; at++) {
                for (int i = 0; i < trained; i++) {
                    mean += x[i][at] / (trained * pixels);
                }
            }
            for (int at = c * pixels; at < (c + 1) * pixels; at++) {
                for (int i = 0; i < trained; i++) {
                    variance += (x[i][at] - mean) * (x[i][at] - mean) / (trained * pixels);
                }
            }
            double scale = parameters.get(norm.name() + ".weight")[c] / Math.sqrt(variance + 1e-5);
            for (double[] row : x) {
                for (int at = c * pixels; at < (c + 1) * pixels; at++) {
                    row[at] = (row[at] - mean) * scale + parameters.get(norm.name() + ".bias")[c];
                }
            }
        }
    }

    private static double[] sum(double[] x, double[] y) {
        double[] sum = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            sum[i] = x[i] + y[i];
        }
        return sum;
    }

    private double[] apply(Node node, double[] x) {
        Layer layer = node.layer();
        Shape in = node.shape();
        Shape out = node.output().shape();
        double[] y = new double[out.size()];
        for (int f = 0; f < out.channels(); f++) {
            for (int row = 0; row < out.height(); row++) {
                for (int column = 0; column < out.width(); column++) {
                    int at = (f * out.height() + row) * out.width() + column;
                    if (layer instanceof ConvolutionLayer c) {
                        y[at] = window(c, in, x, f, row, column);
                    } else if (layer instanceof LinearLayer l) {
                        double[] weight = parameters.get(l.name() + ".weight");
                        y[at] = l.bias() ? parameters.get(l.name() + ".bias")[f] : 0;
                        for (int i = 0; i < x.length; i++) {
                            y[at] += weight[f * x.length + i] * x[i];
                        }
                    } else if (layer instanceof MaxPoolLayer pool) {
                        y[at] = most(pool, in, x, f, row, column);
                    } else if (layer instanceof MeanPoolLayer) {
                        int pixels = in.height() * in.width();
                        y[at] = Arrays.stream(x, f * pixels, (f + 1) * pixels).average().orElseThrow();
                    } else if (layer instanceof PaddedShortcutLayer shortcut) {
                        int c = f - (shortcut.filters() - in.channels()) / 2;
                        y[at] = c < 0 || c >= in.channels() ? 0
                            : x[(c * in.height() + row * shortcut.stride()) * in.width() + column * shortcut.stride()];
                    } else if (layer instanceof ReluLayer) {
                        y[at] = Math.max(0, x[at]);
                    } else {
                        throw new IllegalArgumentException("DoubleNetwork does not know what " + layer + " computes: add it here");
                    }
                }
            }
        }
        return y;
    }

    private static double most(MaxPoolLayer pool, Shape in, double[] x, int channel, int row, int column) {
        double most = Double.NEGATIVE_INFINITY;
        for (int r = 0; r < pool.kernel(); r++) {
            for (int s = 0; s < pool.kernel(); s++) {
                int i = row * pool.stride() + r - pool.padding();
                int j = column * pool.stride() + s - pool.padding();
                if (i >= 0 && i < in.height() && j >= 0 && j < in.width()) {
                    most = Math.max(most, x[(channel * in.height() + i) * in.width() + j]);
                }
            }
        }
        return most;
    }

    private double window(ConvolutionLayer c, Shape in, double[] x, int filter, int row, int column) {
        double[] weight = parameters.get(c.name() + ".weight");
        double sum = c.bias() ? parameters.get(c.name() + ".bias")[filter] : 0;
        for (int channel = 0; channel < in.channels(); channel++) {
            for (int r = 0; r < c.kernel(); r++) {
                for (int s = 0; s < c.kernel(); s++) {
                    int i = row * c.stride() + r - c.padding();
                    int j = column * c.stride() + s - c.padding();
                    if (i >= 0 && i < in.height() && j >= 0 && j < in.width()) {
                        sum += weight[((filter * in.channels() + channel) * c.kernel() + r) * c.kernel() + s]
                            * x[(channel * in.height() + i) * in.width() + j];
                    }
                }
            }
        }
        return sum;
    }
}
