package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.weight.divergence.Wasserstein;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every divergence against an independent solution of the same problem ({@code fixtures/divergences/divergences.py}). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DivergenceTest {
    private static final List<String> KERNEL_BASED = List.of("kl", "ls", "kl-direct", "ls-direct");
    private Device device;
    private SafeTensors tensors;

    private static Path fixture(String name) {
        return Fixtures.path("divergences/" + name);
    }

    private static List<JsonNode> cases(String kind) throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        for (JsonNode c : new ObjectMapper().readTree(fixture("divergences.json").toFile())) {
            if (c.get("kind").asText().equals(kind)) {
                cases.add(c);
            }
        }
        return cases;
    }

    static List<JsonNode> solved() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (String kind : KERNEL_BASED) {
            all.addAll(cases(kind));
        }
        return all;
    }

    static List<JsonNode> transports() throws IOException {
        return cases("w1");
    }

    /** One case a ratio of densities: those of 200 samples, first repetition. */
    static List<JsonNode> ratios() throws IOException {
        return cases("ratio").stream().filter(c -> c.get("samples").asInt() == 200 && c.get("repeat").asInt() == 0).toList();
    }

    @BeforeAll
    void open() {
        device = DeviceMatrix.open();
        tensors = SafeTensors.read(fixture("divergences.safetensors"));
    }

    @AfterAll
    void close() {
        device.close();
    }

    private float[] values(String name) {
        return tensors.tensors().get(name).values();
    }

    private static float number(JsonNode c, String key, float otherwise) {
        return c.has(key) ? (float) c.get(key).asDouble() : otherwise;
    }

    private EstimatedWeights estimate(JsonNode c, String method, int steps, float eta, float[] initial, boolean untilConverged) {
        String name = c.get("name").asText();
        int[] shape = tensors.tensors().get(name + "/z").shape();
        String bandwidth = c.has("gamma") ? "gamma:" + c.get("gamma").asDouble() : "median";
        float bound = number(c, "upperBound", method.equals("kl-direct") ? 1e9f : 1e6f);
        return EstimatedWeights.builder(device).method(method)
            .settings(EstimationSettings.builder().bandwidth(bandwidth).steps(steps).eta(eta)
                .upperBound(bound).lambda(number(c, "lambda", 0.1f)).build())
            .initial(initial).untilConverged(untilConverged)
            .estimate(values(name + "/z"), values(name + "/validation"), shape.length == 1 ? 1 : shape[1]);
    }

    private static double mostDifference(float[] a, float[] b) {
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }

    private static double largest(float[] a) {
        double most = 0;
        for (float x : a) {
            most = Math.max(most, Math.abs(x));
        }
        return most;
    }

    /** Many thousands of steps: on the stand-in driver the other tests stand for these. */
    @ParameterizedTest
    @MethodSource("solved")
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void converged(JsonNode c) {
        String kind = c.get("kind").asText();
        EstimatedWeights result = estimate(c, kind, 5, 1, null, true);
        double objective = c.get("objective").asDouble();
        float[] w = values(c.get("name").asText() + "/w");
        switch (kind) {
            case "ls" -> {
                assertThat(mostDifference(result.weights(), w)).isLessThanOrEqualTo(1e-3 * largest(w));
                assertThat(result.objective()).isCloseTo(objective, within(1e-5 * Math.abs(objective)));
                assertThat(result.converged()).isTrue();
            }
            case "kl" -> {
                assertThat(result.objective()).isCloseTo(objective, within(2e-4));
                assertThat(result.sum() / result.n()).isCloseTo(1, within(1e-3));
            }
            case "kl-direct" -> {
                assertThat(result.objective()).isCloseTo(objective, within(2e-4));
                assertThat(result.sum() / result.n()).isCloseTo(1, within(1e-5));
            }
            default -> {
                assertThat(mostDifference(result.weights(), w)).isLessThanOrEqualTo(1e-5 * largest(w));
                assertThat(result.objective()).isCloseTo(objective, within(1e-5 * Math.abs(objective)));
                assertThat(result.converged()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void wassersteinMovesMassWhereTheLinearProgramDoes(JsonNode c) {
        EstimatedWeights result = estimate(c, "w1", 5, 0.1f, null, true);
        assertThat(result.objective() - c.get("optimum").asDouble()).isBetween(-1e-6, 0.02 * c.get("start").asDouble());
        assertThat(result.sum() / result.n()).isCloseTo(1, within(1e-5));
        assertThat(result.maximum()).isLessThanOrEqualTo(c.get("upperBound").asDouble() * (1 + 1e-6));
    }

    @ParameterizedTest
    @MethodSource("transports")
    void potentialsAreThoseOfTheOptimalTransport(JsonNode c) {
        String name = c.get("name").asText();
        float[] expected = values(name + "/potential");
        try (Batch batch = new Batch(name); WeightEstimator w1 = batch.estimator("w1", batch.settings().build())) {
            batch.estimate(w1);
            w1.minimizer().ratios().upload(values(name + "/weights"));
            double at = c.get("atWeights").asDouble();
            assertThat(batch.quality(w1).objective()).isCloseTo(at, within(1e-5 * at));
            assertThat(mostDifference(((Wasserstein) w1.minimizer()).potential().toFloats(), expected))
                .isLessThanOrEqualTo(1e-4 * largest(expected));
        }
    }

    @Test
    void aDistanceInManyDimensionsIsAMeanOfDistancesInOne() {
        Random random = new Random(3);
        int n = DeviceMatrix.slow() ? 40 : 5000;       // sorted by counting, and by the network
        float[] z = new float[n * 2];
        float[] validation = new float[n * 2];
        for (int i = 0; i < n; i++) {
            z[2 * i] = (float) random.nextGaussian();
            validation[2 * i] = z[2 * i] + 3;
            z[2 * i + 1] = (float) random.nextGaussian();
            validation[2 * i + 1] = z[2 * i + 1];
        }
        EstimatedWeights result = EstimatedWeights.builder(device).method("w1")
            .settings(EstimationSettings.builder().steps(1).eta(1e-9f).upperBound(1e6f).build()).estimate(z, validation, 2);
        // A shift by 3 is one by 3 |cos| in every direction, whose mean over directions is 3 * 2 / pi; 64 directions.
        assertThat(result.objective()).isCloseTo(6 / Math.PI, within(0.35));
        assertThat(result.effectiveSampleSize()).isCloseTo(n, within(1e-3 * n));
    }

    /** A fixture's batch on the device, with samples numbered as they stand. */
    private final class Batch implements AutoCloseable {
        final int n, m, d;
        final double[] z, validation;
        final Buffer zBuffer, validationBuffer, rows, validationRows;

        Batch(String name) {
            int[] shape = tensors.tensors().get(name + "/z").shape();
            d = shape.length == 1 ? 1 : shape[1];
            n = shape[0];
            m = tensors.tensors().get(name + "/validation").shape()[0];
            zBuffer = device.floats(values(name + "/z"));
            validationBuffer = device.floats(values(name + "/validation"));
            z = EvaluatedSegment.doubles(zBuffer);
            validation = EvaluatedSegment.doubles(validationBuffer);
            rows = device.ints(IntStream.range(0, n).toArray());
            validationRows = device.ints(IntStream.range(0, m).toArray());
        }

        EstimationSettings.Builder settings() {
            return EstimationSettings.builder().bandwidth("median").upperBound(1e6f).ridge(0f);
        }

        WeightEstimator estimator(String method, EstimationSettings settings) {
            return WeightEstimator.create(device, Divergences.get(method), new BatchShape(n, m, n, m, d), settings);
        }

        void estimate(WeightEstimator estimator) {
            estimator.estimate(rows, validationRows, zBuffer, validationBuffer);
        }

        Quality quality(WeightEstimator estimator) {
            return estimator.quality(zBuffer, validationBuffer);
        }

        /** exp(-gamma |a_i - b_j|^2). */
        double[][] kernel(double[] a, double[] b, double gamma) {
            double[][] k = new double[a.length / d][b.length / d];
            for (int i = 0; i < k.length; i++) {
                for (int j = 0; j < k[i].length; j++) {
                    double square = 0;
                    for (int l = 0; l < d; l++) {
                        square += (a[i * d + l] - b[j * d + l]) * (a[i * d + l] - b[j * d + l]);
                    }
                    k[i][j] = Math.exp(-gamma * square);
                }
            }
            return k;
        }

        @Override
        public void close() {
            for (Buffer buffer : new Buffer[] {zBuffer, validationBuffer, rows, validationRows}) {
                buffer.close();
            }
        }
    }

    static List<JsonNode> gradients() throws IOException {
        List<JsonNode> all = cases("gradient");
        return DeviceMatrix.slow() ? all.subList(0, 1) : all;
    }

    /** One step from a point tells the gradient there, wherever no bound is met. */
    @ParameterizedTest
    @MethodSource("gradients")
    void stepsFollowTheGradientsOfAutograd(JsonNode c) {
        String name = c.get("name").asText();
        double gamma = c.get("gamma").asDouble();
        try (Batch batch = new Batch(name)) {
            double[][] basis = batch.kernel(batch.validation, batch.z, gamma);
            for (String method : List.of("km", "kl", "ls", "kl-direct", "ls-direct")) {
                float[] point = values(name + "/" + method + "/point");
                float[] gradient = values(name + "/" + method + "/gradient");
                EstimationSettings settings = batch.settings().bandwidth(new Bandwidth(Bandwidth.Kind.GIVEN, gamma)).steps(1).eta(0.5f)
                    .build();
                try (WeightEstimator estimator = batch.estimator(method, settings)) {
                    estimator.state().upload(point);
                    batch.estimate(estimator);
                    float[] reached = estimator.state().toFloats();
                    double[] step = new double[point.length];
                    double[] expected = new double[point.length];
                    for (int i = 0; i < point.length; i++) {
                        step[i] = reached[i] - point[i];
                        expected[i] = -gradient[i];
                    }
                    switch (method) {
                        case "kl" -> {           // alpha g / b after alpha was put on b'alpha = 1, which divides by s and multiplies g by s
                            for (int l = 0; l < point.length; l++) {
                                expected[l] = point[l] * -gradient[l] / (Arrays.stream(basis[l]).sum() / batch.n);
                                step[l] = reached[l];
                            }
                        }
                        case "kl-direct" -> {    // w g n, which sums to n
                            for (int i = 0; i < point.length; i++) {
                                expected[i] = Math.max(point[i], 1e-3) * -gradient[i] * batch.n;
                                step[i] = reached[i];
                            }
                        }
                        case "ls-direct" -> onTheSum(step, expected, reached);
                        default -> interior(step, expected, reached);
                    }
                    compare(method, step, expected);
                }
            }
        }
    }

    /** Leaves out the points where a bound was met. */
    private static void interior(double[] step, double[] expected, float[] reached) {
        for (int i = 0; i < step.length; i++) {
            if (reached[i] == 0) {
                step[i] = expected[i] = 0;
            }
        }
    }

    /** As {@link #interior}, and only up to a constant, which is the multiplier of the sum. */
    private static void onTheSum(double[] step, double[] expected, float[] reached) {
        double stepMean = 0;
        double expectedMean = 0;
        int count = 0;
        for (int i = 0; i < step.length; i++) {
            if (reached[i] > 0) {
                stepMean += step[i];
                expectedMean += expected[i];
                count++;
            }
        }
        for (int i = 0; i < step.length; i++) {
            step[i] = reached[i] > 0 ? step[i] - stepMean / count : 0;
            expected[i] = reached[i] > 0 ? expected[i] - expectedMean / count : 0;
        }
    }

    /** Equal up to a factor, the step size. */
    private static void compare(String method, double[] step, double[] expected) {
        double product = 0;
        double square = 0;
        for (int i = 0; i < step.length; i++) {
            product += step[i] * expected[i];
            square += expected[i] * expected[i];
        }
        double factor = product / square;
        assertThat(factor).as(method).isPositive();
        double most = Arrays.stream(expected).map(Math::abs).max().orElseThrow() * factor;
        assertThat(Arrays.stream(step).filter(x -> x != 0).count()).as("%s: points off the bounds", method).isGreaterThan(step.length / 3);
        for (int i = 0; i < step.length; i++) {
            assertThat(step[i]).as("%s, element %d", method, i).isCloseTo(factor * expected[i], within(1e-4 * most));
        }
    }

    /** The objectives that are reported, evaluated beside a point, have the gradients of autograd. */
    @ParameterizedTest
    @MethodSource("gradients")
    void objectivesHaveTheGradientsOfAutograd(JsonNode c) {
        String name = c.get("name").asText();
        try (Batch batch = new Batch(name)) {
            for (String method : List.of("km", "kl", "ls", "kl-direct", "ls-direct")) {
                float[] point = values(name + "/" + method + "/point");
                float[] gradient = values(name + "/" + method + "/gradient");
                EstimationSettings settings = batch.settings().bandwidth(new Bandwidth(Bandwidth.Kind.GIVEN, c.get("gamma").asDouble()))
                    .build();
                try (WeightEstimator estimator = batch.estimator(method, settings)) {
                    batch.estimate(estimator);
                    Buffer state = estimator.minimizer().state();
                    state.upload(point);
                    assertThat(batch.quality(estimator).objective()).as(method)
                        .isCloseTo(c.get(method).asDouble(), within(1e-9 * Math.abs(c.get(method).asDouble())));
                    for (int i = 1; i < point.length; i += point.length / 3) {
                        float[] beside = point.clone();
                        double[] objective = new double[2];
                        double[] at = new double[2];
                        for (int side = 0; side < 2; side++) {
                            beside[i] = point[i] + (side == 0 ? -0.01f : 0.01f);
                            at[side] = beside[i];
                            state.upload(beside);
                            objective[side] = batch.quality(estimator).objective();
                        }
                        assertThat((objective[1] - objective[0]) / (at[1] - at[0])).as("%s, element %d", method, i)
                            .isCloseTo(gradient[i], within(1e-4 * largest(gradient)));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ratios")
    void warmStartedCallsDescendToWhatConverges(JsonNode c) {
        List<String> methods = c.get("name").asText().contains("space") ? List.of("km", "kl", "ls", "ls-direct", "kl-direct")
            : List.of("km", "kl", "ls", "ls-direct", "kl-direct", "w1");
        for (String method : methods) {
            try (Batch batch = new Batch(c.get("name").asText());
                 WeightEstimator estimator = batch.estimator(method, batch.settings().build())) {
                boolean subgradient = method.equals("w1");
                double first = Double.NaN;
                double least = Double.POSITIVE_INFINITY;
                int calls = DeviceMatrix.slow() ? 3 : 600;
                for (int call = 0; call < calls; call++) {
                    batch.estimate(estimator);
                    if (call < 20 || call % 100 == 99) {
                        double objective = batch.quality(estimator).objective();
                        if (!subgradient) {
                            assertThat(objective).as("%s, call %d", method, call).isLessThanOrEqualTo(least + 1e-6 * Math.abs(least));
                        }
                        least = Math.min(least, objective);
                        first = call == 0 ? objective : first;
                    }
                }
                if (!DeviceMatrix.slow()) {
                    estimator.converge(batch.rows, batch.validationRows, batch.zBuffer, batch.validationBuffer);
                    double converged = batch.quality(estimator).objective();
                    assertThat(least - converged).as("%s: first %s, least %s, converged %s", method, first, least, converged)
                        .isLessThanOrEqualTo(subgradient ? 0.02 * first : 2e-3 * Math.abs(converged));
                }
            }
        }
    }

    /** Mean absolute error of the estimated ratio over repetitions, relative to the mean ratio. */
    private double error(String method, String name, int samples) throws IOException {
        double sum = 0;
        int count = 0;
        for (JsonNode c : cases("ratio")) {
            if (c.get("samples").asInt() == samples && c.get("name").asText().startsWith("ratio-" + name)) {
                float[] ratio = values(c.get("name").asText() + "/ratio");
                EstimatedWeights result = estimate(c, method, 200, 1, null, false);
                double off = 0;
                double size = 0;
                for (int i = 0; i < ratio.length; i++) {
                    off += Math.abs(result.weights()[i] - ratio[i]);
                    size += ratio[i];
                }
                sum += off / size;
                count++;
            }
        }
        return sum / count;
    }

    @ParameterizedTest
    @ValueSource(strings = {"narrow", "component", "space"})
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void ratiosOfDensitiesAreMetBetterByMoreSamples(String name) throws IOException {
        for (String method : List.of("kl", "ls")) {
            double few = error(method, name, 200);
            double many = error(method, name, 2000);
            assertThat(many).as("%s, %s: error with 2,000 samples beside %s with 200", method, name, few).isLessThan(few);
        }
    }
}
