package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.UsageException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kernel mean matching against cvxopt's interior point ({@code fixtures/kmm/kmm.py}), and its edge cases. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KernelMeanMatchingTest {
    private Device device;
    private SafeTensors tensors;

    private static Path fixture(String name) {
        return Fixtures.path("kmm/" + name);
    }

    /** All cases; on the stand-in driver, the first two. */
    static List<JsonNode> cases() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        new ObjectMapper().readTree(fixture("kmm.json").toFile()).forEach(cases::add);
        return DeviceMatrix.slow() ? cases.subList(0, 2) : cases;
    }

    @BeforeAll
    void open() {
        device = DeviceMatrix.open();
        tensors = SafeTensors.read(fixture("kmm.safetensors"));
    }

    @AfterAll
    void close() {
        device.close();
    }

    private EstimatedWeights.Builder builder(JsonNode c, String method, int steps) {
        return EstimatedWeights.builder(device).method(method)
            .settings(EstimationSettings.builder().bandwidth(c.get("bandwidth").asText()).steps(steps)
                .upperBound((float) c.get("upperBound").asDouble()).build());
    }

    private EstimatedWeights estimate(JsonNode c, EstimatedWeights.Builder builder) {
        SafeTensors.Tensor z = tensors.tensors().get(c.get("batch").asText() + "/z");
        SafeTensors.Tensor validation = tensors.tensors().get(c.get("batch").asText() + "/validation");
        return builder.estimate(z.values(), validation.values(), z.shape().length == 1 ? 1 : z.shape()[1]);
    }

    private EstimatedWeights.Builder given(String method, double gamma, int steps) {
        return EstimatedWeights.builder(device).method(method)
            .settings(EstimationSettings.builder().bandwidth(new Bandwidth(Bandwidth.Kind.GIVEN, gamma)).steps(steps).build());
    }

    private WeightEstimator estimator(String method, BatchShape shape, EstimationSettings settings) {
        return WeightEstimator.create(device, Divergences.get(method), shape, settings);
    }

    /** Thousands of iterations: on the stand-in driver {@link #solvesASmallProgram} stands for them. */
    @ParameterizedTest
    @MethodSource("cases")
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void solvesDiwsProgramAsWellAsAnInteriorPoint(JsonNode c) {
        EstimatedWeights result = estimate(c, builder(c, "kmm-exact", 5));
        double objective = c.get("objective").asDouble();
        double upper = c.get("upperBound").asDouble();
        assertThat(result.gamma()).isCloseTo(c.get("gamma").asDouble(), within(1e-6 * c.get("gamma").asDouble()));
        assertThat(result.objective()).isLessThanOrEqualTo(objective + 1e-6 * Math.abs(objective));
        assertThat(Math.abs(result.sum() / result.n() - 1)).isLessThanOrEqualTo(c.get("eps").asDouble() + 1e-6);
        assertThat(result.minimum()).isGreaterThanOrEqualTo(-1e-6);
        assertThat(result.maximum()).isLessThanOrEqualTo(upper * (1 + 1e-6));
        assertThat(result.converged()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aFewStepsGoWhereGradientDescentGoes(JsonNode c) {
        EstimatedWeights result = estimate(c, builder(c, "km", 5));
        double expected = c.get("afterFive").asDouble();
        assertThat(result.objective()).isCloseTo(expected, within(1e-5 * Math.abs(expected)));
        assertThat(result.objective()).isLessThan(c.get("start").asDouble());
        assertThat(result.steps()).isEqualTo(5);
    }

    @Test
    void solvesASmallProgram() {
        float[] z = {0, 0.1f, 0.2f, 1, 1.1f, 3, 3.1f, 5};
        float[] validation = {0.05f, 0.1f, 1.05f, 0.9f};
        EstimatedWeights exact = given("kmm-exact", 3, 5).estimate(z, validation, 1);
        assertThat(exact.converged()).isTrue();
        EstimatedWeights steps = given("km", 3, 300).estimate(z, validation, 1);
        assertThat(steps.objective()).isCloseTo(exact.objective(), within(1e-4 * Math.abs(exact.objective())));
        assertThat(exact.weights()[7]).as("far from all validation data").isBetween(0f, 1e-6f);
    }

    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void runsUntilConverged() throws IOException {
        JsonNode c = cases().get(0);
        EstimatedWeights result = estimate(c, builder(c, "km", 1).untilConverged(true));
        double objective = c.get("objective").asDouble();
        assertThat(result.objective()).isCloseTo(objective, within(1e-4 * Math.abs(objective)));
        assertThat(result.converged()).isTrue();
    }

    @Test
    void warmStartedCallsDescend() throws IOException {
        JsonNode c = cases().get(0);
        float[] weights = null;
        double last = c.get("start").asDouble();
        for (int call = 0; call < 8; call++) {
            EstimatedWeights result = estimate(c, builder(c, "km", 5).initial(weights));
            assertThat(result.objective()).isLessThanOrEqualTo(last + 1e-6 * Math.abs(last));
            last = result.objective();
            weights = result.weights();
        }
    }

    @Test
    void remembersTheWeightsOfSamples() {
        float[] z = {0.1f, 0.2f, 3, 0.15f};
        float[] validation = {0.1f, 0.12f, 0.2f};
        try (WeightEstimator matching = estimator("km", new BatchShape(10, 3, 4, 3, 1),
            EstimationSettings.builder().bandwidth("gamma:2").build());
             Buffer indices = device.ints(7, 2, 4, 2); Buffer validationIndices = device.ints(0, 1, 2); Buffer zBuffer = device.floats(z);
             Buffer v = device.floats(validation)) {
            matching.estimate(indices, validationIndices, zBuffer, v);
            float[] weights = matching.weights().toFloats();
            float[] memory = matching.memory().toFloats();
            assertThat(memory[7]).isEqualTo(weights[0]);
            assertThat(memory[4]).isEqualTo(weights[2]);
            assertThat(memory[2]).as("a sample that stands twice keeps its last row's weight").isEqualTo(weights[3]);
            assertThat(memory[0]).isEqualTo(1);
            assertThat(weights[2]).as("the outlier weighs least").isLessThan(weights[0]).isLessThan(1);
        }
    }

    /** 2,100 points far from one another: a Gram matrix of full rank, which the interior point has no room for. */
    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void aGramMatrixOfHighRankIsSolvedByStepsOrRefused() {
        int n = 2100;
        float[] z = new float[n];
        for (int i = 0; i < n; i++) {
            z[i] = 10 * i;
        }
        EstimatedWeights km = given("km", 1, 5).untilConverged(true).estimate(z, z, 1);
        assertThat(km.converged()).isTrue();
        assertThat(km.minimum()).isCloseTo(1 / (1 + 1e-5), within(1e-4));       // K = (1 + 1e-5) I, kappa = 1
        assertThatThrownBy(() -> given("kmm-exact", 1, 5).estimate(z, z, 1)).hasMessageContaining("the method km");
        int[] rows = IntStream.range(0, n).toArray();
        try (ImportanceWeights weights = ImportanceWeights.builder(device, n).batch(n).validationBatch(n).method("kmm-exact")
            .settings(EstimationSettings.builder().bandwidth("gamma:1").build()).build()) {
            assertThatThrownBy(() -> weights.update(rows, z, z)).hasMessageContaining("the method km");
        }
    }

    /** Points far from one another, each with a validation point: K = (1 + 1e-5) I and kappa = 1, so that w = 1 / (1 + 1e-5 + R n). */
    @Test
    void aRidgeTakesWeightFromSmallGroups() {
        float[] z = {0, 10, 20, 30, 40, 50, 60, 70, 80};
        EstimationSettings settings = EstimationSettings.builder().bandwidth("gamma:1").steps(50).ridge(1 / 9f).build();
        for (boolean converge : new boolean[] {false, true}) {
            EstimatedWeights found = EstimatedWeights.builder(device).method("km").settings(settings).untilConverged(converge).estimate(z,
                z, 1);
            assertThat(found.converged()).isTrue();
            for (float w : found.weights()) {
                assertThat(w).isCloseTo(1 / (2 + 1e-5f), within(1e-5f));
            }
        }
        assertThatThrownBy(() -> EstimationSettings.builder().ridge(-1f).build()).isInstanceOf(UsageException.class)
            .hasMessageContaining("ridge");
    }

    @Test
    void degenerateBatchesLeaveTheStateAsItIs() {
        float[][] batches = {{2, 2, 2}, {1, Float.NaN, 3}, {1, 2, Float.POSITIVE_INFINITY}};
        for (float[] z : batches) {
            try (WeightEstimator matching = estimator("km", new BatchShape(3, 2, 3, 2, 1), EstimationSettings.defaults());
                 WeightEstimator converged = estimator("kmm-exact", new BatchShape(3, 2, 3, 2, 1), EstimationSettings.defaults());
                 Buffer indices = device.ints(0, 1, 2); Buffer validationIndices = device.ints(0, 1); Buffer zBuffer = device.floats(z);
                 Buffer v = device.floats(1, 2)) {
                for (WeightEstimator estimator : List.of(matching, converged)) {
                    estimator.memory().upload(new float[] {0.5f, 1.5f, 2});
                    estimator.estimate(indices, validationIndices, zBuffer, v);
                    assertThat(estimator.weights().toFloats()).containsExactly(0.5f, 1.5f, 2);
                    assertThat(estimator.memory().toFloats()).containsExactly(0.5f, 1.5f, 2);
                }
            }
        }
    }

    @Test
    void oneSampleKeepsItsWeight() {
        try (WeightEstimator matching = estimator("km", new BatchShape(1, 2, 1, 2, 1), EstimationSettings.defaults());
             Buffer indices = device.ints(0); Buffer validationIndices = device.ints(0, 1); Buffer z = device.floats(3);
             Buffer v = device.floats(1, 2)) {
            matching.estimate(indices, validationIndices, z, v);
            assertThat(matching.weights().toFloats()).containsExactly(1);
        }
    }

    @Test
    void refusesWhatCannotBeMeant() {
        assertThatThrownBy(() -> Bandwidth.parse("diw:2")).isInstanceOf(UsageException.class).hasMessageContaining("[0, 1]");
        assertThatThrownBy(() -> Bandwidth.parse("gamma:0")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> Bandwidth.parse("mean")).isInstanceOf(UsageException.class).hasMessageContaining("median");
        assertThatThrownBy(() -> EstimatedWeights.builder(device).method("kmm")).hasMessageContaining("km, kmm-exact");
        assertThatThrownBy(() -> EstimationSettings.builder().steps(0).build()).hasMessageContaining("steps must be at least 1, not 0");
        assertThatThrownBy(() -> EstimationSettings.builder().eta(-1f).build()).hasMessageContaining("eta must be");
        assertThatThrownBy(() -> EstimationSettings.builder().upperBound(0.5f).build())
            .hasMessageContaining("upperBound must be at least 1");
        assertThatThrownBy(() -> given("km", 1, 5).estimate(new float[4], new float[3], 2)).isInstanceOf(UsageException.class);
    }
}
