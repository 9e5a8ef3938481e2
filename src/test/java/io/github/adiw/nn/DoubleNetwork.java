package io.github.adiw.nn;

import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.Layer;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.Node;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** A network on one image, written down as plainly as possible and in double precision: what the kernels are compared with. */
final class DoubleNetwork {
    private static final double H = 1e-6;
    private final Model model;
    private final Map<String, double[]> parameters = new HashMap<>();

    DoubleNetwork(Model model, Parameters values) {
        this.model = model;
        for (Parameter p : values.list()) {
            parameters.put(p.name(), doubles(p.value().toFloats()));
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

    /** Softmax cross-entropy of one image. */
    double loss(float[] image, int label) {
        Map<Value, double[]> values = new HashMap<>();
        values.put(model.network().input(), doubles(image));
        for (Node node : model.network().nodes()) {
            double[] x = values.get(node.inputs().get(0));
            values.put(node.output(), node.inputs().size() == 2 ? sum(x, values.get(node.inputs().get(1))) : apply(node, x));
        }
        double[] logits = values.get(model.network().output());
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - logits[label]);
        }
        return Math.log(sum);
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
                    } else if (layer instanceof MaxPoolLayer) {
                        int corner = (f * in.height() + 2 * row) * in.width() + 2 * column;
                        y[at] = Math.max(Math.max(x[corner], x[corner + 1]), Math.max(x[corner + in.width()], x[corner + in.width() + 1]));
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
