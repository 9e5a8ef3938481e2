package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import io.github.adiw.train.TrainingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every command says a warning on standard error alone, and has it in its JSON; and it says which flags and columns had no part. */
class WarningsTest {
    private static final int SAMPLES = 192;

    @TempDir
    static Path shared;
    private static Path data;

    @TempDir
    Path folder;

    @BeforeAll
    static void small() throws IOException {
        data = Cli.smallData(shared.resolve("data"), SAMPLES, 200);
    }

    @BeforeEach
    void onThisProcessor() {
        assumeFalse(DeviceMatrix.slow(), "the stand-in driver is slow, and what is said is the same on every device");
    }

    private Cli done(String line) {
        return Cli.done(Cli.args(line.replace("@", folder + "/") + " --device host --threads 1"));
    }

    private Cli trained(String line) {
        return done(line + " --data " + data + " --model mlp:8 --batch 32 --validation-batch 16 --output @run");
    }

    private static List<String> said(Cli run) {
        return run.err().lines().filter(line -> line.startsWith("Warning: ")).map(line -> line.substring(9)).toList();
    }

    private static List<String> warnings(JsonNode node) {
        List<String> warnings = new ArrayList<>();
        node.get("warnings").forEach(warning -> warnings.add(warning.asText()));
        return warnings;
    }

    /** What the command says of the same thing as text and as JSON. */
    private void samewise(String line) {
        Cli text = done(line);
        Cli json = done(line + " --json");
        assertThat(said(text)).isNotEmpty().isEqualTo(said(json)).isEqualTo(warnings(json.json()));
        said(text).forEach(warning -> assertThat(text.out()).doesNotContain(warning.substring(0, 20)));
        assertThat(text.out()).doesNotContainIgnoringCase("warning");
    }

    private void samples() throws IOException {
        Random random = new Random(4);
        Npy.write(folder.resolve("t.npy"), random.doubles(60).toArray(), 60);
        Npy.write(folder.resolve("v.npy"), random.doubles(60).map(x -> 20 + x).toArray(), 60);
        Npy.write(folder.resolve("near.npy"), random.doubles(60).map(x -> x * x).toArray(), 60);
    }

    @Test
    void ofWeights() throws IOException {
        samples();
        samewise("weights --method classifier --train @t.npy --validation @v.npy --output @w.npy");
        samewise("weights --method km --steps 5 --train @t.npy --validation @v.npy --output @w.npy");
    }

    @Test
    void ofRatios() throws IOException {
        samples();
        done("weights --method classifier --train @t.npy --validation @near.npy --output @w.npy --model @m.safetensors");
        Npy.write(folder.resolve("far.npy"), IntStream.range(0, 40).mapToDouble(i -> i - 20).toArray(), 40);
        samewise("score --model @m.safetensors --input @far.npy --output @r.npy");
    }

    @Test
    void aNetworkThatGuessesIsSaid() throws IOException {
        String line = "train --validation-samples 48 --epochs 2 --lr 1e-9";
        Cli run = trained(line);
        assertThat(said(run)).singleElement().asString()
            .matches("the test accuracy of [\\d.]+ % that was reached with adiw-km is what guessing "
                + "reaches too \\([\\d.]+ %, give or take [\\d.]+ %\\): raise --epochs, or try another --lr\\.");
        JsonNode summary = new ObjectMapper().readTree(folder.resolve("run/summary.json").toFile());
        assertThat(warnings(summary)).isEqualTo(said(run));
        assertThat(said(trained(line + " --resume"))).as("of a run that is taken over").isEqualTo(said(run));
        assertThat(said(trained("train --validation-samples 48 --steps 5 --warmup-epochs 0 --lr 1e-9"))).singleElement().asString()
            .contains("raise --steps");
        assertThat(said(trained("train --validation-samples 48 --epochs 30 --optimizer adam --lr 3e-3"))).isEmpty();
    }

    @Test
    void aComparisonSaysThemOnceAndAgain() {
        String line = "compare --train-samples 100 --validation-samples 100 --noise none --epochs 1 --methods uniform,adiw-km --lr 1e-9";
        List<String> first = said(trained(line));
        assertThat(first).hasSize(4).doesNotHaveDuplicates().contains("all 100 training samples are clean validation samples, so that "
            + "there is nothing that weights could correct: lower --validation-samples.");
        assertThat(said(trained(line))).containsExactlyInAnyOrderElementsOf(first);
        Cli more = trained(line.replace("adiw-km", "adiw-kl"));
        assertThat(more.err()).contains("uniform: finished earlier").containsOnlyOnce("all 100 training samples are clean")
            .containsOnlyOnce("100 training samples, 100 of them clean");
    }

