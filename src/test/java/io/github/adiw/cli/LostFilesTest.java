package io.github.adiw.cli;

import static io.github.adiw.cli.Cli.done;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import io.github.adiw.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No command replaces or deletes what the user did not mean: what it reads, what it writes besides, what is another run's or program's. */
class LostFilesTest {
    private static final int SAMPLES = 192;
    private static final String NAMED_TWICE = " is named twice: what is written needs a file of its own";

    @TempDir
    static Path shared;
    private static Path data;

    @TempDir
    Path folder;

    @BeforeAll
    static void small() throws IOException {
        data = Cli.smallData(shared.resolve("data"), SAMPLES, 60);
    }

    @BeforeEach
    void onThisProcessor() {
        assumeFalse(DeviceMatrix.slow(), "the stand-in driver is slow, and files are the same on every device");
    }

    /** With {@code @} for the folder. */
    private String[] training(String command, String options) {
        return Cli.args(command + " --device host --threads 1 --data " + data + " --model mlp:8 --batch 32 --validation-batch 16 "
            + "--validation-samples 48 " + (options + " ").replace("@", folder + "/"));
    }

    /** The sentence of a call that is refused, after which all is as it was. */
    private String refused(String... args) throws IOException {
        Map<String, Integer> before = contents();
        Cli run = Cli.run(args);
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(contents()).isEqualTo(before);
        assertThat(run.complaints()).hasSize(1);
        return run.complaints().get(0);
    }

