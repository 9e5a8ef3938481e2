package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EvaluatedSegment;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.SegmentedBatch;
import java.util.OptionalInt;

/**
 * DIW's weights: the quadratic program of kernel mean matching, minimise 1/2 w'Kw - kappa'w over {@code 0 <= w <= B} and
 * {@code |sum w - n| <= n eps}, solved in double precision for every batch (Fang et al., NeurIPS 2020): to convergence, or as far as their
 * published code goes, which stops at cvxopt's default tolerances. The solution does not depend on what is remembered, which matters only
 * for segments that are degenerate or of too high a rank.
 *
 * <p>The two are not the same weights: with DIW's bandwidth K has about ten large eigenvalues, so that a whole face of weights is nearly
 * optimal, and the interior point that stops early stops in the middle of it.
 */
public final class MatchingProgram implements Minimizer {
    private final Scope scope;
    private final InteriorPoint solver;
    private final Buffer weights;

    private MatchingProgram(Scope scope, SegmentedBatch batch, boolean published) {
        this.scope = scope;
        solver = scope.keep(InteriorPoint.create(batch, published));
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
    public void step(boolean converge) {}

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
    public Buffer outcomes() {
        return solver.outcomes();
    }

    @Override
    public String problem(int segment) {
        return solver.problem(segment);
    }

    @Override
    public Quality quality(EvaluatedSegment segment) {
        return KernelMeanMatching.quality(segment, EvaluatedSegment.doubles(segment.ofTraining(weights)), GramMatrix.RIDGE);
    }

    @Override
    public void close() {
        scope.close();
    }

    /** {@code kmm-exact}: to convergence. */
    public static final class Exact implements Divergence {
        @Override
        public String name() {
            return "kmm-exact";
        }

        @Override
        public boolean takesSteps() {
            return false;
        }

        @Override
        public Bandwidth defaultBandwidth() {
            return Bandwidth.DIW;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new MatchingProgram(scope, batch, false));
        }
    }

    /** {@code diw}: as far as DIW's published code goes. */
    public static final class Published implements Divergence {
        @Override
        public String name() {
            return "diw";
        }

        @Override
        public boolean takesSteps() {
            return false;
        }

        @Override
        public Bandwidth defaultBandwidth() {
            return Bandwidth.DIW;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new MatchingProgram(scope, batch, true));
        }
    }
}
