package io.github.adiw.train;

import io.github.adiw.device.Device;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.ConvergedKernelMeanMatching;
import io.github.adiw.weight.EstimatorOptions;
import io.github.adiw.weight.WeightEstimator;

/** The single place that knows which method of training is which estimator. */
final class Weightings {
    private Weightings() { }

    /** @param samples N; validation samples are among them, and numbered as they are */
    static WeightEstimator create(Device device, TrainingOptions options, int samples) {
        EstimatorOptions made = EstimatorOptions.of(samples, samples, options.batch(), options.validationBatch(), 1)
            .bandwidth(Bandwidth.parse(options.bandwidth())).steps(options.estimationSteps()).eta(options.eta()).upperBound(options.upperBound())
            .lambda(options.lambda()).momentum(options.estimationMomentum()).normalize(options.normalizeWeights());
        return options.method().equals("diw") ? new ConvergedKernelMeanMatching(device, made)
            : TrainingOptions.divergence(options.method()).estimator(device, made);
    }
}
