package io.github.adiw.train;

import io.github.adiw.AdiwException;
import io.github.adiw.data.ImageDataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Optimizer;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.nn.SoftmaxCrossEntropy;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/** Everything of a training run that lives on the device: data, parameters, and the recorded steps. */
final class Network implements AutoCloseable {
    private static final int EVALUATION_BATCH = 500;

    private final Device device;
    private final TrainingOptions options;
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();
    private final int imageSize, features, samples, stepsPerEpoch, validationCount, testCount;
    private final Buffer images, labels, trueLabels, validationRows, testImages, testLabels;
    private final Buffer trainOrder, validationOrder;
    private final Buffer step, rate, halted, ones;
    private final Parameters parameters;
    private final Optimizer optimizer;
    private final BatchWeighting weighting;
    private final Pass uniformPass, weightedPass;
    private final ModelInstance evaluation;
    private final SoftmaxCrossEntropy evaluationLoss;
    private final Buffer evaluationStep, evaluationCorrect, evaluationIndex, evaluationInputs, evaluationLabels;
    private Graph uniformStep, weightedStep, pretrainingStep, evaluationGraph;

    Network(Device device, ImageDataset dataset, TrainingSplit split, TrainingOptions options, int[] trainOrder, int[] validationOrder) {
        this.device = device;
        this.options = options;
        ImageSet data = split.data();
        ImageSet test = dataset.test();
        imageSize = data.imageSize();
        samples = split.count();
        stepsPerEpoch = samples / options.batch();
        validationCount = split.validation().length;
        testCount = test.count();
        images = keep(bytes(data.images()));
        labels = keep(device.ints(split.labels()));
        trueLabels = keep(device.ints(split.trueLabels()));
        validationRows = keep(device.ints(split.validation()));
        testImages = keep(bytes(test.images()));
        testLabels = keep(device.ints(test.labels()));
        this.trainOrder = trainOrder == null ? null : keep(device.ints(trainOrder));
        this.validationOrder = validationOrder == null ? null : keep(device.ints(validationOrder));
        step = keep(zeros(ElementType.INT64, 1));
        rate = keep(zeros(ElementType.FLOAT32, 1));
        halted = keep(zeros(ElementType.INT32, 1));
        ones = keep(device.allocate(ElementType.FLOAT32, options.batch()));
        device.launch("fill", Launch.elements(options.batch()), ones, 1f, options.batch());
        Model model = Model.parse(options.model(), data.channels(), data.height(), data.width(), dataset.classes());
        Precision precision = Precision.valueOf(options.precision().toUpperCase(Locale.ROOT));
        parameters = keep(model.parameters(device));
        if (options.initialParameters() != null) {
            parameters.load(SafeTensors.read(options.initialParameters()));
        } else {
            parameters.initialize(options.seed());
        }
        optimizer = keep(options.optimizer().equals("adam")
            ? Optimizer.adam(device, parameters, rate, step, halted, options.weightDecay())
            : Optimizer.sgd(device, parameters, rate, halted, options.momentum(), options.nesterov(), options.weightDecay()));
        uniformPass = keep(new Pass(model, precision, 0));
        weightedPass = options.adaptive() ? keep(new Pass(model, precision, options.validates() ? options.validationBatch() : 0)) : null;
        features = options.classConditional() ? model.features() : 0;
        weighting = options.adaptive() ? keep(Weightings.create(device, options, Math.max(1, features), labels, trueLabels, model, parameters,
            precision, step)) : null;
        int rows = Math.min(EVALUATION_BATCH, testCount);
        evaluation = keep(model.instance(device, parameters, 0, rows, precision));
        evaluationLoss = keep(new SoftmaxCrossEntropy(device, rows, 0, dataset.classes()));
        evaluationStep = keep(zeros(ElementType.INT64, 1));
        evaluationCorrect = keep(zeros(ElementType.INT32, 1));
        evaluationIndex = keep(device.allocate(ElementType.INT32, rows));
        evaluationInputs = keep(device.allocate(ElementType.FLOAT32, (long) rows * imageSize));
        evaluationLabels = keep(device.allocate(ElementType.INT32, rows));
    }

    private <T extends AutoCloseable> T keep(T resource) {
        resources.push(resource);
        return resource;
    }

    private Buffer bytes(byte[] values) {
        Buffer buffer = device.allocate(ElementType.UINT8, values.length);
        buffer.upload(values);
        return buffer;
    }

    private Buffer zeros(ElementType type, long length) {
        Buffer buffer = device.allocate(type, length);
        device.zero(buffer);
        return buffer;
    }

    /** One forward and backward pass over a training batch and, where weights are estimated, a validation batch. */
    private final class Pass implements BatchWeighting.Batch, AutoCloseable {
        final int batch = options.batch();
        final int extra;
        final ModelInstance instance;
        final SoftmaxCrossEntropy loss;
        final Buffer index, inputs, batchLabels;

