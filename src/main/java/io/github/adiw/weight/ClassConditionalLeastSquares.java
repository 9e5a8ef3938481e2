package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** {@link LeastSquares} inside every class: each has its own H, h and step. */
final class ClassConditionalLeastSquares extends ClassConditionalGaussian {
    private final Buffer fitted, gradient, curvature, rate, found;

    ClassConditionalLeastSquares(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options, labels, validationLabels, classes, true);
        fitted = floats(n);
        gradient = floats(m);
        curvature = floats(m);
        rate = floats(classes);
        found = floats(n);
    }

    @Override
    void begin(boolean converge) {
        super.begin(converge);
        transpose(basisSums(), curvature, false);
        device.launch("class_ls_begin", Launch.rows(classes), curvature, table, status, current, ahead, rate, options.lambda(),
            converge ? 1f : options.eta());
    }

    @Override
    void step(boolean converge) {
        basis(ahead, fitted);
        transpose(fitted, gradient, false);
        device.launch("class_ls_update", Launch.elements(m), gradient, topSums(), rate, validationSorted(), table, status, current, ahead, m,
            options.lambda(), converge ? LeastSquares.CONVERGING_MOMENTUM : options.momentum());
    }

    @Override
    void end() {
        model(current, found);
    }

    @Override
    Buffer found() {
        return found;
    }

    @Override
    Quality quality(ClassRows own) {
        return quality(own, LeastSquares::quality);
    }

    @Override
    double wantedGap(double objective) {
        return LeastSquares.WANTED_GAP * Math.abs(objective);
    }
}
