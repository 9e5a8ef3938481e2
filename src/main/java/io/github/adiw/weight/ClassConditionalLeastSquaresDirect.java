package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** {@link LeastSquaresDirect} inside every class. */
final class ClassConditionalLeastSquaresDirect extends ClassConditionalGaussian {
    private final Buffer shares, target, moved;

    ClassConditionalLeastSquaresDirect(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options, labels, validationLabels, classes, false);
        shares = floats(m);
        target = floats(n);
        moved = floats(n);
    }

    @Override
    void begin() {
        device.launch("reciprocal", Launch.elements(m), transposeSums(), shares, m, 1f);
        basis(shares, target);
    }

    @Override
    void step() {
        device.launch("class_smooth_step", Launch.rows(classes), target, table, status, moved, ahead, current, options.eta(),
            options.momentum(), (double) options.upperBound());
    }
}
