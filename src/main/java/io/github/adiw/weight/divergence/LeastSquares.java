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
import java.util.Arrays;

/**
 * ADIW with the squared distance between ratios: r(z) = sum_l alpha_l k(z, z'_l) minimises 1/2 a'Ha - h'a + lambda/2 |a|^2 over
 * alpha >= 0, H = (1/n) sum_i k(z_i, .) k(z_i, .)', h = (1/m) sum_j k(z'_j, .) (LSIF and uLSIF: Kanamori, Hido, Sugiyama, JMLR 2009), by
 * projected-gradient steps of eta over the largest row sum of H + lambda. The state is a coefficient for every validation sample.
 */
public final class LeastSquares implements Minimizer {
    /** A gap that is small enough, over the size of the objective. */
    private static final double WANTED_GAP = 1e-8;
    private static final float CONVERGING_MOMENTUM = 0.9f;
    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final GaussianMatrix cross;
    private final GaussianMatrix crossTransposed;
    private final GaussianMatrix amongValidation;
    private final Buffer alpha;
    private final Buffer extrapolated;
    private final Buffer fitted;
    private final Buffer gradient;
    private final Buffer curvature;
    private final Buffer rate;

    private LeastSquares(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        cross = scope.keep(GaussianMatrix.create(batch, Side.TRAINING, Side.VALIDATION));
        crossTransposed = scope.keep(GaussianMatrix.create(batch, Side.VALIDATION, Side.TRAINING));
        amongValidation = scope.keep(GaussianMatrix.create(batch, Side.VALIDATION, Side.VALIDATION));
        alpha = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        extrapolated = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        fitted = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        gradient = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        curvature = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        rate = scope.keep(device.allocate(ElementType.FLOAT32, batch.segments().count()));
    }

    @Override
    public Buffer state() {
        return alpha;
    }

    @Override
    public Buffer ratios() {
        return fitted;
    }

    @Override
    public boolean estimateAtOnce(RememberedSamples samples) {
        batch.launchAtOnce("ls_estimation", samples, alpha, samples.validationIndices(), samples.state(), fitted, batch.settings().eta(),
            batch.settings().momentum(), batch.settings().lambda());
        return true;
    }

    @Override
    public void begin(boolean converge) {
        cross.compute();
        crossTransposed.compute();
        amongValidation.compute();
        crossTransposed.multiply(cross.rowSums(), curvature);
        device.launch("ls_begin", batch.segments().blocks(), curvature, batch.segments().table(), batch.status(), alpha,
            extrapolated, rate, batch.settings().lambda(), converge ? 1f : batch.settings().eta());
    }

    @Override
    public void step(boolean converge) {
        cross.multiply(extrapolated, fitted);
        crossTransposed.multiply(fitted, gradient);
        device.launch("ls_update", batch.segments().blocks(), gradient, amongValidation.rowSums(), rate,
            batch.segments().table(),
            batch.status(), alpha, extrapolated, batch.settings().lambda(), converge ? CONVERGING_MOMENTUM : batch.settings().momentum());
    }

    @Override
    public void finish() {
        cross.multiply(alpha, fitted);
    }

    /** Of 1/2 a'Ha - h'a + lambda/2 |a|^2. */
    @Override
    public Quality quality(EvaluatedSegment segment) {
        double[] a = EvaluatedSegment.doubles(segment.ofValidation(alpha));
        int n = segment.n();
        int m = segment.m();
        double[] product = segment.atValidation(segment.atTraining(a));
        double[] rows = segment.atValidation(segment.atTraining(EvaluatedSegment.constant(m, 1)));
        double[] h = segment.amongValidation(EvaluatedSegment.constant(m, 1.0 / m));
        double lambda = segment.settings().lambda();
        double L = Arrays.stream(rows).max().orElseThrow() / n + lambda;
        double objective = 0;
        double gap = 0;
        double[] moved = new double[m];
        for (int l = 0; l < m; l++) {
            double gradient = product[l] / n - h[l] + lambda * a[l];
            objective += a[l] * (product[l] / (2 * n) - h[l] + lambda * a[l] / 2);
            moved[l] = Math.max(0, a[l] - gradient / L);
            double least = Math.max(0, a[l] - gradient / lambda) - a[l];        // where gradient and lambda alone would lead
            gap -= lambda > 0 ? least * (gradient + lambda * least / 2) : 0;
        }
        return new Quality(segment.bandwidth(), objective, EvaluatedSegment.residual(a, moved), lambda > 0 ? gap : Double.NaN);
    }

    @Override
    public double wantedGap(double objective) {
        return WANTED_GAP * Math.abs(objective);
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code ls}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "ls";
        }

        @Override
        public boolean stateIsOfValidation() {
            return true;
        }

        @Override
        public boolean usesLambda() {
            return true;
        }

        @Override
        public boolean usesMomentum() {
            return true;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new LeastSquares(scope, batch));
        }
    }
}
