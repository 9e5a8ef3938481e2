package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.Rows;
import io.github.adiw.data.file.Npy;
import io.github.adiw.data.table.TableOptions;
import io.github.adiw.data.table.TablePair;
import io.github.adiw.data.table.Tables;
import io.github.adiw.data.table.WeightsFile;
import io.github.adiw.device.Device;
import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.ratio.Diagnostics;
import io.github.adiw.ratio.FitCancelledException;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code adiw weights}: importance weights for anybody's data. */
@Command(name = "weights", sortOptions = false, description = {"Estimates importance weights: how much each training sample has to count "
    + "for the training samples to look like the validation samples. Without any option, everything is chosen by the data.", ""},
    footer = {"",
        "Writes a weight for every training row, of mean 1; prints what was found, and warns of weights that are probably useless.",
        "", "--steps, --until-converged, --initial and --state ask for steps as a training loop takes them, on the data as they are, "
            + "not normalised, and with --bandwidth " + WeightsCommand.STEP_BANDWIDTH + " and --lambda 0.1 unless told otherwise.",
        "", "Examples:",
        "  adiw weights --train T.csv --validation V.csv --output W.csv",
        "  adiw weights --train T.csv --validation V.csv --output W.csv --exclude label --id customer --plot W.png",
        "  adiw weights --train T.npy --validation V.npy --output W.npy --model M.safetensors --json",
        "  adiw weights --method km --steps 5 --train T.npy --validation V.npy --output W.npy --state S.npy"})
final class WeightsCommand extends Subcommand {
    /** One rule for all methods that take steps, that of DIW's published code, so that they are given the same kernel. */
    static final String STEP_BANDWIDTH = "diw:0.01";
    /** The property of a model under which the table's encoding is saved. */
    static final String ENCODING = "table";

    @Option(names = "--method", paramLabel = "METHOD",
        description = "auto (the best of the next three on held-out rows), kl (KLIEP), ls (uLSIF; least squares), classifier (logistic "
            + "regression); or, for weights of the training rows alone: km and kmm-exact (kernel mean matching), diw (DIW's quadratic "
            + "program, as far as its published code solves it), kl-direct and ls-direct (on the weights themselves), w1 (Wasserstein-1; "
            + "sliced for d > 1). Default: auto.")
    private String method;

    @Option(names = "--train", paramLabel = "T", required = true,
        description = "Training samples, a row a sample: .csv (, ; or tab; columns by name), or .npy, [n] or [n, d], of any number type.")
    private Path train;

    @Option(names = "--validation", paramLabel = "V", required = true, description = "Samples as they are in the world, likewise.")
    private Path validation;

    @Option(names = "--output", paramLabel = "W", required = true,
        description = "Where to write the weights: .npy, float32 [n], or .csv with the header id,weight.")
    private Path output;

    @Mixin
    private TableFlags table = new TableFlags();

    @Option(names = "--scale", paramLabel = "HOW",
        description = "standard: divide each column by its standard deviation over both files, or take a logarithm far out where a few "
            + "rows make that; none. Default: standard; none for steps.")
    private String scale;

    @Option(names = "--bandwidth", paramLabel = "RULE",
        description = "Of the Gaussian kernel exp(-gamma |a - b|^2) on the scaled columns: auto (by held-out data for kl and ls, else the "
            + "median), median, diw:Q (gamma is the Q-quantile of the distances among the training samples), or gamma:X. Default: auto; "
            + STEP_BANDWIDTH + " for steps.")
    private String bandwidth;

    @Option(names = "--centers", paramLabel = "C",
        description = "For kl and ls: the largest number of kernels, centred on rows drawn from the validation rows. Default: "
            + DensityRatio.CENTERS + ".")
    private Integer centers;

    @Option(names = "--lambda", paramLabel = "X",
        description = "Of ls: how much large coefficients are held back. Default: by held-out data; " + EstimationSettings.LAMBDA
            + " for steps.")
    private Float lambda;

