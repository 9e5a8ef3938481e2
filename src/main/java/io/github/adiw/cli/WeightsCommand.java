package io.github.adiw.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.Rows;
import io.github.adiw.data.file.Npy;
import io.github.adiw.data.table.Missing;
import io.github.adiw.data.table.TableOptions;
import io.github.adiw.data.table.TablePair;
import io.github.adiw.data.table.Tables;
import io.github.adiw.device.Device;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code adiw weights}: importance weights for anybody's data. */
@Command(name = "weights", sortOptions = false, description = {"Estimates importance weights: how much each training sample has to count "
    + "for the training samples to look like the validation samples."},
    footer = {"", "Writes the weights as float32 [n]; prints what was found.", "",
        "Examples:",
        "  adiw weights --method km --train T.npy --validation V.npy --output W.npy",
        "  adiw weights --method km --until-converged --bandwidth median --train T.npy --validation V.npy --output W.npy --json",
        "  adiw weights --method kmm-exact --train T.npy --validation V.npy --output W.npy",
        "  adiw weights --method kl --bandwidth median --train T.csv --validation V.csv --output W.npy --state S.npy --plot W.png"})
final class WeightsCommand extends Subcommand {
    @Option(names = "--method", paramLabel = "METHOD", required = true,
        description = "What is minimised between the world and the weighted training samples: km (kernel mean matching by a few steps), "
            + "diw (DIW's quadratic program, as far as its published code solves it), kmm-exact (to convergence), kl (KLIEP), "
            + "ls (least squares), kl-direct and ls-direct (the same on the weights themselves), w1 (Wasserstein-1; sliced for d > 1).")
    private String method;

    @Option(names = "--train", paramLabel = "T.npy", required = true,
        description = "Training samples: .npy, [n] or [n, d], float32 or float64; or .csv, a row a sample.")
    private Path train;

    @Option(names = "--validation", paramLabel = "V.npy", required = true,
        description = "Samples as they are in the world, [m] or [m, d], likewise.")
    private Path validation;

    @Option(names = "--output", paramLabel = "W.npy", required = true, description = "Where to write the weights.")
    private Path output;

    /** One rule for all methods, that of DIW's published code, so that they are given the same kernel. */
    private static final String BANDWIDTH = "diw:0.01";

    @Option(names = "--bandwidth", paramLabel = "RULE", defaultValue = BANDWIDTH,
        description = "Of the Gaussian kernel exp(-gamma |a - b|^2): diw:Q (gamma is the Q-quantile of the distances among the training "
            + "samples), median, or gamma:X. Default: ${DEFAULT-VALUE}.")
    private String bandwidth;

    @Option(names = "--steps", paramLabel = "S", defaultValue = "" + EstimationSettings.STEPS,
        description = "Steps. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(names = "--eta", paramLabel = "ETA",
        description = "Size of a step over the bound on the curvature (w1: over the standard deviation of all samples). Default: 1; "
            + "w1: 0.1; ls-direct: 0.5.")
    private Float eta;

    @Option(names = "--lambda", paramLabel = "X", defaultValue = "" + EstimationSettings.LAMBDA,
        description = "Of ls: how much large coefficients are held back. Default: ${DEFAULT-VALUE}.")
    private float lambda;

    @Option(names = "--ridge", paramLabel = "R", defaultValue = "" + EstimatedWeights.RIDGE,
        description = "Of km and kl: as if R times the training samples were added without a place. Default: ${DEFAULT-VALUE}.")
    private float ridge;

    @Option(names = "--upper-bound", paramLabel = "B", defaultValue = "" + EstimationSettings.UPPER_BOUND,
        description = "Largest weight. Default: ${DEFAULT-VALUE}.")
    private float upperBound;

    @Option(names = "--projections", paramLabel = "P", defaultValue = "" + EstimationSettings.PROJECTIONS,
        description = "Of w1 where d > 1: random directions a step that it is averaged over, the same ones in every call with the same "
            + "--seed. Default: ${DEFAULT-VALUE}.")
    private int projections;

    @Option(names = "--momentum", paramLabel = "MU", defaultValue = "0",
        description = "Nesterov's momentum of the steps of km, ls and ls-direct, in [0, 1). Default: ${DEFAULT-VALUE}.")
    private float momentum;

    @Option(names = "--normalize", description = "Divide the weights by their mean.")
    private boolean normalize;

    @Option(names = "--initial", paramLabel = "W0.npy",
        description = "What to start from: weights [n]; of kl and ls coefficients of the validation samples, [m]. Default: all equal.")
    private Path initial;

    @Option(names = "--state", paramLabel = "S.npy",
        description = "As --initial, read if it is there, and written back, so that the next call goes on where this one ended.")
    private Path state;

    @Option(names = "--plot", paramLabel = "P.png",
        description = "Draw a histogram of the weights and, where d = 1, of the samples before and after weighting.")
    private Path plot;

    @Option(names = "--until-converged", description = "Go on until the optimality residual is at most 1e-6, whatever --steps says.")
    private boolean untilConverged;

    WeightsCommand(Console console) {
        super(console);
    }

    /** Samples as they were read, {@code [n, d]}, in single and in double precision. */
    private record Samples(int n, int d, float[] values, double[] precise) {
        static Samples of(Rows rows, Path file) {
            double[] precise = new double[Math.multiplyExact(rows.rows(), rows.columns())];
            rows.read(0, rows.rows(), precise);
            float[] values = new float[precise.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) precise[i];
                if (Float.isInfinite(values[i])) {
                    throw new AdiwException(file + " has " + precise[i] + ", which is too large for float32");
                }
            }
            return new Samples(rows.rows(), rows.columns(), values, precise);
        }

