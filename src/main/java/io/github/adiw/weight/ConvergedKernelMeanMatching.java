package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;

/**
 * DIW's weights: the quadratic program of kernel mean matching, minimise 1/2 w'Kw - kappa'w over {@code 0 <= w <= B} and
 * {@code |sum w - n| <= n eps}, solved to convergence in double precision for every batch (Fang et al., NeurIPS 2020), by accelerated
 * projected gradient with adaptive restart. It asks the device every {@value #CHUNK} iterations whether it has converged, so
 * that it cannot be part of a graph.
 */
public final class ConvergedKernelMeanMatching implements WeightEstimator {
    /** Iterations between two looks at the residual. */
    static final int CHUNK = 50;
    /** The residual at which weights count as converged. */
    public static final double TOLERANCE = 1e-6;
    /**
     * The residual to ask for where the objective must be right to 1e-6 of its size: K is nearly singular, and in several
     * dimensions it can be off by 2e-6 at {@link #TOLERANCE}. Takes two to three times as many iterations.
     */
    public static final double TIGHT_TOLERANCE = 2e-7;
    /** The iterations after which it gives up. */
    public static final int MOST_ITERATIONS = 100_000;

    private final Device device;
    private final int n;
    private final double tolerance;
    private final WeightBounds bounds;
    private final GramMatrix gram;
    private final Buffer memory, weights, solution, extrapolated, moved, state, start;
    private final double[] read = new double[3];
    private final int[] degenerate = new int[1];
    private final Graph chunk;
    private int iterations;

    /**
     * Arguments as {@link KernelMeanMatching}'s.
     *
     * @param tolerance the residual at which it stops, above 0
     */
    public ConvergedKernelMeanMatching(Device device, int samples, int n, int m, int d, Bandwidth bandwidth, float upperBound, double tolerance) {
        this.device = device;
        this.n = n;
        this.tolerance = tolerance;
        this.bounds = new WeightBounds(n, upperBound);
        this.gram = new GramMatrix(device, n, m, d, bandwidth, true);
        this.memory = device.allocate(ElementType.FLOAT32, samples);
        this.weights = device.allocate(ElementType.FLOAT32, n);
        this.start = device.allocate(ElementType.FLOAT32, n);
        this.solution = device.allocate(ElementType.FLOAT64, n);
        this.extrapolated = device.allocate(ElementType.FLOAT64, n);
        this.moved = device.allocate(ElementType.FLOAT64, n);
        this.state = device.allocate(ElementType.FLOAT64, 4);
        device.launch("fill", Launch.elements(samples), memory, 1f, samples);
        device.launch("fill", Launch.elements(n), start, 1f, n);
        this.chunk = device.record(this::iterate);
    }

    private void iterate() {
        for (int i = 0; i < CHUNK; i++) {
            gradient(extrapolated);
            device.launch("kmm_solve_step", Launch.block(), moved, solution, extrapolated, state, n, bounds.upper(), bounds.low(), bounds.high());
        }
        gradient(solution);
        device.launch("kmm_solve_check", Launch.block(), moved, solution, state, n, bounds.upper(), bounds.low(), bounds.high());
    }

    private void gradient(Buffer at) {
        device.launch("kmm_solve_gradient", Launch.rows(n), gram.matrix(), gram.kappa(), at, state, moved, n);
    }

    /** Sets the weights from which the next {@link #estimate} starts, float {@code [n]}; 1 unless set. */
    public void start(float[] values) {
        start.upload(values);
    }

    @Override
    public void estimate(Buffer indices, Buffer z, Buffer validation) {
        gram.compute(z, validation);
        device.launch("kmm_solve_begin", Launch.block(), gram.rowSums(), start, moved, solution, extrapolated, state, n,
            bounds.upper(), bounds.low(), bounds.high());
        gram.status().download(degenerate);
        read[2] = degenerate[0] == 0 ? Double.POSITIVE_INFINITY : 0;
        for (iterations = 0; read[2] > tolerance && iterations < MOST_ITERATIONS; iterations += CHUNK) {
            chunk.replay();
            state.download(read);
        }
        if (degenerate[0] == 0) {
            device.launch("narrow", Launch.elements(n), solution, weights, n);
            device.launch("kmm_end", Launch.elements(n), memory, indices, weights, n);
        } else {
            device.launch("kmm_recall", Launch.elements(n), memory, indices, weights, n);
        }
    }

    /** Iterations of the last {@link #estimate}. */
    public int iterations() {
        return iterations;
    }

    /** max |w - P(w - grad/L)| / max(1, max |w|) at the last solution. */
    public double kktResidual() {
        return read[2];
    }

    /** The last solution, float64 {@code [n]}. */
    Buffer solution() {
        return solution;
    }

    GramMatrix gram() {
        return gram;
    }

    @Override
    public boolean recordable() {
        return false;
    }

    @Override
    public Buffer weights() {
        return weights;
    }

    @Override
    public Buffer memory() {
        return memory;
    }

    @Override
    public void close() {
        chunk.close();
        gram.close();
        for (Buffer buffer : new Buffer[] {memory, weights, solution, extrapolated, moved, state, start}) {
            buffer.close();
        }
    }
}
