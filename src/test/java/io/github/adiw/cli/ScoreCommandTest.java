package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.adiw.ChildJvm;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.file.Npy;
import io.github.adiw.ratio.DensityRatio;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code adiw score}: what {@code adiw weights} saved, at rows of other files. */
class ScoreCommandTest {
    private static final int N = 60;
    @TempDir
    Path folder;

    /** A table of a name, an age and a region, and the same without names as numbers. */
    @BeforeEach
    void tables() throws IOException {
        Files.write(folder.resolve("T.csv"), table(1, N, 40, "north", "south", "south"));
        Files.write(folder.resolve("V.csv"), table(2, 50, 46, "north", "north", "south"));
        Random random = new Random(3);
        float[] t = new float[2 * N];
        for (int i = 0; i < t.length; i++) {
            t[i] = (float) random.nextGaussian();
        }
        Npy.write(folder.resolve("T.npy"), t, N, 2);
        Npy.write(folder.resolve("V.npy"), Arrays.copyOfRange(t, N, 2 * N), N / 2, 2);
    }

    private static List<String> lines(long seed, int rows, double age, String... regions) {
        Random random = new Random(seed);
        List<String> lines = new ArrayList<>(List.of("name,age,region"));
        for (int i = 0; i < rows; i++) {
            lines.add("r" + i + "," + (age + 10 * random.nextGaussian()) + "," + regions[random.nextInt(regions.length)]);
        }
        return lines;
    }

