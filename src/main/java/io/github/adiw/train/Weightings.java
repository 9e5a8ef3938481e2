package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.SampleLabels;
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
        EstimationSettings settings = EstimationSettings.builder().bandwidth(options.bandwidth()).steps(options.estimationSteps())
            .eta(options.eta()).upperBound(options.upperBound()).lambda(options.lambda()).momentum(options.estimationMomentum())
            .normalize(options.normalizeWeights()).seed(options.seed()).build();
        Divergence divergence = options.method().equals("diw") ? Divergences.get("kmm-exact") : TrainingOptions.divergence(options.method());
        BatchShape shape = new BatchShape(samples, samples, options.batch(), options.validationBatch(), d);
        return options.classConditional()
            ? WeightEstimator.create(device, divergence, shape, settings, new SampleLabels(labels, trueLabels, classes))
            : WeightEstimator.create(device, divergence, shape, settings);
    }
}
