package io.github.adiw.cli;

import static io.github.adiw.cli.TrainCommand.written;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.AtomicFile;
import io.github.adiw.data.ImageDataset;
import io.github.adiw.device.Device;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** {@code adiw compare}: several methods from the same seed. */
@Command(name = "compare", sortOptions = false, defaultValueProvider = CompareCommand.Defaults.class,
    description = "Trains the same network with several methods of weighting from the same seed, and says which wins, by how much, "
        + "and where the time went.",
    footer = {"", "Writes DIR/compare.json, compare.md, accuracy.png, step-time.png, weights.png, and a folder a method with what train writes.",
        "", "Examples:",
        "  adiw compare                                          10,000 images, 40 %% wrong labels",
        "  adiw compare --noise pair:0.3 --epochs 100 --output out/pair",
        "  adiw compare --methods uniform,adiw-km --device cuda --seed 7"})
final class CompareCommand extends Subcommand {
    /** The columns of a run by itself. */
    static final String[] HEADING_ALONE = {"method", "accuracy %", "best %", "w clean", "w wrong", "ms/step", "estimation", "training"};
    private static final int TRAIN_SAMPLES = 10_000;

    @Option(names = "--methods", paramLabel = "M1,M2,...", hideParamSyntax = true, split = ",", defaultValue = "uniform,diw,adiw-km",
        description = "Which methods, in this order. Default: ${DEFAULT-VALUE}.")
    private List<String> methods;

