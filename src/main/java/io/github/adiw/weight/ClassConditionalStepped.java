package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.Arrays;

/** Estimation inside classes that takes steps in all classes at once, as {@link SteppedEstimator} does in a batch. */
abstract class ClassConditionalStepped extends ClassConditionalEstimator {
    ClassConditionalStepped(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes,
                            boolean stateOfValidation) {
        super(device, options, labels, validationLabels, classes, stateOfValidation);
    }

    /** Enqueues everything before the first step. */
    abstract void begin(boolean converge);

    /** Enqueues a step, which moves {@link #current}. */
    abstract void step(boolean converge);

    /** Enqueues what sets {@link #found}, where that is not the state. */
    void end() { }

    /** What {@link Quality#gap} has to reach, where it is known, before a solution is near enough. */
    double wantedGap(double objective) {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    final void solve() {
        begin(false);
        for (int i = 0; i < options.steps(); i++) {
            step(false);
        }
        end();
    }

    /** Goes on until all classes have converged. */
    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        prepare(indices, validationIndices, z, validation);
        begin(true);
        int steps = 0;
        if (Arrays.stream(status.toInts()).anyMatch(degenerate -> degenerate == 0)) {      // else no step moves anything
            steps = Convergence.reach(device, () -> step(true), () -> {
                end();
                return quality(z, validation);
            }, this::wantedGap);
        }
        end();
        finish(indices, validationIndices);
        device.synchronize();
        return steps;
    }
}