    private Map<String, Integer> contents() throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        for (String file : Cli.files(folder)) {
            contents.put(file, Arrays.hashCode(Files.readAllBytes(folder.resolve(file))));
        }
        return contents;
    }

    private void labels(String name) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Npy.write(folder.resolve(name), new Random(7).ints(SAMPLES, 0, 10).toArray(), SAMPLES);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "train  | lab.npy           | --labels @lab.npy --weights-trace @lab.npy --output @run",
        "train  | lab.npy           | --labels @lab.npy --weights-trace @loop/lab.npy --output @run",
        "train  | lab.npy           | --labels @link.npy --weights-trace @lab.npy --output @run",
        "train  | init.safetensors  | --init @init.safetensors --trace @init.safetensors --output @run",
        "train  | order.npy         | --train-order @order.npy --steps 2 --trace @order.npy --output @run",
        "train  | order.npy         | --validation-order @order.npy --steps 2 --weights-trace @order.npy --output @run",
        "train  | labels.npy        | --labels @run/labels.npy --output @run",
        "train  | labels.npy        | --labels @loop/run/labels.npy --output @run",
        "train  | model.safetensors | --init @run/model.safetensors --output @run",
        "train  | epochs.csv        | --trace @run/epochs.csv --output @run",
        "train  | run.json          | --trace @run/run.json --output @run",
        "train  | weights.npy       | --weights-trace @run/weights.npy --output @run",
        "train  | weights.npy       | --weights-trace @new/weights.npy --output @loop/new",
        "train  | accuracy.png      | --trace @new/accuracy.png --output @new",
        "train  | checkpoint-3.saf  | --trace @new/checkpoint-3.safetensors --output @new",
        "train  | .new/labels.npy   | --trace @new/.new/labels.npy --output @new",
        "train  | a.csv             | --trace @a.csv --weights-trace @a.csv --output @run",
        "train  | a.csv             | --trace @a.csv --output @a.csv/below",
        "compare | labels.npy        | --labels @run/uniform/labels.npy --methods uniform,adiw-km --output @run",
        "compare | model.safetensors | --init @run/1/uniform/model.safetensors --noise none --seeds 1,2 --output @",
        "compare | compare.json     | --labels @run/compare.json --output @run"})
    void nothingIsNamedTwice(String command, String file, String options) throws IOException {
        Files.createSymbolicLink(folder.resolve("loop"), folder);
        labels("lab.npy");
        Files.createSymbolicLink(folder.resolve("link.npy"), Path.of("lab.npy"));
        labels("run/labels.npy");
        labels("run/uniform/labels.npy");
        Files.move(folder.resolve("run"), folder.resolve("other"));
        for (String copy : new String[] {"order.npy", "init.safetensors", "run/labels.npy", "run/uniform/labels.npy", "run/compare.json",
            "run/model.safetensors", "none/1/uniform/model.safetensors"}) {
            labels(copy);
        }
        String meant = options.replace("@run/1", "@none/1").replace("--output @ ", "--output " + folder);
        assertThat(refused(training(command, "--epochs 1 " + meant))).contains(file, NAMED_TWICE);
    }

    @Test
    void filesOfTheirOwnAreTaken() throws IOException {
        labels("run.npy");
        done(training("train", "--epochs 1 --labels @run.npy --trace @run/trace.csv --weights-trace @run/trace.npy --output @run"));
        done(training("train", "--epochs 1 --init @run/model.safetensors --trace /dev/null --weights-trace /dev/null --output @next"));
        assertThat(Cli.files(folder)).contains("run/trace.csv", "run/trace.npy", "next/run.json");
    }

    @Test
    void whatLinksAmongTheResultsLeadToStays() throws IOException {
        done(training("train", "--epochs 1 --output @run"));
        Files.createDirectories(folder.resolve("kept"));
        Files.move(folder.resolve("run/labels.npy"), folder.resolve("kept/lab.npy"));
        Files.createSymbolicLink(folder.resolve("run/labels.npy"), Path.of("../kept/lab.npy"));
        Files.delete(folder.resolve("run/epochs.csv"));
        Files.createSymbolicLink(folder.resolve("run/epochs.csv"), Path.of("../trace.csv"));
        for (String options : new String[] {"--labels @kept/lab.npy", "--trace @trace.csv"}) {
            assertThat(refused(training("train", "--epochs 1 --output @run " + options))).contains(NAMED_TWICE,
                folder.resolve("run").toString());
        }
        done(training("train", "--epochs 1 --output @run"));
        assertThat(folder.resolve("run/epochs.csv")).isSymbolicLink();
        Files.delete(folder.resolve("run/labels.npy"));
        Files.createSymbolicLink(folder.resolve("run/.new"), Path.of("../kept"));
        assertThat(refused(training("train", "--epochs 1 --output @run --labels @kept/lab.npy"))).contains(NAMED_TWICE);
    }

    @Test
    void rowsThatWereReadStayThroughLinks() throws IOException {
        Files.createSymbolicLink(folder.resolve("loop"), Path.of("."));
        Random random = new Random(2);
        Npy.write(folder.resolve("t.npy"), random.doubles(40).toArray(), 40);
        Npy.write(folder.resolve("v.npy"), random.doubles(40).map(x -> x * x).toArray(), 40);
        String files = "weights --device host --method kl --train @t.npy --validation @v.npy ".replace("@", folder + "/");
        done(Cli.args(files + "--output " + folder + "/w.npy --model " + folder + "/m.safetensors"));
        for (String options : new String[] {"--output @loop/t.npy", "--output @w.csv --plot @loop/../" + folder.getFileName() + "/v.npy",
            "--output @w.npy --model @loop/w.npy"}) {
            assertThat(refused(Cli.args(files + options.replace("@", folder + "/")))).contains(NAMED_TWICE);
        }
        String score = "score --model @loop/m.safetensors --input @t.npy --output ".replace("@", folder + "/");
        assertThat(refused(Cli.args(score + folder + "/loop/t.npy"))).contains(NAMED_TWICE);
        assertThat(refused(Cli.args(score + folder + "/loop/loop/t.npy"))).contains(NAMED_TWICE);
    }

    /** As a run is that was killed before its last epoch. */
    private void unfinished(Path run) throws IOException {
        assertThat(new Checkpoints(run).files()).hasSize(2);
        Files.delete(new Checkpoints(run).files().get(0));
        Files.delete(run.resolve("run.json"));
    }

    @Test
    void anotherRunsCheckpointsStay() throws IOException {
        Path run = folder.resolve("run");
        done(training("train", "--epochs 3 --output @run"));
        unfinished(run);
        for (String resume : new String[] {"", " --resume"}) {
            assertThat(refused(training("train", "--epochs 4 --lr 1e-3 --output @run" + resume))).contains(run.toString(),
                "--epochs was 3 and is 4", "--lr was 3.0E-4 and is 0.001", "step 12 of 18", "--resume", "another folder", "delete");
        }
        assertThat(done(training("train", "--epochs 3 --output @run")).err()).contains("training begins anew all the same");
        unfinished(run);
        assertThat(done(training("train", "--epochs 3 --output @run --resume")).err()).contains("Going on from the checkpoint at step 12");
        done(training("train", "--epochs 4 --output @run"));      // nothing is lost that could go on
        assertThat(run.resolve("run.json")).exists();
    }

    /** As an unfinished run of the same settings is that another version of the program made. */
    private void unfinishedOfAnotherVersion(Path run) throws IOException {
        unfinished(run);
        Path file = new Checkpoints(run).files().get(0);
        Checkpoint checkpoint = Checkpoint.read(file);
        Map<String, String> notes = new LinkedHashMap<>(checkpoint.notes());
        assertThat(notes.put("version", "0.0.1")).isEqualTo(Main.Version.number());
        checkpoint.withNotes(notes).write(file);
    }

    @Test
    void aRunOfAnotherVersionIsInNobodysWay() throws IOException {
        String held = " holds a checkpoint of this run, made at step 12 of 18 by another version of the program (version was 0.0.1 and is ";
        Path run = folder.resolve("run");
        done(training("train", "--epochs 3 --output @run"));
        unfinishedOfAnotherVersion(run);
        assertThat(refused(training("train", "--epochs 4 --output @run"))).contains("--epochs was 3 and is 4", "step 12 of 18");
        assertThat(refused(training("train", "--epochs 3 --output @run --resume"))).contains("version was 0.0.1", "leave --resume out")
            .doesNotContain("give its settings");
        assertThat(done(training("train", "--epochs 3 --output @run")).err()).containsOnlyOnce(run + held);
        assertThat(run.resolve("run.json")).exists();
        Path compared = folder.resolve("c/uniform");
        done(training("train", "--epochs 3 --output @c/uniform --method uniform --train-samples 192 --noise symmetric:0.4 --optimizer adam "
            + "--lr 1e-3 --weight-decay 0 --lr-schedule none"));
        unfinishedOfAnotherVersion(compared);
        assertThat(done(training("compare", "--train-samples 192 --methods uniform --output @c --epochs 3")).err())
            .containsOnlyOnce(compared + held).contains("uniform: run again, since");
    }

    @Test
    void aRunOfOtherDataStays() throws IOException {
        Path run = folder.resolve("run");
        done(training("train", "--epochs 3 --output @run"));
        unfinished(run);
        Path other = Cli.smallData(folder.resolve("data"), SAMPLES, 59);
        String[] line = Arrays.stream(training("train", "--epochs 3 --output @run"))
            .map(word -> word.equals(data.toString()) ? other.toString() : word).toArray(String[]::new);
        assertThat(refused(line)).contains("data was", "192 + 60", "192 + 59", "step 12 of 18");
    }

    @Test
    void aRunThatFailedIsInNobodysWay() throws IOException {
        Path run = folder.resolve("run");
        done(training("train", "--epochs 3 --output @run"));
        unfinished(run);
        Files.writeString(run.resolve("summary.json"), Files.readString(run.resolve("summary.json"))
            .replace("\"failure\" : null", "\"failure\" : \"the loss is no finite number\""));
        done(training("train", "--epochs 2 --output @run"));
    }

    @Test
    void aComparisonLosesNoRunThatCanGoOn() throws IOException {
        Path compared = folder.resolve("c");
        Path run = compared.resolve("uniform");
        String options = "--train-samples 192 --methods adiw-km,uniform --output @c --epochs ";
        done(training("train", "--epochs 3 --output @c/uniform --method uniform"));
        unfinished(run);
        String sentence = refused(training("compare", options + "2"));
        assertThat(sentence).contains(run.toString(), "--epochs was 3 and is 2", "step 12 of 18", "--fresh");
        done(training("compare", options + "2 --fresh"));
        assertThat(done(training("compare", options + "2")).err()).contains("uniform: finished earlier under the same settings");
        done(training("compare", options + "1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "summary.json", "checkpoint-7.safetensors", "accuracy.png", "run.json", ".new/x"})
    void whatIsNotThisProgramsStays(String file) throws IOException {
        for (String run : new String[] {"run", "c/uniform"}) {
            Path mine = folder.resolve(run).resolve(file);
            Files.createDirectories(mine.getParent());
            Files.writeString(mine, file.endsWith("json") ? "{\"mine\": 1}" : "mine");
        }
        String name = Path.of(file).getName(0).toString();
        assertThat(refused(training("train", "--epochs 1 --output @run"))).contains("holds " + name, "choose another folder");
        assertThat(refused(training("compare", "--train-samples 192 --epochs 1 --methods uniform --output @c")))
            .contains("holds " + name, "choose another folder");
    }

    @Test
    void aComparisonReplacesNobodysPage() throws IOException {
        Files.createDirectories(folder.resolve("docs"));
        Files.writeString(folder.resolve("docs/weights.png"), "mine");
        String options = "--train-samples 192 --epochs 1 --methods uniform --output @";
        assertThat(refused(training("compare", options + "docs"))).contains("holds weights.png");
        done(training("compare", options + "own"));
        done(training("compare", options.replace("uniform", "random") + "own"));
    }

    @Test
    void aComparisonReplacesNothingInTheFoldersOfShiftsAndSeeds() throws IOException {
        String options = "--train-samples 192 --epochs 1 --methods uniform --noise symmetric:0.4,pair:0.3 --output @c --seeds ";
        for (String file : new String[] {"c/pair-0.3/accuracy.png", "c/symmetric-0.4/2/times.json"}) {
            Path mine = folder.resolve(file);
            Files.createDirectories(mine.getParent());
            Files.writeString(mine, "{\"mine\": 1}");
            assertThat(refused(training("compare", options + "1,2"))).contains(mine.getParent() + " holds " + mine.getFileName());
            Files.delete(mine);
        }
        done(training("compare", options + "1,2"));
        Files.createDirectories(folder.resolve("c/pair-0.3/5"));
        Files.writeString(folder.resolve("c/pair-0.3/5/times.json"), "{}");
        assertThat(refused(training("compare", options + "1,5"))).contains("c/pair-0.3/5 holds times.json");
        Files.delete(folder.resolve("c/pair-0.3/5/times.json"));
        Files.delete(folder.resolve("c/compare.json"));
        Files.delete(folder.resolve("c/compare.html"));
        Files.delete(folder.resolve("c/compare.md"));
        done(training("compare", options + "2,3"));
        done(training("compare", options + "4"));      // none of these is there yet
    }
}
