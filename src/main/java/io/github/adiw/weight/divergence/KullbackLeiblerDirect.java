package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EvaluatedSegment;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.RememberedSamples;
import io.github.adiw.weight.SegmentedBatch;
import io.github.adiw.weight.divergence.GaussianMatrix.Side;
import java.util.Arrays;

/**
 * The Kullback-Leibler divergence on the sample weights themselves: w minimises -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)) over
 * {@code 0 <= w <= B, sum w = n}, by EM steps, which never raise the objective. Converged it collapses to a few atoms: it is of use stopped
 * early, and a weight that comes back below 1e-3 starts from there, or it could never return. {@code eta} has no part in it.
 */
public final class KullbackLeiblerDirect implements Minimizer {
    private static final float LEAST_SHARE = 1e-3f;
    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final GaussianMatrix cross;
    private final GaussianMatrix crossTransposed;
    private final Buffer weights;
    private final Buffer mixture;
    private final Buffer inverse;
    private final Buffer share;
    private final Buffer scaled;

    private KullbackLeiblerDirect(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        cross = scope.keep(GaussianMatrix.create(batch, Side.TRAINING, Side.VALIDATION));
        crossTransposed = scope.keep(GaussianMatrix.create(batch, Side.VALIDATION, Side.TRAINING));
        weights = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        mixture = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        inverse = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        share = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        scaled = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
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
    public float leastState() {
        return LEAST_SHARE;
    }

    @Override
    public boolean estimateAtOnce(RememberedSamples samples) {
        batch.launchAtOnce("kl_direct_estimation", samples, weights, LEAST_SHARE);
        return true;
    }

    @Override
    public void begin(boolean converge) {
        cross.compute();
        crossTransposed.compute();
    }

    @Override
    public void step(boolean converge) {
        int m = batch.m();
        crossTransposed.multiply(weights, mixture);
        device.launch("reciprocal", Launch.elements(m), mixture, inverse, batch.segments().ofValidation(), batch.segments().table(), m, 0);
        cross.multiply(inverse, share);
        device.launch("direct_scale", batch.segments().blocks(), share, batch.segments().table(), batch.status(), scaled,
            weights,
            (double) batch.settings().upperBound());
    }

    /** Of -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)). */
    @Override
    public Quality quality(EvaluatedSegment segment) {
        double[] w = EvaluatedSegment.doubles(segment.ofTraining(weights));
        int n = segment.n();
        int m = segment.m();
        double[] q = segment.atValidation(w);
        double[] s = segment.atValidation(EvaluatedSegment.constant(n, 1));
        double objective = 0;
        double[] inverse = new double[m];
        double[] curvature = new double[m];
        for (int j = 0; j < m; j++) {
            objective -= Math.log(q[j] / n) / m;
            inverse[j] = -1 / (m * q[j]);
            curvature[j] = s[j] / (m * q[j] * q[j]);
        }
        double L = Arrays.stream(segment.atTraining(curvature)).max().orElseThrow();
        double[] gradient = segment.atTraining(inverse);
        return new Quality(segment.bandwidth(), objective, segment.residualOfWeights(w, gradient, L),
            gap(w, gradient, segment.settings().upperBound()));
    }

    /** How far the linearised objective can fall: weights B where the gradient is least, until they sum to n. */
    private static double gap(double[] w, double[] gradient, double upper) {
        double at = 0;
        for (int i = 0; i < w.length; i++) {
            at += gradient[i] * w[i];
        }
        double[] sorted = gradient.clone();
        Arrays.sort(sorted);
        double left = w.length;
        double least = 0;
        for (int i = 0; i < sorted.length && left > 0; i++) {
            double taken = Math.min(upper, left);
            least += taken * sorted[i];
            left -= taken;
        }
        return Math.max(0, at - least);
    }

    @Override
    public double wantedGap(double objective) {
        return KullbackLeibler.WANTED_GAP;
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code kl-direct}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "kl-direct";
        }

        /** A wide kernel: with the median's, few atoms get all the weight. */
        @Override
        public Bandwidth defaultBandwidth() {
            return Bandwidth.DIW;
        }

        @Override
        public boolean usesEta() {
            return false;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new KullbackLeiblerDirect(scope, batch));
        }
    }
}