    @Option(names = "--upper-bound", paramLabel = "B",
        description = "Largest weight before normalising. Default: none for auto, kl, ls and classifier, else "
            + EstimationSettings.UPPER_BOUND + ".")
    private Float upperBound;

    @Option(names = "--normalize", negatable = true,
        description = "Whether to divide the weights by their mean. Default: --normalize; --no-normalize for steps.")
    private Boolean normalize;

    @Option(names = "--model", paramLabel = "M.safetensors",
        description = "Save the ratio of kl, ls or classifier, for adiw score.")
    private Path model;

    @Option(names = "--plot", paramLabel = "P.png",
        description = "Draw a histogram of the weights, and the balance of the columns before and after.")
    private Path plot;

    @Option(names = "--steps", paramLabel = "S", description = "Steps. Default, where another flag asks for steps: "
        + EstimationSettings.STEPS + ".")
    private Integer steps;

    @Option(names = "--until-converged",
        description = "Steps until the optimality residual is at most 1e-6, whatever --steps says.")
    private boolean untilConverged;

    @Option(names = "--initial", paramLabel = "W0.npy",
        description = "What steps start from: weights [n]; of kl and ls coefficients of the validation samples, [m]. Default: all equal.")
    private Path initial;

    @Option(names = "--state", paramLabel = "S.npy",
        description = "As --initial, read if it is there, and written back, so that the next call goes on where this one ended.")
    private Path state;

    @Option(names = "--eta", paramLabel = "ETA",
        description = "Size of a step over the bound on the curvature (w1: over the standard deviation of all samples). Default: 1; "
            + "w1: 0.1; ls-direct: 0.5.")
    private Float eta;

    @Option(names = "--ridge", paramLabel = "R",
        description = "Of km, and of kl by steps: as if R times the training samples were added without a place. Default: 0.02 of "
            + "km; 0 for steps.")
    private Float ridge;

    @Option(names = "--projections", paramLabel = "P",
        description = "Of w1 where d > 1: random directions a step that it is averaged over, the same ones in every call with the same "
            + "--seed. Default: " + EstimationSettings.PROJECTIONS + ".")
    private Integer projections;

    @Option(names = "--momentum", paramLabel = "MU",
        description = "Nesterov's momentum of the steps of km, ls and ls-direct, in [0, 1). Default: 0.")
    private Float momentum;

    WeightsCommand(Console console) {
        super(console);
    }

    @Override
    void execute() {
        long started = System.nanoTime();
        List<String> known = new ArrayList<>(DensityRatio.RATIO_METHODS);
        Divergences.all().keySet().stream().filter(name -> !known.contains(name)).forEach(known::add);
        if (method != null) {
            KnownNames.require("--method", method, known);
        }
        checkNames();
        boolean stepping = steps != null || untilConverged || initial != null || state != null;
        EstimationSettings settings = settings(stepping);
        DensityRatio.Builder ratio = stepping ? null : ratio(settings);
        if (stepping) {
            checkStepping();
        } else {
            checkFit();
        }
        TableOptions options = table.options(sentence -> console.notice(typed().inFront(null, sentence)));
        checkOutputs();
        if (options.id() != null && !OutputFiles.isCsv(output)) {
            console.notice(OutputFiles.withoutIds(output));
        }
        TablePair data = Tables.read(train, validation, options);
        try (Device device = common.open(console); FitProgress progress = new FitProgress(console, Console.terminal())) {
            WeightsOutcome[] outcome = new WeightsOutcome[1];
            Interruption.during(() -> outcome[0] = stepping ? stepped(device, data, settings) : fitted(device, data, ratio, progress),
                progress::cancel);
            progress.clear();
            write(outcome[0], data, started);
        }
    }

