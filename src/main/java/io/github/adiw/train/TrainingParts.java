package io.github.adiw.train;

import io.github.adiw.data.Augmenter;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Scope;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a training run consists of on its device: data, model, weighting, the recorded steps, evaluation, and what is kept of the steps. */
final class TrainingParts implements AutoCloseable {
    private final Scope scope;
    private final TrainedModel model;
    private final TrainingData data;
    private final Device device;
    private Evaluation evaluation;
    private final BatchWeighting weighting;
    private final StepClock clock;
    private final StepMetrics metrics;
    private final TrainingStep warmUp, step;

    private TrainingParts(Scope scope, Device device, Dataset dataset, TrainingSplit split, TrainingOptions options, Orders orders,
                          int ring, int steps) {
        this.scope = scope;
        TrainingMethod method = options.trainingMethod();
        this.device = device;
        data = scope.keep(TrainingData.load(device, dataset, split));
        model = scope.keep(TrainedModel.create(device, data.training().shape(), dataset.classes(), options));
        WeightingContext context = new WeightingContext(device, options, data, model, this::evaluation);
        UniformWeighting uniform = scope.keep(UniformWeighting.create(context));
        weighting = method.weighted() ? scope.keep(method.maker().make(context)) : uniform;
        clock = scope.keep(new StepClock(device, model.step(), ring));
        metrics = scope.keep(StepMetrics.create(device, model, options, ring, steps));
        RowChoice training = orders.training == null
            ? RowChoice.shuffled(data.samples()) : RowChoice.listed(scope.keep(device.ints(orders.training)));
        Augmenter augmenter = new Augmenter(options.augmentation(), model.step(), options.seed());
        BatchSource alone = BatchSource.create(device, data, augmenter, model.step(), options.seed(), training, options.batch(),
            RowChoice.NONE, 0);
        BatchPass plain = pass(device, uniform, alone, options, null);
        warmUp = scope.keep(new TrainingStep(device, model, plain, uniform, clock, metrics));
        if (method.weighted()) {
            int m = method.validates() ? options.validationBatch() : 0;
            RowChoice validation = orders.validation == null
                ? RowChoice.drawn(data.validation()) : RowChoice.listed(scope.keep(device.ints(orders.validation)));
            BatchSource batches = BatchSource.create(device, data, augmenter, model.step(), options.seed(), training, options.batch(),
                validation, m);
            BatchPass pass = pass(device, weighting, batches, options, plain);
            step = scope.keep(new TrainingStep(device, model, pass, weighting, clock, metrics));
        } else {
            step = warmUp;
        }
    }

    /**
     * The batches of all steps where order files list them, as sample numbers of the split.
     *
     * @param training   {@code [steps, n]}; null where they are drawn
     * @param validation {@code [steps, m]}; null where they are drawn
     */
    record Orders(int[] training, int[] validation) {}

    /**
     * Allocates everything and records the steps.
     *
     * @param ring      steps between two readings of the metrics, at most
     * @param steps     in all
     * @param evaluates whether there will be an {@link #evaluation}
     */
    static TrainingParts create(Device device, Dataset dataset, TrainingSplit split, TrainingOptions options, Orders orders, int ring,
                                int steps, boolean evaluates) {
        return Scope.building(scope -> {
            TrainingParts parts = new TrainingParts(scope, device, dataset, split, options, orders, ring, steps);
            if (evaluates) {
                parts.evaluation();
            }
            return parts;
        });
    }

    private BatchPass pass(Device device, BatchWeighting by, BatchSource batches, TrainingOptions options, BatchPass other) {
        return scope.keep(BatchPass.create(device, model, scope.keep(batches), by, options, other));
    }

    /** Everything that a run must have to go on, by name: buffers whose contents make another run of the same options go on as this one. */
    Map<String, Buffer> state() {
        Map<String, Buffer> state = new LinkedHashMap<>(model.state());
        weighting.state().forEach((name, buffer) -> state.put("weighting." + name, buffer));
        metrics.state().forEach((name, buffer) -> state.put("metrics." + name, buffer));
        return state;
    }

    /** What is trained. */
    TrainedModel model() {
        return model;
    }

    /** Of that model; allocated when it is first asked for. */
    Evaluation evaluation() {
        if (evaluation == null) {
            evaluation = scope.keep(Evaluation.create(device, model, data));
        }
        return evaluation;
    }

    /** Of the method. */
    BatchWeighting weighting() {
        return weighting;
    }

    /** Times of the steps. */
    StepClock clock() {
        return clock;
    }

    /** Losses and weights of the steps. */
    StepMetrics metrics() {
        return metrics;
    }

    /** A step in which every weight is 1. */
    TrainingStep warmUp() {
        return warmUp;
    }

    /** A step of the method. */
    TrainingStep step() {
        return step;
    }

    @Override
    public void close() {
        scope.close();
    }
}
