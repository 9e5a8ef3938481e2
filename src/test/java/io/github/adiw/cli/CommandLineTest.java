package io.github.adiw.cli;

import static io.github.adiw.cli.Cli.done;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.CifarFiles;
import io.github.adiw.data.file.Npy;
import io.github.adiw.data.SafeTensors;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands as a user or a script meets them. */
class CommandLineTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SAMPLES = 256;
    private static final String QUICK = "the stand-in driver is slow, and the command line asks for no other device";

    @TempDir
    static Path shared;
    private static Path data;

    @TempDir
    Path folder;

    @BeforeAll
    static void small() throws IOException {
        data = Cli.smallData(shared.resolve("data"), SAMPLES, 60);
    }

    private static String[] training(String command, Path output, String options) {
        return Cli.args(command + " --device " + DeviceMatrix.name() + " --threads 2 --data " + data + " --model mlp:16 --batch 32"
            + " --validation-batch 16 --validation-samples 48 " + options + " --output", output);
    }

    @Test
    void resultsThatCannotBeWrittenAreAFailure() {
        PrintStream full = new PrintStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        }, true, StandardCharsets.UTF_8);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        assertThat(Main.run(new String[] {"--version"}, full, new PrintStream(err, true, StandardCharsets.UTF_8))).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).singleElement().asString()
            .startsWith("adiw: the results could not be written to standard output");
    }

    private static Set<String> keys(JsonNode node) {
        Set<String> keys = new HashSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @ParameterizedTest
    @CsvSource({"info, --json", "weights, --until-converged", "train, --weights-trace", "compare, --methods"})
    void helpHasExamples(String command, String option) {
        Cli help = done(command, "--help");
        assertThat(help.out()).contains("Examples:").contains("adiw " + command).contains(option).contains("--device").contains("--seed")
            .contains("--threads").doesNotContain("null").doesNotContain("DEFAULT-VALUE");
        assertThat(help.err()).isEmpty();
    }

    @Test
    void helpOfAll() {
        assertThat(done("--help").out()).contains("info", "weights", "train", "compare", "Examples:");
        assertThat(done("--version").out()).startsWith("adiw ");
        assertThat(done("compare", "--help").out()).contains("Default: 60.").contains("Default: adam.");
    }

    @Test
    void info() throws IOException {
        JsonNode info = JSON.readTree(done("info", "--json", "--device", DeviceMatrix.name()).out());
        assertThat(keys(info)).contains("adiw", "java", "system", "threads", "devices", "chosen");
        assertThat(info.get("chosen").get("name").asText()).startsWith(DeviceMatrix.name());
        assertThat(info.get("devices").findValuesAsText("name")).contains("host", "simt");
        assertThat(done("info", "--device", DeviceMatrix.name()).out()).containsPattern("chosen +" + DeviceMatrix.name());
    }

    @Test
    void trainingWritesWhatItPromises() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("a").resolve("b");
        Cli run = done(training("train", output, "--noise symmetric:0.4 --method adiw-km --optimizer adam --lr 1e-3 --epochs 3 --json"));
        JsonNode summary = JSON.readTree(output.resolve("summary.json").toFile());
        assertThat(JSON.readTree(run.out())).isEqualTo(summary);
        assertThat(keys(summary)).contains("dataset", "trainSamples", "validationSamples", "testSamples", "noise", "actualNoiseRate",
            "model",
            "parameters", "method", "device", "seed", "epochs", "batch", "momentum", "nesterov", "testAccuracy", "finalTestAccuracy",
            "bestTestAccuracy", "meanWeightClean", "meanWeightNoisy", "secondsPerEpoch", "effectiveSampleSize", "stepMillis");
        assertThat(keys(summary.get("stepMillis"))).containsExactlyInAnyOrder("total", "weightEstimation", "estimationForward", "training");
        assertThat(keys(summary.get("graphNodes"))).containsExactlyInAnyOrder("uniform", "weighted");
        assertThat(summary.get("graphNodes").get("uniform").asInt()).as("of the warm-up").isPositive();
        assertThat(summary.get("graphNodes").get("weighted").asInt()).isPositive();
        assertThat(summary.get("trainSamples").asInt()).isEqualTo(SAMPLES);
        assertThat(summary.get("validationSamples").asInt()).isEqualTo(48);
        assertThat(summary.get("testSamples").asInt()).isEqualTo(60);
        assertThat(summary.get("parameters").asInt()).isEqualTo(784 * 16 + 16 + 160 + 10);
        assertThat(summary.get("noise").asText()).isEqualTo("symmetric:0.4");
        assertThat(summary.get("augment").asText()).isEqualTo("none");
        assertThat(summary.get("decay").asText()).isEqualTo("all");
        assertThat(summary.get("momentum").asDouble()).isZero();
        assertThat(summary.get("nesterov").isBoolean()).isTrue();
        assertThat(summary.get("nesterov").asBoolean()).isFalse();
        assertThat(summary.get("learningRateWarmupEpochs").asInt()).isZero();
        assertThat(summary.get("actualNoiseRate").asDouble()).isCloseTo(0.4, within(0.15));
        assertThat(summary.get("testAccuracy")).hasSize(3);
        double best = 0;
        for (JsonNode accuracy : summary.get("testAccuracy")) {
            assertThat(accuracy.asDouble()).isBetween(0.0, 1.0);
            best = Math.max(best, accuracy.asDouble());
        }
        assertThat(summary.get("bestTestAccuracy").asDouble()).isEqualTo(best);
        assertThat(summary.get("finalTestAccuracy").asDouble()).isEqualTo(summary.get("testAccuracy").get(2).asDouble());
        JsonNode millis = summary.get("stepMillis");
        assertThat(millis.get("total").asDouble()).isPositive();
        assertThat(millis.get("weightEstimation").asDouble()).isPositive();
        assertThat(millis.get("weightEstimation").asDouble() + millis.get("training").asDouble()).as("a bar is as high as it says")
            .isCloseTo(millis.get("total").asDouble(), within(1e-9));

        List<String> epochs = Files.readAllLines(output.resolve("epochs.csv"));
        assertThat(epochs).hasSize(4);
        assertThat(epochs.get(0)).startsWith("epoch,").contains("testAccuracy");
        assertThat(epochs.get(3).split(",")).hasSize(epochs.get(0).split(",").length);
        assertThat(Npy.read(output.resolve("weights.npy")).shape()).containsExactly(SAMPLES);
        assertThat(SafeTensors.read(output.resolve("model.safetensors")).tensors()).containsKeys("fc1.weight", "fc1.bias", "fc2.weight",
            "fc2.bias");
        pictures(output);
        assertThat(Cli.files(output)).containsExactlyInAnyOrder("summary.json", "epochs.csv", "weights.npy", "model.safetensors",
            "labels.npy", "mislabelled.npy", "accuracy.png", "step-time.png", "weights.png", "run.json", "checkpoint-16.safetensors",
            "checkpoint-24.safetensors");
    }

    /** Colour, ten classes, and all that belongs to training on such images. */
    @Test
    void trainsOnCifar() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path cifar = CifarFiles.writeTen(folder.resolve("cifar"), 200, 40);
        Path output = folder.resolve("run");
        String options = "train --device " + DeviceMatrix.name() + " --threads 2 --dataset cifar-10 --data " + cifar
            + " --model lenet --batch 32 --validation-batch 16 --validation-samples 48 --epochs 3 --noise features:brightness:0.5"
            + " --decay weights --augment crop-flip --lr 1e-3 --momentum 0.9 --nesterov"
            + " --lr-schedule milestones:1,2:0.1 --lr-warmup-epochs 1 --json --output";
        JsonNode summary = Cli.run(Cli.args(options, output)).json();
        assertThat(summary.get("dataset").asText()).isEqualTo("cifar-10");
        assertThat(summary.get("augment").asText()).isEqualTo("crop-flip");
        assertThat(summary.get("decay").asText()).isEqualTo("weights");
        assertThat(summary.get("momentum").asDouble()).isEqualTo(0.9);
        assertThat(summary.get("nesterov").asBoolean()).isTrue();
        assertThat(summary.get("learningRateSchedule").asText()).isEqualTo("milestones:1,2:0.1");
        assertThat(summary.get("learningRateWarmupEpochs").asInt()).isEqualTo(1);
        List<String> epochs = Files.readAllLines(output.resolve("epochs.csv"));
        double[] rates = {5e-4, 1e-4, 1e-5};
        for (int i = 0; i < 3; i++) {
            assertThat(Double.parseDouble(epochs.get(1 + i).split(",")[1])).isCloseTo(rates[i], within(1e-6 * rates[i]));
        }
        Cli other = Cli.run(Cli.args(options.replace("crop-flip", "none").replace("--json", "--resume"), output));
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("--augment was crop-flip and is none");
        other = Cli.run(Cli.args(options.replace("--noise features:brightness:0.5", "--shift none").replace("milestones:1,2:0.1", "none")
            .replace("--json", "--resume"), output));
        assertThat(other.err()).contains("--shift was features:brightness:0.5 and is none",
            "--lr-schedule was milestones:1,2:0.1 and is none");
    }

    private static void pictures(Path output) throws IOException {
        for (String name : new String[] {"accuracy.png", "step-time.png", "weights.png"}) {
            BufferedImage image = ImageIO.read(output.resolve(name).toFile());
            assertThat(image.getWidth()).as(name).isGreaterThanOrEqualTo(1400);
            Set<Integer> colours = new HashSet<>();
            for (int y = 0; y < image.getHeight(); y += 2) {
                for (int x = 0; x < image.getWidth(); x += 2) {
                    colours.add(image.getRGB(x, y));
                }
            }
            assertThat(colours).as(name + " is drawn in more than white, ink and grey").hasSizeGreaterThan(20);
        }
    }

    @Test
    void comparisonWritesTableAndPictures() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("compare");
        Cli run = done(training("compare", output, "--epochs 3 --train-samples 192 --methods uniform,diw,adiw-km"));
        assertThat(run.out()).contains("uniform", "diw", "adiw-km", "speed-up over diw");
        JsonNode json = JSON.readTree(output.resolve("compare.json").toFile());
        assertThat(json.get("methods").findValuesAsText("method")).containsExactly("uniform", "diw", "adiw-km");
        assertThat(json.get("methods").get(0).get("noise").asText()).isEqualTo("symmetric:0.4");
        assertThat(json.get("methods").get(0).get("trainSamples").asInt()).isEqualTo(192);
        double diw = json.get("methods").get(1).get("stepMillis").get("total").asDouble();
        double km = json.get("methods").get(2).get("stepMillis").get("total").asDouble();
        assertThat(json.get("methods").get(2).get("speedUpOverDiw").asDouble()).isCloseTo(diw / km, within(1e-9));
        JsonNode published = json.get("diwAsPublished").get("stepMillis");
        assertThat(published.get("training")).as("the rest of its step is diw's").isEqualTo(
            json.get("methods").get(1).get("stepMillis").get("training"));
        assertThat(published.get("total").asDouble()).isGreaterThan(published.get("weightEstimation").asDouble());
        assertThat(json.get("methods").get(2).get("speedUpOverDiwAsPublished").asDouble())
            .isCloseTo(published.get("total").asDouble() / km, within(1e-9));
        assertThat(json.get("diwAsPublished").get("speedUpOverDiw").asDouble())
            .isCloseTo(diw / published.get("total").asDouble(), within(1e-9));
        assertThat(run.out()).containsPattern("diw as published +- +- +- +- +\\d").contains("is timed, not trained");
        assertThat(output.resolve("compare.md")).content().containsPattern("\\| adiw-km +\\|").contains("accuracy.png")
            .contains("symmetric:0.4").containsPattern("\\| diw as published \\| +- \\| +- \\| +- \\| +- \\|")
            .contains("is timed, not trained");
        assertThat(output.resolve("compare.html")).content().contains("<th scope=\"row\">diw as published</th><td>-</td>")
            .contains("is timed, not trained");
        pictures(output);
        for (String method : new String[] {"uniform", "diw", "adiw-km"}) {
            assertThat(output.resolve(method).resolve("summary.json")).isNotEmptyFile();
        }
    }

    @Test
    void whatHasNoPartIsSaid() {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Cli run = done(training("compare", folder.resolve("clean"), "--epochs 1 --train-samples 48 --methods uniform,adiw-km,adiw-kl"));
        assertThat(run.err()).containsOnlyOnce("Warning: all 48 training samples are clean validation samples, so that the noise "
            + "symmetric:0.4 has no part: lower --validation-samples.");
        assertThat(folder.resolve("clean").resolve("compare.md")).content().contains("48 of them clean validation samples; there are no "
            + "others that could be mislabelled");
        for (String method : new String[] {"adiw-km", "adiw-kl"}) {
            assertThat(run.err()).containsOnlyOnce("Warning: " + method + ": every epoch is a warm-up epoch, so that no weights are used: "
                + "raise --epochs, or give --warmup-epochs 0.");
        }
        assertThat(run.err()).doesNotContain("Warning: uniform");
        Cli without = done(training("train", folder.resolve("weighted"),
            "--epochs 20 --warmup-epochs 0 --noise symmetric:0.4 --optimizer adam --lr 3e-3"));
        assertThat(without.err()).doesNotContain("Warning").contains("of all but the validation samples, which stay clean");
        assertThat(done(training("train", folder.resolve("steps"), "--steps 3")).err()).contains("raise --steps, or give");
    }

    @Test
    void exactComparisonWithAnotherFramework() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        int steps = 4;
        int[] order = new Random(5).ints(steps * 32L, 0, SAMPLES).toArray();
        int[] validation = new Random(6).ints(steps * 16L, 0, SAMPLES).toArray();
        Npy.write(folder.resolve("o.npy"), order, steps, 32);
        Npy.write(folder.resolve("p.npy"), validation, steps, 16);
        Npy.write(folder.resolve("l.npy"), new Random(7).ints(SAMPLES, 0, 10).asLongStream().toArray(), SAMPLES);
        String files = "--steps 4 --warmup-epochs 0 --lr 1e-3 --labels " + folder.resolve("l.npy") + " --train-order "
            + folder.resolve("o.npy")
            + " --validation-order " + folder.resolve("p.npy");
        Path first = folder.resolve("first");
        done(training("train", first, files));
        Path second = folder.resolve("second");
        Path trace = folder.resolve("t.csv");
        Path weights = folder.resolve("w.npy");
        done(training("train", second,
            files + " --init " + first.resolve("model.safetensors") + " --trace " + trace + " --weights-trace " + weights));
        List<String> rows = Files.readAllLines(trace);
        assertThat(rows.get(0)).isEqualTo("step,trainLoss,weightedLoss,weightSum,weightMin,weightMax");
        assertThat(rows).hasSize(steps + 1);
        Npy written = Npy.read(weights);
        assertThat(written.shape()).containsExactly(steps, 32);
        float[] w = written.toFloats();
        for (int s = 0; s < steps; s++) {
            double sum = 0;
            double min = Double.MAX_VALUE;
            double max = 0;
            for (int i = 0; i < 32; i++) {
                sum += w[s * 32 + i];
                min = Math.min(min, w[s * 32 + i]);
                max = Math.max(max, w[s * 32 + i]);
            }
            String[] cells = rows.get(s + 1).split(",");
            assertThat(Double.parseDouble(cells[3])).isCloseTo(sum, within(1e-3));
            assertThat(Double.parseDouble(cells[4])).isCloseTo(min, within(1e-6));
            assertThat(Double.parseDouble(cells[5])).isCloseTo(max, within(1e-6));
        }
        assertThat(JSON.readTree(second.resolve("summary.json").toFile()).get("testAccuracy")).hasSize(1);
    }

    @Test
    void lossThatBecomesNanKeepsWhatWasReached() {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path output = folder.resolve("nan");
        Cli run = Cli.run(training("train", output, "--method uniform --optimizer sgd --lr 1e30 --epochs 2"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.complaints()).hasSize(1);
        assertThat(run.complaints().get(0)).contains("step").contains("learning rate 1e30").contains("--lr 1e29");
        assertThat(Cli.files(output)).contains("summary.json", "model.safetensors", "weights.npy", "epochs.csv");
    }

    @Test
    void sameSeedSameModel() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        String options = "--noise pair:0.3 --epochs 2 --seed 9";
        done(training("train", folder.resolve("x"), options));
        done(training("train", folder.resolve("y"), options));
        assertThat(folder.resolve("x/model.safetensors")).hasSameBinaryContentAs(folder.resolve("y/model.safetensors"));
        done(training("train", folder.resolve("z"), "--noise pair:0.3 --epochs 2 --seed 10"));
        assertThat(Files.mismatch(folder.resolve("x/model.safetensors"), folder.resolve("z/model.safetensors"))).isNotNegative();
    }

    private Path[] twoSamples(int n, int m, int d) {
        Random random = new Random(3);
        float[] train = new float[n * d];
        double[] validation = new double[m * d];
        for (int i = 0; i < train.length; i++) {
            train[i] = (float) (1.5 * random.nextGaussian());
        }
        for (int i = 0; i < validation.length; i++) {
            validation[i] = 0.5 + 0.7 * random.nextGaussian();
        }
        Path[] files = {folder.resolve("t.npy"), folder.resolve("v.npy")};
        if (d == 1) {
            Npy.write(files[0], train, n);
            Npy.write(files[1], validation, m);
        } else {
            Npy.write(files[0], train, n, d);
            Npy.write(files[1], validation, m, d);
        }
        return files;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void weightsOfAnybodysData(int d) throws IOException {
        assumeFalse(DeviceMatrix.slow() && d > 1, QUICK);
        int n = DeviceMatrix.slow() ? 16 : 48;
        int m = n - 4;
        Path[] files = twoSamples(n, m, d);
        String common = " --device " + DeviceMatrix.name() + " --bandwidth median --train " + files[0] + " --validation " + files[1]
            + " --json --output ";
        JsonNode five = JSON.readTree(done(Cli.args("weights --method km --steps 5" + common, folder.resolve("five.npy"))).out());
        valid(five, n, m, d);
        assertThat(five.get("steps").asInt()).isEqualTo(5);
        assertThat(five.get("converged").asBoolean()).isFalse();
        assumeFalse(DeviceMatrix.slow(), QUICK);
        JsonNode km = JSON.readTree(done(Cli.args("weights --method km --until-converged" + common, folder.resolve("km.npy"))).out());
        JsonNode exact = JSON
            .readTree(done(Cli.args("weights --method kmm-exact --until-converged" + common, folder.resolve("exact.npy"))).out());
        valid(km, n, m, d);
        valid(exact, n, m, d);
        assertThat(km.get("converged").asBoolean()).isTrue();
        assertThat(exact.get("converged").asBoolean()).isTrue();
        assertThat(km.get("kktResidual").asDouble()).isLessThanOrEqualTo(1e-5);
        double best = exact.get("objective").asDouble();
        assertThat(km.get("objective").asDouble()).isCloseTo(best, within(1e-4 * Math.abs(best)));
        assertThat(five.get("objective").asDouble()).isGreaterThanOrEqualTo(best - 1e-6 * Math.abs(best));
        Npy weights = Npy.read(folder.resolve("km.npy"));
        assertThat(weights.shape()).containsExactly(n);
        assertThat(weights.type()).isEqualTo(Npy.Type.FLOAT32);
        double sum = 0;
        for (float w : weights.toFloats()) {
            sum += w;
        }
        assertThat(sum).isCloseTo(km.get("sum").asDouble(), within(1e-3));
    }

    private static void valid(JsonNode json, int n, int m, int d) {
        assertThat(keys(json)).containsExactlyInAnyOrder("method", "device", "n", "m", "dimension", "gamma", "steps", "objective", "sum",
            "minimum", "maximum", "effectiveSampleSize", "fractionAtBound", "converged", "kktResidual", "seconds", "secondsTotal",
            "selected",
            "normalized", "sumBeforeNormalizing", "columns", "paretoK", "balance", "warnings");
        assertThat(json.get("n").asInt()).isEqualTo(n);
        assertThat(json.get("m").asInt()).isEqualTo(m);
        assertThat(json.get("dimension").asInt()).isEqualTo(d);
        double eps = (Math.sqrt(n) - 1) / Math.sqrt(n);
        assertThat(Math.abs(json.get("sum").asDouble() / n - 1)).isLessThanOrEqualTo(eps + 1e-6);
        assertThat(json.get("minimum").asDouble()).isGreaterThanOrEqualTo(0);
    }

    @Test
    void weightsGoOnFromInitialOnes() throws IOException {
        assumeFalse(DeviceMatrix.slow(), QUICK);
        Path[] files = twoSamples(32, 32, 1);
        String common = "weights --method km --steps 5 --device " + DeviceMatrix.name() + " --bandwidth gamma:0.7 --train " + files[0]
            + " --validation " + files[1]
            + " --json --output ";
        double before = JSON.readTree(done(Cli.args(common, folder.resolve("a.npy"))).out()).get("objective").asDouble();
        double after = JSON.readTree(done(Cli.args(common, folder.resolve("b.npy"), "--initial", folder.resolve("a.npy"))).out())
            .get("objective").asDouble();
        assertThat(after).isLessThan(before);
        Cli people = done(
            Cli.args("weights --method km --device " + DeviceMatrix.name() + " --train " + files[0] + " --validation " + files[1]
                + " --output", folder.resolve("c.npy")));
        assertThat(people.out()).contains("Effective sample").doesNotContain("{");
    }
}
