package io.github.adiw.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.SafeTensors.Tensor;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.ElementType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.zip.CRC32;

/**
 * A training run as it was between two steps: everything that {@link Trainer#state} names, and what had been reported. A trainer of the
 * same options and data that it is {@linkplain Trainer#restore given to} goes on as that run would have, bit by bit, on the same device
 * with the same number of threads.
 *
 * <p>In a file it is one safetensors file: the state's buffers under {@code state.}, the times and the traces of the steps so far, and in
 * the metadata, as JSON, the step, the options, what tells the split from others, the reports of the epochs, and notes of the program that
 * wrote it. The file is written whole or not at all, and a checksum over everything is in it.
 */
public final class Checkpoint {
    private static final String FORMAT_FAMILY = "adiw-checkpoint-";
    private static final String FORMAT = FORMAT_FAMILY + "2";
    /** Bytes at whose beginning the header is, with the format in its metadata. */
    private static final int HEAD = 4096;
    private static final String STATE = "state.";
    private static final String TOTALS = "clock.totals";
    private static final String ESTIMATIONS = "clock.estimations";
    private static final String ESTIMATION_FORWARDS = "clock.estimationForwards";
    private static final String TRACE = "trace";
    private static final int TRACE_VALUES = 6;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Tensor> state;
    private final Progress progress;
    private final Map<String, String> settings;
    private final String split;
    private final Map<String, String> notes;

    private Checkpoint(Map<String, Tensor> state, Progress progress, Map<String, String> settings, String split,
                       Map<String, String> notes) {
        this.state = state;
        this.progress = progress;
        this.settings = settings;
        this.split = split;
        this.notes = notes;
    }

    /**
     * How far a run is, beside its state.
     *
     * @param step        steps made
     * @param totalSteps  of the whole run
     * @param epochs      that were completed
     * @param estimation  seconds in weight estimation in the epoch that is not completed
     * @param training    seconds in training in it
     * @param seconds     wall-clock seconds since it began, times between two processes left out
     * @param reports     of the epochs
     * @param trace       of the steps of completed epochs, where it is wanted
     * @param totals      milliseconds of the steps after warm-up
     * @param estimations those in weight estimation
     * @param estimationForwards those of them in the estimation's own forward pass
     */
    record Progress(long step, long totalSteps, int epochs, double estimation, double training, double seconds, List<EpochReport> reports,
                    List<TrainingResult.TraceRow> trace, double[] totals, double[] estimations, double[] estimationForwards) {}

    /** @param settings what {@link TrainingOptions#identity} says, and of which data */
    static Checkpoint of(Map<String, Buffer> state, Progress progress, Map<String, String> settings, String split) {
        Map<String, Tensor> saved = new LinkedHashMap<>();
        state.forEach((name, buffer) -> saved.put(name, download(buffer)));
        return new Checkpoint(saved, progress, Collections.unmodifiableMap(new LinkedHashMap<>(settings)), split, Map.of());
    }

    private static Tensor download(Buffer buffer) {
        int length = Math.toIntExact(buffer.length());
        int[] shape = {length};
        switch (buffer.type()) {
            case FLOAT32 -> {
                return new Tensor(shape, buffer.toFloats());
            }
            case FLOAT64 -> {
                double[] values = new double[length];
                buffer.download(values);
                return new Tensor(shape, values);
            }
            case INT32 -> {
                return new Tensor(shape, buffer.toInts());
            }
            case INT64 -> {
                long[] values = new long[length];
                buffer.download(values);
                return new Tensor(shape, values);
            }
            case UINT8 -> {
                byte[] values = new byte[length];
                buffer.download(values);
                return new Tensor(shape, values);
            }
        }
        throw new IllegalStateException("no such type: " + buffer.type());
    }