        /** Whether what single precision loses of the numbers is little beside how far they lie apart. */
        boolean isSingle() {
            double[] least = Arrays.copyOf(precise, d);
            double[] most = Arrays.copyOf(precise, d);
            for (int i = 0; i < precise.length; i++) {
                least[i % d] = Math.min(least[i % d], precise[i]);
                most[i % d] = Math.max(most[i % d], precise[i]);
            }
            return IntStream.range(0, values.length).allMatch(i -> Math.abs(values[i] - precise[i]) <= 1e-6 * (most[i % d] - least[i % d]));
        }

        /** The mean of every column. */
        double[] centre() {
            double[] mean = new double[d];
            for (int i = 0; i < precise.length; i++) {
                mean[i % d] += precise[i] / n;
            }
            return mean;
        }

        float[] from(double[] centre) {
            float[] moved = new float[precise.length];
            for (int i = 0; i < moved.length; i++) {
                moved[i] = (float) (precise[i] - centre[i % d]);
            }
            return moved;
        }
    }

    @Override
    void execute() {
        KnownNames.require("--method", method, List.copyOf(Divergences.all().keySet()));
        Divergence divergence = Divergences.get(method);
        EstimationSettings settings = EstimationSettings.builder().bandwidth(bandwidth).steps(steps).eta(eta).upperBound(upperBound)
            .lambda(lambda).ridge(ridge).projections(projections).momentum(momentum).normalize(normalize).seed(common.seed()).build();
        require(initial == null || state == null, "--initial and --state both say where to start: give one of them");
        Stream.of(train, validation, initial).filter(Objects::nonNull).forEach(OutputFiles::requireName);
        sayWhatIsIgnored(divergence);
        checkOutputs();
        TablePair tables = Tables.read(train, validation, new TableOptions(null, List.of(), null, Missing.FAIL, console::notice));
        Samples t = Samples.of(tables.train(), train);
        Samples v = Samples.of(tables.validation(), validation);
        Path from = state != null && Files.exists(state) ? state : initial;
        float[] start = from == null ? null : start(divergence, from, t.n(), v.n());
        EstimatedWeights result;
        try (Device device = common.open(console)) {
            // Distances alone matter: numbers far from 0 lose less of them around their centre.
            double[] centre = t.isSingle() && v.isSingle() ? new double[t.d()] : t.centre();
            result = EstimatedWeights.builder(device).method(method).settings(settings).initial(start).untilConverged(untilConverged)
                .estimate(t.from(centre), v.from(centre), t.d());
        }
        Npy.write(output, result.weights(), result.n());
        if (state != null) {
            Npy.write(state, result.state(), result.state().length);
        }
        if (plot != null) {
            Pictures.writeWeights(plot, result, t.values(), v.values(), console::notice);
        }
        ObjectNode report = report(result);
        if (common.json()) {
            console.result(RunReport.text(report));
        } else {
            for (Map.Entry<String, JsonNode> entry : report.properties()) {
                console.result(String.format(Locale.ROOT, "%-20s %s", entry.getKey(), entry.getValue().asText()));
            }
        }
        console.notice(
            "Written to " + Stream.of(output, state, plot).filter(Objects::nonNull).map(Path::toString).collect(Collectors.joining(", ")));
    }

    private void sayWhatIsIgnored(Divergence divergence) {
        if (eta != null && !divergence.usesEta()) {
            console.notice("--eta has no part in " + method + ", whose steps have no size.");
        }
        if (momentum != 0 && !divergence.usesMomentum()) {
            console.notice("--momentum has no part in " + method + ".");
        }
        if (ridge != 0 && !divergence.usesRidge()) {
            console.notice("--ridge has no part in " + method + ".");
        }
    }

    private static void require(boolean ok, String sentence) {
        if (!ok) {
            throw new UsageException(sentence);
        }
    }

    private static float[] start(Divergence divergence, Path from, int n, int m) {
        boolean ofValidation = divergence.stateIsOfValidation();
        Npy read = Npy.read(from).requireType(Npy.Type.FLOAT32, Npy.Type.FLOAT64).requireShape(ofValidation ? m : n).requireFinite();
        return (ofValidation ? read : read.requireNotNegative("weights")).toFloats();
    }

    private void checkOutputs() {
        List<Path> files = Stream.of(output, state, plot, train, validation, initial).filter(Objects::nonNull)
            .map(p -> p.toAbsolutePath().normalize()).toList();
        for (Path file : Stream.of(output, state, plot).filter(Objects::nonNull).toList()) {
            require(Collections.frequency(files, file.toAbsolutePath().normalize()) == 1,
                file + " is named twice: what is written needs a file of its own");
            OutputFiles.checkFile(file);
        }
    }

    private static ObjectNode report(EstimatedWeights r) {
        ObjectNode node = RunReport.object();
        node.put("method", r.method());
        node.put("device", r.device());
        node.put("n", r.n());
        node.put("m", r.m());
        node.put("dimension", r.dimension());
        RunReport.put(node, "gamma", r.gamma());
        node.put("steps", r.steps());
        RunReport.put(node, "objective", r.objective());
        RunReport.put(node, "sum", r.sum());
        RunReport.put(node, "minimum", r.minimum());
        RunReport.put(node, "maximum", r.maximum());
        RunReport.put(node, "effectiveSampleSize", r.effectiveSampleSize());
        RunReport.put(node, "fractionAtBound", r.fractionAtBound());
        node.put("converged", r.converged());
        RunReport.put(node, "kktResidual", r.kktResidual());
        RunReport.put(node, "seconds", r.seconds());
        return node;
    }
}
