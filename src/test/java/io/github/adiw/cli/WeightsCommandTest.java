package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code adiw weights} by steps, with every divergence and its states; files of text, the picture, and what is refused, of both kinds. */
class WeightsCommandTest {
    private static final int N = 60;
    private static final int M = 45;
    @TempDir
    Path folder;

    @BeforeEach
    void samples() throws IOException {
        Random random = new Random(4);
        for (int d = 1; d < 3; d++) {
            float[] t = new float[N * d];
            float[] v = new float[M * d];
            for (int i = 0; i < t.length; i++) {
                t[i] = (float) random.nextGaussian();
            }
            for (int i = 0; i < v.length; i++) {
                v[i] = 0.5f + 0.4f * (float) random.nextGaussian();
            }
            Npy.write(folder.resolve("T" + d + ".npy"), t, d == 1 ? new int[] {N} : new int[] {N, d});
            Npy.write(folder.resolve("V" + d + ".npy"), v, d == 1 ? new int[] {M} : new int[] {M, d});
            StringBuilder text = new StringBuilder(d == 1 ? "" : "x,y\n");
            for (int i = 0; i < N; i++) {
                text.append(t[i * d]).append(d == 1 ? "" : "," + t[i * d + 1]).append('\n');
            }
            Files.writeString(folder.resolve("T" + d + ".csv"), text);
        }
    }

    private Cli run(String options) {
        return Cli.run(Cli.args("weights --device " + DeviceMatrix.name() + " --json " + options.replace("@", folder + "/")));
    }

    private JsonNode done(String options) {
        return run(options).json();
    }

