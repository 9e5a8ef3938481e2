package io.github.adiw.train;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;

/** The single place that knows which method is which class. */
final class Weightings {
    private Weightings() { }

    static Weighting create(Device device, TrainingOptions options, int samples) {
        throw new UsageException("--method " + options.method() + " is not known");
    }
}
