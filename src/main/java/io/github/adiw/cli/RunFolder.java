package io.github.adiw.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.Npy;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * The folder of one run of a comparison. Beside what {@code train} writes it keeps the labels that were trained on and which
 * of them are wrong, and, once the run has finished, {@code run.json}: every setting that matters for the result, and a
 * checksum of every file. A run is taken over by a later call only if the settings are the same and the files as they were.
 */
final class RunFolder {
    /** Says that a run has finished, and under which settings. */
    static final String MARK = "run.json";
    private static final String MISLABELLED = "mislabelled.npy";
    private static final String LABELS = "labels.npy";
    private static final String MODEL = "model.safetensors";
    private static final List<String> FILES = List.of("summary.json", "epochs.csv", "weights.npy", MISLABELLED, LABELS, MODEL);

    /** What tells the runs of a comparison apart, and what does not concern its results. */
    private static final Set<String> APART = Set.of("method", "shift", "seed", "trace", "weightsTrace");

    private final Path folder;
    private final ObjectNode settings;

    /** @param settings what {@link #settings} says of the run that is wanted */
    RunFolder(Path folder, ObjectNode settings) {
        this.folder = folder;
        this.settings = settings;
    }

    /**
     * Every setting that matters for a run's result or its times. All of {@link TrainingOptions#settings} are among them; of a file,
     * its content counts and not its name.
     *
     * @param data what {@link io.github.adiw.data.Dataset#identity} says
     */
    static ObjectNode settings(TrainingOptions options, String data, String device, int threads) {
        ObjectNode node = RunReport.object();
        node.put("data", data);
        node.put("device", device);
        node.put("threads", threads);
        node.put("version", Main.Version.number());
        options.settings().forEach((name, value) -> node.put(name, value instanceof Path file ? content(file) : String.valueOf(value)));
        return node;
    }

    private static String content(Path file) {
        try {
            return checksum(file);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + file + ": " + (Files.exists(file) ? e.getMessage() : "no such file or folder"), e);
        }
    }

    private static String checksum(Path file) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(Files.readAllBytes(file));
        return "crc32 " + Long.toHexString(crc.getValue());
    }

    /** Why the run in this folder cannot be taken over, as half a sentence; empty if there is none, null if it can be. */
    String obstacle() {
        if (!Files.isDirectory(folder)) {
            return "";
        }
        if (!Files.isRegularFile(folder.resolve(MARK))) {
            return "the run in " + folder + " did not finish";
        }
        try {
            JsonNode mark = RunReport.read(folder.resolve(MARK));
            List<String> changed = changed(mark.path("settings"));
            if (!changed.isEmpty()) {
                return String.join(", ", changed);
            }
            for (String file : FILES) {
                Path there = folder.resolve(file);
                if (!Files.isRegularFile(there) || !checksum(there).equals(mark.path("files").path(file).asText())) {
                    return there + " is missing, or not as it was written";
                }
            }
            return null;
        } catch (IOException e) {
            return folder.resolve(MARK) + " cannot be read";
        }
    }

    private List<String> changed(JsonNode earlier) {
        TreeSet<String> names = new TreeSet<>();
        settings.fieldNames().forEachRemaining(names::add);
        earlier.fieldNames().forEachRemaining(names::add);
        List<String> changed = new ArrayList<>();
        for (String name : names) {
            String now = settings.path(name).asText("not set");
            String before = earlier.path(name).asText("not set");
            if (!now.equals(before)) {
                changed.add(name + " was " + before + " and is " + now);
            }
        }
        return changed;
    }

    /** The trained model's parameters in the folder of a run. */
    static Path parameters(Path folder) {
        return folder.resolve(MODEL);
    }

    /** Prepares the folder for a run; from now on the earlier one there counts as unfinished. */
    void begin() {
        AtomicFile.prepareFolder(folder);
        try {
            Files.deleteIfExists(folder.resolve(MARK));
        } catch (IOException e) {
            throw new AdiwException("cannot delete " + folder.resolve(MARK) + ": " + e.getMessage(), e);
        }
    }

    /** Writes a run's files; one that finished is marked as such, last. */
    void write(TrainingRun run) {
        boolean[] mislabelled = run.result().mislabelled();
        byte[] wrong = new byte[mislabelled.length];
        for (int i = 0; i < wrong.length; i++) {
            wrong[i] = (byte) (mislabelled[i] ? 1 : 0);
        }
        Npy.write(folder.resolve(MISLABELLED), wrong, wrong.length);
        Npy.write(folder.resolve(LABELS), run.result().labels(), wrong.length);
        RunReport.write(folder, run.result(), run.summary());
        if (!run.finished()) {
            return;
        }
        ObjectNode mark = RunReport.object();
        mark.set("settings", settings);
        ObjectNode files = mark.putObject("files");
        FILES.forEach(file -> files.put(file, content(folder.resolve(file))));
        AtomicFile.writeString(folder.resolve(MARK), RunReport.text(mark) + "\n");
    }

    /**
     * The run in this folder as it was written, but for the model's parameters, which stay in their file.
     *
     * @throws AdiwException if a file is missing or broken
     */
    TrainingRun read(TrainingOptions options) {
        try {
            ObjectNode summary = (ObjectNode) RunReport.read(folder.resolve("summary.json"));
            int[] wrong = Npy.read(folder.resolve(MISLABELLED)).requireShape(-1).toInts();
            boolean[] mislabelled = new boolean[wrong.length];
            for (int i = 0; i < wrong.length; i++) {
                mislabelled[i] = wrong[i] != 0;
            }
            return new TrainingRun(TrainingResult.of(options)
                .dataset(summary.get("dataset").asText()).device(summary.get("device").asText())
                .trainSamples(summary.get("trainSamples").asInt()).validationSamples(summary.get("validationSamples").asInt())
                .testSamples(summary.get("testSamples").asInt()).actualNoiseRate(RunReport.get(summary, "actualNoiseRate"))
                .parameterCount(summary.get("parameters").asLong()).epochs(RunReport.readEpochs(folder.resolve("epochs.csv")))
                .weights(Npy.read(folder.resolve("weights.npy")).requireShape(wrong.length).toFloats()).mislabelled(mislabelled)
                .labels(Npy.read(folder.resolve(LABELS)).requireShape(wrong.length).toInts()).stepMillis(StepTimes.get(summary))
                .failure(summary.get("failure").textValue()).interrupted(summary.get("interrupted").asBoolean()).build(), summary);
        } catch (IOException | UsageException | NumberFormatException e) {
            throw new AdiwException("cannot read the run in " + folder + " back: " + e.getMessage(), e);
        }
    }

    /**
     * The settings of the runs of a comparison as pairs of name and value; where methods differ, which method has which.
     *
     * @param runs what {@link #settings} says of each
     */
    static List<String[]> table(List<ObjectNode> runs) {
        List<String[]> pairs = new ArrayList<>();
        runs.get(0).fieldNames().forEachRemaining(name -> {
            Map<String, Set<String>> values = new LinkedHashMap<>();
            runs.forEach(run -> values.computeIfAbsent(run.get(name).asText(), value -> new LinkedHashSet<>())
                .add(run.get("method").asText()));
            if (APART.contains(name) || values.keySet().equals(Set.of("null"))) {
                return;
            }
            pairs.add(new String[] {name, values.size() == 1 ? values.keySet().iterator().next() : values.entrySet().stream()
                .map(value -> value.getKey() + " (" + String.join(", ", value.getValue()) + ")").collect(Collectors.joining("; "))});
        });
        return pairs;
    }
}
