package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * {@link KernelMeanMatching} inside every class, with the class prior put back: a few projected-gradient steps from the ratios of the
 * samples' last visit, each class with its own bandwidth, bound on the curvature and feasible set.
 */
final class ClassConditionalKernelMeanMatching extends ClassConditionalStepped {
    private final Buffer rowSums, kappa, product, moved;
    private boolean multiplied;

    /**
     * @param labels           int32 {@code [N]}, each training sample's label, in 0 to {@code classes - 1}; the caller's to close
     * @param validationLabels int32 {@code [V]}, each validation sample's, likewise
     */
    ClassConditionalKernelMeanMatching(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels,
                                              int classes) {
        super(device, options, labels, validationLabels, classes, false);
        rowSums = keep(ElementType.FLOAT32, n);
        kappa = keep(ElementType.FLOAT32, n);
        product = keep(ElementType.FLOAT32, n);
        moved = keep(ElementType.FLOAT32, n);
    }

    @Override
    void begin(boolean converge) {
        device.launch("class_gram", Launch.rows(n), distances, sorted, table, gamma, status, ahead, rowSums, kappa, product, n, m,
            (float) GramMatrix.RIDGE);
        multiplied = !converge;         // steps that are recorded all begin alike
    }

    @Override
    void step(boolean converge) {
        if (!multiplied) {
            device.launch("class_product", Launch.rows(n), distances, sorted, table, ahead, product, 0, n, m, 0, 0);
        }
        multiplied = false;
        device.launch("class_kmm_step", Launch.rows(classes), product, kappa, rowSums, table, status, moved, ahead, current,
            converge ? 1f : options.eta(), converge ? KernelMeanMatching.CONVERGING_MOMENTUM : options.momentum(), (double) options.upperBound());
    }

    @Override
    Quality quality(ClassRows own) {
        return quality(own, KernelMeanMatching::quality);
    }

    /**
     * Hands the programs to the interior point of {@link ClassConditionalConvergedMatching}; where a class's matrix has too high a rank for
     * that, all take accelerated steps.
     */
    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        prepare(indices, validationIndices, z, validation);
        try (ClassInteriorPoint solver = new ClassInteriorPoint(this)) {
            solver.solve();
            if (solver.problem() != null) {
                return super.converge(indices, validationIndices, z, validation);
            }
            int iterations = solver.iterations();
            finish(indices, validationIndices);
            device.synchronize();
            return iterations;
        }
    }
}
