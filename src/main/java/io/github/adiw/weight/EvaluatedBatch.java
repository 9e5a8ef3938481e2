package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/**
 * A batch, or a class's part of one, on which an objective is evaluated: in double precision, on demand, waiting for every answer.
 *
 * @param points  n training points and m validation points, set
 * @param gamma   of the Gaussian kernel, float64 {@code [1]}
 * @param options B and lambda matter here
 */
record EvaluatedBatch(Device device, BatchPoints points, Buffer gamma, int n, int m, EstimatorOptions options) {
    /** What a divergence minimises, and how far a state is from its minimum. */
    interface Objective {
        /** @param state as the estimator holds it: ratios {@code [n]}, or coefficients {@code [m]} */
        Quality of(EvaluatedBatch batch, double[] state);
    }

    /** gamma itself. */
    double bandwidth() {
        double[] read = new double[1];
        gamma.download(read);
        return read[0];
    }

    double upper() {
        return options.upperBound();
    }

    /** k(z, z) v; v, the result {@code [n]}. */
    double[] amongTraining(double[] v) {
        return product(points.training(), points.training(), n, n, v);
    }

    /** k(z', z') v; v, the result {@code [m]}. */
    double[] amongValidation(double[] v) {
        return product(points.validation(), points.validation(), m, m, v);
    }

    /** k(z, z') v; v {@code [m]}, the result {@code [n]}. */
    double[] atTraining(double[] v) {
        return product(points.training(), points.validation(), n, m, v);
    }

    /** k(z', z) v; v {@code [n]}, the result {@code [m]}. */
    double[] atValidation(double[] v) {
        return product(points.validation(), points.training(), m, n, v);
    }

    private double[] product(Buffer a, Buffer b, int rows, int columns, double[] v) {
        try (Buffer in = device.allocate(ElementType.FLOAT64, columns); Buffer out = device.allocate(ElementType.FLOAT64, rows)) {
            in.upload(v);
            device.launch("gaussian_product_f64", Launch.rows((rows + 7) / 8), a, b, gamma, in, out, points.stride(), rows, columns,
                points.dimension());
            double[] result = new double[rows];
            out.download(result);
            return result;
        }
    }

    /** max |w - P(w - gradient / L)| / max(1, max |w|), P the projection on {@code 0 <= w <= B, sum w = n}. */
    double residualOfWeights(double[] w, double[] gradient, double L) {
        return residualOfWeights(device, w, gradient, L, upper(), n, n);
    }

    /** As the other, P the projection on {@code 0 <= w <= upper, low <= sum w <= high}. */
    static double residualOfWeights(Device device, double[] w, double[] gradient, double L, double upper, double low, double high) {
        int n = w.length;
        double[] moved = new double[n];
        for (int i = 0; i < n; i++) {
            moved[i] = w[i] - gradient[i] / L;
        }
        try (Buffer u = device.allocate(ElementType.FLOAT64, n); Buffer x = device.allocate(ElementType.FLOAT64, n);
             Buffer out = device.allocate(ElementType.FLOAT64, 1)) {
            u.upload(moved);
            x.upload(w);
            device.launch("kmm_residual", Launch.block(), u, x, out, n, upper, low, high);
            double[] result = new double[1];
            out.download(result);
            return result[0];
        }
    }

    /** max |x - y| / max(1, max |x|). */
    static double residual(double[] x, double[] y) {
        double off = 0;
        double most = 1;
        for (int i = 0; i < x.length; i++) {
            off = Math.max(off, Math.abs(x[i] - y[i]));
            most = Math.max(most, Math.abs(x[i]));
        }
        return off / most;
    }

    static double[] doubles(Buffer floats) {
        float[] from = floats.toFloats();
        double[] to = new double[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = from[i];
        }
        return to;
    }

    static double[] constant(int length, double value) {
        double[] x = new double[length];
        Arrays.fill(x, value);
        return x;
    }
}
