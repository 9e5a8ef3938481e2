package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;

/**
 * The classes of all samples, where estimation runs inside every class.
 *
 * @param training   int32 {@code [N]}, each training sample's label, in 0 to {@code classes - 1}; the caller's to close
 * @param validation int32 {@code [V]}, each validation sample's, likewise
 * @param classes    at least 1
 */
public record SampleLabels(Buffer training, Buffer validation, int classes) {
    /** @throws UsageException if a buffer is of another type, they are of two devices, or there is no class */
    public SampleLabels {
        UsageException.given("training", training).device().require("training", training, ElementType.INT32);
        training.device().require("validation", validation, ElementType.INT32);
        UsageException.atLeast("classes", 1, classes);
    }

    /**
     * Waits.
     *
     * @throws IllegalArgumentException if there is not a label for each sample, one is out of its range, or they are of another device
     */
    void check(Device device, BatchShape shape) {
        device.require("training", training, ElementType.INT32);
        if (training.length() != shape.samples() || validation.length() != shape.validationSamples()) {
            throw new IllegalArgumentException("estimation inside classes needs a label for each of the " + shape.samples()
                + " training and " + shape.validationSamples() + " validation samples, not " + training.length() + " and "
                + validation.length());
        }
        check("training", training);
        check("validation", validation);
    }

    private void check(String kind, Buffer labels) {
        int[] read = labels.toInts();
        for (int i = 0; i < read.length; i++) {
            if (read[i] < 0 || read[i] >= classes) {
                throw new IllegalArgumentException(kind + " sample " + i + " has the label " + read[i] + ", but there are " + classes
                    + " classes, 0 to " + (classes - 1));
            }
        }
    }
}
