package io.github.adiw.train;

import io.github.adiw.data.Dataset;
import io.github.adiw.data.SampleSource;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Scope;

/** The samples of a run on its device, to train on, to validate with, to test with, and their labels. */
final class TrainingData implements AutoCloseable {
    private final Scope scope;
    private final SampleSource training, test;
    private final Buffer labels, trueLabels, validation, testLabels;

    private TrainingData(Scope scope, Device device, Dataset dataset, TrainingSplit split) {
        this.scope = scope;
        training = scope.keep(split.data().load(device, dataset.normalization()));
        labels = scope.keep(device.ints(split.labels()));
        trueLabels = scope.keep(device.ints(split.trueLabels()));
        validation = scope.keep(device.ints(split.validation()));
        test = scope.keep(dataset.test().load(device, dataset.normalization()));
        testLabels = scope.keep(device.ints(dataset.test().labels()));
    }

    static TrainingData load(Device device, Dataset dataset, TrainingSplit split) {
        return Scope.building(scope -> new TrainingData(scope, device, dataset, split));
    }

    /** N, the training samples, validation samples among them. */
    int samples() {
        return Math.toIntExact(labels.length());
    }

    /** The N training samples. */
    SampleSource training() {
        return training;
    }

    /** Int32 {@code [N]}, the labels to train on. */
    Buffer labels() {
        return labels;
    }

    /** Int32 {@code [N]}, the true labels; validation uses these. */
    Buffer trueLabels() {
        return trueLabels;
    }

    /** Int32 {@code [V]}, which of the training samples are the validation samples. */
    Buffer validation() {
        return validation;
    }

    /** The test samples. */
    SampleSource test() {
        return test;
    }

    /** Int32, one a test sample. */
    Buffer testLabels() {
        return testLabels;
    }

    @Override
    public void close() {
        scope.close();
    }
}
