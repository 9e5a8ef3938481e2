package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;

/**
 * {@link ConvergedKernelMeanMatching} inside every class, with the class prior put back: DIW's program solved to convergence in double
 * precision for every class of every batch (Fang et al., NeurIPS 2020).
 */
public final class ClassConditionalConvergedMatching extends ClassConditionalEstimator {
    private final ClassInteriorPoint solver;

    /**
     * @param options          N, V, n, m, d, the bandwidth, B and the normalisation matter here, the others do not
     * @param labels           int32 {@code [N]}, each training sample's label, in 0 to {@code classes - 1}; the caller's to close
     * @param validationLabels int32 {@code [V]}, each validation sample's, likewise
     */
    public ClassConditionalConvergedMatching(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options, labels, validationLabels, classes, false);
        solver = keep(new ClassInteriorPoint(this));
    }

    @Override
    void solve() {
        solver.solve();
    }

    /**
     * As {@link #estimate}; waits. Gives the most iterations that a class took.
     *
     * @throws AdiwException if the Gram matrix of a class has no factor of a rank that could be stored
     */
    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        estimate(indices, validationIndices, z, validation);
        String problem = problem();
        if (problem != null) {
            throw new AdiwException(problem);
        }
        return solver.iterations();
    }

    @Override
    public String problem() {
        return solver.problem();
    }

    @Override
    Quality quality(ClassRows own) {
        return quality(own, KernelMeanMatching::quality);
    }
}
