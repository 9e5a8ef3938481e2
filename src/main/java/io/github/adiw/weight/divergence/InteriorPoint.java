package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.SegmentedBatch;
import java.util.Arrays;

/**
 * Solves the quadratic program of kernel mean matching in every segment of a batch, in double precision, by an interior point (Mehrotra
 * 1992) on K = F'F by pivoted Cholesky: a Gaussian K is nearly of low rank r, so that K is never stored and an iteration costs n r^2. It
 * runs on the device from the first to the last iteration.
 */
final class InteriorPoint implements AutoCloseable {
    private static final int MOST_ITERATIONS = 100;
    private static final int MOST_RANK = 2048;
    private static final long MOST_ELEMENTS = 1L << 26;

    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final String kernel;
    private final int mostRank;
    private final Buffer kappa;
    private final Buffer factor;
    private final Buffer diagonal;
    private final Buffer capacitance;
    private final Buffer workspace;
    private final Buffer reduced;
    private final Buffer result;

    private InteriorPoint(Scope scope, SegmentedBatch batch, boolean published) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        kernel = published ? "kmm_published_point" : "kmm_interior_point";
        int n = batch.n();
        mostRank = (int) Math.max(1, Math.min(Math.min(n, MOST_RANK), MOST_ELEMENTS / n));
        kappa = doubles(n);
        factor = doubles((long) mostRank * n);
        diagonal = doubles(n);
        capacitance = doubles((long) mostRank * (batch.segments().count() == 1 ? mostRank : n));
        workspace = doubles(15L * n);
        reduced = doubles(n);
        result = doubles(4L * batch.segments().count());
        device.zero(result);
    }

    /** @param published whether to start and stop as cvxopt does, and not at convergence */
    static InteriorPoint create(SegmentedBatch batch, boolean published) {
        return Scope.building(scope -> new InteriorPoint(scope, batch, published));
    }

    private Buffer doubles(long length) {
        return scope.keep(device.allocate(ElementType.FLOAT64, length));
    }

    /** Enqueues what sets w, float32 {@code [n]}; it stays as it is in degenerate segments and in those of too high a rank. */
    void solve(Buffer w) {
        Buffer table = batch.segments().table();
        int segments = batch.segments().count();
        device.launch("kappa_rows_f64", Launch.rows(batch.n()), batch.training(), batch.validation(), batch.segments().of(), table,
            batch.gamma(), batch.status(), kappa, batch.d());
        device.launch("kmm_factor", Launch.blocks(segments), batch.training(), table, batch.gamma(), batch.status(), factor, diagonal,
            result,
            batch.d(), mostRank);
        device.launch(kernel, Launch.blocks(segments), factor, kappa, table, batch.status(), capacitance, workspace, reduced,
            result, w, GramMatrix.RIDGE, (double) batch.settings().upperBound(), mostRank, MOST_ITERATIONS);
    }

    /** Most iterations that a segment of the last batch took, of those that have a {@link #problem} none; waits. */
    int iterations() {
        double[] read = read();
        double most = 0;
        for (int c = 0; c < read.length; c += 4) {
            most = Math.max(most, read[c + 2] < 0 ? 0 : read[c + 1]);
        }
        return (int) most;
    }

    /**
     * Which segment's Gram matrix has no factor of a rank that could be stored, so that its weights stayed as they were; null if none.
     * Waits.
     */
    String problem() {
        double[] read = read();
        for (int c = 0; c < read.length; c += 4) {
            if (read[c + 2] < 0) {
                return problem(c / 4);
            }
        }
        return null;
    }

    /** That of a segment that has it. */
    String problem(int segment) {
        return "the Gram matrix of " + (batch.segments().count() == 1 ? "these " + batch.n() + " rows" : "class " + segment)
            + " has a rank of more than " + mostRank
            + ", too much for the exact solver: choose a smaller gamma, fewer rows, or the method km";
    }

    /** {@link io.github.adiw.weight.Minimizer#outcomes}. */
    Buffer outcomes() {
        return result;
    }

    /** What the solver says of every segment, 0 of those that are degenerate. */
    private double[] read() {
        double[] read = new double[4 * batch.segments().count()];
        result.download(read);
        int[] degenerate = batch.status().toInts();
        for (int c = 0; c < degenerate.length; c++) {
            if (degenerate[c] != 0) {
                Arrays.fill(read, 4 * c, 4 * c + 4, 0);
            }
        }
        return read;
    }

    @Override
    public void close() {
        scope.close();
    }
}
