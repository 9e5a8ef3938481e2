package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EvaluatedSegment;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.RememberedSamples;
import io.github.adiw.weight.SegmentedBatch;
import io.github.adiw.weight.divergence.GaussianMatrix.Side;

/**
 * Least squares on the sample weights themselves with a kernel-smoothed ratio: w minimises 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i,
 * s_ji = k(z'_j, z_i) / sum_l k(z'_j, z_l), over {@code 0 <= w <= B, sum w = n}. One step with eta 1 is the minimiser; with eta below 1 it
 * is a moving average over a sample's visits.
 */
public final class LeastSquaresDirect implements Minimizer {
    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final GaussianMatrix cross;
    private final GaussianMatrix crossTransposed;
    private final Buffer weights;
    private final Buffer extrapolated;
    private final Buffer shares;
    private final Buffer target;
    private final Buffer moved;

    private LeastSquaresDirect(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        cross = scope.keep(GaussianMatrix.create(batch, Side.TRAINING, Side.VALIDATION));
        crossTransposed = scope.keep(GaussianMatrix.create(batch, Side.VALIDATION, Side.TRAINING));
        weights = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        extrapolated = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        shares = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        target = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        moved = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
    }

    @Override
    public Buffer state() {
        return weights;
    }

    @Override
    public Buffer ratios() {
        return weights;
    }

    @Override
    public Buffer stateCopy() {
        return extrapolated;
    }

    @Override
    public boolean estimateAtOnce(RememberedSamples samples) {
        batch.launchAtOnce("ls_direct_estimation", samples, weights, batch.settings().eta(), batch.settings().momentum());
        return true;
    }

    @Override
    public void begin(boolean converge) {
        cross.compute();
        crossTransposed.compute();
        device.launch("reciprocal", Launch.elements(batch.m()), crossTransposed.rowSums(), shares, batch.segments().ofValidation(),
            batch.segments().table(), batch.m(), 0);
        cross.multiply(shares, target);
    }

    @Override
    public void step(boolean converge) {
        device.launch("smooth_step", batch.segments().blocks(), target, batch.segments().table(), batch.status(), moved,
            extrapolated,
            weights, converge ? 1f : batch.settings().eta(), converge ? 0f : batch.settings().momentum(),
            (double) batch.settings().upperBound());
    }

    /** Of 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i. */
    @Override
    public Quality quality(EvaluatedSegment segment) {
        double[] w = EvaluatedSegment.doubles(segment.ofTraining(weights));
        int n = segment.n();
        int m = segment.m();
        double[] shares = segment.atValidation(EvaluatedSegment.constant(n, 1));
        for (int j = 0; j < m; j++) {
            shares[j] = 1 / Math.max(shares[j] * m, 1e-30 * m);
        }
        double[] pull = segment.atTraining(shares);
        double objective = 0;
        double[] gradient = new double[n];
        for (int i = 0; i < n; i++) {
            objective += w[i] * (w[i] / (2 * n) - pull[i]);
            gradient[i] = w[i] / n - pull[i];
        }
        return new Quality(segment.bandwidth(), objective, segment.residualOfWeights(w, gradient, 1.0 / n));
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code ls-direct}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "ls-direct";
        }

        @Override
        public float defaultEta() {
            return 0.5f;
        }

        @Override
        public boolean usesMomentum() {
            return true;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new LeastSquaresDirect(scope, batch));
        }
    }
}
