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
    void begin(boolean converge) {
        super.begin(converge);
        device.launch("reciprocal", Launch.elements(m), transposeSums(), shares, m, 1f);
        basis(shares, target);
    }

    @Override
    void step(boolean converge) {
        device.launch("class_smooth_step", Launch.rows(classes), target, table, status, moved, ahead, current,
            converge ? 1f : options.eta(), converge ? 0f : options.momentum(), (double) options.upperBound());
    }

    @Override
    Quality quality(ClassRows own) {
        return quality(own, LeastSquaresDirect::quality);
    }
}
