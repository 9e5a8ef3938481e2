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
 * ADIW with the Kullback-Leibler divergence: the ratio r(z) = sum_l alpha_l k(z, z'_l) minimises -(1/m) sum_j log r(z'_j) over
 * alpha >= 0 and (1/n) sum_i r(z_i) = 1 (KLIEP, Sugiyama et al. 2008), by multiplicative steps that keep the constraint and never
 * raise the objective. The state is a coefficient for every validation sample. {@code eta} has no part in it.
 */
public final class KullbackLeibler implements Minimizer {
    /** A gap that is small enough. */
    static final double WANTED_GAP = 2e-5;
    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final GaussianMatrix cross;
    private final GaussianMatrix crossTransposed;
    private final GaussianMatrix amongValidation;
    private final Buffer alpha;
    private final Buffer constraint;
    private final Buffer ratios;
    private final Buffer atValidation;
    private final Buffer inverse;

    private KullbackLeibler(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        cross = scope.keep(GaussianMatrix.create(batch, Side.TRAINING, Side.VALIDATION));
        crossTransposed = scope.keep(GaussianMatrix.create(batch, Side.VALIDATION, Side.TRAINING));
        amongValidation = scope.keep(GaussianMatrix.create(batch, Side.VALIDATION, Side.VALIDATION));
        alpha = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        constraint = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        ratios = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        atValidation = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
        inverse = scope.keep(device.allocate(ElementType.FLOAT32, batch.m()));
    }

    @Override
    public Buffer state() {
        return alpha;
    }

    @Override
    public Buffer ratios() {
        return ratios;
    }

    @Override
    public boolean estimateAtOnce(RememberedSamples samples) {
        batch.launchAtOnce("kl_estimation", samples, alpha, samples.validationIndices(), samples.state(), ratios, batch.settings().ridge());
        return true;
    }

    @Override
    public void begin(boolean converge) {
        cross.compute();
        crossTransposed.compute();
        amongValidation.compute();
        device.launch("kl_begin", batch.segments().blocks(), crossTransposed.rowSums(), batch.segments().table(),
            batch.status(), constraint, alpha, batch.settings().ridge());
    }

    @Override
    public void step(boolean converge) {
        int m = batch.m();
        amongValidation.multiply(alpha, atValidation);
        device.launch("reciprocal", Launch.elements(m), atValidation, inverse, batch.segments().ofValidation(), batch.segments().table(), m,
            1);
        amongValidation.multiply(inverse, atValidation);
        device.launch("kl_update", Launch.elements(m), atValidation, constraint, batch.segments().ofValidation(), batch.status(), alpha, m);
    }

    @Override
    public void finish() {
        cross.multiply(alpha, ratios);
    }

    @Override
    public double wantedGap(double objective) {
        return WANTED_GAP;
    }

    /** Of -(1/m) sum_j log r(z'_j). */
    @Override
    public Quality quality(EvaluatedSegment segment) {
        double[] alpha = EvaluatedSegment.doubles(segment.ofValidation(this.alpha));
        int n = segment.n();
        int m = segment.m();
        double[] a = alpha.clone();
        double[] s = segment.amongValidation(EvaluatedSegment.constant(m, 1));
        double[] constraint = segment.atValidation(EvaluatedSegment.constant(n, 1.0 / n));
        Arrays.setAll(constraint, l -> constraint[l] + segment.settings().ridge());
        if (a[0] < 0) {         // a degenerate batch, and no state yet: what it would begin with
            Arrays.fill(a, 1 / Arrays.stream(constraint).sum());
        }
        double[] ratio = segment.amongValidation(a);
        double objective = 0;
        double[] inverse = new double[m];
        double[] curvature = new double[m];
        for (int j = 0; j < m; j++) {
            objective -= Math.log(ratio[j]) / m;
            inverse[j] = 1 / (m * ratio[j]);
            curvature[j] = s[j] / (m * ratio[j] * ratio[j]);
        }
        double[] gradient = segment.amongValidation(inverse);
        double L = Arrays.stream(segment.amongValidation(curvature)).max().orElseThrow();
        double[] moved = new double[m];
        double gap = 0;
        for (int l = 0; l < m; l++) {
            moved[l] = a[l] + gradient[l] / L;
            gap = Math.max(gap, constraint[l] > 0 ? gradient[l] / constraint[l] - 1 : 0);   // linearised, at the best vertex 1 / b_l
        }
        return new Quality(segment.bandwidth(), objective, EvaluatedSegment.residual(a, onConstraint(moved, constraint)), gap);
    }

    /** The nearest point of {x >= 0, b'x = 1}: max(0, v - t b), t by Newton's steps from the left, which are monotone. */
    static double[] onConstraint(double[] v, double[] b) {
        double t = Double.POSITIVE_INFINITY;
        for (int l = 0; l < v.length; l++) {
            if (b[l] > 0) {
                t = Math.min(t, (v[l] - 1 / b[l]) / b[l]);
            }
        }
        for (int pass = 0; pass < 1000; pass++) {
            double sum = -1;
            double slope = 0;
            for (int l = 0; l < v.length; l++) {
                double x = v[l] - t * b[l];
                sum += x > 0 ? b[l] * x : 0;
                slope += x > 0 ? b[l] * b[l] : 0;
            }
            if (slope == 0 || Math.abs(sum) <= 1e-14) {
                break;
            }
            t += sum / slope;
        }
        double[] x = new double[v.length];
        for (int l = 0; l < v.length; l++) {
            x[l] = Math.max(0, v[l] - t * b[l]);
        }
        return x;
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code kl}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "kl";
        }

        @Override
        public boolean stateIsOfValidation() {
            return true;
        }

        @Override
        public boolean usesEta() {
            return false;
        }

        @Override
        public boolean usesRidge() {
            return true;
        }

        @Override
        public float defaultRidge() {
            return 0.02f;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new KullbackLeibler(scope, batch));
        }
    }
}
