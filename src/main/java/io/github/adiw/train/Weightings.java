package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.ClassConditionalConvergedMatching;
import io.github.adiw.weight.ConvergedKernelMeanMatching;
import io.github.adiw.weight.EstimatorOptions;
import io.github.adiw.weight.WeightEstimator;

/** The single place that knows which method of training makes its weights how. */
final class Weightings {
    private Weightings() { }

    /**
     * A weighting for a method other than uniform.
     *
     * @param d          dimension of the transformed data
     * @param labels     int32 [N], to train on; validation samples are among the training samples, and numbered as they are
     * @param trueLabels int32 [N], of validation samples
     * @param step       the step counter
     */
    static BatchWeighting create(Device device, TrainingOptions options, int d, Buffer labels, Buffer trueLabels, Model model,
                                 Parameters parameters, Precision precision, Buffer step) {
        int samples = Math.toIntExact(labels.length());
        int n = options.batch();
        return switch (options.method()) {
            case "random" -> new RandomWeighting(device, samples, n, step, options.seed());
            case "iw" -> new StaticWeighting(device, samples, n);
            case "reweight" -> new GradientWeighting(device, samples, n, options.validationBatch(), model, parameters, precision);
            default -> new EstimatedWeighting(estimator(device, options, d, labels, trueLabels, model.classes()));
        };
    }

    private static WeightEstimator estimator(Device device, TrainingOptions options, int d, Buffer labels, Buffer trueLabels, int classes) {
        int samples = Math.toIntExact(labels.length());
        EstimatorOptions made = EstimatorOptions.of(samples, samples, options.batch(), options.validationBatch(), d)
            .bandwidth(Bandwidth.parse(options.bandwidth())).steps(options.estimationSteps()).eta(options.eta()).upperBound(options.upperBound())
            .lambda(options.lambda()).momentum(options.estimationMomentum()).normalize(options.normalizeWeights()).seed(options.seed());
        boolean converged = options.method().equals("diw");
        if (options.classConditional()) {
            return converged ? new ClassConditionalConvergedMatching(device, made, labels, trueLabels, classes)
                : TrainingOptions.divergence(options.method()).classConditional(device, made, labels, trueLabels, classes);
        }
        return converged ? new ConvergedKernelMeanMatching(device, made)
            : TrainingOptions.divergence(options.method()).estimator(device, made);
    }
}
