package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.Dataset;
import io.github.adiw.device.Device;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code adiw train}: one network, one method. */
@Command(name = "train", sortOptions = false, description = "Trains a network with one method of weighting, and writes what was reached.",
    footer = {"", "Writes DIR/summary.json, epochs.csv, model.safetensors, weights.npy, accuracy.png, step-time.png, weights.png.", "",
        "Examples:",
        "  adiw train --noise symmetric:0.4 --method adiw-km --train-samples 10000 --optimizer adam --lr 1e-3 \\",
        "             --weight-decay 0 --lr-schedule none --epochs 60 --output out/km",
        "  adiw train --model mlp:256,128 --noise pair:0.3 --method diw --epochs 20 --output out/diw --json"})
final class TrainCommand extends Subcommand {
    @Option(names = "--method", paramLabel = "METHOD", defaultValue = "adiw-km",
        description = "uniform; diw (kernel mean matching in every batch, as far as DIW's published code solves it) and diw-exact (to "
            + "convergence); by a few steps in every batch adiw-km (kernel mean matching), "
            + "adiw-kl (Kullback-Leibler), adiw-ls (least squares), adiw-w1 (Wasserstein-1), adiw-kl-direct and adiw-ls-direct (on the "
            + "weights themselves), adiw-NAME of a divergence of your own; random, iw (estimated once), reweight (Ren et al. 2018). "
            + "Default: ${DEFAULT-VALUE}.")
    private String method;

    @Mixin
    private TrainingFlags flags = new TrainingFlags();

    @Option(names = "--output", paramLabel = "DIR", required = true, description = "Folder for what is written; it is made if need be.")
    private Path output;

    @Option(names = "--trace", paramLabel = "T.csv", description = "Write each step's losses and the extent of its weights.")
    private Path trace;

    @Option(names = "--weights-trace", paramLabel = "F.npy", description = "Write each step's weights, float32 [steps, batch].")
    private Path weightsTrace;

    TrainCommand(Console console) {
        super(console);
    }

    @Override
    void execute() {
        KnownNames.require("--method", method, TrainingOptions.methods());
        TrainingOptions options = flags.builder(common.seed(), console).method(method).trace(trace != null)
            .weightsTrace(weightsTrace != null).build();
        OutputFiles.checkFolder(output);
        for (Path file : new Path[] {trace, weightsTrace}) {
            if (file != null) {
                OutputFiles.checkFile(file);
            }
        }
        try (Device device = common.open(console)) {
            Dataset dataset = flags.open(console);
            TrainingRun run = TrainingRun.of(device, dataset, options, console, false);
            write(run);
            TrainingResult result = run.result();
            if (common.json()) {
                console.result(RunReport.text(run.summary()));
            } else {
                console.out().print(ComparedRuns.alone(result).text());
            }
            if (result.failure() != null) {
                throw new AdiwException(result.failure() + " (what was reached is in " + output + ")");
            }
            console.notice((result.interrupted() ? "Stopped after epoch " + result.epochs().size() + " of " + options.epochs()
                + "; what was reached is in " : "Written to ") + output);
        }
    }

    private void write(TrainingRun run) {
        AtomicFile.prepareFolder(output);
        if (trace != null) {
            RunReport.writeTrace(trace, run.result().trace());
        }
        if (weightsTrace != null && !run.result().weightsTrace().isEmpty()) {
            RunReport.writeWeightsTrace(weightsTrace, run.result().weightsTrace(), run.result().options().batch());
        }
        RunReport.write(output, run.result(), run.summary());
        Pictures.write(output, run.result(), console::notice);
    }

    /** A number with so many places, or a dash if there is none. */
    static String written(double value, int places) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + places + "f", value) : "-";
    }
}