        Pass(Model model, Precision precision, int extra) {
            this.extra = extra;
            instance = model.instance(device, parameters, batch, extra, precision);
            loss = new SoftmaxCrossEntropy(device, batch + extra, batch, model.classes());
            index = device.allocate(ElementType.INT32, batch + extra);
            inputs = device.allocate(ElementType.FLOAT32, (long) (batch + extra) * imageSize);
            batchLabels = device.allocate(ElementType.INT32, batch + extra);
        }

        @Override
        public Buffer indices() {
            return index.slice(0, batch);
        }

        @Override
        public Buffer validationIndices() {
            return index.slice(batch, extra);
        }

        @Override
        public Buffer transformed() {
            return features == 0 ? losses() : instance.features().slice(0, (long) batch * features);
        }

        @Override
        public Buffer validationTransformed() {
            return features == 0 ? loss.losses().slice(batch, extra)
                : instance.features().slice((long) batch * features, (long) extra * features);
        }

        Buffer losses() {
            return loss.losses().slice(0, batch);
        }

        @Override
        public Buffer inputs() {
            return inputs.slice(0, (long) batch * imageSize);
        }

        @Override
        public Buffer validationInputs() {
            return inputs.slice((long) batch * imageSize, (long) extra * imageSize);
        }

        @Override
        public Buffer labels() {
            return batchLabels.slice(0, batch);
        }

        @Override
        public Buffer validationLabels() {
            return batchLabels.slice(batch, extra);
        }

        /** @param ordered whether an order file, if there is one, says which batch */
        void forward(boolean ordered) {
            if (ordered && trainOrder != null) {
                device.launch("read_order", Launch.elements(batch), indices(), trainOrder, step, batch);
            } else {
                device.launch("draw_training", Launch.elements(batch), indices(), step, samples, batch, stepsPerEpoch, options.seed());
            }
            device.launch("gather_labels", Launch.elements(batch), labels, indices(), batchLabels.slice(0, batch), batch);
            if (extra > 0) {
                Buffer validationIndex = validationIndices();
                if (validationOrder != null) {
                    device.launch("read_order", Launch.elements(extra), validationIndex, validationOrder, step, extra);
                } else {
                    device.launch("draw_validation", Launch.elements(extra), validationIndex, validationRows, step, validationCount, extra, options.seed());
                }
                device.launch("gather_labels", Launch.elements(extra), trueLabels, validationIndex, batchLabels.slice(batch, extra), extra);
            }
            device.launch("gather_images", Launch.rows(batch + extra), images, index, inputs, imageSize);
            loss.forward(instance.forward(inputs), batchLabels);
        }

        void update(Buffer weights) {
            float scale = options.reduction().equals("mean") ? 1f / batch : 1f;
            instance.backward(loss.backward(batchLabels, weights, scale));
            optimizer.update();
        }

        @Override
        public void close() {
            instance.close();
            loss.close();
            index.close();
            inputs.close();
            batchLabels.close();
        }
    }

    /**
     * Records the steps.
     *
     * @param mark         stamps a moment of {@link StepClock}
     * @param afterWeights enqueues what is kept of a step, given its losses and weights
     */
    void record(IntConsumer mark, BiConsumer<Buffer, Buffer> afterWeights) {
        uniformStep = keep(device.record(() -> {
            mark.accept(StepClock.START);
            uniformPass.forward(true);
            mark.accept(StepClock.ESTIMATION_START);
            mark.accept(StepClock.ESTIMATION_END);
            finish(uniformPass, ones, mark, afterWeights);
        }));
        evaluationGraph = keep(device.record(this::evaluate));
        if (options.method().equals("iw")) {        // may have more steps than what is kept of the steps has room for
            pretrainingStep = keep(device.record(() -> {
                uniformPass.forward(false);
                uniformPass.update(ones);
                device.launch("advance", Launch.block(), step);
            }));
        }
        if (weighting == null) {
            return;
        }
        weightedStep = keep(device.record(() -> {
            mark.accept(StepClock.START);
            weightedPass.forward(true);
            mark.accept(StepClock.ESTIMATION_START);
            weighting.estimate(weightedPass);
            mark.accept(StepClock.ESTIMATION_END);
            finish(weightedPass, weighting.weights(), mark, afterWeights);
        }));
    }

    private void finish(Pass pass, Buffer weights, IntConsumer mark, BiConsumer<Buffer, Buffer> afterWeights) {
        afterWeights.accept(pass.losses(), weights);
        pass.update(weights);
        mark.accept(StepClock.END);
        device.launch("advance", Launch.block(), step);
    }

