package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * DIW's weights: the quadratic program of kernel mean matching, minimise 1/2 w'Kw - kappa'w over {@code 0 <= w <= B} and
 * {@code |sum w - n| <= n eps}, solved to convergence in double precision for every batch (Fang et al., NeurIPS 2020).
 *
 * <p>The solver is an interior point (Mehrotra 1992) on K = F'F by pivoted Cholesky: a Gaussian K is nearly of low rank r, so
 * that K is never stored and an iteration costs n r^2. It runs on the device from the first to the last iteration. The
 * solution does not depend on where it starts, so the memory of weights is read only for batches that are degenerate or of too high a rank.
 */
public final class ConvergedKernelMeanMatching implements WeightEstimator {
    static final int MOST_ITERATIONS = 100;
    private static final int MOST_RANK = 2048;
    private static final long MOST_ELEMENTS = 1L << 26;

    private final Device device;
    private final int n, m, d, mostRank;
    private final EstimatorOptions options;
    private final WeightBounds bounds;
    private final BatchBandwidth bandwidth;
    private final BatchPoints points;
    private final Buffer memory, weights, kappa, factor, rest, square, vectors, small, result;
    private final double[] read = new double[4];

    /** @param options N, n, m, d, the bandwidth, B and whether to normalise matter here, the others do not */
    public ConvergedKernelMeanMatching(Device device, EstimatorOptions options) {
        this.device = device;
        this.n = options.n();
        this.m = options.m();
        this.d = options.d();
        this.options = options;
        this.mostRank = mostRank(n);
        this.bounds = new WeightBounds(n, options.upperBound());
        this.bandwidth = new BatchBandwidth(device, n, m, d, options.bandwidth());
        this.points = new BatchPoints(device, n, m, d);
        this.memory = device.allocate(ElementType.FLOAT32, options.samples());
        this.weights = device.allocate(ElementType.FLOAT32, n);
        this.kappa = device.allocate(ElementType.FLOAT64, n);
        this.factor = device.allocate(ElementType.FLOAT64, (long) mostRank * n);
        this.rest = device.allocate(ElementType.FLOAT64, n);
        this.square = device.allocate(ElementType.FLOAT64, (long) mostRank * mostRank);
        this.vectors = device.allocate(ElementType.FLOAT64, 14L * n);
        this.small = device.allocate(ElementType.FLOAT64, mostRank);
        this.result = device.allocate(ElementType.FLOAT64, 4);
        device.zero(result);
        device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
    }

    /** The largest rank of a factor of n columns that is stored. */
    static int mostRank(int n) {
        return (int) Math.max(1, Math.min(Math.min(n, MOST_RANK), MOST_ELEMENTS / n));
    }

    @Override
    public void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        bandwidth.compute(z, validation);
        device.launch("recall_state", Launch.elements(n), memory, indices, weights, null, n);
        device.launch("kappa_rows_f64", Launch.rows(n), z, validation, bandwidth.gamma(), kappa, n, m, d);
        device.launch("kmm_factor", Launch.block(), z, bandwidth.gamma(), bandwidth.status(), factor, rest, result, n, d, mostRank);
        device.launch("kmm_interior_point", Launch.block(), factor, kappa, bandwidth.status(), square, vectors, small, result, weights,
            n, GramMatrix.RIDGE, bounds.upper(), bounds.low(), bounds.high(), MOST_ITERATIONS);
        if (options.normalize()) {
            device.launch("normalize", Launch.block(), bandwidth.status(), weights, n);
        }
        device.launch("store_state", Launch.elements(n), memory, indices, weights, n);
    }

    /**
     * As {@link #estimate}; waits.
     *
     * @return the iterations of the interior point
     * @throws AdiwException if K has no factor of a rank that could be stored; the weights are then those that were remembered
     */
    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        estimate(indices, validationIndices, z, validation);
        String problem = problem();
        if (problem != null) {
            throw new AdiwException(problem);
        }
        return iterations();
    }

    @Override
    public String problem() {
        return iterations() >= 0 ? null : "the Gram matrix of these " + n + " rows has a rank of more than " + mostRank
            + ", too much for the exact solver: choose a smaller gamma, fewer rows, or the method km";
    }

    /**
     * Iterations of the last batch, 0 of a degenerate one; -1 where its matrix has too high a rank, so that it has the weights that were
     * remembered. Waits.
     */
    int iterations() {
        if (bandwidth.status().toInts()[0] != 0) {
            return 0;
        }
        result.download(read);
        return read[2] < 0 ? -1 : (int) read[1];
    }

    @Override
    public Quality quality(Buffer z, Buffer validation) {
        points.set(z, validation);
        return KernelMeanMatching.quality(new EvaluatedBatch(device, points, bandwidth.gamma(), n, m, options), EvaluatedBatch.doubles(weights));
    }

    @Override
    public void startFrom(float[] start) {
        memory.upload(start);
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
        bandwidth.close();
        points.close();
        for (Buffer buffer : new Buffer[] {memory, weights, kappa, factor, rest, square, vectors, small, result}) {
            buffer.close();
        }
    }
}
