package io.github.adiw.train;

import io.github.adiw.UsageException;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How a network is trained: method of weighting, optimizer, schedule, estimation. Built by {@link #builder()}, which refuses
 * what cannot be meant. Defaults are those of DIW's published code (Fang et al., NeurIPS 2020) where it has one.
 *
 * @param model             {@code lenet} or {@code mlp:W1,W2,...}
 * @param noise             what the training samples go through: one of the forms of {@link io.github.adiw.data.Shift#KNOWN}
 * @param method            one of {@link #METHODS}
 * @param transform         what weights are estimated from: {@code loss}, each sample's, or {@code features}, the last hidden layer's
 *                          output, inside every class; of {@link #FEATURE_METHODS}
 * @param epochs            passes over the training samples, warm-up included, at least 1
 * @param batch             training samples a step, at least 1
 * @param validationBatch   validation samples a step, at least 1
 * @param validationSamples clean samples that the estimation may use, at least 1
 * @param trainSamples      how many of the training file to use; 0 for all
 * @param optimizer         {@code sgd} or {@code adam}
 * @param learningRate      above 0
 * @param momentum          of SGD, in [0, 1)
 * @param nesterov          Nesterov's form of the momentum
 * @param weightDecay       added to the gradient, at least 0
 * @param reduction         of the weighted losses of a batch: {@code sum} or {@code mean}
 * @param schedule          {@code none}, {@code step:EPOCHS:FACTOR} or {@code cosine}
 * @param warmupEpochs      first epochs, in which every weight is 1 and the weight memory is untouched; at least 0
 * @param bandwidth         {@code diw:Q}, {@code median} or {@code gamma:X}
 * @param estimationSteps   projected-gradient steps a batch, at least 1
 * @param eta               step size over the bound on the curvature, above 0
 * @param upperBound        largest weight B, at least 1
 * @param pretrainEpochs    of {@code iw}: epochs without weights before those that count, after which the weights are estimated and training
 *                          begins anew; at least 1
 * @param lambda            of {@code adiw-ls}: weight of |alpha|^2 / 2, at least 0
 * @param estimationMomentum Nesterov's momentum of the estimation's steps, in [0, 1); of {@code adiw-km}, {@code adiw-ls} and {@code adiw-ls-direct}
 * @param normalizeWeights  whether the weights of a batch are divided by their mean
 * @param precision         {@code fp32} or {@code tf32}
 * @param seed              of everything that is drawn
 * @param initialParameters safetensors with the initial parameters; null to draw them
 * @param labels            npy with labels to use verbatim instead of {@code noise}; null for none
 * @param trainOrder        npy int32 [steps, batch], rows into the training file; null to draw
 * @param validationOrder   npy int32 [steps, validation batch], rows into the training file; null to draw
 * @param steps             steps in all, whatever {@code epochs} says; 0 for none
 * @param trace             whether the losses and weights of every step are kept ({@link TrainingResult#trace()})
 * @param weightsTrace      whether every step's weights are kept ({@link TrainingResult#weightsTrace()})
 */
public record TrainingOptions(
        String model, String noise, String method, String transform, int epochs, int batch, int validationBatch, int validationSamples,
        int trainSamples, String optimizer, float learningRate, float momentum, boolean nesterov, float weightDecay,
        String reduction, String schedule, int warmupEpochs, String bandwidth, int estimationSteps, float eta,
        float upperBound, int pretrainEpochs, float lambda, float estimationMomentum, boolean normalizeWeights, String precision, long seed, Path initialParameters, Path labels, Path trainOrder,
        Path validationOrder, int steps, boolean trace, boolean weightsTrace) {

    /** Before the name of a divergence: training with it. */
    static final String ADAPTIVE = "adiw-";
    /**
     * The methods that {@code method} may name: no weights, DIW's converged program, ADIW with each of {@link Divergences}, and baselines:
     * {@code random} weights, {@code iw} (weights estimated once with a network that was pre-trained without), {@code reweight} (Ren et al.,
     * ICML 2018).
     */
    public static final List<String> METHODS = methods();

    /** The methods that {@code transform} may be {@code features} with; without weights it means nothing. */
    public static final List<String> FEATURE_METHODS = METHODS.stream().filter(method -> {
        Divergence divergence = divergence(method);
        return divergence != null || List.of("uniform", "diw").contains(method);
    }).toList();

    private static List<String> methods() {
        Set<String> methods = new LinkedHashSet<>(List.of("uniform", "diw", ADAPTIVE + "km"));
        Divergences.all().values().stream().filter(Divergence::takesSteps).forEach(divergence -> methods.add(ADAPTIVE + divergence.name()));
        methods.addAll(List.of("random", "iw", "reweight"));
        return List.copyOf(methods);
    }

    /** The divergence that a method minimises by steps; null for the others. */
    static Divergence divergence(String method) {
        return method.startsWith(ADAPTIVE) ? Divergences.get(method.substring(ADAPTIVE.length())) : null;
    }

    /** Checks every range; see {@link Builder#build}. */
    public TrainingOptions {
        oneOf("method", method, METHODS);
        oneOf("transform", transform, List.of("loss", "features"));
        if (transform.equals("features") && !FEATURE_METHODS.contains(method)) {
            throw new UsageException("--transform features estimates weights inside every class, which " + method + " cannot: choose "
                + "one of " + String.join(", ", FEATURE_METHODS) + ", or --transform loss");
        }
        oneOf("optimizer", optimizer, List.of("sgd", "adam"));
        oneOf("reduction", reduction, List.of("sum", "mean"));
        oneOf("precision", precision, List.of("fp32", "tf32"));
        atLeast("epochs", epochs, 1);
        atLeast("batch", batch, 1);
        atLeast("validation-batch", validationBatch, 1);
        atLeast("validation-samples", validationSamples, 1);
        atLeast("train-samples", trainSamples, 0);
        atLeast("warmup-epochs", warmupEpochs, 0);
        atLeast("estimation-steps", estimationSteps, 1);
        atLeast("steps", steps, 0);
        require(learningRate > 0 && Float.isFinite(learningRate), "lr", "a number above 0", learningRate);
        require(momentum >= 0 && momentum < 1, "momentum", "a number in [0, 1)", momentum);
        require(weightDecay >= 0 && Float.isFinite(weightDecay), "weight-decay", "a number of at least 0", weightDecay);
        require(eta > 0 && Float.isFinite(eta), "eta", "a number above 0", eta);
        require(upperBound >= 1 && Float.isFinite(upperBound), "upper-bound",
            "at least 1, since the weights of a batch must sum to about its size", upperBound);
        atLeast("iw-pretrain-epochs", pretrainEpochs, 1);
        require(lambda >= 0 && Float.isFinite(lambda), "lambda", "a number of at least 0", lambda);
        require(estimationMomentum >= 0 && estimationMomentum < 1, "estimation-momentum", "a number in [0, 1)", estimationMomentum);
        if (validationOrder == null && validationBatch > validationSamples && validates(method)) {
            throw new UsageException("--validation-batch " + validationBatch + " is more than --validation-samples "
                + validationSamples + ": a batch is drawn without replacement, so raise the one or lower the other");
        }
        if (nesterov && momentum == 0) {
            throw new UsageException("Nesterov's form needs a momentum above 0: give --momentum 0.9, or leave --nesterov out");
        }
        if ((trainOrder != null || validationOrder != null) && steps == 0) {
            throw new UsageException("an order file needs --steps: how many of its rows to train on");
        }
        if (labels != null && !noise.equals("none")) {
            throw new UsageException("--labels are used verbatim: leave out --noise " + noise + ", or give --noise none");
        }
    }

    private static void oneOf(String option, String value, List<String> known) {
        if (!known.contains(value)) {
            throw new UsageException("--" + option + " " + value + " is not known: choose one of " + String.join(", ", known));
        }
    }

    private static void atLeast(String option, int value, int least) {
        require(value >= least, option, "at least " + least, value);
    }

    private static void require(boolean ok, String option, String expected, Object value) {
        if (!ok) {
            throw new UsageException("--" + option + " must be " + expected + ", not " + value);
        }
    }

    /** Whether the method draws validation batches. */
    boolean validates() {
        return validates(method);
    }

    private static boolean validates(String method) {
        return !List.of("uniform", "random", "iw").contains(method);
    }

    /** Whether the method gives weights. */
    public boolean adaptive() {
        return !method.equals("uniform");
    }

    /** Whether weights are estimated inside every class. */
    boolean classConditional() {
        return adaptive() && transform.equals("features");
    }

    /** A builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects options; each method is named as the option that it sets and returns this builder. */
    public static final class Builder {
        private String model = "lenet";
        private String noise = "none";
        private String method = "adiw-km";
        private String transform = "loss";
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
        private String reduction = "sum";
        private String schedule = "step:100:0.1";
        private int warmupEpochs = 1;
        private String bandwidth;
        private int estimationSteps = 5;
        private Float eta;
        private float upperBound = 50;
        private int pretrainEpochs = 5;
        private float lambda = 0.1f;
        private float estimationMomentum;
        private boolean normalizeWeights;
        private String precision = "fp32";
        private long seed = 1;
        private Path initialParameters;
        private Path labels;
        private Path trainOrder;
        private Path validationOrder;
        private int steps;
        private boolean trace;
        private boolean weightsTrace;

        private Builder() { }

        /** {@code lenet} or {@code mlp:W1,W2,...}; {@code lenet} where it is not given. */
        public Builder model(String value) {
            model = value;
            return this;
        }

        /** One of the forms of {@link io.github.adiw.data.Shift#KNOWN}; {@code none} where it is not given. */
        public Builder noise(String value) {
            noise = value;
            return this;
        }

        /** One of {@link TrainingOptions#METHODS}; {@code adiw-km} where it is not given. */
        public Builder method(String value) {
            method = value;
            return this;
        }

        /** {@code loss} or {@code features}; {@code loss} where it is not given. */
        public Builder transform(String value) {
            transform = value;
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
            optimizer = value;
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

        /** Whether SGD's momentum is Nesterov's; not where it is not given. */
        public Builder nesterov(boolean value) {
            nesterov = value;
            return this;
        }

        /** Added to the gradient, at least 0; 1e-4 where it is not given. */
        public Builder weightDecay(float value) {
            weightDecay = value;
            return this;
        }

        /** Of the weighted losses of a batch: {@code sum} or {@code mean}; {@code sum} where it is not given. */
        public Builder reduction(String value) {
            reduction = value;
            return this;
        }

        /** {@code none}, {@code step:EPOCHS:FACTOR} or {@code cosine}; {@code step:100:0.1} where it is not given. */
        public Builder schedule(String value) {
            schedule = value;
            return this;
        }

        /** First epochs, in which every weight is 1, at least 0; 1 where it is not given. */
        public Builder warmupEpochs(int value) {
            warmupEpochs = value;
            return this;
        }

        /** Null for the method's own: {@link Divergence#defaultBandwidth}, and {@code diw:0.01} for DIW. */
        public Builder bandwidth(String value) {
            bandwidth = value;
            return this;
        }

        /** Steps of the estimation a batch, at least 1; 5 where it is not given. */
        public Builder estimationSteps(int value) {
            estimationSteps = value;
            return this;
        }

        /** Null for the method's own: {@link Divergence#defaultEta}. */
        public Builder eta(Float value) {
            eta = value;
            return this;
        }

        /** B, the largest weight, at least 1; 50 where it is not given. */
        public Builder upperBound(float value) {
            upperBound = value;
            return this;
        }

        /** Of {@code iw}: epochs without weights before the estimation, at least 1; 5 where it is not given. */
        public Builder pretrainEpochs(int value) {
            pretrainEpochs = value;
            return this;
        }

        /** Of {@code adiw-ls}: the weight of |alpha|^2 / 2, at least 0; 0.1 where it is not given. */
        public Builder lambda(float value) {
            lambda = value;
            return this;
        }

        /** Nesterov's momentum of the estimation's steps, in [0, 1); 0 where it is not given. */
        public Builder estimationMomentum(float value) {
            estimationMomentum = value;
            return this;
        }

        /** Whether the weights of a batch are divided by their mean; not where it is not given. */
        public Builder normalizeWeights(boolean value) {
            normalizeWeights = value;
            return this;
        }

        /** {@code fp32} or {@code tf32}; {@code fp32} where it is not given. */
        public Builder precision(String value) {
            precision = value;
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

        /** npy with labels to use verbatim, int32 or int64 {@code [N]}; none where it is not given. */
        public Builder labels(Path value) {
            labels = value;
            return this;
        }

        /** npy int32 {@code [steps, batch]}, rows into the training file; drawn where it is not given. */
        public Builder trainOrder(Path value) {
            trainOrder = value;
            return this;
        }

        /** npy int32 {@code [steps, validation batch]}, rows into the training file; drawn where it is not given. */
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
            oneOf("method", method, METHODS);
            Divergence divergence = divergence(method);
            String usual = divergence != null ? divergence.defaultBandwidth() : "diw:0.01";
            String rule = bandwidth != null ? bandwidth : transform.equals("features") ? "median" : usual;
            float step = eta != null ? eta : divergence != null ? divergence.defaultEta() : 1;
            return new TrainingOptions(model, noise, method, transform, epochs, batch, validationBatch, validationSamples, trainSamples,
                optimizer, learningRate, momentum, nesterov, weightDecay, reduction, schedule, warmupEpochs, rule,
                estimationSteps, step, upperBound, pretrainEpochs, lambda, estimationMomentum, normalizeWeights, precision, seed, initialParameters, labels, trainOrder, validationOrder,
                steps, trace, weightsTrace);
        }
    }
}