    @Mixin
    private TrainingFlags flags = new TrainingFlags();

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "adiw-compare",
        description = "Folder for what is written; it is made if need be. Default: ${DEFAULT-VALUE}.")
    private Path output;

    CompareCommand(Console console) {
        super(console);
    }

    /** What differs from {@code train}: settings in which a few minutes show the benefit. */
    static final class Defaults implements IDefaultValueProvider {
        private static final Map<String, String> VALUES = Map.of("--noise", "symmetric:0.4", "--epochs", "60", "--optimizer", "adam",
            "--lr", "1e-3", "--weight-decay", "0", "--lr-schedule", "none", "--train-samples", String.valueOf(TRAIN_SAMPLES));

        @Override
        public String defaultValue(ArgSpec argument) {
            return argument.isOption() ? VALUES.get(((OptionSpec) argument).longestName()) : null;
        }
    }

    @Override
    void execute() {
        methods.forEach(method -> KnownNames.require("--methods", method, TrainingOptions.METHODS));
        if (new HashSet<>(methods).size() < methods.size()) {
            throw new UsageException("--methods " + String.join(",", methods) + " names a method twice: name each once");
        }
        List<TrainingOptions> all = new ArrayList<>();
        TrainingOptions.Builder builder = flags.builder(common.seed(), console);
        methods.forEach(method -> all.add(builder.method(method).build()));
        OutputFiles.checkFolder(output);
        List<TrainingRun> runs = new ArrayList<>();
        ImageDataset dataset;
        String device;
        try (Device opened = common.open(console)) {
            device = opened.name() + ": " + opened.description();
            dataset = flags.open(console);
            console.notice("Each method: " + TrainingFlags.settings(all.get(0)) + ".");
            for (TrainingOptions options : all) {
                TrainingRun run = TrainingRun.of(opened, dataset, options, console, !runs.isEmpty());
                runs.add(run);
                Path folder = output.resolve(options.method());
                AtomicFile.prepareFolder(folder);
                RunReport.write(folder, run.result(), run.summary());
                Pictures.write(folder, List.of(run.result()), console::notice);
                if (run.result().interrupted() || Interruption.requested()) {
                    break;
                }
            }
        }
        finish(dataset, device, runs);
    }

    private void finish(ImageDataset dataset, String device, List<TrainingRun> runs) {
        List<TrainingResult> results = runs.stream().map(TrainingRun::result).toList();
        Table table = table(results);
        ObjectNode json = json(dataset, device, runs);
        AtomicFile.writeString(output.resolve("compare.md"), markdown(dataset, device, results, table));
        AtomicFile.writeString(output.resolve("compare.json"), RunReport.text(json) + "\n");
        Pictures.write(output, results, console::notice);
        if (common.json()) {
            console.result(RunReport.text(json));
        } else {
            console.out().print("\n" + table.text() + "\n");
        }
        List<TrainingResult> failed = results.stream().filter(r -> r.failure() != null).toList();
        if (!failed.isEmpty()) {
            throw new AdiwException(failed.get(0).options().method() + ": " + failed.get(0).failure() + " (what was reached is in " + output + ")");
        }
        boolean interrupted = results.stream().anyMatch(TrainingResult::interrupted);
        console.notice((interrupted ? "Stopped; the table and pictures of what was reached are in " : "Table and pictures are in ") + output);
    }

    private static String[] heading() {
        String[] heading = Arrays.copyOf(HEADING_ALONE, HEADING_ALONE.length + 1);
        heading[HEADING_ALONE.length] = "speed-up over diw";
        return heading;
    }

    /** The table of all methods. */
    static Table table(List<TrainingResult> results) {
        Table table = new Table(heading());
        for (TrainingResult result : results) {
            String[] cells = Arrays.copyOf(cells(result), HEADING_ALONE.length + 1);
            double speedUp = speedUp(result, results);
            cells[HEADING_ALONE.length] = Double.isFinite(speedUp) ? written(speedUp, 1) + "x" : "-";
            table.row(cells);
        }
        return table;
    }

    /** The cells of a run under {@link #HEADING_ALONE}. */
    static String[] cells(TrainingResult result) {
        double clean = result.epochs().isEmpty() ? Double.NaN : result.epochs().get(result.epochs().size() - 1).meanWeightClean();
        double noisy = result.epochs().isEmpty() ? Double.NaN : result.epochs().get(result.epochs().size() - 1).meanWeightNoisy();
        return new String[] {result.options().method(), written(100 * result.lastFiveTestAccuracy(), 2),
            written(100 * result.bestTestAccuracy(), 2), written(clean, 2), written(noisy, 2), written(result.stepMillis().total(), 2),
            written(result.stepMillis().weightEstimation(), 2), written(result.stepMillis().training(), 2)};
    }

    private static double speedUp(TrainingResult result, List<TrainingResult> all) {
        return all.stream().filter(r -> r.options().method().equals("diw")).findFirst()
            .map(diw -> diw.stepMillis().total() / result.stepMillis().total()).orElse(Double.NaN);
    }

    private ObjectNode json(ImageDataset dataset, String device, List<TrainingRun> runs) {
        List<TrainingResult> results = runs.stream().map(TrainingRun::result).toList();
        ObjectNode node = RunReport.object();
        node.put("dataset", dataset.name());
        node.put("datasetIsSample", dataset.sample());
        node.put("settings", TrainingFlags.settings(results.get(0).options()));
        node.put("device", device);
        node.put("threads", common.threads());
        ArrayNode array = node.putArray("methods");
        for (TrainingRun run : runs) {
            ObjectNode entry = run.summary().deepCopy();
            RunReport.put(entry, "speedUpOverDiw", speedUp(run.result(), results));
            array.add(entry);
        }
        return node;
    }

    private String markdown(ImageDataset dataset, String device, List<TrainingResult> results, Table table) {
        return "# Comparison of methods\n\n" + dataset.description() + ".\n" + TrainingFlags.settings(results.get(0).options()) + ".\n"
            + "Device " + device + ", " + common.threads() + " threads.\n\n" + table.markdown() + "\n" + LEGEND
            + "\n\n![test accuracy over epochs](accuracy.png)\n\n![time of a step](step-time.png)\n\n"
            + "![weights of clean and of mislabelled samples](weights.png)\n";
    }

    private static final String LEGEND = "Accuracy: mean over the last five epochs, and the best epoch, on the test set. w clean, w wrong: mean "
        + "weight of samples with the right and with a wrong label.\nms/step: median over the steps after warm-up, split into weight "
        + "estimation and training.";
}
