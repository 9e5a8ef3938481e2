package io.github.adiw.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;

/**
 * The folder of one run. Its results are one set: they are made in a folder beside, and moved to their places when all are there, last
 * {@code run.json}, which a run has that finished: every setting that matters for the result, and a checksum of every file. Where that is
 * missing or does not fit the files, the set is not whole. On the way to them are the {@link Checkpoints}.
 */
final class RunFolder {
    /** Says that a run has finished, and under which settings. */
    static final String MARK = "run.json";
    private static final String NEW = ".new";
    private static final String MISLABELLED = "mislabelled.npy";
    private static final String LABELS = "labels.npy";
    private static final String MODEL = "model.safetensors";
    private static final String SUMMARY = "summary.json";
    private static final List<String> FILES = List.of(SUMMARY, "epochs.csv", "weights.npy", MISLABELLED, LABELS, MODEL);

    private static final String DATA = "data";
    private static final String DEVICE = "device";
    private static final String THREADS = "threads";
    private static final String VERSION = "version";

    /** What tells the runs of a comparison apart, and what does not concern its results. */
    private static final Set<String> APART = Set.of("method", "shift", "seed", "trace", "weightsTrace");

    private final Path folder;
    private final ObjectNode settings;
    private final boolean anywhere;
    private final Checkpoints checkpoints;

    private RunFolder(Path folder, ObjectNode settings, boolean anywhere) {
        this.folder = folder;
        this.settings = settings;
        this.anywhere = anywhere;
        this.checkpoints = new Checkpoints(folder);
    }

    /**
     * Of a run whose times matter beside its result: on another processor, or with another number of threads, it is another run.
     *
     * @param settings what {@link #settings} says of the run that is wanted
     */
    static RunFolder timed(Path folder, ObjectNode settings) {
        return new RunFolder(folder, settings, false);
    }

    /** Of a run whose result matters: it stays the same run with any number of threads, on any device of the kind. */
    static RunFolder anywhere(Path folder, ObjectNode settings) {
        return new RunFolder(folder, settings, true);
    }

    /**
     * Every setting that matters for a run's result or its times. {@link TrainingOptions#identity} is among them.
     *
     * @param data what {@link io.github.adiw.data.Dataset#identity} says
     */
    static ObjectNode settings(TrainingOptions options, String data, Device device, int threads) {
        ObjectNode node = RunReport.object();
        node.put(DATA, data);
        node.put(DEVICE, device.name() + ": " + device.description());
        node.put(THREADS, threads);
        node.put(VERSION, Main.Version.number());
        options.identity().forEach(node::put);
        return node;
    }

    /** Whether a run writes, or may delete, what is at this path, which is relative to its folder. */
    static boolean isResult(Path path) {
        String name = path.getName(0).toString();
        return name.equals(NEW) || path.getNameCount() == 1
            && (name.equals(MARK) || FILES.contains(name) || Pictures.NAMES.contains(name) || Checkpoints.isName(path));
    }

    /**
     * Whether a run left its mark, its summary, or a checkpoint.
     *
     * @throws AdiwException if that cannot be read
     */
    static boolean isOwn(Path folder) {
        return RunReport.isObjectWith(folder.resolve(MARK), "settings", "files")
            || RunReport.isObjectWith(folder.resolve(SUMMARY), "method", "testAccuracy")
            || new Checkpoints(folder).files().stream().anyMatch(Checkpoint::isCheckpoint);
    }

    private static String checksum(Path file) throws IOException {
        CRC32 crc = new CRC32();
        try (OutputStream out = new CheckedOutputStream(OutputStream.nullOutputStream(), crc)) {
            Files.copy(file, out);
        }
        return "crc32 " + Long.toHexString(crc.getValue());
    }