    private void evaluate() {
        int rows = evaluation.rows();
        device.launch("next_rows", Launch.elements(rows), evaluationIndex, evaluationStep, rows, testCount);
        device.launch("gather_images", Launch.rows(rows), testImages, evaluationIndex, evaluationInputs, imageSize);
        device.launch("gather_labels", Launch.elements(rows), testLabels, evaluationIndex, evaluationLabels, rows);
        evaluationLoss.forward(evaluation.forward(evaluationInputs), evaluationLabels);
        device.launch("count_correct", Launch.block(), evaluationLoss.correct(), evaluationCorrect, evaluationStep, rows, testCount);
        device.launch("advance", Launch.block(), evaluationStep);
    }

    /** Enqueues one training step. */
    void step(boolean warmup) {
        if (warmup || weighting == null) {
            uniformStep.replay();
            return;
        }
        weightedStep.replay();
    }

    /**
     * Static importance weighting: trains without weights, estimates the weights of all samples once by kernel mean matching on their
     * losses (against those of the validation samples), and puts parameters, optimizer and step counter back to where they were.
     *
     * @param stopping asked before every step; nothing is estimated once it is true
     * @throws AdiwException if a loss is not finite then
     */
    void estimateOnce(int epochs, BooleanSupplier stopping) {
        SafeTensors start = parameters.save();
        for (long i = 0; i < (long) epochs * stepsPerEpoch && !stopping.getAsBoolean(); i++) {
            pretrainingStep.replay();
        }
        if (!stopping.getAsBoolean()) {
            weighting.memory().upload(staticWeights());
        }
        parameters.load(start);
        optimizer.reset();
        device.zero(step);
    }

    private float[] staticWeights() {
        float[] losses = trainingLosses();
        for (float loss : losses) {
            if (!Float.isFinite(loss)) {
                throw new AdiwException("after the training that iw estimates from, a loss is no finite number: try a smaller --lr, "
                    + "--reduction mean, or fewer --iw-pretrain-epochs");
            }
        }
        int[] rows = validationRows.toInts();
        float[] validationLosses = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            validationLosses[i] = losses[rows[i]];
        }
        return EstimatedWeights.builder(device).method("km").settings(EstimationSettings.builder().bandwidth(options.bandwidth())
            .upperBound(options.upperBound()).build()).untilConverged(true).estimate(losses, validationLosses, 1).weights();
    }

    /** The loss of every training sample under its label, in batches for evaluation. */
    private float[] trainingLosses() {
        int rows = evaluation.rows();
        int batches = (samples + rows - 1) / rows;
        device.zero(evaluationStep);
        try (Buffer all = device.allocate(ElementType.FLOAT32, (long) batches * rows)) {
            for (int i = 0; i < batches; i++) {
                device.launch("next_rows", Launch.elements(rows), evaluationIndex, evaluationStep, rows, samples);
                device.launch("gather_images", Launch.rows(rows), images, evaluationIndex, evaluationInputs, imageSize);
                device.launch("gather_labels", Launch.elements(rows), labels, evaluationIndex, evaluationLabels, rows);
                evaluationLoss.forward(evaluation.forward(evaluationInputs), evaluationLabels);
                device.launch("store_row", Launch.elements(rows), evaluationLoss.losses(), all, evaluationStep, rows);
                device.launch("advance", Launch.block(), evaluationStep);
            }
            return Arrays.copyOf(all.toFloats(), samples);
        }
    }

    /** Share of the test set that is classified right. */
    double testAccuracy() {
        device.zero(evaluationStep);
        device.zero(evaluationCorrect);
        int rows = evaluation.rows();
        for (int done = 0; done < testCount; done += rows) {
            evaluationGraph.replay();
        }
        return (double) evaluationCorrect.toInts()[0] / testCount;
    }

    /** Losses of the last weighted step, float32 [batch + validation batch]. */
    Buffer weightedLosses() {
        return weightedPass.loss.losses();
    }

    void learningRate(float value) {
        rate.upload(new float[] {value});
    }

    /** The last weight of every training sample; 1 where it has none yet. */
    float[] weights() {
        if (weighting != null) {
            return weighting.memory().toFloats();
        }
        float[] uniform = new float[samples];
        Arrays.fill(uniform, 1);
        return uniform;
    }

    /** Why the last batch's weights could not be estimated, for a person; null if they could. */
    String problem() {
        return weighting == null ? null : weighting.problem();
    }

    SafeTensors parameters() {
        return parameters.save();
    }

    /** The step counter, int64 [1]. */
    Buffer step() {
        return step;
    }

    /** 0, or 1 more than the step whose loss was not finite; int32 [1]. */
    Buffer halted() {
        return halted;
    }

    @Override
    public void close() {
        while (!resources.isEmpty()) {
            try {
                resources.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("a resource of the device could not be released", e);
            }
        }
    }
}
