package io.github.adiw.train;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.nn.SoftmaxCrossEntropy;

/**
 * Learning to reweight (Ren et al., ICML 2018): w_i = n max(0, s_i) / sum_j max(0, s_j), s_i the product of the gradients of the mean
 * validation loss and of loss_i, by a central difference along the first. All 0 where no s_i is positive, as in the paper. The
 * parameters are as before afterwards, bit by bit, and so are running statistics, which normalise the training batch in its differences
 * where these are made in evaluation.
 */
final class GradientWeighting extends RememberedWeighting {
    /** Length of the step along the gradient: longer ones cross more kinks of ReLU, shorter ones lose digits of the losses. */
    static final float RADIUS = 3e-4f;

    private final int m;
    private final Mode mode;
    private final Parameters parameters;
    private final ModelInstance validation, perturbed;
    private final SoftmaxCrossEntropy validationLoss, up, down;
    private final Buffer ones, saved, savedStatistics, savedCounts, scale, products;

    private GradientWeighting(Scope scope, Device device, int samples, int n, int m, Model model, Parameters parameters,
                              Precision precision, Mode mode) {
        super(scope, device, samples, n);
        this.m = m;
        this.mode = mode;
        this.parameters = parameters;
        validation = scope.keep(validation(device, model, parameters, m, precision));
        perturbed = scope.keep(mode == Mode.TRAIN ? model.instance(device, parameters, n, 0, precision)
            : model.instance(device, parameters, 0, n, precision));
        validationLoss = scope.keep(new SoftmaxCrossEntropy(device, m, m, model.classes()));
        up = scope.keep(new SoftmaxCrossEntropy(device, n, 0, model.classes()));
        down = scope.keep(new SoftmaxCrossEntropy(device, n, 0, model.classes()));
        ones = scope.keep(device.allocate(ElementType.FLOAT32, m));
        device.launch("fill", Launch.elements(m), ones, 1f, m);
        saved = scope.keep(device.allocate(ElementType.FLOAT32, parameters.values().length()));
        savedStatistics = scope.keep(device.allocate(ElementType.FLOAT32, parameters.statistics().length()));
        savedCounts = scope.keep(device.allocate(ElementType.INT64, parameters.counts().length()));
        scale = scope.keep(device.allocate(ElementType.FLOAT32, 1));
        products = scope.keep(device.allocate(ElementType.FLOAT32, n));
    }

    private static ModelInstance validation(Device device, Model model, Parameters parameters, int m, Precision precision) {
        try {
            return model.instance(device, parameters, m, 0, precision);
        } catch (UsageException e) {
            if (!"batch".equals(e.parameter())) {
                throw e;
            }
            // Here it is the validation batch that is differentiated.
            throw UsageException.of("validationBatch", e.getMessage().replaceFirst("\\bbatch\\b", "validationBatch"), e);
        }
    }

    static GradientWeighting create(WeightingContext context) {
        TrainedModel trained = context.model();
        boolean training = trained.model().dependsOnMode() && !context.options().estimatesInEvaluation();
        return create(context.device(), context.samples(), context.batch(), context.options().validationBatch(), trained.model(),
            trained.parameters(), trained.precision(), training ? Mode.TRAIN : Mode.EVALUATE);
    }

    /**
     * @param samples N, training samples in all
     * @param n       training samples a batch
     * @param m       validation samples a batch
     * @param mode    of the passes over the training batch
     */
    static GradientWeighting create(Device device, int samples, int n, int m, Model model, Parameters parameters, Precision precision,
                                    Mode mode) {
        return Scope.building(scope -> new GradientWeighting(scope, device, samples, n, m, model, parameters, precision, mode));
    }

    @Override
    public void estimate(Batch batch) {
        int count = Math.toIntExact(parameters.values().length());
        device.copy(parameters.statistics(), savedStatistics);
        device.copy(parameters.counts(), savedCounts);
        validationLoss.forward(validation, batch.validationInputs(), Mode.TRAIN, batch.validationLabels());
        validation.backward(validationLoss.backward(batch.validationLabels(), ones, 1f / m));
        putStatisticsBack();
        device.copy(parameters.values(), saved);
        device.launch("direction_scale", Launch.block(count), parameters.gradients(), scale, count, RADIUS);
        losses(batch, up, 1, count);
        losses(batch, down, -1, count);
        if (mode == Mode.TRAIN) {
            putStatisticsBack();
        }
        device.copy(saved, parameters.values());
        device.launch("reweight", Launch.block(n), up.losses(), down.losses(), scale, products, weights, n);
        remember(batch);
    }

    private void putStatisticsBack() {
        device.copy(savedStatistics, parameters.statistics());
        device.copy(savedCounts, parameters.counts());
    }

    private void losses(Batch batch, SoftmaxCrossEntropy loss, float sign, int count) {
        device.launch("perturb", Launch.elements(count), saved, parameters.gradients(), scale, parameters.values(), count, sign);
        loss.forward(perturbed, batch.inputs(), mode, batch.labels());
    }

    /** The s_i of the last batch, float32 {@code [n]}. */
    Buffer products() {
        return products;
    }
}
