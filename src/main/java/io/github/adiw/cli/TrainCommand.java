package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.Dataset;
import io.github.adiw.device.Device;
import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code adiw train}: one network, one method. */
@Command(name = "train", sortOptions = false, description = "Trains a network with one method of weighting, and writes what was reached.",
    footer = {"", "Writes DIR/summary.json, epochs.csv, model.safetensors, weights.npy, labels.npy, mislabelled.npy, accuracy.png, "
        + "step-time.png, weights.png; last run.json, which says that the run finished, with a checksum of each; on the way to them "
        + "checkpoint-STEP.safetensors.",
        "A run that was stopped, by Ctrl-C or in any other way, goes on with --resume as if nothing had been.", "",
        "Examples:",
        "  adiw train --noise symmetric:0.4 --method adiw-km --train-samples 10000 --optimizer adam --lr 1e-3 \\",
        "             --weight-decay 0 --lr-schedule none --epochs 60 --output out/km",
        "  adiw train --model mlp:256,128 --noise pair:0.3 --method diw --epochs 20 --output out/diw --json",
        "  adiw train --dataset cifar-10 --model resnet20 --noise symmetric:0.4 --augment crop-flip --optimizer sgd \\",
        "             --momentum 0.9 --lr 0.1 --reduction mean --lr-schedule milestones:100,150:0.1 \\",
        "             --lr-warmup-epochs 1 --epochs 200 --output out/cifar"})
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

    @Option(names = "--resume",
        description = "Go on from the last checkpoint in DIR; from the beginning, if there is none. The other options "
            + "must be those of the run, but for --threads, --output and how often checkpoints are written.")
    private boolean resume;

    TrainCommand(Console console) {
        super(console);
    }

    @Override
    void execute() {
        KnownNames.require("--method", method, TrainingOptions.methods());
        TrainingOptions options = flags.builder(common.seed(), console).method(method).trace(trace != null)
            .weightsTrace(weightsTrace != null).build();
        flags.sayWhatHasNoPart(List.of(options), console);
        new NamedFiles().reads(flags.files()).writes(trace, weightsTrace).results(output, RunFolder::isResult).requireDistinct();
        OutputFiles.checkFolder(output);
        for (Path file : new Path[] {trace, weightsTrace}) {
            if (file != null) {
                OutputFiles.checkFile(file);
            }
        }
        OutputFiles.requireOwn(output, RunFolder::isResult);
        try (Device device = common.open(console)) {
            Dataset dataset = flags.open(console);
            RunFolder folder = RunFolder.anywhere(output, RunFolder.settings(options, dataset.identity(), device, common.threads()));
            if (resume && folder.obstacle() == null) {
                console.notice("The run in " + output + " is finished: nothing is left to do.");
                TrainingRun finished = folder.read(options);
                show(finished);
                finished.warnings().forEach(console::warning);
                return;
            }
            Checkpoint from = begin(folder);
            TrainingRun[] run = new TrainingRun[1];
            Interruption.during(() -> {
                run[0] = TrainingRun.of(device, dataset, options, new CheckpointWriter.Saving(folder, flags.checkpointEvery(), from),
                    console, false, Set.of());
                write(folder, run[0]);
            }, () -> {});
            show(run[0]);
            TrainingResult result = run[0].result();
            if (result.failure() != null) {
                throw new AdiwException(result.failure() + " (what was reached is in " + output + ")");
            }
            console.notice(result.interrupted() ? "Stopped after epoch " + result.epochs().size() + " of " + options.epochs()
                + "; what was reached is in " + output + ", and --resume goes on from there" : "Written to " + output);
        }
    }

    /** What the run goes on from, or null. */
    private Checkpoint begin(RunFolder folder) {
        RunFolder.Found found = folder.find(console::notice);
        if (found.other() != null) {
            throw found.other().refusal(typed(), "go on with it by --resume and its settings, choose another folder, or delete them");
        }
        Checkpoint there = found.checkpoint();
        if (!resume) {
            if (there != null && there.step() > 0 && there.step() < there.totalSteps()) {
                console.notice(output + " holds a checkpoint of this run, made at step " + there.step() + " of " + there.totalSteps()
                    + ": training begins anew all the same (--resume goes on from it).");
            }
            return null;
        }
        if (there != null && there.step() > 0) {
            console.notice("Going on from the checkpoint at step " + there.step() + " of " + there.totalSteps() + " in " + output + ".");
        } else if (there != null || found.changed().isEmpty()) {
            console.notice(output + " holds no checkpoint of a step: training starts from the beginning.");
        } else {
            throw UsageException.of("resume", output + " holds a run under other settings ("
                + RunFolder.Found.text(found.changed(), typed()) + "): "
                + (found.isOfAnotherVersion() ? "" : "give its settings to go on with it, or ") + "leave --resume out to begin anew");
        }
        return there;
    }

    private void show(TrainingRun run) {
        if (common.json()) {
            console.result(RunReport.text(run.summary()));
        } else {
            console.out().print(ComparedRuns.alone(run.result()).text());
        }
    }

    private void write(RunFolder folder, TrainingRun run) {
        if (trace != null) {
            RunReport.writeTrace(trace, run.result().trace());
        }
        if (weightsTrace != null && !run.result().weightsTrace().isEmpty()) {
            RunReport.writeWeightsTrace(weightsTrace, run.result().weightsTrace(), run.result().options().batch());
        }
        folder.write(run, made -> Pictures.write(made, run.result(), console::notice));
    }

    /** A number with so many places, or a dash if there is none. */
    static String written(double value, int places) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + places + "f", value) : "-";
    }
}
