package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EvaluatedSegment;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.SegmentedBatch;
import java.util.OptionalInt;

/**
 * DIW's weights: the quadratic program of kernel mean matching, minimise 1/2 w'Kw - kappa'w over {@code 0 <= w <= B} and
 * {@code |sum w - n| <= n eps}, solved to convergence in double precision for every batch (Fang et al., NeurIPS 2020). The solution does not
 * depend on where it starts, so that what is remembered matters only for segments that are degenerate or of too high a rank.
 */
public final class ExactKernelMeanMatching implements Minimizer {
    private final Scope scope;
    private final InteriorPoint solver;
    private final Buffer weights;

    private ExactKernelMeanMatching(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        solver = scope.keep(InteriorPoint.create(batch));
        Device device = batch.device();
        weights = scope.keep(device.allocate(ElementType.FLOAT32, batch.n()));
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
    public void begin(boolean converge) {
        solver.solve(weights);
    }

    /** There are none: the batch is solved when it begins. */
    @Override
    public void step(boolean converge) { }

    @Override
    public OptionalInt solve() {
        solver.solve(weights);
        return OptionalInt.of(solver.iterations());
    }

    @Override
    public String problem() {
        return solver.problem();
    }

    @Override
    public Quality quality(EvaluatedSegment segment) {
        return KernelMeanMatching.quality(segment, EvaluatedSegment.doubles(segment.ofTraining(weights)));
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code kmm-exact}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "kmm-exact";
        }

        @Override
        public boolean takesSteps() {
            return false;
        }

        @Override
        public String defaultBandwidth() {
            return "diw:0.01";
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new ExactKernelMeanMatching(scope, batch));
        }
    }
}
