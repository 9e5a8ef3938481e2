package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import io.github.adiw.train.TrainingOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Comparisons over several shifts and seeds: the numbers, going on after an interruption, the page. */
class CompareTableTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String QUICK = "the stand-in driver is slow, and the command line asks for no other device";
    private static final String GRID = "--methods uniform,diw --noise symmetric:0.4,pair:0.3 --seeds 1,2";
    private static final int SAMPLES = 600;

    @TempDir
    static Path shared;
    private static Path data;

    @TempDir
    Path folder;

    @BeforeAll
    static void small() throws IOException {
        data = Cli.smallData(shared.resolve("data"), SAMPLES + 100, 60);
    }

    private static String[] args(String command, String options, Path output, Object... more) {
        return Cli.args(command + " --device " + DeviceMatrix.name() + " --threads 1 --data " + data + " --model mlp:8 --batch 32"
            + " --validation-batch 16 --validation-samples 100 --train-samples " + SAMPLES + " " + options + " --output " + output, more);
    }

    private static Cli compared(String options, Path output, Object... more) {
        return Cli.done(args("compare", "--epochs 2 " + options, output, more));
    }

    private static long count(String text, String part) {
        return Pattern.compile(Pattern.quote(part)).matcher(text).results().count();
    }

    private static double get(JsonNode node, String path) {
        JsonNode found = node;
        for (String key : path.split("\\.")) {
            found = found.get(key);
        }
        return found.asDouble();
    }

    @Test
    void meanAndDeviationOverSeeds() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("grid");
        Cli run = compared(GRID, output);
        JsonNode json = JSON.readTree(output.resolve("compare.json").toFile());
        assertThat(json.get("noises").findValuesAsText("noise")).startsWith("symmetric:0.4").contains("pair:0.3");
        assertThat(json.get("noises")).hasSize(2);
        assertThat(json.get("seeds").toString()).isEqualTo("[1,2]");
        for (JsonNode noise : json.get("noises")) {
            assertThat(noise.get("methods")).extracting(m -> m.get("method").asText()).containsExactly("uniform", "diw");
            JsonNode diw = noise.get("methods").get(1);
            for (JsonNode method : noise.get("methods")) {
                assertThat(method.get("runs")).hasSize(2).extracting(r -> r.get("seed").asInt()).containsExactly(1, 2);
                assertThat(method.get("runs")).allMatch(r -> r.get("noise").equals(noise.get("noise"))
                    && r.get("method").equals(method.get("method")));
                for (String measure : List.of("lastFiveTestAccuracy", "bestTestAccuracy", "meanWeightClean", "meanWeightNoisy",
                    "stepMillis.total", "stepMillis.weightEstimation", "stepMillis.estimationForward", "stepMillis.training",
                    "speedUpOverDiw",
                    "speedUpOverDiwAsPublished")) {
                    double a = get(method.get("runs").get(0), measure);
                    double b = get(method.get("runs").get(1), measure);
                    assertThat(get(method, measure + ".mean")).as(measure).isCloseTo((a + b) / 2, within(1e-12));
                    assertThat(get(method, measure + ".standardDeviation")).as(measure).isCloseTo(Math.abs(a - b) / Math.sqrt(2),
                        within(1e-12));
                }
                for (int seed = 0; seed < 2; seed++) {
                    assertThat(get(method.get("runs").get(seed), "speedUpOverDiw")).isCloseTo(
                        get(diw.get("runs").get(seed), "stepMillis.total") / get(method.get("runs").get(seed), "stepMillis.total"),
                        within(1e-9));
                }
                String cell = new Spread(100 * get(method, "lastFiveTestAccuracy.mean"),
                    100 * get(method, "lastFiveTestAccuracy.standardDeviation"), 2)
                    .text(2, "");
                assertThat(cell).matches("\\d+\\.\\d\\d ± \\d+\\.\\d\\d");
                assertThat(run.out()).contains(cell);
                assertThat(output.resolve("compare.md")).content().contains(cell);
                assertThat(output.resolve("compare.html")).content().contains(cell);
            }
            JsonNode published = noise.get("diwAsPublished");
            assertThat(get(published, "stepMillis.training.mean")).isEqualTo(get(diw, "stepMillis.training.mean"));
            assertThat(get(published, "stepMillis.total.mean")).isCloseTo(get(published, "stepMillis.training.mean")
                + get(published, "stepMillis.weightEstimation.mean"), within(1e-9));
            assertThat(get(published, "speedUpOverDiwAsPublished.mean")).isEqualTo(1);
            JsonNode first = noise.get("methods").get(0).get("runs");
            assertThat(get(first.get(0), "lastFiveTestAccuracy")).as("seeds differ")
                .isNotEqualTo(get(first.get(1), "lastFiveTestAccuracy"));
        }
        assertThat(output.resolve("pair-0.3/2/diw/summary.json")).isNotEmptyFile();
        assertThat(output.resolve("compare.md")).content().contains("(symmetric-0.4/accuracy.png)", "(pair-0.3/weights.png)",
            "## noise pair:0.3");
        for (String picture : List.of("symmetric-0.4/accuracy.png", "symmetric-0.4/step-time.png", "pair-0.3/weights.png")) {
            assertThat(ImageIO.read(output.resolve(picture).toFile()).getWidth()).isGreaterThan(1000);
        }
    }

    @Test
    void spreadOfNumbers() {
        Spread spread = Spread.of(List.of(1.0, 2.0, Double.NaN, 6.0), x -> x);
        assertThat(spread.mean()).isCloseTo(3, within(1e-12));
        assertThat(spread.deviation()).isCloseTo(Math.sqrt((4 + 1 + 9) / 2.0), within(1e-12));
        assertThat(spread.count()).isEqualTo(3);
        assertThat(Spread.of(List.of(1.25), x -> x).text(2, "x")).isEqualTo("1.25x");
        assertThat(Spread.of(List.of(Double.NaN), x -> x).text(2, "x")).isEqualTo("-");
        assertThat(Spread.of(List.of(1.0, 3.0), x -> x).text(1, "x")).isEqualTo("2.0 ± 1.4x");
    }

    @Test
    void finishedRunsAreTakenOver() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("resumed");
        assertThat(compared(GRID, output).err()).doesNotContain("taken over").contains("run 8 of 8");
        JsonNode first = JSON.readTree(output.resolve("compare.json").toFile());
        String page = Files.readString(output.resolve("compare.html"));
        List<Path> models = new ArrayList<>();
        for (String name : Cli.files(output)) {
            if (name.endsWith("model.safetensors")) {
                models.add(output.resolve(name));
                Files.setLastModifiedTime(output.resolve(name), FileTime.fromMillis(1_000_000));
            }
        }
        assertThat(models).hasSize(8);

        Cli again = compared(GRID, output);
        assertThat(count(again.err(), "taken over from")).isEqualTo(8);
        assertThat(again.err()).doesNotContain("epoch 1 of", "run again");
        assertThat(JSON.readTree(output.resolve("compare.json").toFile())).isEqualTo(first);
        assertThat(Files.readString(output.resolve("compare.html"))).as("redrawn from what was kept").isEqualTo(page);
        assertThat(trainedAgain(models)).isEmpty();

        Path deleted = output.resolve("symmetric-0.4/2/diw");
        for (String file : Cli.files(deleted)) {
            Files.delete(deleted.resolve(file));
        }
        Files.delete(deleted);
        Path weights = output.resolve("pair-0.3/1/diw/weights.npy");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 3] ^= 1;
        Files.write(weights, bytes);
        Files.delete(output.resolve("pair-0.3/2/uniform/run.json"));
        Files.writeString(output.resolve("symmetric-0.4/1/uniform/run.json"), "{\"settings\": ");
        Cli mended = compared(GRID, output);
        assertThat(count(mended.err(), "taken over from")).isEqualTo(4);
        assertThat(count(mended.err(), "epoch 1 of")).isEqualTo(4);
        assertThat(mended.err()).contains("noise pair:0.3, seed 1, diw: run again, since",
            "weights.npy is missing, or not as it was written",
            "noise pair:0.3, seed 2, uniform: run again, since the run in", "did not finish", "run.json cannot be read");
        assertThat(trainedAgain(models)).extracting(m -> output.relativize(m.getParent()).toString().replace('\\', '/'))
            .containsExactlyInAnyOrder(
                "symmetric-0.4/2/diw", "pair-0.3/1/diw", "pair-0.3/2/uniform", "symmetric-0.4/1/uniform");
        assertThat(withoutTimes(JSON.readTree(output.resolve("compare.json").toFile()))).isEqualTo(withoutTimes(first));

        Cli longer = compared("--methods uniform --noise pair:0.3,symmetric:0.4 --seeds 2,1 --lr 2e-3", output);
        assertThat(longer.err()).doesNotContain("taken over").contains("learningRate was 0.001 and is 0.002");
        Cli fewer = compared("--methods diw --noise pair:0.3,symmetric:0.4 --seeds 2", output);
        assertThat(count(fewer.err(), "taken over from")).isEqualTo(2);
        Cli fresh = compared("--methods diw --noise pair:0.3,symmetric:0.4 --seeds 2 --fresh", output);
        assertThat(fresh.err()).doesNotContain("taken over").contains("diw      epoch 1 of 2");
    }

    private static List<Path> trainedAgain(List<Path> models) throws IOException {
        List<Path> newer = new ArrayList<>();
        for (Path model : models) {
            if (Files.getLastModifiedTime(model).toMillis() != 1_000_000) {
                newer.add(model);
            }
        }
        return newer;
    }

    /** Times differ from call to call; what was learnt must not. */
    private static JsonNode withoutTimes(JsonNode json) {
        json.findParents("stepMillis").forEach(node -> ((ObjectNode) node).remove(List.of("stepMillis", "speedUpOverDiw",
            "speedUpOverDiwAsPublished", "secondsPerEpoch")));
        return json;
    }

    @Test
    void stepsAreTimedInTurnAlsoOfRunsThatWereTakenOver() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        String timing = "Timing steps of uniform, diw in turn.";
        Path output = folder.resolve("times");
        assertThat(compared("--methods uniform,diw", output).err()).contains(timing);
        JsonNode first = JSON.readTree(output.resolve("compare.json").toFile());
        Cli again = compared("--methods uniform,diw", output);
        assertThat(again.err()).doesNotContain(timing);
        assertThat(JSON.readTree(output.resolve("compare.json").toFile())).isEqualTo(first);

        Files.delete(output.resolve("times.json"));
        timedAgain(compared("--methods uniform,diw", output), timing, output, first);
        Files.writeString(output.resolve("times.json"), "{\"runs\": ");
        timedAgain(compared("--methods uniform,diw", output), timing, output, first);
        assertThat(compared("--methods diw,uniform", output).err()).as("other runs, or in another order").contains("diw, uniform in turn");

        Cli without = compared("--methods uniform", output);
        assertThat(without.out()).as("no diw, no ratio to it").containsPattern("uniform .* - +-\\n").doesNotContain("published is timed");
        JsonNode json = JSON.readTree(output.resolve("compare.json").toFile());
        assertThat(json.has("diwAsPublished")).isFalse();
        assertThat(json.get("methods").get(0).get("speedUpOverDiw").isNull()).isTrue();
        assertThat(get(json.get("methods").get(0), "stepMillis.total")).isPositive();
    }

    private static void timedAgain(Cli run, String timing, Path output, JsonNode first) throws IOException {
        assertThat(count(run.err(), "taken over from")).isEqualTo(2);
        assertThat(run.err()).contains(timing);
        JsonNode json = JSON.readTree(output.resolve("compare.json").toFile());
        for (JsonNode method : json.get("methods")) {
            assertThat(get(method, "stepMillis.total")).isPositive();
        }
        assertThat(withoutTimes(json)).isEqualTo(withoutTimes(first.deepCopy()));
    }

    @Test
    void everySettingThatRunsShareIsSaid() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("said");
        Cli run = compared("--methods uniform --optimizer sgd --lr 0.01 --momentum 0.9 --nesterov --reduction mean"
            + " --weight-decay 1e-4 --decay weights", output);
        String said = "sgd at 0.01 with Nesterov momentum 0.9, reduction mean, weight decay 1.0E-4 of weights, schedule none, ";
        assertThat(run.err()).contains("Each method: mlp:8, noise symmetric:0.4, ").contains(said);
        assertThat(output.resolve("compare.md")).content().contains(said);
        JsonNode json = JSON.readTree(output.resolve("compare.json").toFile());
        assertThat(json.get("settings").asText()).contains(said).doesNotContain("estimation mode");
        assertThat(get(json.get("methods").get(0), "momentum")).isEqualTo(0.9);
        assertThat(json.get("methods").get(0).get("nesterov").asBoolean()).isTrue();
    }

    @Test
    void settingsThatHaveNoPartAreNotSaid() {
        TrainingOptions.Builder builder = TrainingOptions.builder().model("resnet20").learningRate(0.01f).weightDecay(0);
        assertThat(said(builder)).contains("sgd at 0.01, reduction sum, weight decay 0.0, schedule ")
            .contains(", estimation mode evaluate, batch 256 + 256, ");
        assertThat(said(builder.momentum(0.5f))).contains("sgd at 0.01 with momentum 0.5, reduction sum, ");
        assertThat(said(builder.optimizer("adam"))).contains("adam at 0.01, reduction sum, ");
    }

    private static String said(TrainingOptions.Builder options) {
        return TrainingFlags.settings(options.build(), true, "none", "1");
    }

    @Test
    void networksWithBatchNormHaveAnEstimationMode() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("mode");
        Cli run = Cli
            .done(Cli.args("compare --device " + DeviceMatrix.name() + " --threads 1 --data " + data + " --model resnet20 --batch 16"
                + " --validation-batch 8 --validation-samples 16 --train-samples 32 --steps 2 --methods adiw-km --estimation-mode train"
                + " --output", output));
        assertThat(run.err()).contains("Each method: resnet20, ").contains(", estimation mode train, batch 16 + 8, 2 steps, ");
        assertThat(JSON.readTree(output.resolve("compare.json").toFile()).get("settings").asText()).contains(", estimation mode train, ");
    }

    @Test
    void otherDataOrSeedIsAnotherRun() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("single");
        compared("--methods uniform", output);
        assertThat(Cli.files(output)).contains("compare.html", "compare.md", "compare.json", "uniform/summary.json",
            "uniform/accuracy.png");
        assertThat(compared("--methods uniform", output).err()).contains("uniform: finished earlier under the same settings, taken over");
        assertThat(compared("--methods uniform --seeds 5 --seed 3 --momentum 0.5", output).err()).contains("seed was 1 and is 5")
            .contains("--seed has no part where --seeds are given.").contains("--momentum has no part in adam.");
        Path other = Cli.smallData(folder.resolve("other"), SAMPLES + 99, 60);
        String[] line = args("compare", "--epochs 2 --methods uniform --seed 5", output);
        for (int i = 0; i < line.length; i++) {
            line[i] = line[i].equals(data.toString()) ? other.toString() : line[i];
        }
        assertThat(Cli.run(line).err()).contains("data was idx:data").contains("699 + 60 images").doesNotContain("taken over");
    }

    @Test
    void pageStandsAlone() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("page");
        compared(GRID, output);
        String page = Files.readString(output.resolve("compare.html"));
        assertThat(page.replaceAll("base64,[^\"]*", "")).doesNotContain("http:", "https:", "//www", "<script", "<link", "url(", "@import");
        assertThat(page).contains("@media print", "prefers-color-scheme: dark",
            "name=\"viewport\"", "overflow-x: auto", "break-inside: avoid");
        Matcher references = Pattern.compile("(?:src|href)=\"([^\"]*)\"").matcher(page);
        int pictures = 0;
        while (references.find()) {
            String target = references.group(1);
            if (target.startsWith("#")) {
                assertThat(page).contains("id=\"" + target.substring(1) + "\"");
                continue;
            }
            assertThat(target).startsWith("data:image/png;base64,");
            byte[] png = Base64.getDecoder().decode(target.substring(target.indexOf(',') + 1));
            assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isGreaterThan(1000);
            pictures++;
        }
        assertThat(pictures).isEqualTo(6);
        assertThat(count(page, "<table>")).isEqualTo(3);
        assertThat(count(page, "alt=\"")).isEqualTo(6);
        wellFormed(page);
    }

    /** Every element that is opened is closed in its place. */
    private static void wellFormed(String page) {
        Deque<String> open = new ArrayDeque<>();
        Matcher tags = Pattern.compile("<(/?)([a-z0-9]+)[^>]*>").matcher(page.replaceAll("(?s)<style>.*?</style>", ""));
        while (tags.find()) {
            if (List.of("meta", "img").contains(tags.group(2))) {
                continue;
            }
            if (tags.group(1).isEmpty()) {
                open.push(tags.group(2));
            } else {
                assertThat(open).isNotEmpty();
                assertThat(open.pop()).isEqualTo(tags.group(2));
            }
        }
        assertThat(open).isEmpty();
    }

    @Test
    void textIsEscaped() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path labels = folder.resolve("l<b>&'\"x.npy");
        Npy.write(labels, new Random(7).ints(SAMPLES + 100, 0, 10).toArray(), SAMPLES + 100);
        Path output = folder.resolve("escaped");
        compared("--methods uniform --seeds 3,4", output, "--labels", labels);
        String page = Files.readString(output.resolve("compare.html"));
        assertThat(page).contains("labels l&lt;b&gt;&amp;&#39;&quot;x.npy").doesNotContain("<b>");
        wellFormed(page);
        assertThat(output.resolve("labels/4/uniform/run.json")).isNotEmptyFile();
    }

    @Test
    void allMeansAllThatHaveTheTransform() {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Cli run = compared("--methods all --transform features", folder.resolve("features"));
        assertThat(run.out().lines().map(line -> line.split(" ")[0]).filter(TrainingOptions.methods()::contains))
            .containsExactlyElementsOf(TrainingOptions.featureMethods());
    }

    @Test
    void shiftsThatMislabelNothing() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("shifts");
        Cli run = compared("--methods uniform,adiw-km --shift class-prior:0.5:10,features:rotate:30,features:brightness:0.5", output);
        JsonNode noises = JSON.readTree(output.resolve("compare.json").toFile()).get("noises");
        assertThat(noises).extracting(n -> n.get("noise").asText()).containsExactly("class-prior:0.5:10",
            "features:rotate:30", "features:brightness:0.5");
        for (JsonNode noise : noises) {
            for (JsonNode method : noise.get("methods")) {
                JsonNode only = method.get("runs").get(0);
                assertThat(only.get("meanWeightNoisy").isNull()).isTrue();
                assertThat(only.get("actualNoiseRate").asDouble()).isZero();
                assertThat(method.get("meanWeightNoisy").get("mean").isNull()).isTrue();
                assertThat(only.get("meanWeightClean").asDouble()).isPositive();
                int sum = 0;
                for (JsonNode of : only.get("classCounts")) {
                    sum += of.asInt();
                }
                assertThat(only.get("classCounts")).hasSize(10);
                assertThat(only.get("meanWeightPerClass")).hasSize(10);
                assertThat(sum).isEqualTo(only.get("trainSamples").asInt());
            }
        }
        List<Integer> prior = counts(noises.get(0));
        assertThat(prior.get(0)).as("a minority").isLessThan(30);
        assertThat(prior.get(9)).as("a majority").isGreaterThan(30);
        assertThat(counts(noises.get(1)).get(0)).isGreaterThan(30);
        assertThat(run.out().lines().filter(line -> line.startsWith("adiw-km"))).hasSize(3).allMatch(line -> line.contains("  -  "));
        assertThat(run.err()).contains("features:rotate:30: 0.0 % of the labels are wrong; samples a class");
        assertThat(output.resolve("class-prior-0.5-10/weights.png")).isNotEmptyFile();
        double ratio = (double) Collections.max(prior) / Collections.min(prior);
        for (String page : new String[] {"compare.md", "compare.html"}) {
            assertThat(Files.readString(output.resolve(page)))
                .containsOnlyOnce(String.format(Locale.ROOT, "the largest to the smallest %.1f to 1", ratio));
        }

        Path single = folder.resolve("train");
        Cli train = Cli.run(args("train", "--epochs 1 --method adiw-km --shift features:rotate:30", single));
        assertThat(train.code()).as(train.err()).isZero();
        JsonNode summary = JSON.readTree(single.resolve("summary.json").toFile());
        assertThat(summary.get("noise").asText()).isEqualTo("features:rotate:30");
        assertThat(summary.get("meanWeightNoisy").isNull()).isTrue();
        assertThat(summary.get("classCounts")).hasSize(10);
    }

    private static List<Integer> counts(JsonNode noise) {
        List<Integer> counts = new ArrayList<>();
        noise.get("methods").get(0).get("runs").get(0).get("classCounts").forEach(count -> counts.add(count.asInt()));
        counts.sort(null);
        return counts;
    }

    @Test
    void failedRunsAreNotCounted() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("failed");
        Cli run = Cli.run(args("compare", "--epochs 2 --methods uniform --seeds 1,2 --optimizer sgd --lr 1e30", output));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.complaints()).hasSize(1);
        assertThat(run.complaints().get(0)).contains("noise symmetric:0.4, seed 1, uniform:").contains("--lr");
        assertThat(run.out()).containsPattern("uniform \\(0 of 2 seeds\\) +- +- ");
        JsonNode method = JSON.readTree(output.resolve("compare.json").toFile()).get("noises").get(0).get("methods").get(0);
        assertThat(method.get("seeds")).isEmpty();
        assertThat(method.get("runs")).hasSize(2);
        assertThat(method.get("lastFiveTestAccuracy").get("mean").isNull()).isTrue();
        assertThat(Cli.files(output)).contains("compare.html").doesNotContain("symmetric-0.4/1/uniform/run.json",
            "symmetric-0.4/accuracy.png");
        assertThat(output.resolve("compare.html")).content().doesNotContain("<img");
        assertThat(run.err()).as("there is nothing to time").doesNotContain("Timing");
    }

    @Test
    void allMethods() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("all");
        compared("--methods all", output);
        assertThat(JSON.readTree(output.resolve("compare.json").toFile()).get("methods").findValuesAsText("method"))
            .containsExactlyElementsOf(TrainingOptions.methods());
        assertThat(output.resolve("compare.html")).content()
            .containsPattern("bandwidth</th><td>median \\([^)]*adiw-km, [^)]*\\); diw:0.01 \\(diw, ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--methods diw,uniforn | uniforn is not known (did you mean uniform?)", "--methods all,diw | twice",
        "--noise symmetric:0.4,salt:0.3 | there is no shift 'salt:0.3'", "--noise symmetric:0.4,,pair:0.3 | there is no shift ''",
        "--noise symmetric:0.4,symmetric:0.40 | names a shift twice", "--noise pair:1.5,symmetric:0.4 | 0 <= R < 1",
        "--noise class-prior:0.5:10,class-prior:2:10 | 0 < MU < 1", "--noise features:shear:3 | features:rotate:DEG",
        "--seeds abc | abc", "--seeds 1,2,1 | names a seed twice", "--seeds 1,2.5 | 2.5", "--seeds 1,,2 | seeds",
        "--noise pair:0.1 --shift pair:0.2 | --noise", "--labels l.npy --noise pair:0.1,pair:0.2 | leave one of the two out"})
    void wrongUse(String options, String named) {
        Path output = folder.resolve("refused");
        Cli run = Cli.run(args("compare", "--epochs 1 " + options, output));
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.complaints()).hasSize(1);
        assertThat(run.complaints().get(0)).contains(named);
        assertThat(output).doesNotExist();
    }
}
