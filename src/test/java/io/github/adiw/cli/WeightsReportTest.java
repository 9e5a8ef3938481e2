package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.data.Rows;
import io.github.adiw.ratio.Diagnostics;
import io.github.adiw.ratio.GivenDiagnostics;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WeightsReportTest {
    /** Four rows of a column that is balanced, and one that no weights can balance. */
    private static Diagnostics two() {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("kl", 0.4123);
        scores.put("ls", Double.NaN);
        return GivenDiagnostics.of(new float[] {0.5f, 0.5f, 1.5f, 1.5f}, List.of("length", "place"),
            Rows.of(new double[] {0, 7, 0, 7, 1, 7, 1, 7}, 2), Rows.of(new double[] {0, 8, 1, 8, 1, 8, 1, 8}, 2), scores, 3.96);
    }

    @Test
    void forAPerson() {
        String text = WeightsReport.text(two(), 0.125, Double.NaN, null, new LinkedHashMap<>(Map.of("fit", 0.314)));
        assertThat(text).isEqualTo("""
            Method            kl
            Held-out scores   kl 0.412, ls failed (higher is better; equal weights have 0)
            Bandwidth         gamma 0.1250
            Rows              4 training, 4 validation
            Effective sample  3 of 4 (80 %)
            Pareto k          none: fewer than five of the largest weights differ
            Weights           0.5000 to 1.500; sum before normalising 3.960
            Seconds           fit 0.31

            Means by column, and their standardised difference from validation before and after weighting
            column  training  weighted  validation  before   after
            ------------------------------------------------------
            place      7.000     7.000       8.000    -inf    -inf
            length    0.5000    0.7500      0.7500  -0.535  +0.000
            """);
    }

    @Test
    void manyColumnsOfLongNamesFitATerminal() {
        int d = 40;
        double[] train = new double[50 * d];
        float[] weights = new float[50];
        for (int i = 0; i < train.length; i++) {
            train[i] = Math.sin(i) * Math.pow(10, i % d / 2.0 - 10);
            weights[i % 50] = 1 + i % 50;
        }
        List<String> names = IntStream.range(0, d).mapToObj(c -> "a column of a long name, measured at station " + c).toList();
        String text = WeightsReport.text(GivenDiagnostics.of(weights, names, Rows.of(train, d), Rows.of(train, d), Map.of(), 50),
            Double.NaN, 0.1, null, Map.of());
        assertThat(text.lines()).allMatch(line -> line.length() <= 100);
        assertThat(text).contains("the worst 10 of 40 columns", "a column of a lo\u2026", "Regularisation").doesNotContain("Bandwidth",
            "Seconds", "Held-out");
        assertThat(text.lines().filter(line -> line.startsWith("a column"))).hasSize(10);
    }

    @Test
    void aTailOfNearlyEqualWeightsIsNoMatter() {
        float[] weights = new float[1000];
        double[] rows = new double[1000];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = i % 100 == 0 ? 3 : 1 + 1e-4f * i / 1000;
            rows[i] = i % 50;
        }
        Diagnostics d = GivenDiagnostics.of(weights, List.of("x"), Rows.of(rows, 1), Rows.of(rows, 1), Map.of(), 1000);
        assertThat(WeightsReport.text(d, Double.NaN, Double.NaN, null, Map.of())).contains("(no matter: the weights are nearly equal)")
            .doesNotContain("not to be trusted");
    }

    @Test
    void asJson() throws IOException {
        ObjectNode node = RunReport.object();
        WeightsReport.put(node, two());
        JsonNode read = new ObjectMapper().readTree(RunReport.text(node));
        assertThat(read.get("paretoK").isNull()).isTrue();
        JsonNode place = read.get("balance").get(0);
        assertThat(place.get("column").asText()).isEqualTo("place");
        assertThat(place.get("validation").asDouble()).isEqualTo(8);
        assertThat(place.get("before").isNull()).isTrue();
        JsonNode length = read.get("balance").get(1);
        assertThat(length.get("train").asDouble()).isEqualTo(0.5);
        assertThat(length.get("weighted").asDouble()).isEqualTo(0.75);
        assertThat(length.get("before").asDouble()).isEqualTo(-0.25 / Math.sqrt((0.25 + 0.1875) / 2));
        assertThat(length.get("after").asDouble()).isZero();
    }
}
