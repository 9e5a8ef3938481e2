package io.github.adiw.train;

import io.github.adiw.device.Device;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.ConvergedKernelMeanMatching;
import io.github.adiw.weight.EstimatorOptions;
import io.github.adiw.weight.KernelMeanMatching;
import io.github.adiw.weight.WeightEstimator;

/** The single place that knows which method of training is which estimator. */
final class Weightings {
    private Weightings() { }

    /** @param samples N */
    static WeightEstimator create(Device device, TrainingOptions options, int samples) {
        EstimatorOptions made = EstimatorOptions.of(samples, samples, options.batch(), options.validationBatch(), 1)
            .bandwidth(Bandwidth.parse(options.bandwidth())).steps(options.estimationSteps()).eta(options.eta()).upperBound(options.upperBound());
        return switch (options.method()) {
            case "diw" -> new ConvergedKernelMeanMatching(device, made);
            case "adiw-km" -> new KernelMeanMatching(device, made);
            default -> throw new IllegalArgumentException(options.method() + " estimates no weights");
        };
    }
}
