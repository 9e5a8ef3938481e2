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
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every divergence on batches in groups of unlike sizes against solutions and steps made group by group, independently of this library
 * ({@code fixtures/divergences/divergences.py}): among them a group of one training sample, one without validation samples, one
 * without training samples and one of equal samples.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SegmentFixturesTest {
    private static final int GROUPS = 9;
    /** Those that can be estimated, and those of which the batch has training samples that keep their weights. */
    private static final List<Integer> ESTIMATED = List.of(0, 1, 6, 7, 8);
    private static final List<Integer> KEPT = List.of(2, 3, 4);
    /** Methods that converge in some hundred steps. */
    private static final List<String> FEW_STEPS = List.of("km", "ls", "ls-direct");
    /** On the diagonal of K. */
    private static final double RIDGE = 1e-5;
    /** Of w1 for d = 3, which draws new directions in every step and so has no residual that vanishes. */
    private static final int SLICED_STEPS = 1000;

    private Device device;
    private SafeTensors tensors;

    @BeforeAll
    void open() {
        device = DeviceMatrix.open();
        tensors = SafeTensors.read(Fixtures.path("divergences/divergences.safetensors"));
    }

    @AfterAll
    void close() {
        device.close();
    }

    private static List<JsonNode> cases(String kind) throws IOException {
        JsonNode all = new ObjectMapper().readTree(Fixtures.path("divergences/divergences.json").toFile());
        return StreamSupport.stream(all.spliterator(), false).filter(c -> c.get("kind").asText().equals(kind)).toList();
    }

    /** Method and case; on the stand-in driver, what needs no more than some hundred steps. */
    static List<Arguments> converged() throws IOException {
        List<Arguments> all = new ArrayList<>();
        for (JsonNode c : cases("segments")) {
            String method = c.get("method").asText();
            for (String name : method.equals("km") ? List.of("km", "kmm-exact") : List.of(method)) {
                if (!DeviceMatrix.slow() || FEW_STEPS.contains(method) || c.get("name").asText().equals("segments-1-w1-median-1.2")) {
                    all.add(Arguments.of(name, c));
                }
            }
        }
        return all;
    }

    static List<JsonNode> steps() throws IOException {
        return cases("segment-steps");
    }

    private float[] values(String name) {
        return tensors.tensors().get(name).values();
    }

    private int[] numbers(String name) {
        float[] values = values(name);
        return IntStream.range(0, values.length).map(i -> (int) values[i]).toArray();
    }

    /** The one place that makes an estimator: it remembers the weights, and starts from the state or, where that is null, from them. */
    private WeightEstimator estimator(String method, JsonNode c, Batch batch, float[] memory, float[] state) {
        Data data = batch.data;
        Divergence divergence = Divergences.get(method);
        EstimationSettings settings = EstimationSettings.builder().ridge(0f).bandwidth(c.get("bandwidth").asText())
            .upperBound((float) c.get("upperBound").asDouble()).lambda((float) c.get("lambda").asDouble())
            .steps(c.path("steps").asInt(SLICED_STEPS)).momentum((float) c.path("momentum").asDouble(0))
            .eta((float) c.path("eta").asDouble(divergence.defaultEta())).build();
        WeightEstimator made = WeightEstimator.create(device, divergence,
            new BatchShape(data.labels.length, data.validationLabels.length, batch.n, batch.m, data.d), settings,
            new SampleLabels(data.labelBuffer, data.validationLabelBuffer, GROUPS));
        if (state != null) {
            made.startFrom(state);
        } else if (!divergence.stateIsOfValidation()) {
            made.startFrom(memory);
        }
        made.memory().upload(memory);
        return made;
    }

    /** The samples of a fixture, of which batches are taken. */
    private final class Data implements AutoCloseable {
        final int d;
        final int[] labels, validationLabels;
        final Buffer labelBuffer, validationLabelBuffer;

        Data(String name) {
            d = tensors.tensors().get(name + "/directions").shape()[1];
            labels = numbers(name + "/labels");
            validationLabels = numbers(name + "/validationLabels");
            labelBuffer = device.ints(labels);
            validationLabelBuffer = device.ints(validationLabels);
        }

        @Override
        public void close() {
            labelBuffer.close();
            validationLabelBuffer.close();
        }
    }

    /** A batch of them: tensors with the prefix and suffix. */
    private final class Batch implements AutoCloseable {
        final Data data;
        final int n, m;
        final int[] rows, validationRows;
        final float[] z, validation;
        final Buffer rowBuffer, validationRowBuffer, zBuffer, validationBuffer;

        Batch(Data data, String prefix, String suffix) {
            this.data = data;
            rows = numbers(prefix + "/rows" + suffix);
            validationRows = numbers(prefix + "/validationRows" + suffix);
            n = rows.length;
            m = validationRows.length;
            z = values(prefix + "/z" + suffix);
            validation = values(prefix + "/validation" + suffix);
            rowBuffer = device.ints(rows);
            validationRowBuffer = device.ints(validationRows);
            zBuffer = device.floats(z);
            validationBuffer = device.floats(validation);
        }

        Group group(int c, float[] weights, float[] state) {
            return new Group(this, c, weights, state);
        }

        @Override
        public void close() {
            for (Buffer buffer : new Buffer[] {rowBuffer, validationRowBuffer, zBuffer, validationBuffer}) {
                buffer.close();
            }
        }
    }

    /** A group's samples in a batch, and what was found for them. */
    private static final class Group {
        final double[][] z, validation;
        /** Ratios inside the group: the weights without its prior. */
        final double[] ratios;
        /** Of the method kl and ls: the validation samples' coefficients. */
        final double[] coefficients;

        Group(Batch batch, int c, float[] weights, float[] state) {
            int[] own = IntStream.range(0, batch.n).filter(i -> batch.data.labels[batch.rows[i]] == c).toArray();
            int[] other = IntStream.range(0, batch.m).filter(j -> batch.data.validationLabels[batch.validationRows[j]] == c).toArray();
            z = points(batch.z, own, batch.data.d);
            validation = points(batch.validation, other, batch.data.d);
            double prior = ((double) other.length / batch.m) / ((double) own.length / batch.n);
            ratios = Arrays.stream(own).mapToDouble(i -> weights[i] / prior).toArray();
            coefficients = Arrays.stream(other).mapToDouble(j -> state.length == batch.data.validationLabels.length
                ? state[batch.validationRows[j]] : Double.NaN).toArray();
        }

        private static double[][] points(float[] values, int[] rows, int d) {
            return Arrays.stream(rows).mapToObj(i -> IntStream.range(i * d, (i + 1) * d).mapToDouble(k -> values[k]).toArray())
                .toArray(double[][]::new);
        }

        double sum() {
            return Arrays.stream(ratios).sum();
        }

        /** What the method minimises, from its definition. */
        double objective(String method, double gamma, double lambda, double[][] directions) {
            int n = z.length;
            int m = validation.length;
            return switch (method) {
                case "km" -> 0.5 * dot(ratios, product(z, z, gamma, ratios)) + 0.5 * RIDGE * dot(ratios, ratios)
                    - (double) n / m * Arrays.stream(product(validation, z, gamma, ratios)).sum();
                case "kl" -> -Arrays.stream(product(validation, validation, gamma, coefficients)).map(Math::log).sum() / m;
                case "ls" -> {
                    double[] fitted = product(z, validation, gamma, coefficients);
                    yield 0.5 * dot(fitted, fitted) / n - Arrays.stream(product(validation, validation, gamma, coefficients)).sum() / m
                        + 0.5 * lambda * dot(coefficients, coefficients);
                }
                case "kl-direct" -> -Arrays.stream(product(validation, z, gamma, ratios)).map(x -> Math.log(x / n)).sum() / m;
                case "ls-direct" -> {
                    double[] smoothed = product(validation, z, gamma, ratios);
                    double[] whole = product(validation, z, gamma, constant(n));
                    yield 0.5 * dot(ratios, ratios) / n - IntStream.range(0, m).mapToDouble(j -> smoothed[j] / whole[j]).sum() / m;
                }
                case "w1" -> Arrays.stream(directions).mapToDouble(this::distance).average().orElseThrow();
                default -> throw new IllegalArgumentException(method);
            };
        }

        /** sum_j k(a_i, b_j) v_j. */
        private static double[] product(double[][] a, double[][] b, double gamma, double[] v) {
            return Arrays.stream(a).mapToDouble(x -> {
                double sum = 0;
                for (int j = 0; j < b.length; j++) {
                    double square = 0;
                    for (int k = 0; k < x.length; k++) {
                        square += (x[k] - b[j][k]) * (x[k] - b[j][k]);
                    }
                    sum += Math.exp(-gamma * square) * v[j];
                }
                return sum;
            }).toArray();
        }

        /** The Wasserstein-1 distance along a direction: the area between the two distribution functions. */
        private double distance(double[] direction) {
            int n = z.length;
            int m = validation.length;
            double[][] masses = new double[n + m][];
            for (int i = 0; i < n + m; i++) {
                masses[i] = new double[] {dot(i < n ? z[i] : validation[i - n], direction), i < n ? ratios[i] / n : -1.0 / m};
            }
            Arrays.sort(masses, (a, b) -> Double.compare(a[0], b[0]));
            double area = 0;
            double difference = 0;
            for (int i = 0; i < n + m - 1; i++) {
                difference += masses[i][1];
                area += Math.abs(difference) * (masses[i + 1][0] - masses[i][0]);
            }
            return area;
        }

        private static double dot(double[] a, double[] b) {
            return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
        }

        private static double[] constant(int length) {
            double[] ones = new double[length];
            Arrays.fill(ones, 1);
            return ones;
        }
    }

    private double[][] directions(String batch, int d) {
        float[] all = values(batch + "/directions");
        return IntStream.range(0, all.length / d).mapToObj(k -> IntStream.range(k * d, (k + 1) * d).mapToDouble(i -> all[i]).toArray())
            .toArray(double[][]::new);
    }

    @ParameterizedTest
    @MethodSource("converged")
    void everyGroupIsSolved(String method, JsonNode c) {
        String name = c.get("batch").asText();
        float[] memory = values(name + "/memory");
        try (Data data = new Data(name); Batch batch = new Batch(data, name, "");
             WeightEstimator estimator = estimator(method, c, batch, memory, null)) {
            if (method.equals("w1") && data.d > 1) {
                estimator.estimate(batch.rowBuffer, batch.validationRowBuffer, batch.zBuffer, batch.validationBuffer);
            } else {
                estimator.converge(batch.rowBuffer, batch.validationRowBuffer, batch.zBuffer, batch.validationBuffer);
            }
            float[] weights = estimator.weights().toFloats();
            float[] remembered = estimator.memory().toFloats();
            for (int i = 0; i < batch.n; i++) {
                assertThat(weights[i]).isNotNegative();
                assertThat(remembered[batch.rows[i]]).isEqualTo(weights[i]);
                if (KEPT.contains(data.labels[batch.rows[i]])) {
                    assertThat(weights[i]).as("weight of row %d, which cannot be estimated", i).isEqualTo(memory[batch.rows[i]]);
                }
            }
            float[] state = estimator.state().toFloats();
            double[][] directions = directions(name, data.d);
            double sum = 0;
            for (int group : ESTIMATED) {
                Group own = batch.group(group, weights, state);
                double objective = own.objective(c.get("method").asText(), c.get("gamma").get(group).asDouble(), c.get("lambda").asDouble(),
                    directions);
                compare(method, c, own, group, objective);
                sum += objective;
            }
            if (data.d == 1 || !method.equals("w1")) {          // whose directions are its own
                assertThat(estimator.quality(batch.zBuffer, batch.validationBuffer).objective()).as("sum of the groups' objectives")
                    .isCloseTo(sum, within(1e-5 * Math.max(1, Math.abs(sum))));
            }
            if (method.startsWith("ls")) {
                float[] expected = values(c.get("name").asText() + "/w");
                double bar = (method.equals("ls") ? 1e-3 : 1e-5) * largest(expected);
                for (int i = 0; i < batch.n; i++) {
                    assertThat(weights[i]).as("weight of row %d", i).isCloseTo(expected[i], within((float) bar));
                }
            }
        }
    }

    /** A group's ratios beside the optimum, by the bars of {@link DivergenceTest} and {@link KernelMeanMatchingTest}. */
    private static void compare(String method, JsonNode c, Group own, int group, double objective) {
        double optimum = c.get("objective").get(group).asDouble();
        double bound = c.get("upperBound").asDouble();
        int n = own.ratios.length;
        String what = "group " + group + ": objective";
        switch (method) {
            case "km", "kmm-exact" -> {
                assertThat(objective).as(what).isLessThanOrEqualTo(optimum + 1e-6 * Math.abs(optimum));
                assertThat(Math.abs(own.sum() / n - 1)).isLessThanOrEqualTo(1 - 1 / Math.sqrt(n) + 1e-6);
            }
            case "kl" -> {
                assertThat(objective).as(what).isCloseTo(optimum, within(2e-4));
                assertThat(own.sum() / n).isCloseTo(1, within(1e-3));
            }
            case "kl-direct" -> {
                assertThat(objective).as(what).isCloseTo(optimum, within(2e-4));
                assertThat(own.sum() / n).isCloseTo(1, within(1e-5));
            }
            case "w1" -> {
                assertThat(objective - optimum).as(what).isBetween(-1e-6, 0.02 * c.get("start").get(group).asDouble());
                assertThat(own.sum() / n).isCloseTo(1, within(1e-5));
            }
            default -> assertThat(objective).as(what).isCloseTo(optimum, within(1e-5 * Math.abs(optimum)));
        }
        assertThat(Arrays.stream(own.ratios).max().orElseThrow()).isLessThanOrEqualTo(bound * (1 + 1e-6));
    }

    private static float largest(float[] values) {
        float most = 0;
        for (float x : values) {
            most = Math.max(most, Math.abs(x));
        }
        return most;
    }

    /** Two visits: the second begins from the state that the first left; its samples stand elsewhere, its groups have other sizes. */
    @ParameterizedTest
    @MethodSource("steps")
    void stepsInGroupsGoWhereTheyGoGroupByGroup(JsonNode c) {
        String name = c.get("name").asText();
        String method = c.get("method").asText();
        float[] memory = values(c.get("batch").asText() + "/memory");
        float[] state = values(name + "/state");
        try (Data data = new Data(c.get("batch").asText())) {
            for (int visit = 1; visit <= 2; visit++) {
                try (Batch batch = new Batch(data, name, "-" + visit);
                     WeightEstimator estimator = estimator(method, c, batch, memory, state)) {
                    estimator.estimate(batch.rowBuffer, batch.validationRowBuffer, batch.zBuffer, batch.validationBuffer);
                    float[] weights = estimator.weights().toFloats();
                    float[] expected = values(name + "/w-" + visit);
                    for (int i = 0; i < batch.n; i++) {
                        assertThat(weights[i]).as("visit %d, weight of row %d", visit, i)
                            .isCloseTo(expected[i], within(1e-5f * Math.max(1, largest(expected))));
                    }
                    memory = estimator.memory().toFloats();
                    for (int i = 0; i < batch.n; i++) {
                        assertThat(memory[batch.rows[i]]).isEqualTo(weights[i]);
                    }
                    state = estimator.state().toFloats();
                }
            }
        }
    }
}
