package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/**
 * A segment of the last batch, on which an objective is evaluated: in double precision, on demand, waiting for every answer. z are its n
 * training rows, z' its m validation rows, k its Gaussian kernel.
 */
public final class EvaluatedSegment {
    private final SegmentedBatch batch;
    private final Device device;
    private final int number;
    private final int first;
    private final int n;
    private final int firstValidation;
    private final int m;
    private final Buffer gamma;

    /** @param table {@link Segments#table} */
    EvaluatedSegment(SegmentedBatch batch, int number, int[] table) {
        this.batch = batch;
        this.device = batch.device();
        this.number = number;
        first = table[4 * number];
        n = table[4 * number + 1];
        firstValidation = table[4 * number + 2];
        m = table[4 * number + 3];
        gamma = batch.gamma().slice(number, 1);
    }

    /** Its number. */
    public int number() {
        return number;
    }

    /** Its first training row. */
    public int firstTraining() {
        return first;
    }

    /** Training rows. */
    public int n() {
        return n;
    }

    /** Validation rows. */
    public int m() {
        return m;
    }

    /**
     * Of all training rows {@code [n, ...]} of the batch, those of the segment.
     *
     * @throws UsageException if it is no multiple of n long
     */
    public Buffer ofTraining(Buffer all) {
        long width = width(all, batch.n());
        return all.slice(first * width, n * width);
    }

    /**
     * Of all validation rows {@code [m, ...]} of the batch, those of the segment.
     *
     * @throws UsageException if it is no multiple of m long
     */
    public Buffer ofValidation(Buffer all) {
        long width = width(all, batch.m());
        return all.slice(firstValidation * width, m * width);
    }

    private static long width(Buffer all, int rows) {
        if (UsageException.given("all", all).length() % rows != 0) {
            throw UsageException.of("all", "all must have the same count of numbers for each of the batch's " + rows + " rows, not "
                + all.length() + " together");
        }
        return all.length() / rows;
    }

    /** How weights are estimated. */
    public EstimationSettings settings() {
        return batch.settings();
    }

    /** Gamma of the Gaussian kernel. */
    public double bandwidth() {
        double[] read = new double[1];
        gamma.download(read);
        return read[0];
    }

    /**
     * k(z, z) v; v, the result {@code [n]}.
     *
     * @throws UsageException if v has another length
     */
    public double[] amongTraining(double[] v) {
        return product(training(), training(), n, n, v);
    }

    /**
     * k(z', z') v; v, the result {@code [m]}.
     *
     * @throws UsageException if v has another length
     */
    public double[] amongValidation(double[] v) {
        return product(validation(), validation(), m, m, v);
    }

    /**
     * k(z, z') v; v {@code [m]}, the result {@code [n]}.
     *
     * @throws UsageException if v has another length
     */
    public double[] atTraining(double[] v) {
        return product(training(), validation(), n, m, v);
    }

    /**
     * k(z', z) v; v {@code [n]}, the result {@code [m]}.
     *
     * @throws UsageException if v has another length
     */
    public double[] atValidation(double[] v) {
        return product(validation(), training(), m, n, v);
    }

    private Buffer training() {
        Buffer all = batch.trainingColumns();
        return all.slice(first, all.length() - first);
    }

    private Buffer validation() {
        Buffer all = batch.validationColumns();
        return all.slice(firstValidation, all.length() - firstValidation);
    }

    private double[] product(Buffer a, Buffer b, int rows, int columns, double[] v) {
        requireLength("v", v, columns);
        try (Buffer in = device.allocate(ElementType.FLOAT64, columns); Buffer out = device.allocate(ElementType.FLOAT64, rows)) {
            in.upload(v);
            device.launch("gaussian_product_f64", Launch.rows((rows + 7) / 8), a, b, gamma, in, out, batch.stride(), rows, columns,
                batch.d());
            double[] result = new double[rows];
            out.download(result);
            return result;
        }
    }

    private static void requireLength(String parameter, double[] array, int length) {
        if (UsageException.given(parameter, array).length != length) {
            throw UsageException.of(parameter, parameter + " must have " + length + " numbers, not " + array.length);
        }
    }

    /**
     * max |w - P(w - gradient / L)| / max(1, max |w|), P the projection on {@code 0 <= w <= B, sum w = n}; w, gradient {@code [n]}.
     *
     * @throws UsageException if w or gradient has another length
     */
    public double residualOfWeights(double[] w, double[] gradient, double L) {
        return residualOfWeights(w, gradient, L, n, n);
    }

    /** As the other, P the projection on {@code 0 <= w <= B, low <= sum w <= high}. */
    public double residualOfWeights(double[] w, double[] gradient, double L, double low, double high) {
        requireLength("w", w, n);
        requireLength("gradient", gradient, n);
        double[] moved = new double[n];
        for (int i = 0; i < n; i++) {
            moved[i] = w[i] - gradient[i] / L;
        }
        try (Buffer u = device.allocate(ElementType.FLOAT64, n); Buffer x = device.allocate(ElementType.FLOAT64, n);
             Buffer out = device.allocate(ElementType.FLOAT64, 1)) {
            u.upload(moved);
            x.upload(w);
            device.launch("kmm_residual", Launch.block(n), u, x, out, n, (double) settings().upperBound(), low, high);
            double[] result = new double[1];
            out.download(result);
            return result[0];
        }
    }

    /** max |x - y| / max(1, max |x|). */
    public static double residual(double[] x, double[] y) {
        double off = 0;
        double most = 1;
        for (int i = 0; i < x.length; i++) {
            off = Math.max(off, Math.abs(x[i] - y[i]));
            most = Math.max(most, Math.abs(x[i]));
        }
        return off / most;
    }

    /** The elements of a float32 buffer; waits. */
    public static double[] doubles(Buffer floats) {
        float[] from = UsageException.given("floats", floats).toFloats();
        double[] to = new double[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = from[i];
        }
        return to;
    }

    /** {@code length} times {@code value}. */
    public static double[] constant(int length, double value) {
        double[] x = new double[length];
        Arrays.fill(x, value);
        return x;
    }
}
