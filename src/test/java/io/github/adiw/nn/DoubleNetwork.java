package io.github.adiw.nn;

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
            float[] floats = p.value().toFloats();
            double[] doubles = new double[floats.length];
            for (int i = 0; i < floats.length; i++) {
                doubles[i] = floats[i];
            }
            parameters.put(p.name(), doubles);
        }
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
        double[] x = new double[image.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = image[i];
        }
        Model.Shape shape = model.input();
        for (Model.Stage stage : model.stages()) {
            x = apply(stage, shape, x);
            shape = shape.after(stage);
        }
        double sum = 0;
        for (double logit : x) {
            sum += Math.exp(logit - x[label]);
        }
        return Math.log(sum);
    }

    private double[] apply(Model.Stage stage, Model.Shape in, double[] x) {
        Model.Shape out = in.after(stage);
        double[] y = new double[out.size()];
        for (int f = 0; f < out.channels(); f++) {
            for (int row = 0; row < out.height(); row++) {
                for (int column = 0; column < out.width(); column++) {
                    int at = (f * out.height() + row) * out.width() + column;
                    if (stage instanceof Model.Conv c) {
                        y[at] = window(c, in, x, f, row, column);
                    } else if (stage instanceof Model.Linear l) {
                        double[] weight = parameters.get(l.name() + ".weight");
                        y[at] = parameters.get(l.name() + ".bias")[f];
                        for (int i = 0; i < x.length; i++) {
                            y[at] += weight[f * x.length + i] * x[i];
                        }
                    } else if (stage instanceof Model.MaxPool) {
                        int corner = (f * in.height() + 2 * row) * in.width() + 2 * column;
                        y[at] = Math.max(Math.max(x[corner], x[corner + 1]), Math.max(x[corner + in.width()], x[corner + in.width() + 1]));
                    } else {
                        y[at] = Math.max(0, x[at]);
                    }
                }
            }
        }
        return y;
    }

    private double window(Model.Conv c, Model.Shape in, double[] x, int filter, int row, int column) {
        double[] weight = parameters.get(c.name() + ".weight");
        double sum = parameters.get(c.name() + ".bias")[filter];
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