    /**
     * Why the run in this folder cannot be taken over, as half a sentence; empty if there is none, null if it can be.
     *
     * @throws AdiwException if its files are there and cannot be read: a run that may be whole is not made again
     */
    String obstacle() {
        if (!Files.isDirectory(folder)) {
            return "";
        }
        if (!Files.isRegularFile(folder.resolve(MARK))) {
            return "the run in " + folder + " did not finish";
        }
        try {
            JsonNode mark = RunReport.read(folder.resolve(MARK));
            List<Change> changed = changed(mark.path("settings"));
            if (!changed.isEmpty()) {
                return changed.stream().map(change -> change.text(change.name)).collect(Collectors.joining(", "));
            }
            for (String file : FILES) {
                Path there = folder.resolve(file);
                if (!Files.isRegularFile(there) || !checksum(there).equals(mark.path("files").path(file).asText())) {
                    return there + " is missing, or not as it was written";
                }
            }
            return null;
        } catch (JsonProcessingException e) {
            return folder.resolve(MARK) + " cannot be read";
        } catch (IOException e) {
            throw new AdiwException("cannot read the run in " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * A setting in which the run in the folder is another one than the wanted one.
     *
     * @param name as {@link #settings} has it
     */
    record Change(String name, String before, String now) {
        /** Whether a user sets it by itself: the content of the data and the version follow from other things. */
        boolean isSet() {
            return !name.equals(DATA) && !name.equals(VERSION);
        }

        /** @param called what to call the setting */
        String text(String called) {
            return called + " was " + before + " and is " + now;
        }
    }

    private List<Change> changed(JsonNode earlier) {
        return changed(earlier, settings);
    }

    private List<Change> changed(JsonNode earlier, JsonNode later) {
        TreeSet<String> names = new TreeSet<>();
        later.fieldNames().forEachRemaining(names::add);
        earlier.fieldNames().forEachRemaining(names::add);
        List<Change> changed = new ArrayList<>();
        if (anywhere) {
            names.remove(THREADS);
        }
        for (String name : names) {
            String now = value(later, name);
            String before = value(earlier, name);
            if (!now.equals(before)) {
                changed.add(new Change(name, before, now));
            }
        }
        return changed;
    }

    private String value(JsonNode node, String name) {
        String value = node.path(name).asText("not set");
        return anywhere && name.equals(DEVICE) ? value.replaceFirst(":.*", "") : value;
    }

    /**
     * What there is to go on from.
     *
     * @param checkpoint the farthest whole one of the run that is wanted; null if there is none
     * @param changed    if there is none: in which settings the run that the folder holds is another one; empty if it holds none
     * @param other      of another run, which is not finished and could go on: the farthest checkpoint; null if there is none
     */
    record Found(Checkpoint checkpoint, List<Change> changed, Unfinished other) {
        /** Whether the folder holds the wanted run, by another version of the program: no settings lead back to it. */
        boolean isOfAnotherVersion() {
            return differInVersionAlone(changed);
        }

        /** Its settings, for somebody who typed flags. */
        static String text(List<Change> changed, Flags typed) {
            return changed.stream().map(change -> change.text(change.isSet() ? typed.named(change.name()) : change.name()))
                .collect(Collectors.joining(", "));
        }
    }

    /**
     * A checkpoint of another run, which the wanted one would delete.
     *
     * @param changed in which settings it is another one
     */
    record Unfinished(Path folder, long step, long totalSteps, List<Change> changed) {
        /**
         * @param typed  the flags of the command
         * @param rather what to do else than to go on with it, or to choose another folder
         */
        UsageException refusal(Flags typed, String rather) {
            return UsageException.of("output", folder + " holds a run under other settings (" + Found.text(changed, typed)
                + "), which came to step " + step + " of " + totalSteps + " and can go on; its checkpoints would be deleted: " + rather);
        }

        private String anotherVersion() {
            return folder + " holds a checkpoint of this run, made at step " + step + " of " + totalSteps
                + " by another version of the program (" + changed.get(0).text(VERSION) + "): this version does not go on from it.";
        }
    }

    private static boolean differInVersionAlone(List<Change> changed) {
        return changed.size() == 1 && changed.get(0).name.equals(VERSION);
    }

    /** Looks for checkpoints, of which the run then goes on; {@code notice} hears of broken ones, and of those of another version. */
    Found find(Consumer<String> notice) {
        AtomicFile.deleteLeftOvers(folder);
        List<Change> changed = mark().map(mark -> changed(mark.path("settings"))).orElse(List.of());
        Unfinished unfinished = null;
        Unfinished ofAnotherVersion = null;
        for (Path file : checkpoints.files()) {
            try {
                Checkpoint checkpoint = Checkpoint.read(file);
                ObjectNode earlier = settings(checkpoint);
                List<Change> other = changed(earlier);
                if (other.isEmpty()) {
                    checkpoints.goesOnFrom(file);
                    return new Found(checkpoint, List.of(), unfinished);
                }
                changed = changed.isEmpty() ? other : changed;
                if (isUnfinished(checkpoint, earlier, file)) {
                    Unfinished there = new Unfinished(folder, checkpoint.step(), checkpoint.totalSteps(), other);
                    if (!differInVersionAlone(other)) {
                        unfinished = unfinished == null ? there : unfinished;
                    } else {
                        ofAnotherVersion = ofAnotherVersion == null ? there : ofAnotherVersion;
                    }
                }
            } catch (AdiwException e) {
                notice.accept(e.getMessage() + "; it is left out.");
            }
        }
        if (ofAnotherVersion != null) {
            notice.accept(ofAnotherVersion.anotherVersion());
        }
        return new Found(null, changed, unfinished);
    }

    private static ObjectNode settings(Checkpoint checkpoint) {
        ObjectNode settings = RunReport.object();
        checkpoint.settings().forEach(settings::put);
        checkpoint.notes().forEach(settings::put);
        return settings;
    }

    /** Whether there are steps to lose, and steps to make: not of a run that finished, nor of one that failed, which would fail again. */
    private boolean isUnfinished(Checkpoint checkpoint, JsonNode earlier, Path file) {
        return checkpoint.step() > 0 && checkpoint.step() < checkpoint.totalSteps()
            && mark().map(mark -> !changed(mark.path("settings"), earlier).isEmpty()).orElse(true) && !hasFailedSince(file);
    }

    private boolean hasFailedSince(Path file) {
        Path summary = folder.resolve(SUMMARY);
        try {
            return Files.isRegularFile(summary) && RunReport.read(summary).path("failure").isTextual()
                && Files.getLastModifiedTime(summary).compareTo(Files.getLastModifiedTime(file)) >= 0;
        } catch (IOException e) {
            return false;       // then it counts as one that can go on
        }
    }

    private Optional<JsonNode> mark() {
        try {
            Path mark = folder.resolve(MARK);
            return Files.isRegularFile(mark) ? Optional.of(RunReport.read(mark)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();        // broken: it says nothing
        }
    }

    /** Writes a checkpoint of the run; the last two are kept. */
    void save(Checkpoint checkpoint) {
        Map<String, String> notes = new LinkedHashMap<>();
        List.of(DEVICE, THREADS, VERSION).forEach(name -> notes.put(name, settings.get(name).asText()));
        checkpoints.write(checkpoint.withNotes(notes));
    }

    /** Deletes the checkpoints, of a run that is finished. */
    void clearCheckpoints() {
        checkpoints.clear();
    }

    /** Deletes those of this run, which is finished: a process that was killed after the results were there has left them. */
    void clearOwnCheckpoints() {
        checkpoints.clear(file -> {
            try {
                return changed(settings(Checkpoint.read(file))).isEmpty();
            } catch (AdiwException e) {
                return false;       // nobody knows whose it is
            }
        });
    }

    /** The trained model's parameters in the folder of a run. */
    static Path parameters(Path folder) {
        return folder.resolve(MODEL);
    }

    /**
     * Writes a run's files; those of an earlier run stay as they are until all of these are there.
     *
     * @param pictures draws into the folder that it is given
     */
    void write(TrainingRun run, Consumer<Path> pictures) {
        Path made = folder.resolve(NEW);
        try {
            deleteFolder(made);
            AtomicFile.prepareFolder(made);
            make(run, pictures, made);
            publish(made);
        } catch (IOException e) {
            throw new AdiwException("cannot write to the folder " + folder + ": " + AtomicFile.reason(e), e);
        } finally {
            try {
                deleteFolder(made);
            } catch (IOException e) {
                // The next run deletes it.
            }
        }
    }

    private void make(TrainingRun run, Consumer<Path> pictures, Path made) throws IOException {
        boolean[] mislabelled = run.result().mislabelled();
        byte[] wrong = new byte[mislabelled.length];
        for (int i = 0; i < wrong.length; i++) {
            wrong[i] = (byte) (mislabelled[i] ? 1 : 0);
        }
        Npy.write(made.resolve(MISLABELLED), wrong, wrong.length);
        Npy.write(made.resolve(LABELS), run.result().labels(), wrong.length);
        RunReport.write(made, run.result(), run.summary());
        pictures.accept(made);
        if (run.finished()) {
            ObjectNode mark = RunReport.object();
            mark.set("settings", settings);
            ObjectNode files = mark.putObject("files");
            for (Path file : files(made)) {
                files.put(file.getFileName().toString(), checksum(file));
            }
            AtomicFile.writeString(made.resolve(MARK), RunReport.text(mark) + "\n");
        }
    }

    /** Moves files to their places: first the earlier run's mark goes, last the new one's comes. */
    private void publish(Path made) throws IOException {
        Files.deleteIfExists(folder.resolve(MARK));
        for (String picture : Pictures.NAMES) {
            if (!Files.exists(made.resolve(picture))) {
                Files.deleteIfExists(folder.resolve(picture));
            }
        }
        for (Path file : files(made)) {
            AtomicFile.moveTo(file, folder.resolve(file.getFileName()));
        }
    }

    /** By name, the mark last. */
    private static List<Path> files(Path of) throws IOException {
        try (Stream<Path> all = Files.list(of)) {
            return all.sorted(Comparator.comparing((Path file) -> file.endsWith(MARK)).thenComparing(Comparator.naturalOrder())).toList();
        }
    }

    /** Deletes what is left of a set that was not published. */
    private static void deleteFolder(Path left) throws IOException {
        if (Files.isDirectory(left)) {
            for (Path file : files(left)) {
                Files.delete(file);
            }
            Files.delete(left);
        }
    }

    /**
     * The run in this folder as it was written, but for the model's parameters, which stay in their file.
     *
     * @throws AdiwException if a file is missing or broken
     */
    TrainingRun read(TrainingOptions options) {
        try {
            ObjectNode summary = (ObjectNode) RunReport.read(folder.resolve(SUMMARY));
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
                .graphNodes(new TrainingResult.GraphNodes(nodes(summary, "uniform"), nodes(summary, "weighted")))
                .failure(summary.get("failure").textValue()).interrupted(summary.get("interrupted").asBoolean()).build(), summary);
        } catch (IOException | UsageException | NumberFormatException e) {
            throw new AdiwException("cannot read the run in " + folder + " back: " + e.getMessage(), e);
        }
    }

    private static Integer nodes(JsonNode summary, String step) {
        JsonNode count = summary.path("graphNodes").path(step);
        return count.isInt() ? count.asInt() : null;
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
