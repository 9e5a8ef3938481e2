package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The runs of a comparison that share one shift: all methods, all seeds.
 *
 * @param shift  what the training samples went through, for people
 * @param folder where this shift's pictures are
 * @param seeds  how many seeds were asked for
 * @param runs   what was reached, at least one
 */
record ComparedRuns(String shift, Path folder, int seeds, List<TrainingRun> runs) {
    /** The columns of a run by itself. */
    private static final String[] HEADING = {"method", "accuracy %", "best %", "w clean", "w wrong", "ms/step", "estimation", "training"};
    private static final List<ToDoubleFunction<TrainingResult>> MEASURES = List.of(r -> 100 * r.lastFiveTestAccuracy(),
        r -> 100 * r.bestTestAccuracy(), r -> last(r, EpochReport::meanWeightClean), r -> last(r, EpochReport::meanWeightNoisy),
        r -> r.stepMillis().total(), r -> r.stepMillis().weightEstimation(), r -> r.stepMillis().training());

    /** The table of a run by itself. */
    static Table alone(TrainingResult result) {
        Table table = new Table(HEADING);
        table.row(cells(result.options().method(), List.of(result)));
        return table;
    }

    private static String[] cells(String name, List<TrainingResult> results, String... more) {
        List<String> cells = new ArrayList<>(List.of(name));
        MEASURES.forEach(measure -> cells.add(Spread.of(results, measure).text(2, "")));
        cells.addAll(List.of(more));
        return cells.toArray(String[]::new);
    }

    private static double last(TrainingResult result, ToDoubleFunction<EpochReport> measure) {
        List<EpochReport> epochs = result.epochs();
        return epochs.isEmpty() ? Double.NaN : measure.applyAsDouble(epochs.get(epochs.size() - 1));
    }

    /** All runs; where there are several seeds, those that finished: a mean over others would mislead. */
    List<TrainingRun> shown() {
        return seeds == 1 ? runs : runs.stream().filter(TrainingRun::finished).toList();
    }

    /** The results of {@link #shown}. */
    List<TrainingResult> results() {
        return shown().stream().map(TrainingRun::result).toList();
    }

    private Map<String, List<TrainingResult>> byMethod() {
        Map<String, List<TrainingResult>> methods = new LinkedHashMap<>();
        runs.forEach(run -> methods.put(run.result().options().method(), new ArrayList<>()));
        results().forEach(result -> methods.get(result.options().method()).add(result));
        return methods;
    }

    /** A row a method: means over the seeds, and standard deviations where there are several. */
    Table table() {
        String[] heading = Arrays.copyOf(HEADING, HEADING.length + 1);
        heading[HEADING.length] = "speed-up over diw";
        Table table = new Table(heading);
        byMethod().forEach((method, results) -> table.row(cells(
            method + (seeds == 1 || results.size() == seeds ? "" : " (" + results.size() + " of " + seeds + " seeds)"), results,
            Spread.of(results, this::speedUp).text(1, "x"))));
        return table;
    }

    /** DIW's time of a step over this run's, both from the same seed; NaN if there is none. */
    double speedUp(TrainingResult result) {
        return results().stream().filter(r -> r.options().method().equals("diw") && r.options().seed() == result.options().seed())
            .mapToDouble(diw -> diw.stepMillis().total() / result.stepMillis().total()).findFirst().orElse(Double.NaN);
    }

    /** A run's summary, and how much faster than DIW it is. */
    ObjectNode json(TrainingRun run) {
        ObjectNode entry = run.summary().deepCopy();
        RunReport.put(entry, "speedUpOverDiw", speedUp(run.result()));
        return entry;
    }

    /** The shift, and what each method reached: mean and standard deviation over the seeds that finished, and every run. */
    ObjectNode json() {
        TrainingOptions any = runs.get(0).result().options();
        ObjectNode node = RunReport.object();
        node.put("noise", any.labels() == null ? any.shift() : "labels");
        ArrayNode methods = node.putArray("methods");
        byMethod().forEach((method, results) -> {
            ObjectNode entry = methods.addObject();
            entry.put("method", method);
            ArrayNode finished = entry.putArray("seeds");
            results.forEach(r -> finished.add(r.options().seed()));
            Spread.of(results, TrainingResult::lastFiveTestAccuracy).put(entry, "lastFiveTestAccuracy");
            Spread.of(results, TrainingResult::bestTestAccuracy).put(entry, "bestTestAccuracy");
            Spread.of(results, r -> last(r, EpochReport::meanWeightClean)).put(entry, "meanWeightClean");
            Spread.of(results, r -> last(r, EpochReport::meanWeightNoisy)).put(entry, "meanWeightNoisy");
            ObjectNode step = entry.putObject("stepMillis");
            Spread.of(results, r -> r.stepMillis().total()).put(step, "total");
            Spread.of(results, r -> r.stepMillis().weightEstimation()).put(step, "weightEstimation");
            Spread.of(results, r -> r.stepMillis().training()).put(step, "training");
            Spread.of(results, this::speedUp).put(entry, "speedUpOverDiw");
            ArrayNode all = entry.putArray("runs");
            runs.stream().filter(run -> run.result().options().method().equals(method)).forEach(run -> all.add(json(run)));
        });
        return node;
    }

    /** What the shift did to the data: a sentence a seed. */
    List<String> effect() {
        Map<Long, String> told = new LinkedHashMap<>();
        runs.forEach(run -> told.putIfAbsent(run.result().options().seed(), run.effect()));
        return told.entrySet().stream().map(seed -> (seeds > 1 ? "Seed " + seed.getKey() + ": " : "") + seed.getValue() + ".").toList();
    }
}
