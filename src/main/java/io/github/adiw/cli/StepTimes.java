package io.github.adiw.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.train.StepTimer;
import io.github.adiw.train.TrainingResult.StepMillis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a step of each of the methods took that were timed in turn ({@link StepTimer}), from one seed, under one shift.
 *
 * @param byMethod lower quartiles, in the order of the methods
 */
record StepTimes(Map<String, StepMillis> byMethod) {
    /** Of methods that were not timed. */
    static final StepTimes NONE = new StepTimes(Map.of());
    private static final StepMillis UNKNOWN = new StepMillis(Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    /** A method's, or of {@link StepTimer#PUBLISHED}; NaN where it was not timed. */
    StepMillis of(String method) {
        return byMethod.getOrDefault(method, UNKNOWN);
    }

    /** How many times as long a step of {@code slow} takes as one of {@code fast}; NaN where one of them was not timed. */
    double ratio(String slow, String fast) {
        return of(slow).total() / of(fast).total();
    }

    /** Adds {@code stepMillis}. */
    static void put(ObjectNode node, StepMillis millis) {
        ObjectNode step = node.putObject("stepMillis");
        RunReport.put(step, "total", millis.total());
        RunReport.put(step, "weightEstimation", millis.weightEstimation());
        RunReport.put(step, "estimationForward", millis.estimationForward());
        RunReport.put(step, "training", millis.training());
    }

    /** What {@link #put} added. */
    static StepMillis get(JsonNode node) {
        JsonNode step = node.get("stepMillis");
        return new StepMillis(RunReport.get(step, "total"), RunReport.get(step, "weightEstimation"),
            RunReport.get(step, "estimationForward"), RunReport.get(step, "training"));
    }

    /** Writes the times, and the settings of the runs that they are of. */
    void write(Path file, List<ObjectNode> settings) {
        ObjectNode node = RunReport.object();
        node.putArray("runs").addAll(settings);
        ObjectNode methods = node.putObject("methods");
        byMethod.forEach((method, millis) -> put(methods.putObject(method), millis));
        AtomicFile.writeString(file, RunReport.text(node) + "\n");
    }

    /** The times that an earlier call wrote; null if there are none, or they are of other runs. */
    static StepTimes read(Path file, List<ObjectNode> settings) {
        ArrayNode wanted = RunReport.object().putArray("runs").addAll(settings);
        try {
            JsonNode node = Files.isRegularFile(file) ? RunReport.read(file) : RunReport.object();
            if (!wanted.equals(node.get("runs"))) {
                return null;
            }
            Map<String, StepMillis> byMethod = new LinkedHashMap<>();
            node.get("methods").properties().forEach(entry -> byMethod.put(entry.getKey(), get(entry.getValue())));
            return new StepTimes(byMethod);
        } catch (IOException e) {
            return null;        // broken: they are measured again
        }
    }
}