    private float[] read(String name) {
        return Npy.read(folder.resolve(name)).toFloats();
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact"})
    void degenerateSamplesKeepTheirWeightsAndHaveAnObjective(String method) {
        Npy.write(folder.resolve("one.npy"), new float[] {0.25f}, 1);
        JsonNode one = done("--method " + method + " --steps 5 --train @one.npy --validation @V1.npy --output @W.npy");
        assertThat(read("W.npy")).containsExactly(1);
        assertThat(Double.isFinite(one.get("objective").asDouble(Double.NaN))).as(one.toString()).isTrue();
        Npy.write(folder.resolve("equal.npy"), new float[] {2, 2, 2}, 3);
        JsonNode equal = done("--method " + method + " --steps 5 --train @equal.npy --validation @equal.npy --output @W.npy");
        assertThat(read("W.npy")).containsExactly(1, 1, 1);
        assertThat(Double.isFinite(equal.get("objective").asDouble(Double.NaN))).as(equal.toString()).isTrue();
        if (method.equals("w1")) {
            double distance = 0;
            for (float v : read("V1.npy")) {
                distance += Math.abs(v - 0.25) / M;
            }
            assertThat(one.get("objective").asDouble()).isCloseTo(distance, within(1e-6));
            assertThat(equal.get("objective").asDouble()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact"})
    void samplesThatDoNotOverlapGiveFiniteWeights(String method) {
        float[] far = read("V1.npy");
        for (int i = 0; i < far.length; i++) {
            far[i] += 1000;
        }
        Npy.write(folder.resolve("far.npy"), far, M);
        done("--method " + method + " --steps 5 --bandwidth gamma:1 --lambda 0 --train @T1.npy --validation @far.npy --output @W.npy");
        double sum = 0;
        for (float w : read("W.npy")) {
            assertThat(w).isFinite().isNotNegative();
            sum += w;
        }
        if (method.equals("kl")) {
            assertThat(sum / N).as("mean weight").isCloseTo(1, within(1e-3));
        }
        for (String name : new String[] {"T1", "V1"}) {         // the median's gamma is no float any more
            float[] small = read(name + ".npy");
            for (int i = 0; i < small.length; i++) {
                small[i] *= 1e-22f;
            }
            Npy.write(folder.resolve(name + "small.npy"), small, small.length);
        }
        done("--method " + method + " --steps 5 --bandwidth median --train @T1small.npy --validation @V1small.npy --output @W.npy");
        for (float w : read("W.npy")) {
            assertThat(w).isFinite();
        }
    }

    /** Root, or a container, may write to a device; it must not lose it. */
    @Test
    void aPipeIsWrittenToAndNotReplaced() throws Exception {
        assumeFalse(DeviceMatrix.slow(), "how a file is written is the same on every device");
        Path pipe = folder.resolve("pipe.npy");
        Path train = folder.resolve("t.npy");
        Npy.write(train, new float[] {1, 2, 3, 4}, 4);
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "this machine has no mkfifo");
        CompletableFuture<byte[]> reader = CompletableFuture.supplyAsync(() -> {
            try (InputStream in = Files.newInputStream(pipe)) {
                return in.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Cli.done("weights", "--method", "km", "--train", train.toString(), "--validation", train.toString(), "--output",
            pipe.toString());
        byte[] written = reader.get(20, TimeUnit.SECONDS);
        assertThat(Files.isRegularFile(pipe)).isFalse();
        Path copy = Files.write(folder.resolve("copy.npy"), written);
        assertThat(Npy.read(copy).requireShape(4).toFloats()).isNotEmpty();
    }

    @Test
    void theSeedDrawsTheDirectionsOfSlices() {
        String sliced = "--method w1 --steps 5 --projections 4 --train @T2.npy --validation @V2.npy --output @W.npy --seed ";
        done(sliced + 1);
        float[] first = read("W.npy");
        done(sliced + 1);
        assertThat(read("W.npy")).containsExactly(first);
        done(sliced + 2);
        assertThat(read("W.npy")).isNotEqualTo(first);
    }

    @Test
    void whatAllSamplesHaveInCommonDoesNotMatter() throws IOException {
        done("--method km --steps 5 --bandwidth gamma:2 --train @T1.npy --validation @V1.npy --output @W.npy");
        float[] expected = read("W.npy");
        for (String name : new String[] {"T1", "V1"}) {
            StringBuilder text = new StringBuilder();
            for (float x : read(name + ".npy")) {
                text.append(1e7 + x).append('\n');
            }
            Files.writeString(folder.resolve(name + "far.csv"), text);
        }
        done("--method km --steps 5 --bandwidth gamma:2 --train @T1far.csv --validation @V1far.csv --output @W.npy");
        assertThat(read("W.npy")).containsExactly(expected, within(1e-4f));
    }

    @Test
    void degenerateSamplesTakeNoSteps() {
        Npy.write(folder.resolve("one.npy"), new float[] {0.25f}, 1);
        for (String method : new String[] {"ls", "kl", "kl-direct", "ls-direct", "w1"}) {
            JsonNode report = done("--method " + method + " --until-converged --train @one.npy --validation @V1.npy --output @W.npy");
            assertThat(report.get("steps").asInt()).as(method).isZero();
            assertThat(read("W.npy")).containsExactly(1);
        }
    }

    @Test
    void exactWeightsAreNormalisedToo() {
        done("--method kmm-exact --steps 5 --bandwidth median --normalize --train @T1.npy --validation @V1.npy --output @W.npy");
        double sum = 0;
        for (float w : read("W.npy")) {
            sum += w;
        }
        assertThat(sum).isCloseTo(N, within(1e-3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact"})
    void everyMethodWeighsSamplesOfOneAndOfMoreDimensions(String method) {
        for (int d = 1; d < 3; d++) {
            JsonNode report = done(
                "--method " + method + " --steps 5 --bandwidth median --projections 8 --train @T" + d + ".npy --validation @V" + d
                    + ".npy --output @W.npy");
            float[] w = read("W.npy");
            assertThat(w).hasSize(N);
            assertThat(report.get("n").asInt()).isEqualTo(N);
            assertThat(report.get("m").asInt()).isEqualTo(M);
            assertThat(report.get("dimension").asInt()).isEqualTo(d);
            assertThat(report.has("gamma") && report.has("kktResidual") && report.has("converged")).isTrue();
            assertThat(report.get("gamma").isNull()).isEqualTo(method.equals("w1"));
            assertThat(report.get("effectiveSampleSize").asDouble()).as("weights differ").isLessThan(0.97 * N);
            float[] t = read("T" + d + ".npy");
            double near = 0;
            double far = 0;
            int count = 0;
            for (int i = 0; i < N; i++) {
                assertThat(w[i]).isBetween(0f, 50f);
                boolean inside = Math.abs(t[i * d] - 0.5) < 0.6;
                near += inside ? w[i] : 0;
                far += inside ? 0 : w[i];
                count += inside ? 1 : 0;
            }
            assertThat(near / count).as("mean weight near the validation samples, beside far from them")
                .isGreaterThan(1.2 * far / (N - count));
        }
    }

    @ParameterizedTest
    @CsvSource({"km, 60", "kl, 45", "ls, 45", "w1, 60", "kl-direct, 60", "ls-direct, 60"})
    void aStateGoesOnWhereTheLastCallEnded(String method, int size) {
        String what = "--method " + method + " --bandwidth median --train @T1.npy --validation @V1.npy --output @W.npy ";
        done(what + "--steps 4 --state @S.npy");
        assertThat(read("S.npy")).hasSize(size);
        double objective = done(what + "--steps 4 --state @S.npy").get("objective").asDouble();
        float[] resumed = read("W.npy");
        assertThat(objective).isCloseTo(done(what + "--steps 8").get("objective").asDouble(),
            within(2e-5 * Math.max(1, Math.abs(objective))));
        float[] once = read("W.npy");
        for (int i = 0; i < N; i++) {
            assertThat(resumed[i]).isCloseTo(once[i], within(2e-4f * Math.max(1, once[i])));
        }
        Npy.write(folder.resolve("I.npy"), read("S.npy"), size);
        assertThat(done(what + "--initial @I.npy --steps 1").get("objective").isNumber()).isTrue();
    }

    @Test
    void textIsReadAsBinaryIs() {
        for (int d = 1; d < 3; d++) {
            done("--method km --steps 5 --train @T" + d + ".npy --validation @V" + d + ".npy --output @A.npy");
            done("--method km --steps 5 --train @T" + d + ".csv --validation @V" + d + ".npy --output @B.npy");
            assertThat(read("B.npy")).containsExactly(read("A.npy"));
        }
    }

    @Test
    void normalisedWeightsHaveTheMeanOne() {
        JsonNode report = done("--method ls --steps 5 --normalize --bandwidth median --train @T1.npy --validation @V1.npy --output @W.npy");
        assertThat(report.get("sum").asDouble()).isCloseTo(N, within(1e-4 * N));
    }

    @Test
    void momentumGoesFartherInTheSameSteps() {
        String what = "--method km --bandwidth median --steps 30 --train @T1.npy --validation @V1.npy --output @W.npy";
        assertThat(done(what + " --momentum 0.8").get("objective").asDouble()).isLessThan(done(what).get("objective").asDouble());
    }

    @Test
    void draws() throws IOException {
        assumeFalse(DeviceMatrix.slow(), "a picture does not depend on the device");
        for (int d = 1; d < 3; d++) {
            done("--method kl --train @T" + d + ".npy --validation @V" + d + ".npy --output @W.npy --plot @P.png");
            BufferedImage image = ImageIO.read(folder.resolve("P.png").toFile());
            assertThat(image.getWidth()).isEqualTo(2800);
            assertThat(image.getHeight()).isEqualTo(1040);
        }
    }

    /** The flag that asks for steps asks for the problem of a training loop, and others change only what they say. */
    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact"})
    void stepsAreOnTheDataAsTheyAre(String method) {
        String what = "--method " + method + " --projections 4 --train @T2.npy --validation @V2.npy --output @W.npy ";
        JsonNode report = done(what + "--steps 5");
        assertThat(report.get("normalized").asBoolean()).isFalse();
        float[] found = read("W.npy");
        EstimationSettings settings = EstimationSettings.builder().steps(5).lambda(0.1f).projections(4).normalize(false).seed(1)
            .bandwidth("diw:0.01").build();
        try (Device device = DeviceMatrix.open()) {
            EstimatedWeights expected = EstimatedWeights.builder(device).method(method).settings(settings)
                .estimate(read("T2.npy"), read("V2.npy"), 2);
            assertThat(found).containsExactly(expected.weights());
            assertThat(report.get("gamma").isNull()).isEqualTo(Double.isNaN(expected.gamma()));
            assertThat(report.get("steps").asInt()).isEqualTo(expected.steps());
        }
        done(what + "--steps 5 --scale none --no-normalize --bandwidth diw:0.01 --lambda 0.1");
        assertThat(read("W.npy")).as("the defaults, written out").containsExactly(found);
        done(what + "--steps 5 --normalize");
        double mean = 0;
        for (float w : found) {
            mean += w / N;
        }
        float[] normalized = read("W.npy");
        for (int i = 0; i < N; i++) {
            assertThat(normalized[i]).isCloseTo((float) (found[i] / mean), within(1e-5f * Math.max(1, normalized[i])));
        }
    }

    @Test
    void scaledColumnsHaveNoUnit() {
        String what = "--method km --steps 5 --scale standard --bandwidth gamma:1 --train @T2.npy --validation @V2.npy --output @W.npy";
        done(what);
        float[] expected = read("W.npy");
        for (String name : new String[] {"T", "V"}) {
            float[] rows = read(name + "2.npy");
            for (int i = 1; i < rows.length; i += 2) {
                rows[i] *= 64;
            }
            Npy.write(folder.resolve(name + "3.npy"), rows, rows.length / 2, 2);
        }
        done(what.replace("T2", "T3").replace("V2", "V3"));
        assertThat(read("W.npy")).containsExactly(expected, within(1e-4f));
    }

    /** Each of these alone asks for steps. */
    @Test
    void fourFlagsAskForSteps() {
        Npy.write(folder.resolve("I.npy"), new float[N], N);
        String what = "--method km --bandwidth gamma:1 --train @T1.npy --validation @V1.npy --output @W.npy ";
        for (String flag : new String[] {"--steps 5", "--until-converged", "--initial @I.npy", "--state @S.npy"}) {
            assertThat(done(what + flag).get("normalized").asBoolean()).as(flag).isFalse();
        }
        assertThat(done(what).get("normalized").asBoolean()).isTrue();
        assertThat(done(what + "--no-normalize").get("normalized").asBoolean()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "--model saves | --method kl --steps 5 --model @M.safetensors",
        "--method auto does not take | --method auto --steps 5",
        "--method classifier does not take | --method classifier --until-converged",
        "need a --method | --steps 5",
        "need a --method | --state @S.npy",
        "--centers has no part | --method kl --steps 5 --centers 10",
        "--bandwidth auto | --method kl --steps 5 --bandwidth auto",
        "--steps must be at least 1 | --method kl --steps 0",
        "--bandwidth | --method kl --steps 5 --bandwidth nonsense",
        "--bandwidth | --method kl --bandwidth nonsense",
        "--bandwidth | --bandwidth gamma:-1",
        "--centers must be at least 1 | --centers 0",
        "--lambda must be at least 0 | --method ls --lambda -1",
        "--upper-bound must be at least 1 | --upper-bound 0.9",
        "--upper-bound must be at least 1 | --method kl --upper-bound NaN",
        "--scale | --scale standrad",
        "--missing | --missing maybe",
        "--model saves | --method km --model @M.safetensors",
        "named twice | --model @O.npy"})
    void flagsThatContradictEachOther(String sentence, String options) {
        Cli run = run(options + " --train @none.csv --validation @none.csv --output @O.npy");
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.complaints()).singleElement().asString().contains(sentence);
        assertThat(run.err()).doesNotContain("Exception").doesNotContain("\tat ");
        assertThat(Cli.files(folder)).doesNotContain("O.npy", "M.safetensors", "S.npy");
    }

    @Test
    void weightsAreWrittenAsTheSuffixSays() throws IOException {
        String what = "--method km --steps 5 --train @T1.npy --validation @V1.npy --output ";
        done(what + "@W.npy");
        done(what + "@W.csv");
        List<String> lines = Files.readAllLines(folder.resolve("W.csv"));
        assertThat(lines).hasSize(N + 1).first().isEqualTo("id,weight");
        float[] weights = read("W.npy");
        for (int i = 0; i < N; i++) {
            assertThat(lines.get(i + 1)).isEqualTo(i + "," + weights[i]);
        }
        for (String other : new String[] {"W.txt", "W", "W.csv.gz", "csv"}) {
            Cli run = run(what + "@" + other);
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.complaints()).singleElement().asString().contains("--output must end with .npy or .csv", other);
            assertThat(folder.resolve(other)).doesNotExist();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "2 | --lambda | --method ls --lambda -0.1 --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | --projections | --method w1 --projections 0 --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | --momentum | --method km --momentum 1 --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | --upper-bound | --method w1 --upper-bound 0.9 --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | did you mean | --method kl-dircet --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | Unknown options: '--validaton', | --method kl --train @T1.npy --validaton @V1.npy --output @O.npy",
        "2 | did you mean --no-normalize? | --no-normalise --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | did you mean --normalize? | --normalise --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | did you mean --train? | --trian=@T1.npy --validation @V1.npy --output @O.npy",
        "2 | give one of them | --method km --state @S.npy --initial @S.npy --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | named twice | --method km --state @O.npy --train @T1.npy --validation @V1.npy --output @O.npy",
        "2 | named twice | --method km --plot @T1.npy --train @T1.npy --validation @V1.npy --output @O.npy",
        "1 | [60] | --method kl --state @V2.npy --train @T1.npy --validation @T1.npy --output @O.npy",
        "1 | [45] | --method ls --state @T2.npy --train @T1.npy --validation @V1.npy --output @O.npy",
        "1 | folder | --method km --plot @T1.npy/P.png --train @T1.npy --validation @V1.npy --output @O.npy",
        "1 | same number of columns | --method kl --train @T1.csv --validation @V2.npy --output @O.npy",
        "1 | line 3 | --method kl --train @text.csv --validation @V1.npy --output @O.npy",
        "1 | line 4 | --method kl --train @ragged.csv --validation @V2.npy --output @O.npy",
        "1 | no row | --method kl --train @empty.csv --validation @V1.npy --output @O.npy",
        "1 | line 2 | --method kl --train @nan.csv --validation @V1.npy --output @O.npy",
        "1 | --exclude: column 'y' of | --method kl --train @names.csv --validation @names.csv --output @O.npy",
        "1 | --exclude: only | --method kl --train @names.csv --validation @other.csv --output @O.npy",
        "2 | --columns: only | --method kl --columns y --train @names.csv --validation @other.csv --output @O.npy",
        "2 | --exclude and --id leave no column | --method kl --exclude x,z --train @other.csv --validation @other.csv --output @O.npy",
        "1 | one column only | --method kl --train @pipes.csv --validation @pipes.csv --output @O.npy"})
    void badInputEndsWithASentence(int code, String sentence, String options) throws IOException {
        Files.writeString(folder.resolve("text.csv"), "x\n1\ntwo\n3\n");
        Files.writeString(folder.resolve("ragged.csv"), "x,y\n1,2\n3,4\n5\n");
        Files.writeString(folder.resolve("empty.csv"), "x\n");
        Files.writeString(folder.resolve("nan.csv"), "1\nNaN\n");
        Files.writeString(folder.resolve("names.csv"), IntStream.range(0, 150).mapToObj(i -> i + ",n" + i + "\n")
            .collect(Collectors.joining("", "x,y\n", "")));
        Files.writeString(folder.resolve("other.csv"), "x,z\n1,2\n");
        Files.writeString(folder.resolve("pipes.csv"), "x|y\n1|red\n2|blue\n");
        Cli run = run(options);
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.complaints()).hasSize(1);
        assertThat(run.complaints().get(0)).contains(sentence);
        assertThat(run.err()).doesNotContain("Exception").doesNotContain("\tat ");
        assertThat(folder.resolve("O.npy")).doesNotExist();
        assertThat(folder.resolve("S.npy")).doesNotExist();
    }

    /** Once the rows are drawn by which everything is chosen, which is the first that is said of many. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalStopsAFit(String signal, int code) throws IOException, InterruptedException {
        assumeFalse(DeviceMatrix.slow(), "the command line is the same on every device");
        int columns = 20;
        float[] rows = new float[20_000 * columns];
        Random random = new Random(6);
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) random.nextGaussian();
        }
        Npy.write(folder.resolve("many.npy"), rows, rows.length / columns, columns);
        try (ChildProcess child = ChildProcess.start(List.of(Cli.args(("weights --device host --method kl --train @many.npy --validation "
            + "@many.npy --output @O.npy --model @O.safetensors").replace("@", folder + "/"))))) {
            assertThat(child.awaitOutput("Everything is chosen by")).as(child.said()).isTrue();
            child.signal(signal);
            assertThat(child.code()).as(child.said()).isEqualTo(code);
            assertThat(child.said()).contains("adiw: the fit was stopped before there were any weights");
        }
        assertThat(Cli.files(folder)).noneMatch(name -> name.startsWith("O") || name.startsWith("."));
    }

    /** A file that a link leads to is written, and not one that is read. */
    @Test
    void linksAreFollowed() throws IOException {
        Files.createSymbolicLink(folder.resolve("O.npy"), folder.resolve("made.npy"));
        done("--method ls --train @T1.npy --validation @V1.npy --output @O.npy");
        assertThat(folder.resolve("O.npy")).isSymbolicLink();
        assertThat(read("made.npy")).hasSize(N);
        Files.createSymbolicLink(folder.resolve("link.npy"), folder.resolve("T1.npy"));
        for (String both : List.of("--output @link.npy", "--output @O.npy --state @made.npy", "--output @T1.npy")) {
            Cli run = run("--method ls --steps 1 --train @T1.npy --validation @V1.npy " + both);
            assertThat(run.code()).as(both).isEqualTo(2);
            assertThat(run.complaints()).singleElement().asString().contains(" is named twice: what is written needs a file of its own");
        }
        assertThat(read("T1.npy")).hasSize(N);
    }

    /** What the library calls by its parameter, a notice calls by its flag. */
    @Test
    void noticesNameFlags() throws IOException {
        Files.writeString(folder.resolve("some.csv"), "a,b\n1,x\n2,?\n3,y\n4,x\n");
        Cli run = run("--method ls --steps 1 --train @some.csv --validation @some.csv --output @O.npy");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("column 'b' has '?', which counts as a category of its own: --missing mean fills it in.");
    }
}
