package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An estimator that begins from its state, takes steps, and writes the state back. */
abstract class SteppedEstimator implements WeightEstimator {
    /** The residual at which a solution counts as converged. */
    static final double TOLERANCE = 1e-6;
    private static final int MOST_STEPS = 100_000;
    private static final int CHUNK = 100;
    /** How many times the steps to the residual may be spent on the gap. */
    private static final int MOST_FOR_GAP = 10;

    final Device device;
    final EstimatorOptions options;
    final int n, m, d;
    final BatchBandwidth bandwidth;
    final BatchPoints points;
    final Buffer weights, memory;
    private final List<Runnable> closing = new ArrayList<>();

    SteppedEstimator(Device device, EstimatorOptions options, Bandwidth bandwidth) {
        this.device = device;
        this.options = options;
        this.n = options.n();
        this.m = options.m();
        this.d = options.d();
        this.bandwidth = keep(new BatchBandwidth(device, n, m, d, bandwidth));
        this.points = keep(new BatchPoints(device, n, m, d));
        this.weights = floats(n);
        this.memory = floats(options.samples());
        device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
    }

    /** A resource that is closed with this. */
    final <T extends AutoCloseable> T keep(T resource) {
        closing.add(() -> {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException("a resource of the device could not be released", e);
            }
        });
        return resource;
    }

    /** A buffer that is closed with this. */
    final Buffer floats(long length) {
        return keep(device.allocate(ElementType.FLOAT32, length));
    }

    /** A kernel matrix that is closed with this. */
    final GaussianMatrix matrix(int rows, int columns) {
        return keep(new GaussianMatrix(device, rows, columns));
    }

    /** Enqueues the sample weights of the state into {@link #weights} and, unless it is null, {@code ahead}. */
    final void recall(Buffer indices, Buffer ahead) {
        device.launch("kmm_recall", Launch.elements(n), memory, indices, weights, ahead, n);
    }

    /** Enqueues everything before the first step; bandwidth and points are there. */
    abstract void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge);

    abstract void step(boolean converge);

    /** Enqueues what sets the weights, and what writes the state back where it is not the weights. */
    abstract void finish(Buffer indices, Buffer validationIndices);

    /**
     * What {@link Quality#gap} has to reach, where it is known, before a solution is near enough: where the objective is flat, the residual
     * alone is small too soon.
     */
    double wantedGap(double objective) {
        return Double.POSITIVE_INFINITY;
    }

    /** How good the state is, given that {@link #points} are set. */
    abstract Quality quality(Buffer z, Buffer validation, BatchPoints points);

    @Override
    public final void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        start(indices, validationIndices, z, validation, false);
        for (int i = 0; i < options.steps(); i++) {
            step(false);
        }
        finish(indices, validationIndices);
        remember(indices);
    }

    private void start(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        bandwidth.compute(z, validation);
        points.set(z, validation);
        begin(indices, validationIndices, z, validation, converge);
    }

    /** Enqueues what keeps the weights for the samples' next visit. */
    final void remember(Buffer indices) {
        if (options.normalize()) {
            device.launch("normalize", Launch.block(), bandwidth.status(), weights, n);
        }
        device.launch("kmm_end", Launch.elements(n), memory, indices, weights, n);
    }

    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        start(indices, validationIndices, z, validation, true);
        int steps = 0;
        if (bandwidth.status().toInts()[0] != 0) {      // degenerate: no step moves anything
            finish(indices, validationIndices);
            remember(indices);
            device.synchronize();
            return steps;
        }
        try (Graph chunk = device.record(() -> {
            for (int i = 0; i < CHUNK; i++) {
                step(true);
            }
        })) {
            int most = MOST_STEPS;
            int next = CHUNK;
            boolean near = false;
            while (!near && steps < most) {
                for (; steps < next; steps += CHUNK) {
                    chunk.replay();
                }
                finish(indices, validationIndices);
                Quality quality = quality(z, validation, points);
                if (quality.kktResidual() <= TOLERANCE) {
                    near = !(quality.gap() > wantedGap(quality.objective()));
                    most = Math.min(most, MOST_FOR_GAP * steps);
                }
                next = Math.min(most, steps + Math.max(CHUNK, steps / 4 / CHUNK * CHUNK));
            }
        }
        remember(indices);
        device.synchronize();
        return steps;
    }

    @Override
    public final Quality quality(Buffer z, Buffer validation) {
        points.set(z, validation);
        return quality(z, validation, points);
    }

    final double gamma() {
        double[] read = new double[1];
        bandwidth.gamma().download(read);
        return read[0];
    }

    /** sum_j k(a_i, b_j) v_j in double precision; a and b by columns. */
    final double[] product(Buffer a, Buffer b, int rows, int columns, double[] v) {
        return product(device, points, bandwidth.gamma(), a, b, rows, columns, v);
    }

    static double[] product(Device device, BatchPoints points, Buffer gamma, Buffer a, Buffer b, int rows, int columns, double[] v) {
        try (Buffer in = device.allocate(ElementType.FLOAT64, columns); Buffer out = device.allocate(ElementType.FLOAT64, rows)) {
            in.upload(v);
            device.launch("gaussian_product_f64", Launch.rows((rows + 7) / 8), a, b, gamma, in, out, points.stride(), rows, columns,
                points.dimension());
            double[] result = new double[rows];
            out.download(result);
            return result;
        }
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

    /** max |w - P(w - gradient / L)| / max(1, max |w|), P the projection on {@code 0 <= w <= B, sum w = n}. */
    final double residualOfWeights(double[] w, double[] gradient, double L) {
        return residualOfWeights(device, w, gradient, L, options.upperBound(), n, n);
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

    @Override
    public void startFrom(float[] start) {
        memory.upload(start);
    }

    @Override
    public final Buffer weights() {
        return weights;
    }

    @Override
    public final Buffer memory() {
        return memory;
    }

    @Override
    public final void close() {
        closing.forEach(Runnable::run);
    }
}
