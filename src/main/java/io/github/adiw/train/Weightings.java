package io.github.adiw.train;

import io.github.adiw.device.Device;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.ConvergedKernelMeanMatching;
import io.github.adiw.weight.KernelMeanMatching;
import io.github.adiw.weight.WeightEstimator;

/** The single place that knows which method of training is which estimator. */
final class Weightings {
    private Weightings() { }

    /** @param samples N */
    static WeightEstimator create(Device device, TrainingOptions options, int samples) {
        Bandwidth bandwidth = Bandwidth.parse(options.bandwidth());
        return switch (options.method()) {
            case "diw" -> new ConvergedKernelMeanMatching(device, samples, options.batch(), options.validationBatch(), 1, bandwidth,
                options.upperBound());
            case "adiw-km" -> new KernelMeanMatching(device, samples, options.batch(), options.validationBatch(), 1, bandwidth,
                options.estimationSteps(), options.eta(), options.upperBound());
            default -> throw new IllegalArgumentException(options.method() + " estimates no weights");
        };
    }
}