    private EstimationSettings settings(boolean stepping) {
        EstimationSettings.Builder builder = EstimationSettings.builder().eta(eta).ridge(ridge)
            .seed(common.seed()).normalize(Boolean.TRUE.equals(normalize));
        if (stepping && (bandwidth == null || !bandwidth.equals("auto"))) {
            builder.bandwidth(bandwidth == null ? STEP_BANDWIDTH : bandwidth);
        }
        if (steps != null) {
            builder.steps(steps);
        }
        if (upperBound != null) {
            builder.upperBound(upperBound);
        }
        if (lambda != null) {
            builder.lambda(lambda);
        }
        if (projections != null) {
            builder.projections(projections);
        }
        if (momentum != null) {
            builder.momentum(momentum);
        }
        return builder.build();
    }

    private DensityRatio.Builder ratio(EstimationSettings settings) {
        DensityRatio.Builder builder = DensityRatio.builder().method(method == null ? "auto" : method).seed(common.seed())
            .standardize(!"none".equals(scale)).normalize(!Boolean.FALSE.equals(normalize)).settings(settings);
        if (bandwidth != null) {
            builder.bandwidth(bandwidth);
        }
        if (centers != null) {
            builder.centers(centers);
        }
        if (lambda != null) {
            builder.lambda(lambda);
        }
        if (upperBound != null) {
            builder.upperBound(upperBound);
        }
        return builder;
    }

    private void checkNames() {
        Stream.of(train, validation, output, initial, state, plot, model).filter(Objects::nonNull).forEach(OutputFiles::requireName);
        if (scale != null) {
            KnownNames.require("--scale", scale, List.of("standard", "none"));
        }
    }

    private void checkStepping() {
        String flag = steps != null ? "--steps" : untilConverged ? "--until-converged" : initial != null ? "--initial" : "--state";
        require(method != null && !method.equals("auto") && !method.equals("classifier"), flag + " asks for the steps of a training loop, "
            + "which " + (method == null ? "need a --method" : "--method " + method + " does not take") + ": give one of "
            + String.join(", ", Divergences.all().keySet()) + ", or leave " + flag + " out");
        require(initial == null || state == null, "--initial and --state both say where to start: give one of them");
        require(model == null, "--model saves a ratio that was fitted, and " + flag + " asks for steps: give one of them");
        require(centers == null, "--centers has no part in steps, where every validation sample is a center: leave it or " + flag + " out");
        require(bandwidth == null || !bandwidth.equals("auto"),
            "--bandwidth auto is chosen for a fit, and " + flag + " asks for steps: give median, diw:Q or gamma:X");
        sayWhatIsIgnored(Divergences.get(method));
    }

    private void checkFit() {
        String name = method == null ? "auto" : method;
        if (DensityRatio.RATIO_METHODS.contains(name)) {
            ignored(eta != null, "--eta", name);
            ignored(momentum != null, "--momentum", name);
            ignored(ridge != null, "--ridge", name);
            ignored(projections != null, "--projections", name);
            ignored(lambda != null && !name.equals("ls") && !name.equals("auto"), "--lambda", name);
            ignored(centers != null && name.equals("classifier"), "--centers", name);
            ignored(bandwidth != null && name.equals("classifier"), "--bandwidth", name);
        } else {
            require(model == null, "--model saves the ratio of auto, kl, ls or classifier: " + name + " gives weights of the training "
                + "rows alone");
            ignored(centers != null, "--centers", name);
            sayWhatIsIgnored(Divergences.get(name));
        }
    }

    private void ignored(boolean given, String flag, String name) {
        if (given) {
            console.notice(flag + " has no part in " + name + ".");
        }
    }

    private void sayWhatIsIgnored(Divergence divergence) {
        ignored(eta != null && !divergence.usesEta(), "--eta", method);
        ignored(momentum != null && momentum != 0 && !divergence.usesMomentum(), "--momentum", method);
        ignored(ridge != null && ridge != 0 && !divergence.usesRidge(), "--ridge", method);
        ignored(lambda != null && !divergence.usesLambda(), "--lambda", method);
        ignored(bandwidth != null && !divergence.usesBandwidth(), "--bandwidth", method);
        ignored(projections != null && !divergence.usesProjections(), "--projections", method);
        ignored(steps != null && !divergence.takesSteps(), "--steps", method);
    }

