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

    private WeightEstimation estimate(JsonNode c, WeightEstimation.Options options) {
        SafeTensors.Tensor z = tensors.tensors().get(c.get("batch").asText() + "/z");
        SafeTensors.Tensor validation = tensors.tensors().get(c.get("batch").asText() + "/validation");
        return WeightEstimation.of(device, z.values(), validation.values(), z.shape().length == 1 ? 1 : z.shape()[1], options);
    }

    private static WeightEstimation.Options options(JsonNode c, String method, int steps, boolean untilConverged) {
        return new WeightEstimation.Options(method, Bandwidth.parse(c.get("bandwidth").asText()), steps, 1,
            (float) c.get("upperBound").asDouble(), 0.1f, null, untilConverged);
    }

    /** Thousands of iterations: on the stand-in driver {@link #solvesASmallProgram} stands for them. */
    @ParameterizedTest
    @MethodSource("cases")
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void solvesDiwsProgramAsWellAsAnInteriorPoint(JsonNode c) {
        WeightEstimation result = estimate(c, options(c, "kmm-exact", 5, false));
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
        WeightEstimation result = estimate(c, options(c, "km", 5, false));
        double expected = c.get("afterFive").asDouble();
        assertThat(result.objective()).isCloseTo(expected, within(1e-5 * Math.abs(expected)));
        assertThat(result.objective()).isLessThan(c.get("start").asDouble());
        assertThat(result.steps()).isEqualTo(5);
    }

    @Test
    void solvesASmallProgram() {
        float[] z = {0, 0.1f, 0.2f, 1, 1.1f, 3, 3.1f, 5};
        float[] validation = {0.05f, 0.1f, 1.05f, 0.9f};
        WeightEstimation exact = WeightEstimation.of(device, z, validation, 1,
            new WeightEstimation.Options("kmm-exact", Bandwidth.parse("gamma:3"), 5, 1, 50, 0.1f, null, false));
        assertThat(exact.converged()).isTrue();
        WeightEstimation steps = WeightEstimation.of(device, z, validation, 1,
            new WeightEstimation.Options("km", Bandwidth.parse("gamma:3"), 300, 1, 50, 0.1f, null, false));
        assertThat(steps.objective()).isCloseTo(exact.objective(), within(1e-4 * Math.abs(exact.objective())));
        assertThat(exact.weights()[7]).as("far from all validation data").isBetween(0f, 1e-6f);
    }

    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void runsUntilConverged() throws IOException {
        JsonNode c = cases().get(0);
        WeightEstimation result = estimate(c, options(c, "km", 1, true));
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
            WeightEstimation result = estimate(c, new WeightEstimation.Options("km", Bandwidth.parse(c.get("bandwidth").asText()), 5, 1,
                (float) c.get("upperBound").asDouble(), 0.1f, weights, false));
            assertThat(result.objective()).isLessThanOrEqualTo(last + 1e-6 * Math.abs(last));
            last = result.objective();
            weights = result.weights();
        }
    }

    @Test
    void remembersTheWeightsOfSamples() {
        float[] z = {0.1f, 0.2f, 3, 0.15f};
        float[] validation = {0.1f, 0.12f, 0.2f};
        try (KernelMeanMatching matching = new KernelMeanMatching(device, EstimatorOptions.of(10, 3, 4, 3, 1).bandwidth(Bandwidth.parse("gamma:2")));
             Buffer indices = device.ints(7, 2, 4, 2); Buffer validationIndices = device.ints(0, 1, 2); Buffer zBuffer = device.floats(z); Buffer v = device.floats(validation)) {
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
        WeightEstimation km = WeightEstimation.of(device, z, z, 1, new WeightEstimation.Options("km", Bandwidth.parse("gamma:1"), 5, 1, 50, 0.1f, null, true));
        assertThat(km.converged()).isTrue();
        assertThat(km.minimum()).isCloseTo(1 / (1 + 1e-5), within(1e-4));       // K = (1 + 1e-5) I, kappa = 1
        assertThatThrownBy(() -> WeightEstimation.of(device, z, z, 1, new WeightEstimation.Options("kmm-exact", Bandwidth.parse("gamma:1"), 5, 1, 50, 0.1f,
            null, true))).hasMessageContaining("the method km");
        int[] rows = IntStream.range(0, n).toArray();
        try (ImportanceWeights weights = ImportanceWeights.builder(device, n).batch(n).validationBatch(n).method("kmm-exact").bandwidth("gamma:1").build()) {
            assertThatThrownBy(() -> weights.update(rows, z, z)).hasMessageContaining("the method km");
        }
    }

    @Test
    void degenerateBatchesLeaveTheStateAsItIs() {
        float[][] batches = {{2, 2, 2}, {1, Float.NaN, 3}, {1, 2, Float.POSITIVE_INFINITY}};
        for (float[] z : batches) {
            try (KernelMeanMatching matching = new KernelMeanMatching(device, EstimatorOptions.of(3, 2, 3, 2, 1).bandwidth(Bandwidth.DEFAULT));
                 ConvergedKernelMeanMatching converged = new ConvergedKernelMeanMatching(device, EstimatorOptions.of(3, 2, 3, 2, 1));
                 Buffer indices = device.ints(0, 1, 2); Buffer validationIndices = device.ints(0, 1, 2); Buffer zBuffer = device.floats(z); Buffer v = device.floats(1, 2)) {
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
        try (KernelMeanMatching matching = new KernelMeanMatching(device, EstimatorOptions.of(1, 2, 1, 2, 1).bandwidth(Bandwidth.DEFAULT));
             Buffer indices = device.ints(0); Buffer validationIndices = device.ints(0, 1, 2); Buffer z = device.floats(3); Buffer v = device.floats(1, 2)) {
            matching.estimate(indices, validationIndices, z, v);
            assertThat(matching.weights().toFloats()).containsExactly(1);
        }
    }

    @Test
    void refusesWhatCannotBeMeant() {
        assertThatThrownBy(() -> Bandwidth.parse("diw:2")).isInstanceOf(UsageException.class).hasMessageContaining("[0, 1]");
        assertThatThrownBy(() -> Bandwidth.parse("gamma:0")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> Bandwidth.parse("mean")).isInstanceOf(UsageException.class).hasMessageContaining("median");
        assertThatThrownBy(() -> new WeightEstimation.Options("kmm", Bandwidth.DEFAULT, 5, 1, 50, 0.1f, null, false)).hasMessageContaining("km, kmm-exact");
        assertThatThrownBy(() -> new WeightEstimation.Options("km", Bandwidth.DEFAULT, 0, 1, 50, 0.1f, null, false)).hasMessageContaining("--steps");
        assertThatThrownBy(() -> new WeightEstimation.Options("km", Bandwidth.DEFAULT, 5, -1, 50, 0.1f, null, false)).hasMessageContaining("--eta");
        assertThatThrownBy(() -> new WeightEstimation.Options("km", Bandwidth.DEFAULT, 5, 1, 0.5f, 0.1f, null, false)).hasMessageContaining("--upper-bound");
        assertThatThrownBy(() -> WeightEstimation.of(device, new float[4], new float[3], 2,
            new WeightEstimation.Options("km", Bandwidth.DEFAULT, 5, 1, 50, 0.1f, null, false))).isInstanceOf(UsageException.class);
    }
}
