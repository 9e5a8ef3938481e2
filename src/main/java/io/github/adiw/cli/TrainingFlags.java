package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Datasets;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Shift;
import io.github.adiw.data.table.Wording;
import io.github.adiw.nn.LearningRateSchedule;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EstimationSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/**
 * The options of training that {@code train} and {@code compare} share. Fields have the library's names for what they set: by them a
 * message of the library finds its flag ({@link Flags}).
 */
final class TrainingFlags {
    @Option(names = "--dataset", paramLabel = "NAME", defaultValue = FashionMnist.NAME,
        description = "fashion-mnist, cifar-10 or cifar-100 (its fine labels). Default: ${DEFAULT-VALUE}.")
    private String dataset;

    @Option(names = "--data", paramLabel = "DIR",
        description = "Folder of the data set; nowhere else is looked then. fashion-mnist: its four files, compressed by gzip or not; "
            + "other data under the same names can be used too, and results call them idx:DIR. cifar-10: the files of the binary version, "
            + "as many data_batch_N.bin as are there, in DIR or DIR/cifar-10-batches-bin, or the archive in DIR. cifar-100: the same, in "
            + "DIR or DIR/cifar-100-binary. Default: the user's cache, for fashion-mnist Debian's package dataset-fashion-mnist, a "
            + "download, for fashion-mnist else the sample inside this program.")
    private Path directory;

    @Option(names = "--model", paramLabel = "MODEL", defaultValue = "lenet",
        description = "lenet; mlp:W1,W2,... with the widths of the hidden layers, for instance mlp:256,128; resnet20, resnet32, "
            + "resnet44 or resnet56, for small images; resnet18, resnet34 or resnet50, as torchvision has them. Default: ${DEFAULT-VALUE}.")
    private String model;

    @Option(names = {"--noise", "--shift"}, paramLabel = "NOISE", defaultValue = "none",
        description = "How training samples differ from the world. Wrong labels: symmetric:R or pair:R, R in [0, 1). Rare classes: "
            + "class-prior:MU:RHO, a fraction MU of them, RHO to 1. Altered images: features:rotate:DEG, features:brightness:F. Or none. "
            + "compare takes several, separated by commas. Default: ${DEFAULT-VALUE}.")
    private String noise;

    @Option(names = "--augment", paramLabel = "NAME", defaultValue = "none",
        description = "What is done to the training images, anew in every step: none, or crop-flip (a random crop of the image with 4 "
            + "black pixels on each side, half of them mirrored). Default: ${DEFAULT-VALUE}.")
    private String augment;

