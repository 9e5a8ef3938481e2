package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.ElementType;

/**
 * The classes of all samples, where estimation runs inside every class.
 *
 * @param training   int32 {@code [N]}, each training sample's label, in 0 to {@code classes - 1}; the caller's to close
 * @param validation int32 {@code [V]}, each validation sample's, likewise
 * @param classes    at least 1
 */
public record SampleLabels(Buffer training, Buffer validation, int classes) {
    /** Checks types and that there is a class. */
    public SampleLabels {
        if (training.type() != ElementType.INT32 || validation.type() != ElementType.INT32 || classes < 1) {
            throw new IllegalArgumentException("labels must be int32 of at least one class, not " + training.type() + ", "
                + validation.type() + " of " + classes);
        }
    }

    /**
     * Waits.
     *
     * @throws IllegalArgumentException if there is not a label for each sample, or one is out of its range
     */
    void check(BatchShape shape) {
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
