package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code adiw weights} where everything is chosen by the data: what it reports, and data that are hardly any. */
class WeightsOfDataTest {
    private static final int N = 80;
    private static final int M = 60;
    /** All that give weights in a moment. */
    private static final List<String> METHODS = List.of("auto", "kl", "ls", "classifier", "km", "kmm-exact", "diw", "kl-direct",
        "ls-direct", "w1");
    @TempDir
    Path folder;

    @BeforeEach
    void samples() {
        Random random = new Random(4);
        write("T.npy", N, random, 0, 1);
        write("V.npy", M, random, 0.5, 0.8);
    }

    private void write(String name, int rows, Random random, double mean, double deviation) {
        float[] values = new float[2 * rows];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (i % 2 == 0 ? mean + deviation * random.nextGaussian() : 1000 * random.nextGaussian());
        }
        Npy.write(folder.resolve(name), values, rows, 2);
    }

    private Cli run(String options) {
        return Cli.run(Cli.args(("weights --device " + DeviceMatrix.name() + " --json --output @W.npy " + options)
            .replace("@", folder + "/")));
    }

    private float[] weights(int n) {
        return Npy.read(folder.resolve("W.npy")).requireShape(n).toFloats();
    }

    private static double mean(float[] w) {
        double sum = 0;
        for (float x : w) {
            assertThat(x).isFinite().isNotNegative();
            sum += x;
        }
        return sum / w.length;
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "kl", "ls", "classifier", "km", "kmm-exact", "kl-direct", "ls-direct"})
    void everyMethodBalancesTheColumnThatWasShifted(String method) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        JsonNode report = run("--train @T.npy --validation @V.npy" + (method.equals("auto") ? "" : " --method " + method)).json();
        assertThat(mean(weights(N))).isCloseTo(1, within(1e-5));
        assertThat(report.get("normalized").asBoolean()).isTrue();
        assertThat(report.get("method").asText()).isEqualTo(report.get("selected").get("method").asText()).isNotEqualTo("auto");
        for (JsonNode column : report.get("balance")) {
            if (column.get("column").asText().equals("column 0")) {
                assertThat(Math.abs(column.get("after").asDouble())).isLessThan(0.6 * Math.abs(column.get("before").asDouble()));
            }
        }
        boolean collapses = method.equals("kl-direct");
        assertThat(report.get("converged").asBoolean() || collapses).isTrue();
        double score = report.get("selected").get("scores").path(method).asDouble(1);
        assertThat(report.get("warnings").size() > 0).as(report.get("warnings").toString())
            .isEqualTo(collapses || score <= 0 || method.equals("kmm-exact"));
    }

    @Test
    void theReportHasWhatItPromises() {
        JsonNode report = run("--train @T.npy --validation @V.npy --method auto").json();
        assertThat(report.fieldNames()).toIterable().containsExactlyInAnyOrder("method", "device", "n", "m", "dimension", "gamma", "steps",
            "objective", "sum", "minimum", "maximum", "effectiveSampleSize", "fractionAtBound", "converged", "kktResidual", "seconds",
            "selected", "normalized", "sumBeforeNormalizing", "paretoK", "balance", "warnings", "columns", "secondsTotal");
        assertThat(report.get("selected").fieldNames()).toIterable().contains("method", "gamma", "lambda", "scores");
        JsonNode scores = report.get("selected").get("scores");
        assertThat(scores.fieldNames()).toIterable().containsExactly("kl", "ls", "classifier");
        String chosen = report.get("method").asText();
        scores.forEach(score -> assertThat(score.asDouble()).isLessThanOrEqualTo(scores.get(chosen).asDouble()));
        assertThat(report.get("balance")).hasSize(2);
        report.get("balance").forEach(column -> assertThat(column.fieldNames()).toIterable()
            .containsExactly("column", "train", "weighted", "validation", "before", "after"));
        assertThat(report.get("columns")).extracting(JsonNode::asText).containsExactly("column 0", "column 1");
        assertThat(report.get("secondsTotal").asDouble()).isGreaterThanOrEqualTo(report.get("seconds").asDouble());
        assertThat(report.get("sum").asDouble()).isCloseTo(N, within(1e-3));
        JsonNode kl = run("--train @T.npy --validation @V.npy --method kl").json();
        assertThat(kl.get("selected").get("gamma").asDouble()).isPositive().isEqualTo(kl.get("gamma").asDouble());
        assertThat(kl.get("selected").get("lambda").isNull()).isTrue();
        assertThat(run("--train @T.npy --validation @V.npy --method ls").json().get("selected").get("lambda").asDouble()).isPositive();
    }

    @Test
    void theSameSeedGivesTheSameWeights() {
        List<float[]> found = new ArrayList<>();
        for (int seed : new int[] {1, 1, 2}) {
            assertThat(run("--train @T.npy --validation @V.npy --method kl --centers 10 --seed " + seed).code()).isZero();
            found.add(weights(N));
        }
        assertThat(found.get(0)).containsExactly(found.get(1)).isNotEqualTo(found.get(2));
    }

    /** A result that is one, or a sentence. */
    private void sentenceOrResult(String options, int n) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        for (String method : METHODS) {
            Cli run = run(options + " --method " + method + (method.equals("w1") ? " --projections 2" : ""));
            String said = method + ": " + run.out() + run.err();
            assertThat(run.code()).as(said).isBetween(0, 1);
            assertThat(run.out() + run.err()).doesNotContain("Exception", "\tat ", "NaN", "Infinity");
            if (run.code() == 0) {
                assertThat(mean(weights(n))).as(said).isCloseTo(1, within(1e-4));
                run.json();
            } else {
                assertThat(run.complaints()).as(said).hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 60", "80, 1", "1, 1", "2, 2", "2, 60", "80, 2"})
    void fewRows(int n, int m) {
        Random random = new Random(5);
        write("few.npy", n, random, 0, 1);
        write("world.npy", m, random, 0.3, 1);
        sentenceOrResult("--train @few.npy --validation @world.npy", n);
    }

    @Test
    void equalFilesAndEqualRows() {
        sentenceOrResult("--train @T.npy --validation @T.npy", N);
        Npy.write(folder.resolve("equal.npy"), new float[] {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, 6, 2);
        Npy.write(folder.resolve("other.npy"), new float[] {3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2}, 6, 2);
        sentenceOrResult("--train @equal.npy --validation @equal.npy", 6);
        sentenceOrResult("--train @equal.npy --validation @other.npy", 6);
        sentenceOrResult("--train @equal.npy --validation @V.npy", 6);
        sentenceOrResult("--train @T.npy --validation @equal.npy", N);
    }

    @Test
    void samplesThatDoNotOverlapAreWarnedOf() {
        write("far.npy", M, new Random(6), 400, 1);
        JsonNode report = run("--train @T.npy --validation @far.npy").json();
        assertThat(report.get("warnings")).extracting(JsonNode::asText).anyMatch(w -> w.contains("do not overlap"));
        assertThat(mean(weights(N))).isCloseTo(1, within(1e-4));
        sentenceOrResult("--train @T.npy --validation @far.npy --bandwidth gamma:1", N);
    }

    @Test
    void whatIsLeftOutIsSaid() {
        float[] rows = Npy.read(folder.resolve("T.npy")).toFloats();
        for (int i = 1; i < rows.length; i += 2) {
            rows[i] = 5;
        }
        Npy.write(folder.resolve("c.npy"), rows, N, 2);
        float[] world = Npy.read(folder.resolve("V.npy")).toFloats();
        for (int i = 1; i < world.length; i += 2) {
            world[i] = 5;
        }
        Npy.write(folder.resolve("d.npy"), world, M, 2);
        Cli run = run("--train @c.npy --validation @d.npy --method kl --eta 0.5 --lambda 2");
        run.json();
        assertThat(run.err()).contains("Left out, since all their values are equal: column 1.", "--eta has no part in kl.",
            "--lambda has no part in kl.");
    }
}