    /**
     * Fills buffers with what those of the same names held.
     *
     * @throws AdiwException if names, types or lengths differ; then no buffer was written to
     */
    void restore(Map<String, Buffer> buffers) {
        if (!buffers.keySet().equals(state.keySet())) {
            throw new AdiwException("the checkpoint holds the state " + state.keySet() + ", and " + buffers.keySet() + " was expected");
        }
        buffers.forEach((name, buffer) -> {
            Tensor tensor = state.get(name);
            if (tensor.type() != buffer.type() || tensor.length() != buffer.length()) {
                throw new AdiwException("the checkpoint holds " + name + " as " + tensor + ", and " + buffer.type() + "["
                    + buffer.length() + "] was expected");
            }
        });
        buffers.forEach((name, buffer) -> {
            Object array = state.get(name).array();
            switch (buffer.type()) {
                case FLOAT32 -> buffer.upload((float[]) array);
                case FLOAT64 -> buffer.upload((double[]) array);
                case INT32 -> buffer.upload((int[]) array);
                case INT64 -> buffer.upload((long[]) array);
                case UINT8 -> buffer.upload((byte[]) array);
            }
        });
    }

    /** How far the run was. */
    Progress progress() {
        return progress;
    }

    /** What tells the run's split from others. */
    String split() {
        return split;
    }

    /** Steps made. */
    public long step() {
        return progress.step;
    }

    /** Steps of the whole run. */
    public long totalSteps() {
        return progress.totalSteps;
    }

    /** Epochs that were completed. */
    public int epochs() {
        return progress.epochs;
    }

    /** The run's {@link TrainingOptions#identity}, and as {@code data} its {@link io.github.adiw.data.Dataset#identity}. */
    public Map<String, String> settings() {
        return settings;
    }

    /** What the program that made it added, by name. */
    public Map<String, String> notes() {
        return notes;
    }

    /** The same with these {@link #notes}. */
    public Checkpoint withNotes(Map<String, String> added) {
        return new Checkpoint(state, progress, settings, split, Map.copyOf(UsageException.given("added", added)));
    }