    @Test
    void onlyCleanSamplesAreSaidWithoutNoiseToo() {
        assertThat(said(trained("train --train-samples 64 --validation-samples 64 --epochs 30 --optimizer adam --lr 3e-3"))).singleElement()
            .asString().startsWith("all 64 training samples are clean validation samples");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "train --method uniform | uniform | --eta 3, --ridge 0.1, --lambda 2, --bandwidth median, --upper-bound 9, --warmup-epochs 2, "
            + "--estimation-steps 3, --estimation-momentum 0.5, --iw-pretrain-epochs 9, --normalize-weights, --estimation-mode train, "
            + "--validation-batch 16, --transform features",
        "train --method adiw-kl | adiw-kl | --eta 3, --lambda 2, --estimation-momentum 0.5, --iw-pretrain-epochs 9",
        "train --method adiw-w1 | adiw-w1 | --bandwidth median, --ridge 0.1",
        "train --method iw --iw-pretrain-epochs 1 | iw | --eta 3, --validation-batch 8",
        "compare --train-samples 192 --methods uniform,adiw-ls | uniform, adiw-ls | --ridge 0.1, --iw-pretrain-epochs 9"})
    void flagsOfTrainingThatHaveNoPartAreSaid(String command, String methods, String flags) {
        String others = flags.contains("--validation-batch") ? "" : " --validation-batch 16";
        Cli run = done(command + " " + flags.replace(",", "") + others + " --validation-samples 48 --epochs 1 --data " + data
            + " --model mlp:8 --batch 32 --output @run");
        for (String flag : flags.split(", ")) {
            assertThat(run.err()).containsOnlyOnce(flag.split(" ")[0] + " has no part in " + methods + ".");
        }
        assertThat(run.err().lines().filter(line -> line.contains("no part in"))).hasSize(flags.split(", ").length);
    }

    @Test
    void flagsOfTrainingThatHaveAPartAreNot() {
        assertThat(trained("train --method adiw-km --ridge 0.1 --eta 1 --bandwidth median --estimation-momentum 0.5 --upper-bound 20 "
            + "--estimation-steps 3 --warmup-epochs 0 --normalize-weights --epochs 1 --validation-samples 48").err())
            .doesNotContain("no part");
        assertThat(trained("compare --train-samples 192 --methods uniform,adiw-km,iw --lambda 2 --ridge 0.1 --iw-pretrain-epochs 1 "
            + "--epochs 1 --validation-samples 48").err()).contains("--lambda has no part in uniform, adiw-km, iw.")
            .doesNotContain("--ridge has", "--iw-pretrain-epochs has");
        assertThat(trained("train --optimizer adam --momentum 0.9 --nesterov --epochs 1 --validation-samples 48").err())
            .contains("--momentum and --nesterov have no part in adam.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"km | --projections 9", "classifier | --bandwidth median --centers 4",
        "kl | --projections 9 --eta 2", "w1 | --bandwidth median"})
    void flagsOfWeightsThatHaveNoPartAreSaid(String method, String flags) throws IOException {
        samples();
        Cli run = done("weights --method " + method + " " + flags + " --train @t.npy --validation @near.npy --output @w.npy");
        for (String flag : flags.split(" ")) {
            if (flag.startsWith("--")) {
                assertThat(run.err()).containsOnlyOnce(flag + " has no part in " + method + ".");
            }
        }
        assertThat(done("weights --method w1 --projections 9 --train @t.npy --validation @near.npy --output @w.npy").err())
            .doesNotContain("no part");
    }

    @Test
    void idsThatRowsShareAndIdsThatAreLostAreSaid() throws IOException {
        Files.writeString(folder.resolve("t.csv"), "name,x\na,1\nb,2\na,3\nc,4\nb,5\na,6\nd,1.5\n");
        Files.writeString(folder.resolve("v.csv"), "x\n1\n3\n5\n2\n");
        String line = "weights --method km --train @t.csv --validation @v.csv --id name --output @";
        String shared = "5 of 7 rows share their id with another row ('a', for instance): " + folder.resolve("w.csv")
            + " cannot be joined by id; its lines are in the order of the rows.";
        Cli csv = done(line + "w.csv --json");
        assertThat(said(csv)).contains(shared);
        assertThat(warnings(csv.json())).isEqualTo(said(csv));
        Cli npy = done(line + "w.npy");
        assertThat(npy.err()).doesNotContain("share their id").contains("The ids are not written: " + folder.resolve("w.npy"));
        Files.writeString(folder.resolve("t.csv"), "name,x\na,1\nb,2\nA,3\nc,4\n");
        assertThat(done(line + "w.csv").err()).doesNotContain("share their id", "The ids are not written");
        done(line.replace("km", "kl") + "w.csv --model @m.safetensors");
        assertThat(done("score --model @m.safetensors --input @t.csv --id name --output @r.npy").err()).contains("The ids are not written");
    }

    @Test
    void numbersAreWrittenAlike() {
        assertThat(trained("compare --train-samples 192 --methods uniform --epochs 1 --validation-samples 48").err())
            .contains("192 training samples, ", ", 1 epoch, seed 1");
        TrainingOptions.Builder options = TrainingOptions.builder().trainSamples(15_000).epochs(1200).learningRateWarmupEpochs(1);
        assertThat(TrainingFlags.settings(options.build(), false, "noise none", "1")).contains(", 15,000 training samples, ",
            " with a warm-up of 1 epoch, ", ", 1,200 epochs, seed 1");
        assertThat(TrainingFlags.settings(options.steps(2500).build(), false, "noise none", "1")).contains(", 2,500 steps, seed 1");
    }
}
