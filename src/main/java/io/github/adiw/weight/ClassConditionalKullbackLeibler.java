package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** {@link KullbackLeibler} inside every class: each has its own constraint, and its own validation samples' coefficients. */
final class ClassConditionalKullbackLeibler extends ClassConditionalGaussian {
    private final Buffer b, u, g, found;

    ClassConditionalKullbackLeibler(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options, labels, validationLabels, classes, true);
        b = floats(m);
        u = floats(m);
        g = floats(m);
        found = floats(n);
    }

    @Override
    void begin(boolean converge) {
        super.begin(converge);
        device.launch("class_kl_begin", Launch.rows(classes), transposeSums(), table, status, b, current);
    }

    @Override
    void step(boolean converge) {
        top(current, u, true);
        top(u, g, false);
        device.launch("class_kl_update", Launch.elements(m), g, b, validationSorted(), table, status, current, m);
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
        return quality(own, KullbackLeibler::quality);
    }

    @Override
    double wantedGap(double objective) {
        return KullbackLeibler.WANTED_GAP;
    }
}
