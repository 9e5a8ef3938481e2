package io.github.adiw.train;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Augmentation;
import io.github.adiw.data.Shift;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.nn.LearningRateSchedule;
import io.github.adiw.nn.Model;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EstimationSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * How a network is trained: method of weighting, optimizer, schedule, estimation. Built by {@link #builder()}, which refuses
 * what cannot be meant. Defaults are those of DIW's published code (Fang et al., NeurIPS 2020) where it has one.
 */
public final class TrainingOptions {
    /**
     * The methods that {@link #method} may name: no weights, DIW's program as far as its published code solves it and to convergence,
     * ADIW with each of {@link io.github.adiw.weight.Divergences}, and baselines: {@code random} weights, {@code iw} (weights estimated
     * once with a network that was pre-trained without), {@code reweight} (Ren et al., ICML 2018).
     */
    public static List<String> methods() {
        return TrainingMethod.names();
    }

    /** The methods that {@link #transform} may be {@code features} with; without weights it means nothing. */
    public static List<String> featureMethods() {
        return methods().stream().filter(name -> TrainingMethod.of(name).insideClasses()).toList();
    }

    private final TrainingMethod trainingMethod;
    private final String model;
    private final String shift;
    private final Augmentation augmentation;
    private final String transform;
    private final String estimationMode;
    private final int epochs;
    private final int batch;
    private final int validationBatch;
    private final int validationSamples;
    private final int trainSamples;
    private final String optimizer;
    private final float learningRate;
    private final float momentum;
    private final boolean nesterov;
    private final float weightDecay;
    private final String decay;
    private final String reduction;
    private final String schedule;
    private final int learningRateWarmupEpochs;
    private final int warmupEpochs;
    private final EstimationSettings estimation;
    private final int pretrainEpochs;
    private final String precision;
    private final long seed;
    private final Path initialParameters;
    private final Path labels;
    private final Path trainOrder;
    private final Path validationOrder;
    private final int steps;
    private final boolean trace;
    private final boolean weightsTrace;

    private TrainingOptions(Builder from) {
        trainingMethod = TrainingMethod.of(from.method);
        model = from.model;
        shift = from.shift;
        augmentation = Augmentation.of(from.augment);
        transform = from.transform;
        estimationMode = from.estimationMode;
        epochs = from.epochs;
        batch = from.batch;
        validationBatch = from.validationBatch;
        validationSamples = from.validationSamples;
        trainSamples = from.trainSamples;
        optimizer = from.optimizer;
        learningRate = from.learningRate;
        momentum = from.momentum;
        nesterov = from.nesterov;
        weightDecay = from.weightDecay;
        decay = from.decay;
        reduction = from.reduction;
        schedule = from.schedule;
        learningRateWarmupEpochs = from.learningRateWarmupEpochs;
        warmupEpochs = from.warmupEpochs;
        pretrainEpochs = from.pretrainEpochs;
        precision = from.precision;
        seed = from.seed;
        initialParameters = from.initialParameters;
        labels = from.labels;
        trainOrder = from.trainOrder;
        validationOrder = from.validationOrder;
        steps = from.steps;
        trace = from.trace;
        weightsTrace = from.weightsTrace;
        check();
        Divergence divergence = trainingMethod.divergence();
        estimation = from.estimation.toBuilder().bandwidth(from.estimation.bandwidth(divergence, transform.equals("features")))
            .eta(from.estimation.eta(divergence)).ridge(from.estimation.ridge(divergence, transform.equals("features"))).seed(seed).build();
    }

    private void check() {
        oneOf("transform", transform, List.of("loss", "features"));
        if (transform.equals("features") && !trainingMethod.insideClasses()) {
            throw UsageException.of("transform", "transform features estimates weights inside every class, which " + method()
                + " cannot: choose one of " + String.join(", ", featureMethods()) + ", or the transform loss");
        }
        oneOf("estimationMode", estimationMode, List.of("evaluate", "train"));
        Shift.parse(shift);
        Model.check(model);
        oneOf("optimizer", optimizer, List.of("sgd", "adam"));
        oneOf("decay", decay, List.of("all", "weights"));
        oneOf("reduction", reduction, List.of("sum", "mean"));
        oneOf("precision", precision, List.of("fp32", "tf32"));
        UsageException.atLeast("epochs", 1, epochs);
        LearningRateSchedule.parse(schedule, learningRate, epochs);
        UsageException.atLeast("batch", 1, batch);
        UsageException.atLeast("validationBatch", 1, validationBatch);
        UsageException.atLeast("validationSamples", 1, validationSamples);
        UsageException.atLeast("trainSamples", 0, trainSamples);
        UsageException.atLeast("learningRateWarmupEpochs", 0, learningRateWarmupEpochs);
        UsageException.atLeast("warmupEpochs", 0, warmupEpochs);
        UsageException.atLeast("pretrainEpochs", 1, pretrainEpochs);
        UsageException.atLeast("steps", 0, steps);
        require(learningRate > 0 && Float.isFinite(learningRate), "learningRate", "a number above 0", learningRate);
        require(momentum >= 0 && momentum < 1, "momentum", "a number in [0, 1)", momentum);
        require(weightDecay >= 0 && Float.isFinite(weightDecay), "weightDecay", "a number of at least 0", weightDecay);
        if (validationOrder == null && validationBatch > validationSamples && trainingMethod.validates()) {
            throw UsageException.of("validationBatch", "validationBatch " + validationBatch + " is more than validationSamples "
                + validationSamples + ": a batch is drawn without replacement, so raise the one or lower the other");
        }
        if (nesterov && momentum == 0) {
            throw UsageException.of("nesterov", "nesterov needs a momentum above 0: give momentum 0.9, or leave nesterov out");
        }
        if ((trainOrder != null || validationOrder != null) && steps == 0) {
            throw UsageException.of("steps", "steps must be given with an order file: how many of its rows to train on");
        }
        if (labels != null && !shift.equals("none")) {
            throw UsageException.of("labels", "labels are used as they are: leave out the shift " + shift + ", or give shift none");
        }
    }

    private static void oneOf(String parameter, String value, List<String> known) {
        if (!known.contains(value)) {
            throw UsageException.of(parameter, parameter + " " + value + " is not known: choose one of " + String.join(", ", known));
        }
    }

    private static void require(boolean ok, String parameter, String expected, Object value) {
        if (!ok) {
            throw UsageException.of(parameter, parameter + " must be " + expected + ", not " + value);
        }
    }

    /** A builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** The network: one of the forms of {@link Model#KNOWN}. */
    public String model() {
        return model;
    }

    /** What the training samples go through: one of the forms of {@link Shift#KNOWN}. */
    public String shift() {
        return shift;
    }

    /** What is done to training images, anew in every step: one of {@link Augmentation#names}. */
    public String augment() {
        return augmentation.text();
    }

    /** One of {@link #methods}. */
    public String method() {
        return trainingMethod.name();
    }

    /** What the weights of every batch are estimated by; null where {@link #method} does not estimate them so. */
    public Divergence divergence() {
        return trainingMethod.estimates() ? trainingMethod.divergence() : null;
    }

    /**
     * What weights are estimated from: {@code loss}, each sample's, or {@code features}, the last hidden layer's output, inside every
     * class; of {@link #featureMethods}.
     */
    public String transform() {
        return transform;
    }

    /**
     * Which forward pass weights are estimated from in a network with batch normalisation: {@code evaluate}, a pass of its own over both
     * batches under running statistics, before the one that is trained on, as in DIW's published code; or {@code train}, the pass that is
     * trained on, in which both batches are normalised by the training batch's statistics. Only these enter the running ones, either way.
     * Of {@code reweight} it says how the training batch is normalised in the differences of its losses. It has no part in other networks,
     * where weights are always estimated from the pass that is trained on, nor in methods that estimate nothing from a pass.
     */
    public String estimationMode() {
        return estimationMode;
    }

    /** Passes over the training samples, warm-up included, at least 1. */
    public int epochs() {
        return epochs;
    }

    /** Training samples a step, at least 1. */
    public int batch() {
        return batch;
    }

    /** Validation samples a step, at least 1. */
    public int validationBatch() {
        return validationBatch;
    }

    /** Clean samples that the estimation may use, at least 1. */
    public int validationSamples() {
        return validationSamples;
    }

    /** How many of the training file to use; 0 for all. */
    public int trainSamples() {
        return trainSamples;
    }

    /** {@code sgd} or {@code adam}. */
    public String optimizer() {
        return optimizer;
    }

    /** Above 0. */
    public float learningRate() {
        return learningRate;
    }

    /** Of SGD, in [0, 1). */
    public float momentum() {
        return momentum;
    }

    /** Whether SGD's momentum has Nesterov's form. */
    public boolean nesterov() {
        return nesterov;
    }

    /** Added to the gradient, at least 0. */
    public float weightDecay() {
        return weightDecay;
    }

    /** What weight decay reaches: {@code all} or {@code weights}. */
    public String decay() {
        return decay;
    }

    /** Of the weighted losses of a batch: {@code sum} or {@code mean}. */
    public String reduction() {
        return reduction;
    }

    /** Of the learning rate, one of the forms of {@link LearningRateSchedule#KNOWN}. */
    public String schedule() {
        return schedule;
    }

    /** First epochs, in which the learning rate rises to what the {@link #schedule} says; at least 0. */
    public int learningRateWarmupEpochs() {
        return learningRateWarmupEpochs;
    }

    /** First epochs, in which every weight is 1 and the weight memory is untouched; at least 0. */
    public int warmupEpochs() {
        return warmupEpochs;
    }

    /** How weights are estimated, with the bandwidth and the step size that hold for the method, and the seed of the run. */
    public EstimationSettings estimation() {
        return estimation;
    }

    /**
     * Of {@code iw}: epochs without weights before those that count, after which the weights are estimated and training begins anew; at
     * least 1.
     */
    public int pretrainEpochs() {
        return pretrainEpochs;
    }

    /** Of matrix products on a GPU: {@code fp32} or {@code tf32}. */
    public String precision() {
        return precision;
    }

    /** Of everything that is drawn. */
    public long seed() {
        return seed;
    }

    /** Safetensors with the initial parameters; null where they are drawn. */
    public Path initialParameters() {
        return initialParameters;
    }

    /** npy with labels that are used as they are, instead of a {@link #shift}; null for none. */
    public Path labels() {
        return labels;
    }

    /** npy int32 {@code [steps, batch]}, rows into the training file; null where they are drawn. */
    public Path trainOrder() {
        return trainOrder;
    }

    /** npy int32 {@code [steps, validationBatch]}, rows into the training file; null where they are drawn. */
    public Path validationOrder() {
        return validationOrder;
    }

    /** Steps in all, whatever {@link #epochs} says; 0 for none. */
    public int steps() {
        return steps;
    }

    /** Whether the losses and weights of every step are kept ({@link TrainingResult#trace()}). */
    public boolean trace() {
        return trace;
    }

    /** Whether every step's weights are kept ({@link TrainingResult#weightsTrace()}). */
    public boolean weightsTrace() {
        return weightsTrace;
    }

    /** Whether the method gives weights other than 1. */
    public boolean adaptive() {
        return trainingMethod.weighted();
    }

    /**
     * Every option by name, those of the {@link #estimation} among them: what must agree for two runs to have the same result. Values are
     * texts, numbers, truth values, {@link Path}s, or null.
     */
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("model", model);
        settings.put("shift", shift);
        settings.put("augment", augment());
        settings.put("method", method());
        settings.put("transform", transform);
        settings.put("estimationMode", estimationMode);
        settings.put("epochs", epochs);
        settings.put("batch", batch);
        settings.put("validationBatch", validationBatch);
        settings.put("validationSamples", validationSamples);
        settings.put("trainSamples", trainSamples);
        settings.put("optimizer", optimizer);
        settings.put("learningRate", learningRate);
        settings.put("momentum", momentum);
        settings.put("nesterov", nesterov);
        settings.put("weightDecay", weightDecay);
        settings.put("decay", decay);
        settings.put("reduction", reduction);
        settings.put("schedule", schedule);
        settings.put("learningRateWarmupEpochs", learningRateWarmupEpochs);
        settings.put("warmupEpochs", warmupEpochs);
        settings.put("bandwidth", estimation.bandwidth().text());
        settings.put("estimationSteps", estimation.steps());
        settings.put("eta", estimation.eta());
        settings.put("upperBound", estimation.upperBound());
        settings.put("lambda", estimation.lambda());
        settings.put("ridge", estimation.ridge());
        settings.put("projections", estimation.projections());
        settings.put("estimationMomentum", estimation.momentum());
        settings.put("normalizeWeights", estimation.normalize());
        settings.put("pretrainEpochs", pretrainEpochs);
        settings.put("precision", precision);
        settings.put("seed", seed);
        settings.put("initialParameters", initialParameters);
        settings.put("labels", labels);
        settings.put("trainOrder", trainOrder);
        settings.put("validationOrder", validationOrder);
        settings.put("steps", steps);
        settings.put("trace", trace);
        settings.put("weightsTrace", weightsTrace);
        return settings;
    }

    /**
     * The {@link #settings} as texts; of a file, a checksum of its content, whatever its name is. Two runs of the same program on the same
     * data and the same device that agree in these have the same result.
     *
     * @throws AdiwException if a file cannot be read
     */
    public Map<String, String> identity() {
        Map<String, String> identity = new LinkedHashMap<>();
        settings().forEach((name, value) -> identity.put(name, value instanceof Path file ? content(file) : String.valueOf(value)));
        return identity;
    }

    private static String content(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            return "a stream";      // can be read once only, and who trains does
        }
        CRC32 crc = new CRC32();
        try {
            crc.update(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new AdiwException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
        return "crc32 " + Long.toHexString(crc.getValue());
    }

    /** What {@link #augment} names. */
    Augmentation augmentation() {
        return augmentation;
    }

    /** What {@link #method} names. */
    TrainingMethod trainingMethod() {
        return trainingMethod;
    }

    /** Whether weights are estimated inside every class. */
    boolean insideClasses() {
        return adaptive() && transform.equals("features");
    }

    /** Whether a network that depends on the mode is in evaluation where weights are estimated. */
    boolean estimatesInEvaluation() {
        return estimationMode.equals("evaluate");
    }

    /** What the sum of a batch's weighted losses is multiplied by. */
    float lossScale() {
        return reduction.equals("mean") ? 1f / batch : 1f;
    }

    /**
     * Collects options; each method is named as the option that it sets and returns this builder. Texts and settings that are null are
     * refused with a {@link UsageException}; a file that is null is none.
     */
    public static final class Builder {
        private String model = "lenet";
        private String shift = "none";
        private String augment = "none";
        private String method = "adiw-km";
        private String transform = "loss";
        private String estimationMode = "evaluate";
        private int epochs = 400;
        private int batch = 256;
        private int validationBatch = 256;
        private int validationSamples = 1000;
        private int trainSamples;
        private String optimizer = "sgd";
        private float learningRate = 3e-4f;
        private float momentum;
        private boolean nesterov;
        private float weightDecay = 1e-4f;
        private String decay = "all";
        private String reduction = "sum";
        private String schedule = "step:100:0.1";
        private int learningRateWarmupEpochs;
        private int warmupEpochs = 1;
        private EstimationSettings estimation = EstimationSettings.defaults();
        private int pretrainEpochs = 5;
        private String precision = "fp32";
        private long seed = 1;
        private Path initialParameters;
        private Path labels;
        private Path trainOrder;
        private Path validationOrder;
        private int steps;
        private boolean trace;
        private boolean weightsTrace;

        private Builder() {}

        /** The network, one of the forms of {@link Model#KNOWN}; {@code lenet} where it is not given. */
        public Builder model(String value) {
            model = UsageException.given("model", value);
            return this;
        }

        /**
         * What the training samples go through, one of the forms of {@link Shift#KNOWN}; {@code none} where it is
         * not given.
         */
        public Builder shift(String value) {
            shift = UsageException.given("shift", value);
            return this;
        }

        /** What is done to training images, one of {@link Augmentation#names}; {@code none} where it is not given. */
        public Builder augment(String value) {
            augment = UsageException.given("augment", value);
            return this;
        }

        /** One of {@link TrainingOptions#methods}; {@code adiw-km} where it is not given. */
        public Builder method(String value) {
            method = UsageException.given("method", value);
            return this;
        }

        /** {@code loss} or {@code features}; {@code loss} where it is not given. */
        public Builder transform(String value) {
            transform = UsageException.given("transform", value);
            return this;
        }

        /** {@code evaluate} or {@code train}, as {@link TrainingOptions#estimationMode} says; {@code evaluate} where it is not given. */
        public Builder estimationMode(String value) {
            estimationMode = UsageException.given("estimationMode", value);
            return this;
        }

        /** Passes over the training samples, warm-up included, at least 1; 400 where it is not given. */
        public Builder epochs(int value) {
            epochs = value;
            return this;
        }

        /** Training samples a step, at least 1; 256 where it is not given. */
        public Builder batch(int value) {
            batch = value;
            return this;
        }

        /** Validation samples a step, at least 1; 256 where it is not given. */
        public Builder validationBatch(int value) {
            validationBatch = value;
            return this;
        }

        /** Clean samples that the estimation may use, at least 1; 1,000 where it is not given. */
        public Builder validationSamples(int value) {
            validationSamples = value;
            return this;
        }

        /** How many of the training file to use; 0, all, where it is not given. */
        public Builder trainSamples(int value) {
            trainSamples = value;
            return this;
        }

        /** {@code sgd} or {@code adam}; {@code sgd} where it is not given. */
        public Builder optimizer(String value) {
            optimizer = UsageException.given("optimizer", value);
            return this;
        }

        /** Above 0; 3e-4 where it is not given. */
        public Builder learningRate(float value) {
            learningRate = value;
            return this;
        }

        /** Of SGD, in [0, 1); 0 where it is not given. */
        public Builder momentum(float value) {
            momentum = value;
            return this;
        }

        /** Whether SGD's momentum has Nesterov's form; not where it is not given. */
        public Builder nesterov(boolean value) {
            nesterov = value;
            return this;
        }

        /** Added to the gradient, at least 0; 1e-4 where it is not given. */
        public Builder weightDecay(float value) {
            weightDecay = value;
            return this;
        }

        /**
         * What weight decay reaches: {@code all} parameters, or {@code weights}, which leaves out biases and batch normalisation;
         * {@code all} where it is not given.
         */
        public Builder decay(String value) {
            decay = UsageException.given("decay", value);
            return this;
        }

        /** Of the weighted losses of a batch: {@code sum} or {@code mean}; {@code sum} where it is not given. */
        public Builder reduction(String value) {
            reduction = UsageException.given("reduction", value);
            return this;
        }

        /** Of the learning rate, one of the forms of {@link LearningRateSchedule#KNOWN}; {@code step:100:0.1} where it is not given. */
        public Builder schedule(String value) {
            schedule = UsageException.given("schedule", value);
            return this;
        }

        /** First epochs, in which the learning rate rises to what the schedule says, at least 0; 0 where it is not given. */
        public Builder learningRateWarmupEpochs(int value) {
            learningRateWarmupEpochs = value;
            return this;
        }

        /** First epochs, in which every weight is 1, at least 0; 1 where it is not given. */
        public Builder warmupEpochs(int value) {
            warmupEpochs = value;
            return this;
        }

        /**
         * How weights are estimated; {@link EstimationSettings#defaults} where it is not given. A seed in it has no part: it is that of
         * the run.
         */
        public Builder estimation(EstimationSettings value) {
            estimation = UsageException.given("estimation", value);
            return this;
        }

        /** Of {@code iw}: epochs without weights before the estimation, at least 1; 5 where it is not given. */
        public Builder pretrainEpochs(int value) {
            pretrainEpochs = value;
            return this;
        }

        /** {@code fp32} or {@code tf32}; {@code fp32} where it is not given. */
        public Builder precision(String value) {
            precision = UsageException.given("precision", value);
            return this;
        }

        /** Of everything that is drawn; 1 where it is not given. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Safetensors with the initial parameters; drawn where it is not given. */
        public Builder initialParameters(Path value) {
            initialParameters = value;
            return this;
        }

        /** npy with labels to use as they are, int32 or int64 {@code [N]}; none where it is not given. */
        public Builder labels(Path value) {
            labels = value;
            return this;
        }

        /** npy int32 {@code [steps, batch]}, rows into the training file; drawn where it is not given. */
        public Builder trainOrder(Path value) {
            trainOrder = value;
            return this;
        }

        /** npy int32 {@code [steps, validationBatch]}, rows into the training file; drawn where it is not given. */
        public Builder validationOrder(Path value) {
            validationOrder = value;
            return this;
        }

        /** Steps in all, whatever the epochs say; 0, as the epochs say, where it is not given. */
        public Builder steps(int value) {
            steps = value;
            return this;
        }

        /** Whether the losses and weights of every step are kept; not where it is not given. */
        public Builder trace(boolean value) {
            trace = value;
            return this;
        }

        /** Whether every step's weights are kept; not where it is not given. */
        public Builder weightsTrace(boolean value) {
            weightsTrace = value;
            return this;
        }

        /** @throws UsageException naming the option, what was given and what is expected */
        public TrainingOptions build() {
            return new TrainingOptions(this);
        }
    }
}
