package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.device.Device;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.ImportanceWeights;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The example in the Javadoc of {@link ImportanceWeights}: it works, and stands there as it stands here. */
class OwnTrainingLoopTest {
    // Javadoc begins
    /** Two numbers a sample, around (centre, 0), of standard deviation 1. */
    static float[] inputs(int count, double centre, Random random) {
        float[] x = new float[2 * count];
        for (int i = 0; i < 2 * count; i++) {
            x[i] = (float) (random.nextGaussian() + (i % 2 == 0 ? centre : 0));
        }
        return x;
    }

    /** The truth is a parabola, which no straight line is. */
    static int label(float[] x, int i) {
        return x[2 * i + 1] > 0.5f * x[2 * i] * x[2 * i] - 1 ? 1 : 0;
    }

    /** Logistic regression by stochastic gradient steps on samples x; validation: inputs from where it is used, or null. */
    static double[] fit(Device device, float[] x, float[] validation, Random random) {
        int samples = x.length / 2, batch = 100;
        double[] line = new double[3];
        int[] order = IntStream.range(0, samples).toArray();
        try (ImportanceWeights weights = ImportanceWeights.builder(device, samples).batch(batch).validationBatch(100).validationSamples(100)
            .dimension(2).method("km").settings(EstimationSettings.builder().bandwidth("median").build()).build()) {
            for (int epoch = 0; epoch < 12; epoch++) {
                for (int i = samples - 1; i > 0; i--) {
                    int j = random.nextInt(i + 1), swapped = order[i];
                    order[i] = order[j];
                    order[j] = swapped;
                }
                for (int start = 0; start < samples; start += batch) {
                    int[] chosen = Arrays.copyOfRange(order, start, Math.min(start + batch, samples));
                    float[] z = new float[2 * chosen.length];
                    for (int i = 0; i < z.length; i++) {
                        z[i] = x[2 * chosen[i / 2] + i % 2];
                    }
                    float[] w = new float[chosen.length];
                    Arrays.fill(w, 1);
                    if (validation != null) {
                        w = weights.update(chosen, z, validation);
                    }
                    double[] gradient = new double[3];
                    for (int i = 0; i < w.length; i++) {
                        double p = 1 / (1 + Math.exp(-line[0] - line[1] * z[2 * i] - line[2] * z[2 * i + 1]));
                        double slope = w[i] * (p - label(x, chosen[i])) / w.length;
                        gradient[0] += slope;
                        gradient[1] += slope * z[2 * i];
                        gradient[2] += slope * z[2 * i + 1];
                    }
                    for (int k = 0; k < 3; k++) {
                        line[k] -= 0.5 * gradient[k];
                    }
                }
            }
        }
        return line;
    }

    /** Share of mistakes on inputs. */
    static double error(double[] line, float[] x) {
        int wrong = 0;
        for (int i = 0; i < x.length / 2; i++) {
            wrong += (line[0] + line[1] * x[2 * i] + line[2] * x[2 * i + 1] > 0 ? 1 : 0) == label(x, i) ? 0 : 1;
        }
        return wrong / (x.length / 2.0);
    }

    /** Test errors without and with weights: training inputs lie around 0, those of use around 1.5. */
    static double[] compare(Device device, long seed) {
        Random random = new Random(seed);
        float[] train = inputs(1_050, 0, random), validation = inputs(100, 1.5, random), test = inputs(10_000, 1.5, random);
        return new double[] {error(fit(device, train, null, random), test), error(fit(device, train, validation, random), test)};
    }
    // Javadoc ends

    @Test
    void weightsLowerTheTestError() {
        try (Device device = DeviceMatrix.open()) {
            for (long seed = 1; seed <= (DeviceMatrix.slow() ? 1 : 5); seed++) {
                double[] errors = compare(device, seed);
                assertThat(errors[1]).as("seed %d, %.4f without weights", seed, errors[0]).isLessThan(errors[0] - 0.1);
            }
        }
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void theExampleStandsInTheJavadoc() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("src/test/java/io/github/adiw/OwnTrainingLoopTest.java"));
        List<String> example = lines.subList(lines.indexOf("    // Javadoc begins") + 1, lines.indexOf("    // Javadoc ends")).stream()
            .map(line -> (" * " + (line.isEmpty() ? "" : line.substring(4)).replace("/**", "//").replace(" */", "")).stripTrailing())
            .toList();
        assertThat(Files.readString(Path.of("src/main/java/io/github/adiw/weight/ImportanceWeights.java")))
            .contains(" * <pre>{@code\n" + String.join("\n", example) + "\n * }</pre>");
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void weightsAndDevicesNeedNothingElseOfTheLibrary() throws IOException, URISyntaxException {
        Path root = Path.of(ImportanceWeights.class.getProtectionDomain().getCodeSource().getLocation().toURI()).resolve("io/github/adiw");
        for (String part : List.of("weight", "device")) {
            try (Stream<Path> files = Files.list(root.resolve(part))) {
                List<Path> classes = files.filter(f -> f.toString().endsWith(".class")).toList();
                assertThat(classes).hasSizeGreaterThan(10);
                for (Path file : classes) {
                    String names = Files.readString(file, StandardCharsets.ISO_8859_1);
                    assertThat(List.of("nn", "train", "data", "cli")).as(file.toString())
                        .noneMatch(other -> names.contains("io/github/adiw/" + other + "/"));
                }
            }
        }
    }
}
