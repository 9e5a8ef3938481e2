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
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * ADIW with kernel mean matching: a few projected-gradient steps on 1/2 w'(K + R n I)w - kappa'w from the weights of the samples' last
 * visit, step eta over the largest row sum of K + R n I (Fang et al., arXiv 2605.25499; objective: Huang et al. 2006).
 *
 * <p>The ridge R is what makes a few steps a batch enough. K alone leaves a face of weights nearly optimal, on which nothing calls a weight
 * back: what the validation batches of many visits have drawn adds up, until the weights of samples with equal losses differ by a third
 * of their mean. With R a weight forgets that within some ten visits, and samples that no validation sample speaks for lose theirs.
 */
public final class KernelMeanMatching implements Minimizer {
    private static final float CONVERGING_MOMENTUM = 0.9f;
    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final GramMatrix gram;
    private final Buffer weights;
    private final Buffer extrapolated;
    private final Buffer moved;
    private boolean multiplied;

    private KernelMeanMatching(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        gram = scope.keep(GramMatrix.create(batch));
        weights = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
        extrapolated = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
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
        Object[] own = {batch.settings().eta(), batch.settings().momentum(), batch.settings().ridge(), (float) GramMatrix.RIDGE};
        if (device.hasClusters()) {
            batch.launchOnCluster("km_estimation_cluster", samples, weights, own);
        } else {
            batch.launchAtOnce("km_estimation", samples, weights, own);
        }
        return true;
    }

    @Override
    public void begin(boolean converge) {
        gram.compute(extrapolated);
        multiplied = !converge;         // steps that are recorded all begin alike
    }

    @Override
    public void step(boolean converge) {
        if (!multiplied) {
            gram.multiply(extrapolated);
        }
        multiplied = false;
        device.launch("kmm_step", batch.segments().blocks(), gram.product(), gram.kappa(), gram.rowSums(),
            batch.segments().table(), batch.status(), moved, extrapolated, weights, converge ? 1f : batch.settings().eta(),
            converge ? CONVERGING_MOMENTUM : batch.settings().momentum(), batch.settings().ridge(),
            (double) batch.settings().upperBound(), 0);
    }

    /**
     * Without a ridge by {@link MatchingProgram}'s interior point, which gets there in about 20 iterations. With one, or where K has too
     * high a rank for that in a segment, accelerated steps go as far as they get.
     */
    @Override
    public OptionalInt solve() {
        if (batch.settings().ridge() > 0) {
            return OptionalInt.empty();
        }
        try (InteriorPoint solver = InteriorPoint.create(batch, false)) {
            solver.solve(weights);
            return solver.problem() == null ? OptionalInt.of(solver.iterations()) : OptionalInt.empty();
        }
    }

    @Override
    public Quality quality(EvaluatedSegment segment) {
        double ridge = GramMatrix.RIDGE + segment.settings().ridge() * (double) segment.n();
        return quality(segment, EvaluatedSegment.doubles(segment.ofTraining(weights)), ridge);
    }

    /** Of 1/2 w'(K + ridge I)w - kappa'w. */
    static Quality quality(EvaluatedSegment segment, double[] w, double ridge) {
        int n = segment.n();
        int m = segment.m();
        double[] product = segment.amongTraining(w);
        double[] kappa = segment.atTraining(EvaluatedSegment.constant(m, (double) n / m));
        double[] gradient = new double[n];
        double objective = 0;
        for (int i = 0; i < n; i++) {
            product[i] += ridge * w[i];
            gradient[i] = product[i] - kappa[i];
            objective += w[i] * (product[i] / 2 - kappa[i]);
        }
        double L = Arrays.stream(segment.amongTraining(EvaluatedSegment.constant(n, 1))).max().orElseThrow() + ridge;
        return new Quality(segment.bandwidth(), objective,
            segment.residualOfWeights(w, gradient, L, WeightBounds.least(n), WeightBounds.most(n, segment.settings().upperBound())));
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code km}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "km";
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
        public boolean usesMomentum() {
            return true;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new KernelMeanMatching(scope, batch));
        }
    }
}
