package io.github.adiw.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Shift;
import io.github.adiw.device.Device;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * One training run of the command line: shows progress, ends cleanly on Ctrl-C.
 *
 * @param result  what was reached
 * @param summary what summary.json holds
 */
record TrainingRun(TrainingResult result, ObjectNode summary) {
    /** Standard errors of an accuracy by guessing, which chance seldom makes. */
    private static final double BEYOND_CHANCE = 2;
    /** Classes whose samples are counted one by one. */
    private static final int MOST_LISTED = 20;

    /**
     * Trains; {@code console} hears what was split and how it goes on.
     *
     * @param saving where checkpoints go to, and come from
     * @param quiet  whether the split was said before
     * @param said   warnings that were said of earlier runs, of which that of the split is not said again
     */
    static TrainingRun of(Device device, Dataset dataset, TrainingOptions options, CheckpointWriter.Saving saving, Console console,
                          boolean quiet, Set<String> said) {
        try (Trainer trainer = new Trainer(device, dataset, options)) {
            if (saving.from() != null) {
                trainer.restore(saving.from());
            }
            List<String> warnings = new ArrayList<>();
            if (!quiet) {
                console.notice(trainer.split().description());
            }
            if (!trainer.split().exposed()) {
                warnings.add(String.format(Locale.ROOT, "all %,d training samples are clean validation samples, so that %s: lower "
                    + "--validation-samples.", trainer.split().count(),
                    options.shift().equals(Shift.NONE.specification())
                        ? "there is nothing that weights could correct"
                        : "the " + TrainingFlags.shift(options) + " has no part"));
                if (!said.contains(warnings.get(0))) {
                    console.warning(warnings.get(0));
                }
            }
            if (trainer.warmUpOnly()) {
                warnings.add(options.method() + ": every epoch is a warm-up epoch, so that no weights are used: raise "
                    + longer(options) + ", or give "
                    + (options.warmupEpochs() == 1 ? "--warmup-epochs 0." : "fewer --warmup-epochs."));
                console.warning(warnings.get(warnings.size() - 1));
            }
            TrainingResult[] result = new TrainingResult[1];
            int epochs = options.steps() > 0 ? 0 : options.epochs();
            try (TrainingProgress progress = new TrainingProgress(console, options.method(), epochs, Console.terminal())) {
                CheckpointWriter writer = new CheckpointWriter(trainer, saving, progress, System::nanoTime);
                Interruption.during(() -> {
                    result[0] = trainer.run(writer);
                    writer.end(result[0]);
                }, trainer::stop);
            }
            double chance = guessing(dataset);
            double spread = BEYOND_CHANCE * Math.sqrt(chance * (1 - chance) / dataset.test().count());
            if (result[0].failure() == null && !result[0].interrupted() && result[0].finalTestAccuracy() <= chance + spread) {
                warnings.add(String.format(Locale.ROOT, "the test accuracy of %.2f %% that was reached with %s is what guessing reaches "
                    + "too (%.2f %%, give or take %.2f %%): raise %s, or try another --lr.", 100 * result[0].finalTestAccuracy(),
                    options.method(), 100 * chance, 100 * spread, longer(options)));
                console.warning(warnings.get(warnings.size() - 1));
            }
            return new TrainingRun(result[0], RunReport.summary(result[0], dataset.sample(), trainer.split().classCounts(), warnings));
        }
    }

    private static String longer(TrainingOptions options) {
        return options.steps() > 0 ? "--steps" : "--epochs";
    }

    /** The accuracy of who always names the most frequent class. */
    private static double guessing(Dataset dataset) {
        int[] counts = new int[dataset.classes()];
        for (int label : dataset.test().labels()) {
            counts[label]++;
        }
        return (double) Arrays.stream(counts).max().orElseThrow() / dataset.test().count();
    }

    /** What was said against the run; of one that is taken over it is to be said again. */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        summary.path("warnings").forEach(warning -> warnings.add(warning.asText()));
        return warnings;
    }

    /** Whether training ended as it should. */
    boolean finished() {
        return result.failure() == null && !result.interrupted();
    }

    /** What the shift did to the training samples, as a sentence without its full stop. */
    String effect() {
        StringBuilder counts = new StringBuilder();
        int least = Integer.MAX_VALUE;
        int most = 0;
        for (JsonNode count : summary.get("classCounts")) {
            counts.append(counts.isEmpty() ? "" : ", ").append(count.asInt());
            least = Math.min(least, count.asInt());
            most = Math.max(most, count.asInt());
        }
        if (summary.get("classCounts").size() > MOST_LISTED) {
            counts.setLength(0);
            counts.append(least).append(" to ").append(most);
        }
        if (result.options().shift().startsWith("class-prior:")) {
            counts.append(String.format(Locale.ROOT, ", the largest to the smallest %.1f to 1", (double) most / Math.max(1, least)));
        }
        boolean others = result.options().labels() != null || result.validationSamples() < result.trainSamples();
        return String.format(Locale.ROOT, "%,d training samples, %,d of them clean validation samples; %s; samples a class: %s",
            result.trainSamples(), result.validationSamples(), others
                ? String.format(Locale.ROOT, "%.1f %% of the others mislabelled", 100 * result.actualNoiseRate())
                : "there are no others that could be mislabelled",
            counts);
    }
}