    private WeightsOutcome fitted(Device device, TablePair data, DensityRatio.Builder builder, FitProgress progress) {
        long start = System.nanoTime();
        DensityRatio ratio;
        try {
            ratio = builder.device(device).columns(data.encoding().names()).property(ENCODING, data.encoding().toJson())
                .listener(progress).fit(data.train(), data.validation());
        } catch (FitCancelledException e) {
            throw new Interruption.StoppedException(e);
        }
        double seconds = (System.nanoTime() - start) * 1e-9;
        if (model != null) {
            ratio.save(model);
        }
        return WeightsOutcome.of(ratio, !Boolean.FALSE.equals(normalize), seconds);
    }

    private WeightsOutcome stepped(Device device, TablePair data, EstimationSettings settings) {
        Divergence divergence = Divergences.get(method);
        int n = data.train().rows();
        int m = data.validation().rows();
        Path from = state != null && Files.exists(state) ? state : initial;
        EstimatedWeights.Builder builder = EstimatedWeights.builder(device).method(method).settings(settings)
            .initial(from == null ? null : start(divergence, from, n, m)).untilConverged(untilConverged);
        SingleRows rows = SingleRows.of(data.train(), data.validation(), "standard".equals(scale));
        EstimatedWeights estimated = builder.estimate(rows.train(), rows.validation(), data.train().columns());
        if (state != null) {
            Npy.write(state, estimated.state(), estimated.state().length);
        }
        Diagnostics diagnostics = Diagnostics.of(estimated, untilConverged, data.encoding().names(), data.train(), data.validation());
        return WeightsOutcome.of(estimated, data, divergence.usesLambda() ? settings.lambda() : Double.NaN, settings.normalize(),
            diagnostics);
    }

    private static float[] start(Divergence divergence, Path from, int n, int m) {
        boolean ofValidation = divergence.stateIsOfValidation();
        Npy read = Npy.read(from).requireType(Npy.Type.FLOAT32, Npy.Type.FLOAT64).requireShape(ofValidation ? m : n).requireFinite();
        return (ofValidation ? read : read.requireNotNegative("weights")).toFloats();
    }

    private void write(WeightsOutcome outcome, TablePair data, long started) {
        WeightsFile.write(output, data.ids(), outcome.weights());
        if (plot != null) {
            Pictures.writeWeights(plot, outcome.method(), outcome.weights(), outcome.diagnostics().balance(), data.train(),
                data.validation(),
                console::notice);
        }
        List<String> warnings = new ArrayList<>(outcome.diagnostics().warnings());
        if (data.ids() != null && OutputFiles.isCsv(output)) {
            OutputFiles.sharedIds(data.ids(), output).ifPresent(warnings::add);
        }
        double total = (System.nanoTime() - started) * 1e-9;
        if (common.json()) {
            console.result(RunReport.text(outcome.json(total, warnings)));
        } else {
            console.result(outcome.text(total));
        }
        warnings.forEach(console::warning);
        console.notice("Written to " + Stream.of(output, state, model, plot).filter(Objects::nonNull).map(Path::toString)
            .collect(Collectors.joining(", ")));
    }

    private static void require(boolean ok, String sentence) {
        if (!ok) {
            throw new UsageException(sentence);
        }
    }

    private void checkOutputs() {
        WeightsFile.requireSuffix("output", output);
        new NamedFiles().reads(train, validation, initial).writes(output, state, plot, model).requireDistinct();
        Stream.of(output, state, plot, model).filter(Objects::nonNull).forEach(OutputFiles::checkFile);
        if (plot != null) {
            Pictures.requirePng(plot);
        }
    }
}
