package io.github.adiw.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.Npy;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import io.github.adiw.weight.EstimationSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The files of a training run. */
final class RunReport {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private RunReport() {}

    /** An object with nothing in it. */
    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /** JSON as text, indented. */
    static String text(ObjectNode node) {
        try {
            return JSON.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds a number; one that is not finite becomes null, which JSON has. */
    static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, value);
        } else {
            node.putNull(key);
        }
    }

    /** Adds {@code warnings}, which {@link Console#warning} says too. */
    static void putWarnings(ObjectNode node, List<String> warnings) {
        ArrayNode array = node.putArray("warnings");
        warnings.forEach(array::add);
    }

    /** A number that {@link #put} added. */
    static double get(JsonNode node, String key) {
        return node.get(key).isNumber() ? node.get(key).asDouble() : Double.NaN;
    }

    /**
     * A file that holds an object.
     *
     * @throws JsonProcessingException if it holds something else
     * @throws IOException if it cannot be read
     */
    static JsonNode read(Path file) throws IOException {
        JsonNode node = JSON.readTree(file.toFile());
        if (!node.isObject()) {
            throw new JsonMappingException(null, file + " holds no object");
        }
        return node;
    }

    /**
     * Whether a file is there and holds an object with these keys.
     *
     * @throws AdiwException if it cannot be read
     */
    static boolean isObjectWith(Path file, String... keys) {
        try {
            return Files.isRegularFile(file) && Arrays.stream(keys).allMatch(read(file)::has);
        } catch (JsonProcessingException e) {
            return false;
        } catch (IOException e) {
            throw new AdiwException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * What summary.json holds.
     *
     * @param classCounts [classes], training samples by the label that they carry, after the shift
     * @param warnings    what speaks against the run
     */
    static ObjectNode summary(TrainingResult result, boolean sample, int[] classCounts, List<String> warnings) {
        TrainingOptions options = result.options();
        List<EpochReport> epochs = result.epochs();
        EpochReport last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        ObjectNode node = object();
        node.put("dataset", result.dataset());
        node.put("datasetIsSample", sample);
        node.put("trainSamples", result.trainSamples());
        node.put("validationSamples", result.validationSamples());
        node.put("testSamples", result.testSamples());
        node.put("noise", options.labels() == null ? options.shift() : "labels");
        put(node, "actualNoiseRate", result.actualNoiseRate());
        ArrayNode counts = node.putArray("classCounts");
        for (int count : classCounts) {
            counts.add(count);
        }
        node.put("augment", options.augment());
        node.put("model", options.model());
        node.put("parameters", result.parameterCount());
        node.put("method", options.method());
        node.put("transform", options.transform());
        node.put("estimationMode", options.estimationMode());
        node.put("device", result.device());
        node.put("seed", options.seed());
        node.put("epochs", options.epochs());
        node.put("steps", options.steps());
        node.put("batch", options.batch());
        node.put("validationBatch", options.validationBatch());
        node.put("optimizer", options.optimizer());
        node.put("learningRate", number(options.learningRate()));
        node.put("momentum", number(options.momentum()));
        node.put("nesterov", options.nesterov());
        node.put("weightDecay", number(options.weightDecay()));
        node.put("decay", options.decay());
        node.put("reduction", options.reduction());
        node.put("learningRateSchedule", options.schedule());
        node.put("learningRateWarmupEpochs", options.learningRateWarmupEpochs());
        node.put("warmupEpochs", options.warmupEpochs());
        EstimationSettings estimation = options.estimation();
        node.put("bandwidth", String.valueOf(options.settings().get("bandwidth")));
        node.put("estimationSteps", estimation.steps());
        node.put("eta", number(estimation.eta()));
        node.put("upperBound", number(estimation.upperBound()));
        node.put("pretrainEpochs", options.pretrainEpochs());
        node.put("lambda", number(estimation.lambda()));
        node.put("ridge", number(estimation.ridge()));
        node.put("estimationMomentum", number(estimation.momentum()));
        node.put("normalizeWeights", estimation.normalize());
        node.put("precision", options.precision());
        ArrayNode accuracy = node.putArray("testAccuracy");
        epochs.forEach(e -> accuracy.add(e.testAccuracy()));
        put(node, "finalTestAccuracy", result.finalTestAccuracy());
        put(node, "bestTestAccuracy", result.bestTestAccuracy());
        put(node, "lastFiveTestAccuracy", result.lastFiveTestAccuracy());
        put(node, "meanWeightClean", last == null ? Double.NaN : last.meanWeightClean());
        put(node, "meanWeightNoisy", last == null ? Double.NaN : last.meanWeightNoisy());
        double[] sums = new double[classCounts.length];
        for (int i = 0; i < result.labels().length; i++) {
            sums[result.labels()[i]] += result.weights()[i];
        }
        ArrayNode means = node.putArray("meanWeightPerClass");
        for (int c = 0; c < sums.length; c++) {
            if (Double.isFinite(sums[c] / classCounts[c])) {
                means.add(sums[c] / classCounts[c]);
            } else {
                means.addNull();
            }
        }
        put(node, "secondsPerEpoch", epochs.stream().mapToDouble(EpochReport::seconds).average().orElse(Double.NaN));
        put(node, "effectiveSampleSize", last == null ? Double.NaN : last.effectiveSampleSize());
        put(node, "fractionAtBound", last == null ? Double.NaN : last.fractionAtBound());
        StepTimes.put(node, result.stepMillis());
        node.putObject("graphNodes").put("uniform", result.graphNodes().uniform()).put("weighted", result.graphNodes().weighted());
        putWarnings(node, warnings);
        node.put("interrupted", result.interrupted());
        node.put("failure", result.failure());
        node.put("version", Main.Version.number());
        return node;
    }

    /** The number that was typed, not its nearest float's neighbours in double. */
    private static double number(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    /** Writes summary.json, epochs.csv, model.safetensors and weights.npy; each whole or not at all, the summary last. */
    static void write(Path folder, TrainingResult result, ObjectNode summary) {
        AtomicFile.writeString(folder.resolve("epochs.csv"), epochs(result.epochs()));
        result.parameters().write(folder.resolve("model.safetensors"));
        Npy.write(folder.resolve("weights.npy"), result.weights(), result.weights().length);
        AtomicFile.writeString(folder.resolve("summary.json"), text(summary) + "\n");
    }

    private static String epochs(List<EpochReport> epochs) {
        StringBuilder csv = new StringBuilder("epoch," + String.join(",", EpochReport.names()) + "\n");
        for (EpochReport e : epochs) {
            csv.append(e.epoch());
            for (double value : e.values()) {
                csv.append(',').append(value);
            }
            csv.append('\n');
        }
        return csv.toString();
    }

    /**
     * The reports in an epochs.csv; numbers come back as they were.
     *
     * @throws IOException if it cannot be read
     * @throws NumberFormatException if something else is where a number should be
     */
    static List<EpochReport> readEpochs(Path file) throws IOException {
        List<EpochReport> reports = new ArrayList<>();
        for (String line : Files.readAllLines(file).stream().skip(1).toList()) {
            String[] cells = line.split(",");
            double[] v = new double[EpochReport.names().size()];
            for (int i = 0; i < v.length; i++) {
                v[i] = Double.parseDouble(cells.length == v.length + 1 ? cells[i + 1] : line);
            }
            reports.add(EpochReport.of(Integer.parseInt(cells[0]), v));
        }
        return reports;
    }

    /** Writes the losses and weights' extent of every step. */
    static void writeTrace(Path file, List<TrainingResult.TraceRow> rows) {
        StringBuilder csv = new StringBuilder("step,trainLoss,weightedLoss,weightSum,weightMin,weightMax\n");
        for (TrainingResult.TraceRow row : rows) {
            csv.append(row.step()).append(',').append(row.trainLoss()).append(',').append(row.weightedLoss()).append(',')
                .append(row.weightSum()).append(',').append(row.weightMin()).append(',').append(row.weightMax()).append('\n');
        }
        AtomicFile.writeString(file, csv.toString());
    }

    /** Writes every step's weights, float32 [steps, batch]. */
    static void writeWeightsTrace(Path file, List<float[]> rows, int batch) {
        float[] all = new float[Math.multiplyExact(rows.size(), batch)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, all, i * batch, batch);
        }
        Npy.write(file, all, rows.size(), batch);
    }
}
