package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;

/** Solves kernel mean matching inside every class of a sorted batch, as {@link ConvergedKernelMeanMatching} does for a whole one. */
final class ClassInteriorPoint implements AutoCloseable {
    private final ClassConditionalEstimator batch;
    private final Device device;
    private final int mostRank;
    private final Buffer kappa, factor, rest, square, vectors, small, result;

    ClassInteriorPoint(ClassConditionalEstimator batch) {
        this.batch = batch;
        this.device = batch.device;
        int n = batch.n;
        mostRank = ConvergedKernelMeanMatching.mostRank(n);
        kappa = device.allocate(ElementType.FLOAT64, n);
        factor = device.allocate(ElementType.FLOAT64, (long) mostRank * n);
        rest = device.allocate(ElementType.FLOAT64, n);
        square = device.allocate(ElementType.FLOAT64, (long) mostRank * n);
        vectors = device.allocate(ElementType.FLOAT64, 14L * n);
        small = device.allocate(ElementType.FLOAT64, n);
        result = device.allocate(ElementType.FLOAT64, 4L * batch.classes);
        device.zero(result);
    }

    /** Enqueues it; ratios of degenerate classes stay as they are. */
    void solve() {
        device.launch("class_kappa_f64", Launch.rows(batch.n), batch.rows, batch.sorted, batch.table, batch.gamma, batch.status, kappa,
            batch.n, batch.d);
        device.launch("class_factor", Launch.rows(batch.classes), batch.rows, batch.table, batch.gamma, batch.status, factor, rest, result,
            batch.d, mostRank);
        device.launch("class_interior_point", Launch.rows(batch.classes), factor, kappa, batch.table, batch.status, square, vectors, small,
            result, batch.current, GramMatrix.RIDGE, (double) batch.options.upperBound(), mostRank, ConvergedKernelMeanMatching.MOST_ITERATIONS);
    }

    /** Most iterations that a class of the last batch took, of those that have a {@link #problem} none; waits. */
    int iterations() {
        double[] read = read();
        double most = 0;
        for (int c = 0; c < batch.classes; c++) {
            most = Math.max(most, read[4 * c + 2] < 0 ? 0 : read[4 * c + 1]);
        }
        return (int) most;
    }

    /** Which class's Gram matrix has no factor of a rank that could be stored, so that its ratios stayed as they were; null if none. Waits. */
    String problem() {
        double[] read = read();
        for (int c = 0; c < batch.classes; c++) {
            if (read[4 * c + 2] < 0) {
                return "the Gram matrix of class " + c + " has a rank of more than " + mostRank
                    + ", too much for the exact solver: choose a smaller gamma, fewer rows, or the method km";
            }
        }
        return null;
    }

    /** What the solver says of every class, 0 of those that are degenerate. */
    private double[] read() {
        double[] read = new double[4 * batch.classes];
        result.download(read);
        int[] degenerate = batch.status.toInts();
        for (int c = 0; c < batch.classes; c++) {
            if (degenerate[c] != 0) {
                Arrays.fill(read, 4 * c, 4 * c + 4, 0);
            }
        }
        return read;
    }

    @Override
    public void close() {
        for (Buffer buffer : new Buffer[] {kappa, factor, rest, square, vectors, small, result}) {
            buffer.close();
        }
    }
}