    private static byte[] table(long seed, int rows, double age, String... regions) {
        return (String.join("\n", lines(seed, rows, age, regions)) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private Cli run(String command) {
        return Cli.run(Cli.args(command.replace("@", folder + "/") + " --device " + DeviceMatrix.name() + " --json"));
    }

    private void fit(String method) {
        run("weights --train @T.csv --validation @V.csv --output @W.csv --id name --model @M.safetensors --method " + method).json();
    }

    private List<String> read(String name) throws IOException {
        return Files.readAllLines(folder.resolve(name));
    }

    /** Numbers of the second column of a file of weights, by the first. */
    private void same(List<String> found, List<String> expected) {
        assertThat(found).hasSameSizeAs(expected).startsWith("id,weight");
        for (int i = 1; i < found.size(); i++) {
            String[] one = found.get(i).split(",");
            String[] other = expected.get(i).split(",");
            assertThat(one[0]).isEqualTo(other[0]);
            float x = Float.parseFloat(other[1]);
            assertThat(Float.parseFloat(one[1])).as(one[0]).isCloseTo(x, within(1e-6f * Math.max(1, x)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls", "classifier"})
    void theTrainingFileHasItsWeights(String method) throws IOException {
        fit(method);
        JsonNode report = run("score --model @M.safetensors --input @T.csv --output @R.csv").json();
        same(read("R.csv"), read("W.csv"));
        assertThat(report.get("method").asText()).isEqualTo(method);
        assertThat(report.get("n").asInt()).isEqualTo(N);
        assertThat(report.get("mean").asDouble()).isCloseTo(1, within(1e-5));
        assertThat(report.get("minimum").asDouble()).isLessThan(1);
        assertThat(report.get("maximum").asDouble()).isGreaterThan(1);
        assertThat(report.get("secondsTotal").asDouble()).isPositive();
        List<String> swapped = read("T.csv").stream().map(line -> line.split(",")).map(f -> f[2] + "," + f[0] + ",7," + f[1])
            .collect(Collectors.toCollection(ArrayList::new));
        swapped.set(0, "region,name,more,age");
        Files.write(folder.resolve("S.csv"), swapped);
        run("score --model @M.safetensors --input @S.csv --output @R.csv").json();
        same(read("R.csv"), read("W.csv"));
        run("score --model @M.safetensors --input @S.csv --output @R.npy").json();
        float[] scores = Npy.read(folder.resolve("R.npy")).requireShape(N).toFloats();
        assertThat(scores[3]).isEqualTo(Float.parseFloat(read("R.csv").get(4).split(",")[1]));
    }

    @Test
    void idsAreThoseOfTheTrainingFileOrAsAsked() throws IOException {
        fit("classifier");
        Files.writeString(folder.resolve("X.csv"), "age,region,code\n40,north,\"a,b\"\n50,south,c\n");
        run("score --model @M.safetensors --input @X.csv --output @R.csv").json();
        assertThat(read("R.csv")).hasSize(3).anyMatch(line -> line.startsWith("0,")).anyMatch(line -> line.startsWith("1,"));
        run("score --model @M.safetensors --input @X.csv --output @R.csv --id code").json();
        assertThat(read("R.csv").get(1)).startsWith("\"a,b\",");
        Cli run = run("score --model @M.safetensors --input @X.csv --output @R.csv --id cod");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.complaints()).singleElement().asString().contains("'cod'", "'code'");
    }

    @Test
    void aCategoryThatIsNotKnownIsCountedAndSaid() throws IOException {
        fit("classifier");
        Files.writeString(folder.resolve("X.csv"), "age,region\n40,north\n40,east\n41,west\n40,south\n");
        Cli run = run("score --model @M.safetensors --input @X.csv --output @R.csv");
        assertThat(run.json().get("n").asInt()).isEqualTo(4);
        assertThat(run.err()).contains("'region' has a value that the model does not know in 2 rows", "'east'", "line 3");
    }

    @Test
    void ratiosThatNoTrainingRowHasAreCountedAndSaid() throws IOException {
        fit("classifier");
        Path model = folder.resolve("M.safetensors");
        assertThat(run("score --model @M.safetensors --input @T.csv --output @R.csv").err()).doesNotContain("largest weight");
        Files.writeString(folder.resolve("X.csv"), "age,region\n40,north\n1000,north\n1e9,south\n41,south\n");
        String far = "score --model @M.safetensors --input @X.csv --output @R.csv";
        double largest = DensityRatio.load(model).largestWeight();
        assertThat(largest).isCloseTo(read("W.csv").stream().skip(1).mapToDouble(line -> Double.parseDouble(line.split(",")[1])).max()
            .orElseThrow(), within(1e-5));
        assertThat(run(far).err()).contains(String.format("2 of 4 ratios are above the largest weight of the fit (%.3g)", largest));
        SafeTensors saved = SafeTensors.read(model);
        Map<String, String> older = new HashMap<>(saved.metadata());
        older.computeIfPresent("density-ratio", (key, text) -> text.replaceFirst("\"largest\":[^,]+,", ""));
        assertThat(older).isNotEqualTo(saved.metadata());
        new SafeTensors(saved.tensors(), older).write(model);
        assertThat(run(far).json().get("n").asInt()).isEqualTo(4);
        assertThat(run(far).err()).doesNotContain("largest weight");
    }

    /** Rows that the model was fitted to are not unlike those that it was fitted to, even if a ratio is larger than all weights. */
    @Test
    void theValidationFileHasNothingUnusual() throws IOException {
        Files.writeString(folder.resolve("V.csv"), "r,70,north\nr,75,north\n", StandardOpenOption.APPEND);
        fit("classifier");
        Cli run = run("score --model @M.safetensors --input @V.csv --output @R.csv");
        assertThat(run.json().get("maximum").asDouble())
            .isGreaterThan(2 * DensityRatio.load(folder.resolve("M.safetensors")).largestWeight());
        assertThat(run.err()).doesNotContain("largest weight");
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls"})
    void rowsThatNoKernelReachesAreCountedAndSaid(String method) throws IOException {
        fit(method);
        Files.writeString(folder.resolve("X.csv"), "age,region\n40,north\n4000,north\n-4000,south\n");
        assertThat(run("score --model @M.safetensors --input @X.csv --output @R.csv").err())
            .contains("2 of 3 ratios are as good as 0", "there a ratio means nothing");
        assertThat(run("score --model @M.safetensors --input @T.csv --output @R.csv").err()).doesNotContain("as good as 0");
        assertThat(run("score --model @M.safetensors --input @V.csv --output @R.csv").err()).doesNotContain("as good as 0");
    }

    @Test
    void missingValuesAreAsTheModelHasThem() throws IOException {
        fit("classifier");
        Files.writeString(folder.resolve("X.csv"), "age,region\n40,north\nNA,south\n");
        Cli run = run("score --model @M.safetensors --input @X.csv --output @R.csv");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.complaints()).singleElement().asString().contains("--missing", "line 3", "'age'");
        assertThat(run("score --model @M.safetensors --input @X.csv --output @R.npy --missing mean").code()).isZero();
        assertThat(folder.resolve("R.csv")).doesNotExist();
        run("weights --train @T.csv --validation @V.csv --output @W.csv --id name --model @M.safetensors --method classifier "
            + "--missing mean").json();
        assertThat(run("score --model @M.safetensors --input @X.csv --output @R.csv").json().get("n").asInt()).isEqualTo(2);
    }

    @Test
    void filesOfNumbersInManyBlocks() {
        assumeFalse(DeviceMatrix.slow(), "many rows");
        run("weights --train @T.npy --validation @V.npy --output @W.npy --model @M.safetensors --method kl").json();
        float[] weights = Npy.read(folder.resolve("W.npy")).toFloats();
        float[] rows = Npy.read(folder.resolve("T.npy")).toFloats();
        int copies = 40_000 / N;
        float[] many = new float[copies * rows.length];
        for (int c = 0; c < copies; c++) {
            System.arraycopy(rows, 0, many, c * rows.length, rows.length);
        }
        Npy.write(folder.resolve("X.npy"), many, copies * N, 2);
        assertThat(run("score --model @M.safetensors --input @X.npy --output @R.npy").json().get("n").asInt()).isEqualTo(copies * N);
        float[] scores = Npy.read(folder.resolve("R.npy")).requireShape(copies * N).toFloats();
        for (int i = 0; i < scores.length; i++) {
            assertThat(scores[i]).isCloseTo(weights[i % N], within(1e-6f * Math.max(1, weights[i % N])));
        }
    }

    @Test
    void aBoundAndWeightsThatAreNotNormalisedHoldForScores() throws IOException {
        run("weights --train @T.csv --validation @V.csv --output @W.csv --id name --model @M.safetensors --method kl --upper-bound 1.2 "
            + "--no-normalize").json();
        run("score --model @M.safetensors --input @T.csv --output @R.csv").json();
        same(read("R.csv"), read("W.csv"));
        assertThat(read("R.csv").stream().skip(1).mapToDouble(line -> Double.parseDouble(line.split(",")[1])).max().orElseThrow())
            .isCloseTo(1.2, within(1e-6));
    }

    @Test
    void rowsFromAPipe() throws Exception {
        assumeFalse(DeviceMatrix.slow(), "files are the same on every device");
        fit("kl");
        Path pipe = folder.resolve("pipe");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "this machine has no mkfifo");
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            try (OutputStream out = Files.newOutputStream(pipe)) {
                Files.copy(folder.resolve("T.csv"), out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        run("score --model @M.safetensors --input @pipe --output @R.csv").json();
        writer.get(20, TimeUnit.SECONDS);
        same(read("R.csv"), read("W.csv"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "1 | 'region' | --model @M.safetensors --input @lacks.csv --output @R.csv",
        "1 | 4 columns | --model @M.safetensors --input @wide.npy --output @R.csv",
        "1 | 'old' | --model @M.safetensors --input @text.csv --output @R.csv",
        "1 | no row | --model @M.safetensors --input @header.csv --output @R.csv",
        "1 | none.csv | --model @M.safetensors --input @none.csv --output @R.csv",
        "1 | none.safetensors | --model @none.safetensors --input @T.csv --output @R.csv",
        "1 | T.csv | --model @T.csv --input @T.csv --output @R.csv",
        "1 | not one saved by a program | --model @program.safetensors --input @T.csv --output @R.csv",
        "2 | named twice | --model @M.safetensors --input @T.csv --output @T.csv",
        "2 | named twice | --model @M.npy --input @T.csv --output @M.npy",
        "2 | named twice | --model @M.safetensors --input @T.csv --output @link.csv",
        "2 | --output must end with | --model @M.safetensors --input @T.csv --output @R.txt",
        "2 | --input | --model @M.safetensors --output @R.csv"})
    void badInputEndsWithASentence(int code, String sentence, String options) throws IOException {
        assumeFalse(DeviceMatrix.slow(), "files are the same on every device");
        fit("classifier");
        Files.writeString(folder.resolve("lacks.csv"), "age,regoin\n40,north\n");
        Npy.write(folder.resolve("wide.npy"), new float[8], 2, 4);
        Files.writeString(folder.resolve("text.csv"), "age,region\nold,north\n");
        Files.writeString(folder.resolve("header.csv"), "age,region\n");
        Files.createSymbolicLink(folder.resolve("link.csv"), folder.resolve("T.csv"));
        DensityRatio.builder().method("classifier").fit(Npy.read(folder.resolve("T.npy")).toFloats(),
            Npy.read(folder.resolve("V.npy")).toFloats(), 2).save(folder.resolve("program.safetensors"));
        Cli run = run("score " + options);
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.complaints()).singleElement().asString().contains(sentence);
        assertThat(run.err()).doesNotContain("Exception").doesNotContain("\tat ");
        assertThat(Cli.files(folder)).doesNotContain("R.csv", "R.txt");
        assertThat(read("T.csv")).hasSize(N + 1);
    }

    /** A block of them has as many rows as fit, however little memory there is. */
    @Test
    void rowsOfManyColumns() throws Exception {
        assumeFalse(DeviceMatrix.slow(), "many numbers");
        int columns = 5000;
        Random random = new Random(4);
        float[] rows = new float[40 * columns];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i % columns < 2 ? (float) random.nextGaussian() : i % columns;
        }
        Npy.write(folder.resolve("wide.npy"), rows, 40, columns);
        run("weights --train @wide.npy --validation @wide.npy --output @W.npy --model @M.safetensors --method ls").json();
        ChildJvm.Outcome score = new ChildJvm().option("-Xmx256m").run(Launcher.class, Cli.args(("score --model @M.safetensors --input "
            + "@wide.npy --output @R.npy --device host").replace("@", folder + "/")));
        assertThat(score.code()).as(score.err()).isZero();
        assertThat(Npy.read(folder.resolve("R.npy")).requireShape(40).toFloats()).hasSize(40).doesNotContain(Float.NaN);
    }

    private Path pipe(String name) throws IOException, InterruptedException {
        Path pipe = folder.resolve(name);
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "this machine has no mkfifo");
        return pipe;
    }

    /** Writes rows to a pipe until nobody reads them any more; {@code read} falls once more are read than a pipe holds. */
    private static CompletableFuture<Void> endlessRows(Path pipe, CountDownLatch read) {
        return CompletableFuture.runAsync(() -> {
            byte[] rows = "40,north\n50,south\n".repeat(10_000).getBytes(StandardCharsets.UTF_8);
            try (OutputStream out = Files.newOutputStream(pipe)) {
                out.write("age,region\n".getBytes(StandardCharsets.UTF_8));
                for (int i = 0;; i++) {
                    out.write(rows);
                    if (i == 9) {
                        read.countDown();
                    }
                }
            } catch (IOException e) {
                read.countDown();
            }
        });
    }

    /** Rows come from a pipe, so that it has begun to read them, and has not ended. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalStopsIt(String signal, int code) throws Exception {
        assumeFalse(DeviceMatrix.slow(), "files are the same on every device");
        fit("classifier");
        CountDownLatch reads = new CountDownLatch(1);
        CompletableFuture<Void> writer = endlessRows(pipe("pipe"), reads);
        try (ChildProcess child = ChildProcess.start(List.of(Cli.args(("score --model @M.safetensors --input @pipe --output @R.csv "
            + "--device host").replace("@", folder + "/"))))) {
            assertThat(reads.await(2, TimeUnit.MINUTES)).as(child.said()).isTrue();
            child.signal(signal);
            assertThat(child.code()).as(child.said()).isEqualTo(code);
            assertThat(child.said()).contains("adiw: stopped before the last row: nothing was written");
        }
        writer.get(20, TimeUnit.SECONDS);
        assertThat(Cli.files(folder)).doesNotContain("R.csv").noneMatch(name -> name.endsWith(".tmp"));
    }

    /** What a pipe has taken cannot be taken back. */
    @Test
    void aSignalStopsWhatGoesToAPipe() throws Exception {
        assumeFalse(DeviceMatrix.slow(), "files are the same on every device");
        fit("classifier");
        CompletableFuture<Void> writer = endlessRows(pipe("pipe"), new CountDownLatch(1));
        Path output = pipe("R.csv");
        CountDownLatch written = new CountDownLatch(1);
        CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> {
            try (InputStream in = Files.newInputStream(output)) {
                in.readNBytes(1000);
                written.countDown();
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try (ChildProcess child = ChildProcess.start(List.of(Cli.args(("score --model @M.safetensors --input @pipe --output @R.csv "
            + "--device host").replace("@", folder + "/"))))) {
            assertThat(written.await(2, TimeUnit.MINUTES)).as(child.said()).isTrue();
            child.signal("TERM");
            assertThat(child.code()).as(child.said()).isEqualTo(143);
            assertThat(child.said()).contains("adiw: stopped before the last row").doesNotContain("nothing was written");
        }
        writer.get(20, TimeUnit.SECONDS);
        reader.get(20, TimeUnit.SECONDS);
    }
}
