package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.function.Supplier;

/**
 * What a {@link BatchWeighting} is made for.
 *
 * @param device     where it works
 * @param options    of the run
 * @param data       of the run, on the device
 * @param model      that is trained
 * @param evaluation gives that of the model
 */
record WeightingContext(Device device, TrainingOptions options, TrainingData data, TrainedModel model, Supplier<Evaluation> evaluation) {
    /** N, training samples in all; validation samples are among them, and numbered as they are. */
    int samples() {
        return data.samples();
    }

    /** n, training samples a batch. */
    int batch() {
        return options.batch();
    }

    /** Int32 {@code [N]}, the labels to train on. */
    Buffer labels() {
        return data.labels();
    }

    /** Int32 {@code [N]}, the labels of validation samples. */
    Buffer trueLabels() {
        return data.trueLabels();
    }

    /** The number of classes. */
    int classes() {
        return model.classes();
    }

    /** Whether weights are estimated inside every class. */
    boolean insideClasses() {
        return options.insideClasses();
    }

    /** d, dimension of what weights are estimated from. */
    int dimension() {
        return insideClasses() ? model.features() : 1;
    }
}
