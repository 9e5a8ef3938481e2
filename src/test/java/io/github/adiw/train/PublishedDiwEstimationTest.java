package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.weight.EstimatedWeights;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The published estimation against cvxopt with its default options ({@code fixtures/published/published.py}). */
class PublishedDiwEstimationTest {
    private final SafeTensors tensors = SafeTensors.read(Fixtures.path("published/published.safetensors"));

    static List<JsonNode> cases() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        new ObjectMapper().readTree(Fixtures.path("published/published.json").toFile()).forEach(cases::add);
        return cases;
    }

    private double[] tensor(JsonNode c, String name) {
        float[] values = tensors.tensors().get(c.get("batch").asText() + "/" + name).values();
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private static double objective(double[] w, double[] z, double[] validation, double gamma) {
        double objective = 0;
        for (int i = 0; i < w.length; i++) {
            for (int j = 0; j < w.length; j++) {
                objective += 0.5 * w[i] * w[j] * (Math.exp(-gamma * Math.pow(z[i] - z[j], 2)) + (i == j ? 1e-5 : 0));
            }
            for (double v : validation) {
                objective -= w[i] * w.length / validation.length * Math.exp(-gamma * Math.pow(z[i] - v, 2));
            }
        }
        return objective;
    }

    /** The mean weight of the samples whose loss is above the median. */
    private static double meanOfLargerLosses(double[] w, double[] z) {
        double[] sorted = z.clone();
        Arrays.sort(sorted);
        double median = sorted[z.length / 2];
        return IntStream.range(0, z.length).filter(i -> z[i] >= median).mapToDouble(i -> w[i]).average().orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void stopsWhereCvxoptStops(JsonNode c) {
        double[] z = tensor(c, "z");
        double[] validation = tensor(c, "validation");
        double[] expected = tensor(c, "w");
        double gamma = c.get("gamma").asDouble();
        assertThat(PublishedDiwEstimation.width(z)).isCloseTo(gamma, within(1e-12 * gamma));
        QuadraticProgram.Solution solution = PublishedDiwEstimation.solve(z, validation);
        double[] w = solution.x();
        double objective = c.get("objective").asDouble();
        assertThat(objective(w, z, validation, gamma)).isCloseTo(objective, within(1e-6 * Math.abs(objective)));
        assertThat(solution.iterations()).isBetween(c.get("iterations").asInt() - 1, c.get("iterations").asInt() + 1);
        assertThat(meanOfLargerLosses(w, z)).isCloseTo(meanOfLargerLosses(expected, z), within(0.05));
        if (solution.iterations() == c.get("iterations").asInt()) {
            assertThat(w).containsExactly(expected, within(1e-3));
        }
    }

    /** The method diw, which takes the same iterates on the device, on K as a product of few rows. */
    @ParameterizedTest
    @MethodSource("cases")
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*", disabledReason = "minutes on the stand-in driver")
    void theMethodDiwStopsWhereCvxoptStops(JsonNode c) {
        double[] z = tensor(c, "z");
        double[] validation = tensor(c, "validation");
        double[] expected = tensor(c, "w");
        try (Device device = DeviceMatrix.open()) {
            EstimatedWeights found = EstimatedWeights.builder(device).method("diw").estimate(
                tensors.tensors().get(c.get("batch").asText() + "/z").values(),
                tensors.tensors().get(c.get("batch").asText() + "/validation").values(), 1);
            double[] w = IntStream.range(0, z.length).mapToDouble(i -> found.weights()[i]).toArray();
            double objective = c.get("objective").asDouble();
            assertThat(objective(w, z, validation, c.get("gamma").asDouble())).isCloseTo(objective, within(1e-6 * Math.abs(objective)));
            assertThat(found.steps()).isEqualTo(c.get("iterations").asInt());
            assertThat(w).containsExactly(expected, within(1e-3));
            assertThat(found.converged()).as("it stops before").isFalse();
        }
    }

    @Test
    void lossesOnTheDeviceBecomeWeightsThere() throws IOException {
        JsonNode c = cases().get(0);
        float[] z = tensors.tensors().get("0/z").values();
        float[] validation = tensors.tensors().get("0/validation").values();
        float[] both = Arrays.copyOf(z, z.length + validation.length);
        System.arraycopy(validation, 0, both, z.length, validation.length);
        double[] expected = tensor(c, "w");
        try (Device device = DeviceMatrix.open(); Buffer losses = device.floats(both);
             Buffer weights = device.allocate(ElementType.FLOAT32, z.length)) {
            PublishedDiwEstimation.estimate(losses, z.length, weights);
            float[] w = weights.toFloats();
            for (int i = 0; i < w.length; i++) {
                assertThat((double) w[i]).isCloseTo(expected[i], within(1e-3));
            }
        }
    }

    /** min x^2 + y^2 - 8x - 6y, x + y <= 3, x, y >= 0, 2x <= 3: at (1.5, 1.5), where the first and the last hold with equality. */
    @Test
    void solvesASmallProgramByHand() {
        QuadraticProgram.Solution solution = QuadraticProgram.solve(new double[][] {{2, 0}, {0, 2}}, new double[] {-8, -6},
            new double[][] {{1, 1}, {-1, 0}, {0, -1}, {2, 0}}, new double[] {3, 0, 0, 3});
        assertThat(solution.x()).containsExactly(new double[] {1.5, 1.5}, within(1e-5));
        assertThat(solution.iterations()).isBetween(3, 30);
    }

    @Test
    void batchesWithoutASpreadHaveWeightsToo() {
        double[] same = {0.5, 0.5, 0.5, 0.5};
        assertThat(PublishedDiwEstimation.width(same)).isZero();
        assertThat(PublishedDiwEstimation.solve(same, same).x()).containsExactly(new double[] {1, 1, 1, 1}, within(1e-3));
        assertThat(PublishedDiwEstimation.solve(new double[] {0.5}, same).x()).containsExactly(new double[] {1}, within(1e-3));
        assertThat(PublishedDiwEstimation.solve(new double[] {0.5, Double.NaN}, same).iterations()).as("it ends").isLessThan(101);
    }
}