    /**
     * Writes a file, whole or not at all.
     *
     * @throws AdiwException if it cannot be written; then an earlier file of this name is as it was
     */
    public void write(Path file) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        state.forEach((name, tensor) -> tensors.put(STATE + name, tensor));
        tensors.put(TOTALS, new Tensor(new int[] {progress.totals.length}, progress.totals));
        tensors.put(ESTIMATIONS, new Tensor(new int[] {progress.estimations.length}, progress.estimations));
        tensors.put(ESTIMATION_FORWARDS, new Tensor(new int[] {progress.estimationForwards.length}, progress.estimationForwards));
        tensors.put(TRACE, new Tensor(new int[] {progress.trace.size(), TRACE_VALUES}, values(progress.trace)));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", FORMAT);
        metadata.put("settings", text(settings));
        metadata.put("split", split);
        metadata.put("metrics", metrics().toString());
        metadata.put("notes", text(notes));
        metadata.put("checksum", checksum(new SafeTensors(tensors, metadata)));
        new SafeTensors(tensors, metadata).write(file);
    }

    private static double[] values(List<TrainingResult.TraceRow> rows) {
        return rows.stream().flatMapToDouble(row -> DoubleStream.of(row.step(), row.trainLoss(), row.weightedLoss(), row.weightSum(),
            row.weightMin(), row.weightMax())).toArray();
    }

    private static String text(Map<String, String> texts) {
        ObjectNode node = JSON.createObjectNode();
        texts.forEach(node::put);
        return node.toString();
    }

    private ObjectNode metrics() {
        ObjectNode node = JSON.createObjectNode();
        node.put("step", progress.step).put("totalSteps", progress.totalSteps).put("epochs", progress.epochs);
        node.put("secondsEstimation", progress.estimation).put("secondsTraining", progress.training).put("seconds", progress.seconds);
        ArrayNode reports = node.putArray("reports");
        for (EpochReport report : progress.reports) {
            ObjectNode epoch = reports.addObject().put("epoch", report.epoch());
            double[] values = report.values();
            for (int i = 0; i < values.length; i++) {
                if (Double.isFinite(values[i])) {
                    epoch.put(EpochReport.names().get(i), values[i]);
                } else {
                    epoch.putNull(EpochReport.names().get(i));      // JSON has no NaN
                }
            }
        }
        return node;
    }

    private static String checksum(SafeTensors content) {
        CRC32 crc = new CRC32();
        content.metadata().forEach((name, value) -> {
            if (!name.equals("checksum")) {
                crc.update((name + " " + value + "\n").getBytes(StandardCharsets.UTF_8));
            }
        });
        content.addTo(crc);
        return "crc32 " + Long.toHexString(crc.getValue());
    }

    /** Whether a file is one, be it broken: not another safetensors file, nor something else. */
    public static boolean isCheckpoint(Path file) {
        byte[] start = new byte[HEAD];
        try (InputStream in = Files.newInputStream(file)) {
            int length = in.readNBytes(start, 0, HEAD);
            return new String(start, 0, length, StandardCharsets.UTF_8).contains('"' + FORMAT_FAMILY);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Reads a file.
     *
     * @throws AdiwException if it is missing, broken, or no checkpoint
     */
    public static Checkpoint read(Path file) {
        SafeTensors content = SafeTensors.read(UsageException.given("file", file), EnumSet.allOf(ElementType.class));
        Map<String, String> metadata = content.metadata();
        if (!FORMAT.equals(metadata.get("format"))) {
            throw new AdiwException(file + " is no checkpoint: its format is " + metadata.get("format") + ", and " + FORMAT
                + " was expected");
        }
        if (!checksum(content).equals(metadata.get("checksum"))) {
            throw new AdiwException(file + " is broken: its checksum does not fit its content");
        }
        try {
            Map<String, Tensor> state = new LinkedHashMap<>();
            content.tensors().forEach((name, tensor) -> {
                if (name.startsWith(STATE)) {
                    state.put(name.substring(STATE.length()), tensor);
                }
            });
            JsonNode metrics = JSON.readTree(metadata.get("metrics"));
            List<EpochReport> reports = new ArrayList<>();
            metrics.get("reports").forEach(node -> reports.add(EpochReport.of(node.get("epoch").asInt(), EpochReport.names().stream()
                .mapToDouble(name -> node.get(name).isNull() ? Double.NaN : node.get(name).doubleValue()).toArray())));
            Progress progress = new Progress(metrics.get("step").asLong(), metrics.get("totalSteps").asLong(),
                metrics.get("epochs").asInt(), metrics.get("secondsEstimation").asDouble(), metrics.get("secondsTraining").asDouble(),
                metrics.get("seconds").asDouble(), reports, trace((double[]) content.tensors().get(TRACE).array()),
                (double[]) content.tensors().get(TOTALS).array(), (double[]) content.tensors().get(ESTIMATIONS).array(),
                (double[]) content.tensors().get(ESTIMATION_FORWARDS).array());
            return new Checkpoint(state, progress, texts(metadata.get("settings")), metadata.get("split"),
                texts(metadata.get("notes")));
        } catch (JsonProcessingException | RuntimeException e) {
            throw new AdiwException(file + " is no checkpoint of this version of the program", e);
        }
    }

    private static List<TrainingResult.TraceRow> trace(double[] values) {
        List<TrainingResult.TraceRow> rows = new ArrayList<>();
        for (int i = 0; i < values.length; i += TRACE_VALUES) {
            rows.add(new TrainingResult.TraceRow((int) values[i], (float) values[i + 1], (float) values[i + 2], (float) values[i + 3],
                (float) values[i + 4], (float) values[i + 5]));
        }
        return rows;
    }

    private static Map<String, String> texts(String json) throws JsonProcessingException {
        Map<String, String> texts = new LinkedHashMap<>();
        JSON.readTree(json).properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
        return texts;
    }
}
