package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.StepTimer;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import io.github.adiw.train.TrainingResult.StepMillis;
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
 * @param times  what a step took, by seed
 */
record ComparedRuns(String shift, Path folder, int seeds, List<TrainingRun> runs, Map<Long, StepTimes> times) {
    /** The columns of a run by itself. */
    private static final String[] HEADING = {"method", "accuracy %", "best %", "w clean", "w wrong", "ms/step", "estimation", "training"};
    private static final List<ToDoubleFunction<TrainingResult>> REACHED = List.of(r -> 100 * r.lastFiveTestAccuracy(),
        r -> 100 * r.bestTestAccuracy(), r -> last(r, EpochReport::meanWeightClean), r -> last(r, EpochReport::meanWeightNoisy));
    private static final List<ToDoubleFunction<StepMillis>> PARTS = List.of(StepMillis::total, StepMillis::weightEstimation,
        StepMillis::training);
    private static final String BASELINE = "diw";
    private static final String PUBLISHED_KEY = "diwAsPublished";

    /** The table of a run by itself. */
    static Table alone(TrainingResult result) {
        Table table = new Table(HEADING);
        table.row(cells(result.options().method(), List.of(result), List.of(result.stepMillis())));
        return table;
    }

    private static String[] cells(String name, List<TrainingResult> results, List<StepMillis> times, String... more) {
        List<String> cells = new ArrayList<>(List.of(name));
        REACHED.forEach(measure -> cells.add(Spread.of(results, measure).text(2, "")));
        PARTS.forEach(part -> cells.add(Spread.of(times, part).text(2, "")));
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

    /** A row a method: means over the seeds, and standard deviations where there are several; behind DIW's the published one's. */
    Table table() {
        String[] heading = Arrays.copyOf(HEADING, HEADING.length + 2);
        heading[HEADING.length] = "speed-up over diw";
        heading[HEADING.length + 1] = "over published";
        Table table = new Table(heading);
        byMethod().forEach((method, results) -> {
            List<Long> from = seeds(results);
            row(table, method + (seeds == 1 || results.size() == seeds ? "" : " (" + results.size() + " of " + seeds + " seeds)"), method,
                results, from);
            if (method.equals(BASELINE) && published()) {
                row(table, StepTimer.PUBLISHED, StepTimer.PUBLISHED, List.of(), from);
            }
        });
        return table;
    }

    private void row(Table table, String name, String method, List<TrainingResult> results, List<Long> from) {
        table.row(cells(name, results, from.stream().map(seed -> times(seed).of(method)).toList(),
            Spread.of(from, seed -> speedUp(BASELINE, method, seed)).text(1, "x"),
            Spread.of(from, seed -> speedUp(StepTimer.PUBLISHED, method, seed)).text(1, "x")));
    }

    private static List<Long> seeds(List<TrainingResult> results) {
        return results.stream().map(result -> result.options().seed()).toList();
    }

    private StepTimes times(long seed) {
        return times.getOrDefault(seed, StepTimes.NONE);
    }

    private double speedUp(String over, String method, long seed) {
        return times(seed).ratio(over, method);
    }

    /** Whether DIW as published was timed. */
    boolean published() {
        return times.values().stream().anyMatch(of -> of.byMethod().containsKey(StepTimer.PUBLISHED));
    }

    /** The mean times of every method that was timed, over the seeds. */
    Map<String, StepMillis> meanTimes() {
        Map<String, List<StepMillis>> all = new LinkedHashMap<>();
        times.values()
            .forEach(of -> of.byMethod().forEach((method, millis) -> all.computeIfAbsent(method, name -> new ArrayList<>()).add(millis)));
        Map<String, StepMillis> means = new LinkedHashMap<>();
        all.forEach((method, millis) -> means.put(method, new StepMillis(Spread.of(millis, StepMillis::total).mean(),
            Spread.of(millis, StepMillis::weightEstimation).mean(), Spread.of(millis, StepMillis::estimationForward).mean(),
            Spread.of(millis, StepMillis::training).mean())));
        return means;
    }

    /** A run's summary, with the times that it is compared by, and how much faster than DIW it is. */
    ObjectNode json(TrainingRun run) {
        String method = run.result().options().method();
        long seed = run.result().options().seed();
        ObjectNode entry = run.summary().deepCopy();
        StepTimes.put(entry, times(seed).of(method));
        RunReport.put(entry, "speedUpOverDiw", speedUp(BASELINE, method, seed));
        RunReport.put(entry, "speedUpOverDiwAsPublished", speedUp(StepTimer.PUBLISHED, method, seed));
        return entry;
    }

    /** Adds the times of DIW as published, of the only seed; nothing where it was not timed. */
    void putPublished(ObjectNode node) {
        if (published()) {
            StepTimes only = times.values().iterator().next();
            ObjectNode entry = node.putObject(PUBLISHED_KEY);
            StepTimes.put(entry, only.of(StepTimer.PUBLISHED));
            RunReport.put(entry, "speedUpOverDiw", only.ratio(BASELINE, StepTimer.PUBLISHED));
        }
    }

    private void putTimes(ObjectNode entry, String method, List<Long> from) {
        ObjectNode step = entry.putObject("stepMillis");
        Spread.of(from, seed -> times(seed).of(method).total()).put(step, "total");
        Spread.of(from, seed -> times(seed).of(method).weightEstimation()).put(step, "weightEstimation");
        Spread.of(from, seed -> times(seed).of(method).estimationForward()).put(step, "estimationForward");
        Spread.of(from, seed -> times(seed).of(method).training()).put(step, "training");
        Spread.of(from, seed -> speedUp(BASELINE, method, seed)).put(entry, "speedUpOverDiw");
        Spread.of(from, seed -> speedUp(StepTimer.PUBLISHED, method, seed)).put(entry, "speedUpOverDiwAsPublished");
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
            putTimes(entry, method, seeds(results));
            ArrayNode all = entry.putArray("runs");
            runs.stream().filter(run -> run.result().options().method().equals(method)).forEach(run -> all.add(json(run)));
        });
        if (published()) {
            putTimes(node.putObject(PUBLISHED_KEY), StepTimer.PUBLISHED, List.copyOf(times.keySet()));
        }
        return node;
    }

    /** What the shift did to the data: a sentence a seed. */
    List<String> effect() {
        Map<Long, String> told = new LinkedHashMap<>();
        runs.forEach(run -> told.putIfAbsent(run.result().options().seed(), run.effect()));
        return told.entrySet().stream().map(seed -> (seeds > 1 ? "Seed " + seed.getKey() + ": " : "") + seed.getValue() + ".").toList();
    }
}
