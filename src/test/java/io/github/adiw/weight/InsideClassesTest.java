package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Estimation inside classes against the same in plain Java and double precision, class by class: uneven classes, among them one
 * without validation samples, one with a single training sample, one whose samples are all equal and one without any.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InsideClassesTest {
    private static final int[] TRAINING = {23, 14, 1, 9, 6, 0, 2, 17};
    private static final int[] VALIDATION = {11, 30, 5, 0, 7, 4, 3, 1};
    private static final int CLASSES = TRAINING.length;
    private static final int EQUAL = 4;
    private static final float UPPER = 4;

    private Device device;

    @BeforeAll
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterAll
    void close() {
        device.close();
    }

    /** N = 2 n training and V = 2 m validation samples, of which batches are taken. */
    private static final class Data {
        final Random random = new Random(11);
        final int n = Arrays.stream(TRAINING).sum();
        final int m = Arrays.stream(VALIDATION).sum();
        final int d;
        final int[] labels = new int[2 * n], validationLabels = new int[2 * m];
        final float[][] z, validation;

        Data(int d) {
            this.d = d;
            fill(labels, TRAINING);
            fill(validationLabels, VALIDATION);
            z = points(labels, 1);
            validation = points(validationLabels, 0.6);
        }

        private void fill(int[] labels, int[] counts) {
            int at = 0;
            for (int half = 0; half < 2; half++) {
                for (int c = 0; c < CLASSES; c++) {
                    Arrays.fill(labels, at, at += counts[c], c);
                }
            }
        }

        private float[][] points(int[] labels, double spread) {
            float[][] points = new float[labels.length][d];
            for (int i = 0; i < points.length; i++) {
                for (int k = 0; k < d; k++) {
                    points[i][k] = labels[i] == EQUAL ? 1 : (float) (labels[i] * 0.5 + spread * random.nextGaussian());
                }
            }
            return points;
        }

        /** One of the two halves, in random order. */
        int[] batch(int half, int size) {
            List<Integer> rows = new ArrayList<>(IntStream.range(half * size, (half + 1) * size).boxed().toList());
            Collections.shuffle(rows, random);
            return rows.stream().mapToInt(i -> i).toArray();
        }

        float[] gather(float[][] points, int[] rows) {
            float[] out = new float[rows.length * d];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(points[rows[i]], 0, out, i * d, d);
            }
            return out;
        }
    }

    /** What the estimator should do, sample by sample. */
    private static final class Reference {
        final Data data;
        final Bandwidth bandwidth;
        final int steps;
        final float momentum;
        final boolean normalize;
        final double[] memory, state;

        Reference(Data data, Bandwidth bandwidth, int steps, float momentum, boolean normalize) {
            this.data = data;
            this.bandwidth = bandwidth;
            this.steps = steps;
            this.momentum = momentum;
            this.normalize = normalize;
            memory = EvaluatedSegment.constant(data.labels.length, 1);
            state = memory.clone();
        }

        private double distance(float[] a, float[] b) {
            double sum = 0;
            for (int k = 0; k < a.length; k++) {
                sum += ((double) a[k] - b[k]) * ((double) a[k] - b[k]);
            }
            return Math.sqrt(sum);
        }

        private double gamma(float[][] z, float[][] validation) {
            if (bandwidth.kind() == Bandwidth.Kind.GIVEN) {
                return bandwidth.value();
            }
            List<float[]> pool = new ArrayList<>(Arrays.asList(z));
            if (bandwidth.kind() == Bandwidth.Kind.MEDIAN) {
                pool.addAll(Arrays.asList(validation));
            }
            List<Double> pairs = new ArrayList<>();
            for (int i = 0; i < pool.size(); i++) {
                for (int j = 0; j < i; j++) {
                    pairs.add(distance(pool.get(i), pool.get(j)));
                }
            }
            double[] ordered = pairs.stream().mapToDouble(x -> x).sorted().toArray();
            double position = bandwidth.value() * (ordered.length - 1);
            int k = (int) position;
            double quantile = ordered[k] + (position - k) * (ordered[Math.min(k + 1, ordered.length - 1)] - ordered[k]);
            return bandwidth.kind() == Bandwidth.Kind.MEDIAN ? 1 / (2 * quantile * quantile) : quantile;
        }

        private static double[] projection(double[] u, double low, double high) {
            double least = -1e3;
            double most = 1e3;
            double start = clippedSum(u, 0);
            if (start >= low && start <= high) {
                least = most = 0;
            }
            double target = start < low ? low : high;
            for (int pass = 0; pass < 200 && least < most; pass++) {
                double middle = (least + most) / 2;
                if (clippedSum(u, middle) > target) {
                    least = middle;
                } else {
                    most = middle;
                }
            }
            double shift = most;
            return Arrays.stream(u).map(x -> Math.min(Math.max(x - shift, 0), UPPER)).toArray();
        }

        private static double clippedSum(double[] u, double shift) {
            return Arrays.stream(u).map(x -> Math.min(Math.max(x - shift, 0), UPPER)).sum();
        }

        double[] estimate(int[] rows, int[] validationRows) {
            double[] weights = new double[rows.length];
            boolean any = false;
            boolean[] keeps = new boolean[rows.length];
            for (int c = 0; c < CLASSES; c++) {
                int label = c;
                int[] places = IntStream.range(0, rows.length).filter(i -> data.labels[rows[i]] == label).toArray();
                float[][] z = Arrays.stream(places).mapToObj(i -> data.z[rows[i]]).toArray(float[][]::new);
                float[][] other = Arrays.stream(validationRows).filter(j -> data.validationLabels[j] == label)
                    .mapToObj(j -> data.validation[j]).toArray(float[][]::new);
                boolean degenerate = z.length < 2 || other.length == 0 || label == EQUAL;
                any |= !degenerate;
                double[] r = degenerate ? null : ratios(z, other, Arrays.stream(places).mapToDouble(i -> state[rows[i]]).toArray());
                for (int i = 0; i < places.length; i++) {
                    int sample = rows[places[i]];
                    weights[places[i]] = degenerate ? memory[sample]
                        : r[i] * ((double) other.length / validationRows.length) / ((double) z.length / rows.length);
                    state[sample] = degenerate ? state[sample] : r[i];
                    keeps[places[i]] = degenerate;
                }
            }
            double mean = Arrays.stream(weights).average().orElseThrow();
            for (int i = 0; i < rows.length; i++) {
                weights[i] /= normalize && any ? mean : 1;
                memory[rows[i]] = keeps[i] ? memory[rows[i]] : weights[i];
            }
            return weights;
        }

        private double[] ratios(float[][] z, float[][] other, double[] start) {
            int n = z.length;
            double gamma = gamma(z, other);
            double[][] K = new double[n][n];
            double[] kappa = new double[n];
            double L = 0;
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    K[i][j] = Math.exp(-gamma * Math.pow(distance(z[i], z[j]), 2)) + (i == j ? 1e-5 : 0);
                    sum += K[i][j];
                }
                for (float[] point : other) {
                    kappa[i] += Math.exp(-gamma * Math.pow(distance(z[i], point), 2)) * n / other.length;
                }
                L = Math.max(L, sum);
            }
            double[] r = start.clone();
            double[] v = start.clone();
            double epsilon = (Math.sqrt(n) - 1) / Math.sqrt(n);
            for (int step = 0; step < steps; step++) {
                double[] u = new double[n];
                for (int i = 0; i < n; i++) {
                    double gradient = -kappa[i];
                    for (int j = 0; j < n; j++) {
                        gradient += K[i][j] * v[j];
                    }
                    u[i] = v[i] - gradient / L;
                }
                double[] next = projection(u, n * (1 - epsilon), Math.min(n * (1 + epsilon), n * UPPER));
                for (int i = 0; i < n; i++) {
                    v[i] = next[i] + momentum * (next[i] - r[i]);
                }
                r = next;
            }
            return r;
        }
    }

    private static EstimationSettings.Builder settings(String bandwidth) {
        return EstimationSettings.builder().bandwidth(bandwidth).upperBound(UPPER).ridge(0f);
    }

    private WeightEstimator estimator(String method, Data data, EstimationSettings settings, Buffer labels, Buffer validationLabels) {
        return WeightEstimator.create(device, Divergences.get(method),
            new BatchShape(data.labels.length, data.validationLabels.length, data.n, data.m, data.d), settings,
            new SampleLabels(labels, validationLabels, CLASSES));
    }

    private WeightEstimator alone(String method, Data data, int n, int m, EstimationSettings settings) {
        return WeightEstimator.create(device, Divergences.get(method),
            new BatchShape(data.labels.length, data.validationLabels.length, n, m, data.d), settings);
    }

    private Buffer buffer(Data data, float[][] points, int[] rows) {
        return device.floats(data.gather(points, rows));
    }

    private void estimate(WeightEstimator estimator, Data data, int[] rows, int[] validationRows) {
        try (Buffer index = device.ints(rows); Buffer validationIndex = device.ints(validationRows);
             Buffer z = buffer(data, data.z, rows); Buffer validation = buffer(data, data.validation, validationRows)) {
            estimator.estimate(index, validationIndex, z, validation);
            device.synchronize();
        }
    }

    private static void close(double[] expected, float[] found, double tolerance, String what) {
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).as(what + " " + i).isCloseTo(expected[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @CsvSource({"median, 5, 0, false, 5", "diw:0.01, 5, 0, false, 2", "gamma:0.3, 5, 0.5, true, 1", "diw:0.37, 1, 0, true, 3",
        "median, 40, 0.9, false, 1"})
    void goesWhereEachClassGoesAlone(String bandwidth, int steps, float momentum, boolean normalize, int d) {
        Data data = new Data(d);
        Reference reference = new Reference(data, Bandwidth.parse(bandwidth), steps, momentum, normalize);
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             WeightEstimator estimator = estimator("km", data,
                 settings(bandwidth).steps(steps).momentum(momentum).normalize(normalize).build(), labels, validationLabels)) {
            double furthest = 0;
            for (int visit = 0; visit < 4; visit++) {
                int[] rows = data.batch(visit % 2, data.n);
                int[] validationRows = data.batch(visit / 2, data.m);
                double[] expected = reference.estimate(rows, validationRows);
                estimate(estimator, data, rows, validationRows);
                close(expected, estimator.weights().toFloats(), 1e-3, "weight, visit " + visit + ", row");
                furthest = Math.max(furthest, Arrays.stream(expected).map(w -> Math.abs(w - 1)).max().orElseThrow());
            }
            close(reference.memory, estimator.memory().toFloats(), 1e-3, "memory of sample");
            close(reference.state, estimator.state().toFloats(), 1e-3, "ratio of sample");
            assertThat(furthest).isGreaterThan(0.5);
        }
    }

    /** For every divergence, each class gets what an estimator of its own, made for its size, finds; 3 visits of each of two batches. */
    @ParameterizedTest
    @CsvSource({"km, median, 3", "kl, median, 3", "kl, diw:0.2, 1", "ls, median, 3", "ls, gamma:0.7, 2", "kl-direct, diw:0.05, 2",
        "ls-direct, median, 3", "w1, median, 1", "w1, median, 4"})
    void everyDivergenceDoesInEachClassWhatItDoesAlone(String name, String bandwidth, int d) {
        Divergence divergence = Divergences.get(name);
        Data data = new Data(d);
        EstimationSettings settings = settings(bandwidth).momentum(0.3f).build();
        double[] memory = EvaluatedSegment.constant(data.labels.length, 1);
        WeightEstimator[] alone = new WeightEstimator[CLASSES];
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             WeightEstimator estimator = estimator(name, data, settings, labels, validationLabels)) {
            for (int c : new int[] {0, 1, 6, 7}) {
                alone[c] = alone(name, data, TRAINING[c], VALIDATION[c], settings);
            }
            double furthest = 0;
            for (int visit = 0; visit < (DeviceMatrix.slow() ? 2 : 6); visit++) {
                int[] rows = data.batch(visit % 2, data.n);
                int[] validationRows = data.batch(visit / 2 % 2, data.m);
                for (int c = 0; c < CLASSES; c++) {
                    int label = c;
                    int[] own = Arrays.stream(rows).filter(i -> data.labels[i] == label).toArray();
                    int[] other = Arrays.stream(validationRows).filter(j -> data.validationLabels[j] == label).toArray();
                    if (alone[c] != null) {
                        estimate(alone[c], data, own, other);
                        float[] r = alone[c].weights().toFloats();
                        for (int i = 0; i < own.length; i++) {
                            memory[own[i]] = r[i] * ((double) VALIDATION[c] / data.m) / ((double) TRAINING[c] / data.n);
                        }
                    }
                }
                estimate(estimator, data, rows, validationRows);
                close(Arrays.stream(rows).mapToDouble(i -> memory[i]).toArray(), estimator.weights().toFloats(), 1e-3,
                    "visit " + visit + ", row");
                furthest = Math.max(furthest, Arrays.stream(memory).map(w -> Math.abs(w - 1)).max().orElseThrow());
            }
            close(memory, estimator.memory().toFloats(), 1e-3, "memory of sample");
            assertThat(estimator.state().length()).isEqualTo(divergence.stateIsOfValidation() ? 2 * data.m : 2 * data.n);
            assertThat(furthest).isGreaterThan(0.3);
        } finally {
            Arrays.stream(alone).filter(Objects::nonNull).forEach(WeightEstimator::close);
        }
    }

    /** The sum of what the classes' objectives are by themselves, before and at the end; the largest residual. */
    @ParameterizedTest
    @CsvSource({"km, median, 3, 1e-6", "kl, median, 3, 2e-5", "kl, diw:0.2, 1, 2e-5", "ls, median, 3, 1e-6", "kl-direct, diw:0.05, 2, 2e-5",
        "ls-direct, median, 3, 1e-6", "w1, median, 1, 2e-3", "w1, median, 4, 2e-2"})
    void evaluatesAndConvergesAsEachClassDoesAlone(String name, String bandwidth, int d, double tolerance) {
        Data data = new Data(d);
        EstimationSettings settings = settings(bandwidth).steps(2).build();
        int[] rows = data.batch(0, data.n);
        int[] validationRows = data.batch(1, data.m);
        boolean converges = !DeviceMatrix.slow() && (d == 1 || !name.equals("w1"));     // steps without end
        double[] expected = new double[3];
        double[] expectedConverged = new double[3];
        for (int c : new int[] {0, 1, 6, 7}) {
            int label = c;
            int[] own = Arrays.stream(rows).filter(i -> data.labels[i] == label).toArray();
            int[] other = Arrays.stream(validationRows).filter(j -> data.validationLabels[j] == label).toArray();
            try (WeightEstimator estimator = alone(name, data, own.length, other.length, settings); Buffer index = device.ints(own);
                 Buffer otherIndex = device.ints(other); Buffer z = buffer(data, data.z, own);
                 Buffer validation = buffer(data, data.validation, other)) {
                estimator.estimate(index, otherIndex, z, validation);
                add(expected, estimator.quality(z, validation));
                if (converges) {
                    estimator.converge(index, otherIndex, z, validation);
                }
                add(expectedConverged, estimator.quality(z, validation));
            }
        }
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             Buffer index = device.ints(rows); Buffer validationIndex = device.ints(validationRows);
             Buffer z = buffer(data, data.z, rows); Buffer validation = buffer(data, data.validation, validationRows);
             WeightEstimator estimator = estimator(name, data, settings, labels, validationLabels)) {
            estimator.estimate(index, validationIndex, z, validation);
            Quality quality = estimator.quality(z, validation);
            double size = Math.max(1, Math.abs(expected[0]));
            assertThat(quality.objective()).isCloseTo(expected[0], within(1e-5 * size));
            assertThat(quality.kktResidual()).isCloseTo(expected[1], within(1e-3 * Math.max(1e-2, expected[1])));
            assertThat(Double.isNaN(quality.gap())).isEqualTo(Double.isNaN(expected[2]));
            if (!Double.isNaN(quality.gap())) {
                assertThat(quality.gap()).isCloseTo(expected[2], within(1e-3 * expected[2]));
            }
            if (!converges) {
                return;
            }
            assertThat(estimator.converge(index, validationIndex, z, validation)).isPositive();
            Quality converged = estimator.quality(z, validation);
            assertThat(converged.objective()).isCloseTo(expectedConverged[0], within(tolerance * size)).isLessThan(quality.objective());
            if (!name.equals("w1")) {
                assertThat(converged.kktResidual()).isLessThanOrEqualTo(1e-6);
            }
        }
    }

    private static void add(double[] sum, Quality own) {
        sum[0] += own.objective();
        sum[1] = Math.max(sum[1], own.kktResidual());
        sum[2] += own.gap();
    }

    @Test
    void theClassPriorIsPutBack() {
        Data data = new Data(3);
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             WeightEstimator estimator = estimator("km", data, settings("median").build(), labels, validationLabels)) {
            int[] rows = data.batch(0, data.n);
            estimate(estimator, data, rows, data.batch(0, data.m));
            double[] sums = new double[CLASSES];
            float[] weights = estimator.weights().toFloats();
            for (int i = 0; i < data.n; i++) {
                sums[data.labels[rows[i]]] += weights[i];
            }
            for (int c : new int[] {0, 1, 6, 7}) {
                double prior = (double) data.n * VALIDATION[c] / data.m;
                double epsilon = 1 - 1 / Math.sqrt(TRAINING[c]);
                assertThat(sums[c]).as("class " + c).isBetween(prior * (1 - epsilon - 1e-5), prior * (1 + epsilon + 1e-5));
            }
            assertThat(sums[3]).as("no validation sample: as it was").isEqualTo(TRAINING[3]);
            assertThat(sums[2]).as("one sample: as it was").isEqualTo(TRAINING[2]);
            assertThat(sums[EQUAL]).as("all equal: as it was").isEqualTo(TRAINING[EQUAL]);
        }
    }

    /** Weights that are kept do not shrink from visit to visit because the batch's are divided by their mean. */
    @Test
    void normalisationLeavesTheMemoryOfDegenerateClassesAlone() {
        Data data = new Data(2);
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             WeightEstimator estimator = estimator("km", data, settings("median").normalize(true).build(), labels, validationLabels)) {
            int[] rows = data.batch(0, data.n);
            for (int visit = 0; visit < 4; visit++) {
                estimate(estimator, data, rows, data.batch(visit % 2, data.m));
            }
            float[] memory = estimator.memory().toFloats();
            float[] weights = estimator.weights().toFloats();
            double sum = 0;
            for (int i = 0; i < data.n; i++) {
                int label = data.labels[rows[i]];
                sum += weights[i];
                if (label == 2 || label == 3 || label == EQUAL) {
                    assertThat(memory[rows[i]]).isEqualTo(1);
                } else {
                    assertThat(memory[rows[i]]).isEqualTo(weights[i]);
                }
            }
            assertThat(sum).isCloseTo(data.n, within(1e-4 * data.n));
        }
    }

    /** Where no class can be estimated, nothing is done, and said to be. */
    @Test
    void takesNoStepsWhereAllClassesAreDegenerate() {
        Data data = new Data(1);
        int[] rows = IntStream.range(0, data.labels.length).filter(i -> data.labels[i] == EQUAL).limit(6).toArray();
        int[] validationRows = data.batch(0, data.m);
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             Buffer index = device.ints(rows); Buffer validationIndex = device.ints(validationRows);
             Buffer z = buffer(data, data.z, rows); Buffer validation = buffer(data, data.validation, validationRows);
             WeightEstimator estimator = WeightEstimator.create(device, Divergences.get("kl"),
                 new BatchShape(data.labels.length, data.validationLabels.length, rows.length, data.m, 1), EstimationSettings.defaults(),
                 new SampleLabels(labels, validationLabels, CLASSES))) {
            assertThat(estimator.converge(index, validationIndex, z, validation)).isZero();
            assertThat(estimator.weights().toFloats()).containsOnly(1);
            assertThat(estimator.quality(z, validation)).isEqualTo(new Quality(Double.NaN, 0, 0, 0));
        }
    }

    @ParameterizedTest
    @CsvSource({"median, 3", "diw:0.1, 1"})
    void convergesInEveryClass(String bandwidth, int d) {
        Data data = new Data(d);
        int[] rows = data.batch(1, data.n);
        int[] validationRows = data.batch(0, data.m);
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             Buffer index = device.ints(rows); Buffer validationIndex = device.ints(validationRows);
             Buffer z = buffer(data, data.z, rows); Buffer validation = buffer(data, data.validation, validationRows);
             WeightEstimator exact = estimator("kmm-exact", data, settings(bandwidth).build(), labels, validationLabels);
             WeightEstimator stepped = estimator("km", data, settings(bandwidth).build(), labels, validationLabels)) {
            exact.estimate(index, validationIndex, z, validation);
            Quality solved = exact.quality(z, validation);
            assertThat(solved.kktResidual()).isLessThan(1e-6);
            stepped.estimate(index, validationIndex, z, validation);
            Quality begun = stepped.quality(z, validation);
            assertThat(begun.objective()).isGreaterThan(solved.objective());
            assertThat(begun.kktResidual()).isGreaterThan(solved.kktResidual());
            assertThat(stepped.converge(index, validationIndex, z, validation)).isPositive();
            assertThat(stepped.weights().toFloats()).isEqualTo(exact.weights().toFloats());
            assertThat(stepped.memory().toFloats()).isEqualTo(exact.memory().toFloats());
            assertThat(exact.converge(index, validationIndex, z, validation)).isBetween(3, 60);
        }
    }

    @Test
    void notANumberLeavesItsClassAlone() {
        Data data = new Data(2);
        int[] rows = data.batch(0, data.n);
        int[] validationRows = data.batch(0, data.m);
        for (int i = 0; i < data.labels.length; i++) {
            if (data.labels[i] == 0) {
                data.z[i][1] = Float.NaN;
            }
        }
        for (int j = 0; j < data.validationLabels.length; j++) {
            if (data.validationLabels[j] == 7) {
                data.validation[j][0] = Float.NEGATIVE_INFINITY;
            }
        }
        try (Buffer labels = device.ints(data.labels); Buffer validationLabels = device.ints(data.validationLabels);
             WeightEstimator estimator = estimator("km", data, settings("diw:0.01").build(), labels, validationLabels)) {
            estimate(estimator, data, rows, validationRows);
            float[] weights = estimator.weights().toFloats();
            boolean moved = false;
            for (int i = 0; i < data.n; i++) {
                int label = data.labels[rows[i]];
                assertThat(weights[i]).isFinite();
                if (label == 0 || label == 7) {
                    assertThat(weights[i]).isEqualTo(1);
                }
                moved |= label == 1 && weights[i] != 1;
            }
            assertThat(moved).isTrue();
        }
    }
}
