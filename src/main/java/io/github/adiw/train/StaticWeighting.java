package io.github.adiw.train;

import io.github.adiw.AdiwException;
import io.github.adiw.data.Augmenter;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.util.function.BooleanSupplier;

/**
 * Static importance weighting: before the first step, the model is trained without weights, the weights of all samples are estimated once
 * by kernel mean matching on their losses (against those of the validation samples), and training begins anew with them.
 */
final class StaticWeighting extends RememberedWeighting {
    private final WeightingContext context;

    private StaticWeighting(Scope scope, WeightingContext context) {
        super(scope, context.device(), context.samples(), context.batch());
        this.context = context;
    }

    static StaticWeighting create(WeightingContext context) {
        return Scope.building(scope -> new StaticWeighting(scope, context));
    }

    @Override
    public void prepare(BooleanSupplier stopping) {
        TrainedModel model = context.model();
        TrainingData data = context.data();
        TrainingOptions options = context.options();
        // The batches are drawn even where an order file lists those of the training that counts.
        RowChoice choice = RowChoice.shuffled(data.samples());
        Augmenter augmenter = new Augmenter(options.augmentation(), model.step(), options.seed());
        try (Snapshot start = model.snapshot();
             BatchSource batches = BatchSource.create(device, data, augmenter, model.step(), options.seed(), choice, n, RowChoice.NONE, 0);
             BatchPass pass = BatchPass.create(device, model, batches, this, options, null);
             Buffer ones = device.allocate(ElementType.FLOAT32, n)) {
            device.launch("fill", Launch.elements(n), ones, 1f, n);
            try (Graph step = device.record(() -> {
                pass.next(StepClock.Stamp.NONE);
                pass.forward(ones);
                pass.update(ones);
                model.endStep(StepClock.Stamp.NONE);
            })) {
                long steps = (long) options.pretrainEpochs() * (data.samples() / n);
                for (long i = 0; i < steps && !stopping.getAsBoolean(); i++) {
                    step.replay();
                }
            }
            if (!stopping.getAsBoolean()) {
                memory.upload(estimated());
            }
            start.restore();
        }
    }

    private float[] estimated() {
        TrainingData data = context.data();
        float[] losses = context.evaluation().get().losses(data.training(), data.labels());
        for (float loss : losses) {
            if (!Float.isFinite(loss)) {
                throw new AdiwException("after the training that iw estimates from, a loss is no finite number: try a smaller "
                    + "learningRate, the reduction mean, or fewer pretrainEpochs");
            }
        }
        int[] rows = data.validation().toInts();
        float[] validationLosses = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            validationLosses[i] = losses[rows[i]];
        }
        EstimationSettings settings = context.options().estimation();
        return EstimatedWeights.builder(device).method("km").settings(EstimationSettings.builder().bandwidth(settings.bandwidth())
            .upperBound(settings.upperBound()).build()).untilConverged(true).estimate(losses, validationLosses, 1).weights();
    }

    @Override
    public void estimate(Batch batch) {
        device.launch("recall_state", Launch.elements(n), memory, batch.indices(), null, null, null, weights, null, n,
            Float.NEGATIVE_INFINITY);
    }
}
