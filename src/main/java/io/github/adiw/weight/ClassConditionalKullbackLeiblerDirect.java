package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** {@link KullbackLeiblerDirect} inside every class. */
final class ClassConditionalKullbackLeiblerDirect extends ClassConditionalGaussian {
    private final Buffer u, share, scaled;

    ClassConditionalKullbackLeiblerDirect(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options, labels, validationLabels, classes, false);
        u = floats(m);
        share = floats(n);
        scaled = floats(n);
    }

    @Override
    void begin(boolean converge) {
        super.begin(converge);
        device.launch("class_direct_recall", Launch.elements(n), sorted, status, current, n);
    }

    @Override
    void step(boolean converge) {
        transpose(current, u, true);
        basis(u, share);
        device.launch("class_direct_scale", Launch.rows(classes), share, table, status, scaled, current, (double) options.upperBound());
    }

    @Override
    Quality quality(ClassRows own) {
        return quality(own, KullbackLeiblerDirect::quality);
    }

    @Override
    double wantedGap(double objective) {
        return KullbackLeiblerDirect.WANTED_GAP;
    }
}
