package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.TrainingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs that are killed at random moments and gone on with have, in the end, what one has that was not killed: the same files, bit by bit,
 * but for times. {@code -Dadiw.crash.kills=50} kills so often, over all methods and kinds of networks; by default a few do.
 */
class CrashTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int KILLS = Integer.getInteger("adiw.crash.kills", 4);
    private static final long SEED = Long.getLong("adiw.crash.seed", System.nanoTime());
    private static final int IMAGES = 1500;
    private static final String THREADS = "1";
    /** From the beginning of a training to the end of the process, about. */
    private static final int LONGEST_MILLIS = 2500;
    /** What a training that begins, or goes on, says. */
    private static final String TRAINING = "training samples, ";
    private static final List<String> RESULTS = List.of("model.safetensors", "weights.npy", "labels.npy", "mislabelled.npy");

    @TempDir
    static Path shared;
    private static Path data;
    private static final Map<String, Path> WHOLE = new TreeMap<>();
    private final Random random = new Random(SEED);

    @TempDir
    Path folder;

    @BeforeAll
    static void small() throws IOException {
        data = Cli.smallData(shared.resolve("data"), IMAGES, 200);
    }

    @BeforeEach
    void onThisProcessor() {
        assumeFalse(DeviceMatrix.slow(), "the stand-in driver is slow, and what is killed is the command line");
    }

    private static List<String> arguments(String command, Path output) {
        return List.of(Cli.args("--device host --threads " + THREADS + " --data " + data
            + " --validation-samples 200 --batch 64 --validation-batch 64 "
            + "--noise symmetric:0.4 --optimizer adam --lr 1e-3 --weight-decay 0 --lr-schedule step:4:0.5 --iw-pretrain-epochs 1 "
            + "--train-samples " + (slow(command) ? 260 : IMAGES) + " "
            + command, "--output", output)).stream().sorted(CrashTest::commandFirst).toList();
    }

    private static boolean slow(String command) {
        return command.contains("resnet");
    }

    private static int commandFirst(String a, String b) {
        return Boolean.compare(List.of("train", "compare").contains(b), List.of("train", "compare").contains(a));
    }

    private static List<String> with(List<String> arguments, String... more) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return all;
    }

    /** Runs to the end in this process; what it said. */
    private static String done(List<String> arguments) {
        return Cli.done(arguments.toArray(String[]::new)).err();
    }

    /** The folder of a run that nothing disturbs, in this process: each is made once. */
    private static Path whole(String command) {
        return WHOLE.computeIfAbsent(command, wanted -> {
            Path output = shared.resolve("whole-" + WHOLE.size());
            done(arguments(command, output));
            return output;
        });
    }

    /** What a run's folder says, without times. */
    private static Map<String, Object> reached(Path run) throws IOException {
        Map<String, Object> reached = new TreeMap<>();
        for (String file : RESULTS) {
            reached.put(file, checksum(run.resolve(file)));
        }
        ObjectNode summary = (ObjectNode) JSON.readTree(run.resolve("summary.json").toFile());
        summary.remove(List.of("secondsPerEpoch", "stepMillis"));
        reached.put("summary.json", summary);
        List<String> lines = Files.readAllLines(run.resolve("epochs.csv"));
        List<String> names = List.of(lines.get(0).split(","));
        reached.put("epochs.csv", lines.stream().map(line -> {
            String[] cells = line.split(",");
            return IntStream.range(0, cells.length).filter(i -> !names.get(i).startsWith("seconds"))
                .mapToObj(i -> cells[i]).collect(Collectors.joining(","));
        }).toList());
        return reached;
    }

    private static String checksum(Path file) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(Files.readAllBytes(file));
        return "crc32 " + Long.toHexString(crc.getValue());
    }

    /** Whether the folder holds the results of one run, as its run.json says. */
    private static boolean whole(Path run) throws IOException {
        if (!Files.exists(run.resolve("run.json"))) {
            return false;
        }
        JsonNode files = JSON.readTree(run.resolve("run.json").toFile()).get("files");
        assertThat(files.properties()).extracting(Map.Entry::getKey).contains("epochs.csv", "summary.json").containsAll(RESULTS);
        for (Map.Entry<String, JsonNode> file : files.properties()) {
            if (!checksum(run.resolve(file.getKey())).equals(file.getValue().asText())) {
                return false;
            }
        }
        return true;
    }

    private static List<Path> checkpoints(Path run) {
        return new Checkpoints(run).files();
    }

    /** Every checkpoint that is there is whole, and there are no more than two, or three where an older one was not yet deleted. */
    private static void checkpointsAreWhole(Path run) {
        assertThat(checkpoints(run)).hasSizeLessThanOrEqualTo(3).allSatisfy(file -> assertThat(Checkpoint.read(file).step())
            .isNotNegative());
    }

    /** Kills it at a random moment of its training or of what comes after; whether it had not ended before. */
    private boolean killed(List<String> arguments) throws IOException, InterruptedException {
        try (ChildProcess child = ChildProcess.start(arguments)) {
            if (!child.awaitOutput(TRAINING) || child.endsWithin(random.nextInt(LONGEST_MILLIS))) {
                assertThat(child.code()).as(child.said()).isZero();
                return false;
            }
            child.kill();
            return true;
        }
    }

    private static List<String> cases() {
        List<String> few = List.of("--model resnet20 --method adiw-km", "--model mlp:32 --method adiw-km", "--model lenet --method diw",
            "--model mlp:32 --method iw");
        if (KILLS <= few.size()) {
            return few.subList(0, KILLS);
        }
        return TrainingOptions.methods().stream().flatMap(method -> Stream.of("lenet", "mlp:32", "resnet20")
            .map(model -> "--model " + model + " --method " + method)).toList();
    }

    @Test
    void killedRunsComeToTheSame() throws IOException, InterruptedException {
        List<String> cases = cases();
        int kills = 0;
        int runs = 0;
        for (int c = 0; c < cases.size(); c++) {
            String command = "train --epochs " + (slow(cases.get(c)) ? 3 : 10) + " " + cases.get(c);
            while (kills < Math.max(1, (c + 1) * KILLS / cases.size())) {
                Path cut = folder.resolve("cut-" + runs++);
                List<String> again = with(arguments(command, cut), "--resume");
                for (int i = 0; i < 3 && killed(again); i++) {
                    checkpointsAreWhole(cut);
                    kills++;
                }
                String end = done(again);
                assertThat(whole(cut)).as(end).isTrue();
                assertThat(reached(cut)).as("%s, seed %d, %d kills: %s", cases.get(c), SEED, kills, end).isEqualTo(reached(whole(command)));
                checkpointsAreWhole(cut);
            }
        }
        System.out.printf("%d kills in %d runs over %d cases, seed %d%n", kills, runs, cases.size(), SEED);
    }

    @Test
    void aFinishedRunStaysAsItIs() throws IOException {
        String command = "train --epochs 10 --model mlp:32";
        Path run = whole(command);
        Map<String, FileTime> before = times(run);
        Cli again = Cli.run(with(arguments(command, run), "--resume", "--json").toArray(String[]::new));
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains("is finished: nothing is left to do");
        assertThat(JSON.readTree(again.out())).isEqualTo(JSON.readTree(run.resolve("summary.json").toFile()));
        assertThat(times(run)).isEqualTo(before);

        List<String> other = arguments(command.replace("10", "12") + " --upper-bound 40", run).stream()
            .map(word -> word.equals(THREADS) ? "2" : word).toList();
        Cli refused = Cli.run(with(other, "--resume").toArray(String[]::new));
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.complaints()).singleElement().asString().startsWith("adiw: --resume: " + run)
            .contains("--epochs was 10 and is 12", "--upper-bound was 50.0 and is 40.0").doesNotContain("threads was");
        assertThat(times(run)).isEqualTo(before);
    }

    private static Map<String, FileTime> times(Path run) throws IOException {
        Map<String, FileTime> times = new TreeMap<>();
        for (String file : Cli.files(run)) {
            times.put(file, Files.getLastModifiedTime(run.resolve(file)));
        }
        return times;
    }

    @Test
    void withoutACheckpointItBegins() throws IOException {
        Path run = folder.resolve("run");
        String command = "train --epochs 10 --model mlp:32";
        assertThat(done(with(arguments(command, run), "--resume")))
            .contains(run + " holds no checkpoint of a step: training starts from the beginning.");
        assertThat(reached(run)).isEqualTo(reached(whole(command)));
    }

    /** Of the two checkpoints the later one is broken: the earlier one is taken. Results that were altered are made again. */
    @Test
    void theNewestWholeCheckpointIsTaken() throws IOException {
        String command = "train --epochs 10 --model mlp:32";
        Path run = folder.resolve("run");
        done(arguments(command, run));
        List<Path> there = checkpoints(run);
        assertThat(there).extracting(file -> file.getFileName().toString()).containsExactly("checkpoint-230.safetensors",
            "checkpoint-207.safetensors");
        byte[] bytes = Files.readAllBytes(there.get(0));
        bytes[bytes.length / 2] ^= 1;
        Files.write(there.get(0), bytes);
        Files.writeString(run.resolve("epochs.csv"), "epoch\n");
        assertThat(done(with(arguments(command, run), "--resume"))).contains("checkpoint-230.safetensors is broken",
            "Going on from the checkpoint at step 207 of 230");
        assertThat(whole(run)).isTrue();
        assertThat(reached(run)).isEqualTo(reached(whole(command)));
    }

    @Test
    void killedComparisonsComeToTheSame() throws IOException, InterruptedException {
        String command = "compare --epochs 10 --model mlp:32 --methods uniform,adiw-km,reweight";
        Path cut = folder.resolve("cut");
        int kills = 0;
        while (kills < Math.max(2, KILLS / 5) && killed(arguments(command, cut))) {
            kills++;
        }
        String end = done(arguments(command, cut));
        for (String method : List.of("uniform", "adiw-km", "reweight")) {
            assertThat(whole(cut.resolve(method))).as(end).isTrue();
            assertThat(checkpoints(cut.resolve(method))).isEmpty();
            assertThat(reached(cut.resolve(method))).as("%s, seed %d, %d kills: %s", method, SEED, kills, end)
                .isEqualTo(reached(whole(command).resolve(method)));
        }
    }

    /** A comparison goes on inside a method. */
    @Test
    void aStoppedComparisonGoesOnInsideAMethod() throws IOException, InterruptedException {
        String command = "compare --epochs 10 --model lenet --methods diw";
        Path cut = folder.resolve("cut");
        try (ChildProcess child = ChildProcess.start(arguments(command, cut))) {
            assertThat(child.awaitOutput("epoch 1 of")).as(child.said()).isTrue();
            child.signal("TERM");
            assertThat(child.code()).as(child.said()).isEqualTo(143);
            assertThat(child.said()).contains("the same command goes on from here");
        }
        Path left = checkpoints(cut.resolve("diw")).get(0);
        byte[] checkpoint = Files.readAllBytes(left);
        long step = Checkpoint.read(left).step();
        assertThat(done(arguments(command, cut))).contains("diw: goes on from step " + step + " of 230, which an earlier call came to");
        assertThat(reached(cut.resolve("diw"))).isEqualTo(reached(whole(command).resolve("diw")));
        assertThat(checkpoints(cut.resolve("diw"))).isEmpty();
        Files.write(left, checkpoint);      // as a process leaves it that is killed when the results are there
        done(arguments(command, cut));
        assertThat(checkpoints(cut.resolve("diw"))).isEmpty();
    }

    /** Whatever the moment: the folder holds the earlier run, whole, or the later one, whole, or nothing that passes for whole. */
    @Test
    void killedWhileItOverwritesAnEarlierRun() throws IOException, InterruptedException {
        Path run = folder.resolve("run");
        List<String> first = arguments("train --epochs 3 --model mlp:32 --seed 1", run);
        List<String> second = arguments("train --epochs 3 --model mlp:32 --seed 2", run);
        done(first);
        Map<String, Object> earlier = reached(run);
        Map<String, Object> later = reached(whole("train --epochs 3 --model mlp:32 --seed 2"));
        for (int i = 0; i < Math.max(2, KILLS / 2); i++) {
            try (ChildProcess child = ChildProcess.start(i == 0 ? second : with(second, "--resume"))) {
                child.awaitOutput("epoch 3 of 3");      // the last before results are written
                if (child.endsWithin(random.nextLong(600))) {
                    break;
                }
                child.kill();
            }
            if (whole(run)) {
                assertThat(reached(run)).isIn(earlier, later);
            }
        }
        done(with(second, "--resume"));
        assertThat(whole(run)).isTrue();
        assertThat(reached(run)).isEqualTo(later);
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void signalsSaveWhatWasReached(String signal, int code) throws IOException, InterruptedException {
        String command = "train --epochs 40 --model mlp:32 --method adiw-ls --checkpoint-every 1000";
        Path cut = folder.resolve("cut");
        try (ChildProcess child = ChildProcess.start(arguments(command, cut))) {
            assertThat(child.awaitOutput("epoch 1 of")).as(child.said()).isTrue();
            child.signal(signal);
            assertThat(child.code()).as(child.said()).isEqualTo(code);
            assertThat(child.said()).contains("Stopped after epoch").contains("--resume goes on");
        }
        assertThat(Cli.files(cut)).contains("epochs.csv", "summary.json", "model.safetensors", "weights.npy", "accuracy.png")
            .doesNotContain("run.json");
        long step = Checkpoint.read(checkpoints(cut).get(0)).step();
        assertThat(step).isBetween(23L, 23 * 40 - 1L);
        assertThat(done(with(arguments(command, cut), "--resume"))).contains("at step " + step + " of 920");
        assertThat(reached(cut)).isEqualTo(reached(whole(command)));
    }

    @Test
    void theSecondSignalEndsAtOnce() throws IOException, InterruptedException {
        Path run = folder.resolve("run");
        try (ChildProcess child = ChildProcess.start(arguments("train --epochs 400 --model lenet", run))) {
            assertThat(child.awaitOutput("epoch 1 of")).as(child.said()).isTrue();
            child.signal("TERM");
            child.signal("INT");
            assertThat(child.code()).as(child.said()).isIn(130, 143);
            assertThat(child.said()).doesNotContain("Stopped");
            assertThat(Cli.files(run)).as("after one signal there are results").doesNotContain("summary.json");
        }
    }

    /** The disk fills up while checkpoints are written, and while results are. */
    @ParameterizedTest
    @ValueSource(ints = {30, 260})
    void fullDisk(int kilobytesLeft) throws IOException, InterruptedException {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        Process mount = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=3m", "none", disk.toString()).redirectErrorStream(true)
            .start();
        assumeTrue(mount.waitFor() == 0, "a small disk can be mounted by root alone");
        try {
            Path run = disk.resolve("run");
            String command = "train --epochs 10 --model mlp:32 --method adiw-w1";
            done(arguments(command + " --seed 1", run));
            Map<String, Object> earlier = reached(run);
            List<String> later = arguments(command + " --seed 2", run);
            try (ChildProcess child = ChildProcess.start(later)) {
                assertThat(child.awaitOutput("epoch 1 of")).as(child.said()).isTrue();
                child.kill();
            }
            List<Path> saved = checkpoints(run);
            checkpointsAreWhole(run);
            fill(disk, kilobytesLeft);
            try (ChildProcess child = ChildProcess.start(with(later, "--resume"))) {
                assertThat(child.code()).as(child.said()).isEqualTo(1);
                assertThat(child.said().lines().filter(line -> line.startsWith("adiw: "))).singleElement().asString()
                    .contains("cannot write ").contains("No space left on device");
            }
            assertThat(whole(run)).isTrue();
            assertThat(reached(run)).isEqualTo(earlier);
            checkpointsAreWhole(run);
            assertThat(checkpoints(run)).isNotEmpty();
            if (kilobytesLeft < 100) {
                assertThat(checkpoints(run)).as("there was no room for another").isEqualTo(saved);
            }
            Files.delete(disk.resolve("filler"));
            done(with(later, "--resume"));
            assertThat(whole(run)).isTrue();
            assertThat(reached(run)).isEqualTo(reached(whole(command + " --seed 2")));
        } finally {
            new ProcessBuilder("umount", disk.toString()).start().waitFor();
        }
    }

    /** Fills a file system but for so much. */
    private static void fill(Path disk, int kilobytesLeft) throws IOException {
        long free = Files.getFileStore(disk).getUsableSpace();
        Files.write(disk.resolve("filler"), new byte[(int) (free - 1024L * kilobytesLeft)]);
    }
}