    @Option(names = "--epochs", paramLabel = "E", defaultValue = "400",
        description = "Passes over the training samples, warm-up included. Default: ${DEFAULT-VALUE}.")
    private int epochs;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "256", description = "Training samples a step. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--validation-batch", paramLabel = "M", defaultValue = "256",
        description = "Clean validation samples a step. Default: ${DEFAULT-VALUE}.")
    private int validationBatch;

    @Option(names = "--validation-samples", paramLabel = "V", defaultValue = "1000",
        description = "Clean samples that the estimation may use. Default: ${DEFAULT-VALUE}.")
    private int validationSamples;

    @Option(names = "--train-samples", paramLabel = "N",
        description = "Use the first N of a seeded permutation of the training file, validation samples among them. Default: all of it "
            + "(compare: 10000).")
    private Integer trainSamples;

    @Option(names = "--optimizer", paramLabel = "NAME", defaultValue = "sgd", description = "sgd or adam. Default: ${DEFAULT-VALUE}.")
    private String optimizer;

    @Option(names = "--lr", paramLabel = "RATE", defaultValue = "3e-4", description = "Learning rate. Default: ${DEFAULT-VALUE}.")
    private float learningRate;

    @Option(names = "--momentum", paramLabel = "MU", defaultValue = "0", description = "Of SGD, in [0, 1). Default: ${DEFAULT-VALUE}.")
    private float momentum;

    @Option(names = "--nesterov", description = "Nesterov's form of the momentum.")
    private boolean nesterov;

    @Option(names = "--weight-decay", paramLabel = "D", defaultValue = "1e-4",
        description = "Added to the gradient. Default: ${DEFAULT-VALUE}.")
    private float weightDecay;

    @Option(names = "--decay", paramLabel = "NAME", defaultValue = "all",
        description = "What weight decay reaches: all, or weights, which leaves out biases and batch normalisation. "
            + "Default: ${DEFAULT-VALUE}.")
    private String decay;

    @Option(names = "--reduction", paramLabel = "NAME", defaultValue = "sum",
        description = "Of the weighted losses of a batch: sum or mean. Default: ${DEFAULT-VALUE}.")
    private String reduction;

    @Option(names = "--lr-schedule", paramLabel = "SCHEDULE", defaultValue = "step:100:0.1",
        description = "step:EPOCHS:FACTOR (times FACTOR after every EPOCHS epochs), milestones:E1,E2,...:FACTOR (times FACTOR after each "
            + "of these epochs), cosine or none. Default: ${DEFAULT-VALUE}.")
    private String schedule;

    @Option(names = "--lr-warmup-epochs", paramLabel = "E", defaultValue = "0",
        description = "First epochs, in which the learning rate rises evenly to that of the schedule. Default: ${DEFAULT-VALUE}.")
    private int learningRateWarmupEpochs;

    @Option(names = "--warmup-epochs", paramLabel = "E", defaultValue = "1",
        description = "First epochs, in which every weight is 1. Default: ${DEFAULT-VALUE}.")
    private int warmupEpochs;

    @Option(names = "--transform", paramLabel = "NAME", defaultValue = "loss",
        description = "What weights are estimated from: loss, or features, the last hidden layer's output, inside every class. "
            + "Default: ${DEFAULT-VALUE}.")
    private String transform;

    @Option(names = "--estimation-mode", paramLabel = "MODE", defaultValue = "evaluate",
        description = "Which forward pass weights are estimated from in networks with batch normalisation. evaluate: one of its own, over "
            + "both batches, under running statistics, before the one that is trained on (DIW's published code). train: the one that is "
            + "trained on, both batches normalised by the training batch's statistics. Default: ${DEFAULT-VALUE}.")
    private String estimationMode;

    @Option(names = "--bandwidth", paramLabel = "RULE",
        description = "Of the Gaussian kernel: diw:Q, median or gamma:X. Default: diw:0.01 for diw, iw and "
            + "adiw-kl-direct, median for the others and with --transform features.")
    private String bandwidth;

    @Option(names = "--estimation-steps", paramLabel = "S", defaultValue = "" + EstimationSettings.STEPS,
        description = "Steps of the estimation a batch. Default: ${DEFAULT-VALUE}.")
    private int estimationSteps;

    @Option(names = "--eta", paramLabel = "ETA",
        description = "Size of such a step over the bound on the curvature (adiw-w1: over the standard deviation of the losses). "
            + "Default: 1; adiw-w1: 0.1; adiw-ls-direct: 0.5.")
    private Float eta;

    @Option(names = "--upper-bound", paramLabel = "B", defaultValue = "" + EstimationSettings.UPPER_BOUND,
        description = "Largest weight. Default: ${DEFAULT-VALUE}.")
    private float upperBound;

    @Option(names = "--iw-pretrain-epochs", paramLabel = "E", defaultValue = "5",
        description = "Of iw: epochs without weights, before the others, after which weights are estimated once. "
            + "Default: ${DEFAULT-VALUE}.")
    private int pretrainEpochs;

    @Option(names = "--lambda", paramLabel = "X", defaultValue = "" + EstimationSettings.LAMBDA,
        description = "Of adiw-ls: how much large coefficients are held back. Default: ${DEFAULT-VALUE}.")
    private float lambda;

    @Option(names = "--ridge", paramLabel = "R",
        description = "Of adiw-km and adiw-kl: as if R times the batch were samples without a place, so that weights forget, and samples "
            + "that no validation sample speaks for lose theirs. Default: 0.02; 0 with --bandwidth and with --transform features.")
    private Float ridge;

    @Option(names = "--estimation-momentum", paramLabel = "MU", defaultValue = "0",
        description = "Nesterov's momentum of the steps of adiw-km, adiw-ls and adiw-ls-direct, in [0, 1). Default: ${DEFAULT-VALUE}.")
    private float estimationMomentum;

    @Option(names = "--normalize-weights", description = "Divide the weights of every batch by their mean.")
    private boolean normalizeWeights;

    @Option(names = "--precision", paramLabel = "NAME", defaultValue = "fp32",
        description = "Of matrix products on a GPU: fp32 or tf32. Default: ${DEFAULT-VALUE}.")
    private String precision;

    @Option(names = "--init", paramLabel = "M.safetensors",
        description = "Initial parameters, instead of drawing them: tensors with PyTorch's names and shapes, F32, F16, BF16 or F64 "
            + "(num_batches_tracked: I64, or absent), for as many classes as the data have. docs/methods.md says how a PyTorch "
            + "checkpoint becomes such a file.")
    private Path initialParameters;

    @Option(names = "--labels", paramLabel = "L.npy",
        description = "Training labels, int32 or int64, one a row of the training file; used as they are, instead of --noise.")
    private Path labels;

    @Option(names = "--train-order", paramLabel = "O.npy",
        description = "Batches to train on, int32 [steps, batch]: rows of the training file. Needs --steps.")
    private Path trainOrder;

    @Option(names = "--validation-order", paramLabel = "P.npy",
        description = "Validation batches, int32 [steps, validation batch]: rows of the training file. Needs --steps.")
    private Path validationOrder;

    @Option(names = "--steps", paramLabel = "S", description = "Steps in all, whatever --epochs says, and one evaluation at the end.")
    private Integer steps;

    @Option(names = "--checkpoint-every", paramLabel = "E",
        description = "Epochs from one checkpoint in the folder of the run to the next; the last two are kept. Default: 1, and every 5 "
            + "minutes where an epoch is longer.")
    private Integer checkpointEvery;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** The files that are read besides the data set; null where there is none. */
    Path[] files() {
        return new Path[] {initialParameters, labels, trainOrder, validationOrder};
    }

    /** Epochs from one checkpoint to the next; null where that was left open. */
    Integer checkpointEvery() {
        return checkpointEvery;
    }

    /**
     * The options, all checked that can be without the data.
     *
     * @throws UsageException if one of them cannot be meant
     * @throws AdiwException if a file that one names does not exist
     */
    TrainingOptions.Builder builder(long seed, Console console) {
        return builder(seed, Shift.parse(noise).specification(), console);
    }

    /** The same with another shift than {@code --noise} as a whole names. */
    TrainingOptions.Builder builder(long seed, String noise, Console console) {
        KnownNames.require("--dataset", dataset, Datasets.names());
        LearningRateSchedule.parse(schedule, learningRate, Math.max(1, epochs));
        EstimationSettings estimation = estimation();
        positive("--steps", steps);
        positive("--train-samples", trainSamples);
        positive("--checkpoint-every", checkpointEvery);
        for (Path file : files()) {
            if (file != null && !Files.exists(file)) {      // the data set may take a download
                throw new AdiwException("cannot read " + file + ": there is no such file");
            }
        }
        if (optimizer.equals("adam") && momentum != 0) {
            console.notice((nesterov ? "--momentum and --nesterov have" : "--momentum has") + " no part in adam.");
        }
        String applied = noise;
        if (labels != null && !noise.equals("none")) {
            console.notice("--labels " + labels + " is used as it is, instead of --noise " + noise + ".");
            applied = "none";
        }
        return TrainingOptions.builder().model(model).shift(applied).epochs(epochs).batch(batch).validationBatch(validationBatch)
            .validationSamples(validationSamples).trainSamples(trainSamples == null ? 0 : trainSamples).optimizer(optimizer)
            .learningRate(learningRate).momentum(momentum).nesterov(nesterov).weightDecay(weightDecay).decay(decay).reduction(reduction)
            .schedule(schedule).learningRateWarmupEpochs(learningRateWarmupEpochs).augment(augment).warmupEpochs(warmupEpochs)
            .estimation(estimation).pretrainEpochs(pretrainEpochs).precision(precision)
            .seed(seed).initialParameters(initialParameters).labels(labels)
            .transform(transform).estimationMode(estimationMode).trainOrder(trainOrder).validationOrder(validationOrder)
            .steps(steps == null ? 0 : steps);
    }

    /** Says which of the flags that were given have a part in none of these runs. */
    void sayWhatHasNoPart(List<TrainingOptions> runs, Console console) {
        Map<String, Predicate<TrainingOptions>> parts = new LinkedHashMap<>();
        parts.put("--warmup-epochs", run -> !run.method().equals("uniform"));
        parts.put("--validation-batch", TrainingFlags::validates);
        parts.put("--validation-order", TrainingFlags::validates);
        parts.put("--estimation-mode", TrainingFlags::validates);
        parts.put("--transform", run -> transform.equals("loss") || estimates(run, by -> true));
        parts.put("--bandwidth", run -> isStatic(run) || estimates(run, Divergence::usesBandwidth));
        parts.put("--upper-bound", run -> isStatic(run) || estimates(run, by -> true));
        parts.put("--iw-pretrain-epochs", TrainingFlags::isStatic);
        parts.put("--estimation-steps", run -> estimates(run, Divergence::takesSteps));
        parts.put("--eta", run -> estimates(run, Divergence::usesEta));
        parts.put("--lambda", run -> estimates(run, Divergence::usesLambda));
        parts.put("--ridge", run -> ridge == 0 || estimates(run, Divergence::usesRidge));
        parts.put("--estimation-momentum", run -> estimationMomentum == 0 || estimates(run, Divergence::usesMomentum));
        parts.put("--normalize-weights", run -> estimates(run, by -> true));
        ParseResult typed = command.commandLine().getParseResult();
        String methods = runs.stream().map(TrainingOptions::method).distinct().collect(Collectors.joining(", "));
        parts.forEach((flag, part) -> {
            if (typed.hasMatchedOption(flag) && runs.stream().noneMatch(part)) {
                console.notice(flag + " has no part in " + methods + ".");
            }
        });
    }

    private static boolean estimates(TrainingOptions run, Predicate<Divergence> by) {
        return run.divergence() != null && by.test(run.divergence());
    }

    private static boolean validates(TrainingOptions run) {
        return run.divergence() != null || run.method().equals("reweight");
    }

    private static boolean isStatic(TrainingOptions run) {
        return run.method().equals("iw");
    }

    /** How weights are estimated. {@code --steps} and {@code --momentum} are the training's, so the estimation's have longer names. */
    private EstimationSettings estimation() {
        return Flags.renamed(Map.of("steps", "estimationSteps", "momentum", "estimationMomentum"), () -> EstimationSettings.builder()
            .bandwidth(bandwidth).steps(estimationSteps).eta(eta).upperBound(upperBound).lambda(lambda).ridge(ridge)
            .momentum(estimationMomentum).normalize(normalizeWeights).build());
    }

    /** All methods that can be, with this transform. */
    List<String> methods() {
        return transform.equals("features") ? TrainingOptions.featureMethods() : TrainingOptions.methods();
    }

    /**
     * The shifts that {@code --noise} lists, as they are written in full.
     *
     * @throws UsageException if one is not known or named twice, or if there are several beside {@code --labels}
     */
    List<String> noises() {
        List<String> all = Arrays.stream(noise.split(",", -1)).map(one -> Shift.parse(one).specification()).toList();
        if (new HashSet<>(all).size() < all.size()) {
            throw new UsageException("--noise " + noise + " names a shift twice: name each once");
        }
        if (labels != null && all.size() > 1) {
            throw new UsageException("--labels are used as they are, instead of --noise " + noise + ": leave one of the two out");
        }
        return all;
    }

    private static void positive(String option, Integer value) {
        if (value != null && value < 1) {
            throw new UsageException(option + " must be at least 1, not " + value);
        }
    }

    /** Finds and reads the data set; says which, and in plain words if it is the sample. */
    Dataset open(Console console) {
        Dataset found = Datasets.open(dataset, directory, console.downloads());
        console.notice(found.description());
        return found;
    }

    /** What the training samples went through, for people. */
    static String shift(TrainingOptions options) {
        boolean noise = List.of("none", "symmetric", "pair").contains(options.shift().split(":")[0]);
        return options.labels() == null ? (noise ? "noise " : "shift ") + options.shift() : "labels " + options.labels().getFileName();
    }

    /**
     * What was set, for people: the settings that all runs of a comparison share and that matter for their results.
     *
     * @param norm  whether the network has batch normalisation, without which the estimation's mode has no part
     * @param shift what the training samples go through, or all such
     * @param seed  the seed, or all of them
     */
    static String settings(TrainingOptions options, boolean norm, String shift, String seed) {
        return options.model() + ", " + shift + (options.trainSamples() > 0 ? ", " + count(options.trainSamples(), "training sample") : "")
            + ", " + options.optimizer() + " at " + options.learningRate() + momentum(options)
            + ", reduction " + options.reduction()
            + ", weight decay " + options.weightDecay() + (options.decay().equals("all") ? "" : " of " + options.decay())
            + ", schedule " + options.schedule()
            + (options.learningRateWarmupEpochs() > 0 ? " with a warm-up of " + count(options.learningRateWarmupEpochs(), "epoch") : "")
            + (options.augment().equals("none") ? "" : ", " + options.augment())
            + (norm ? ", estimation mode " + options.estimationMode() : "")
            + ", batch " + options.batch() + " + " + options.validationBatch()
            + ", " + (options.steps() > 0 ? count(options.steps(), "step") : count(options.epochs(), "epoch"))
            + ", seed " + seed;
    }

    private static String count(int number, String one) {
        return Wording.count(number, one, one + "s");
    }

    /** Adam's are its own. */
    private static String momentum(TrainingOptions options) {
        return options.momentum() == 0 || !options.optimizer().equals("sgd") ? ""
            : (options.nesterov() ? " with Nesterov momentum " : " with momentum ") + options.momentum();
    }
}
