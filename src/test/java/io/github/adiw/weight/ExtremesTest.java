package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever the values of a batch: nothing is read or written outside of buffers (the stand-in driver and {@code native/sanitized-tests.sh}
 * see it), no weight is NaN, and what is remembered stays finite, so that the next ordinary batch is estimated as ever.
 */
class ExtremesTest {
    private static final int SAMPLES = 80;
    private static final int VALIDATION = 70;
    private static final int[] SIZES = {1, 2, 64};
    private static final int[] DIMENSIONS = {1, 16};
    private static final List<String> METHODS = List.of("km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact", "diw");
    private static final List<String> BANDWIDTHS = List.of("median", "diw:0.01", "gamma:1", "gamma:1e-38", "gamma:3e38");
    private static final float[] VALUES = {0, 1e-30f, Float.MIN_VALUE, 1, 1e10f, 1e19f, 1e30f, 1e38f, Float.MAX_VALUE, -Float.MAX_VALUE,
        Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    private Device device;

    @BeforeEach
    void open() {
        device = Devices.open(DeviceMatrix.name(), 1);
    }

    @AfterEach
    void close() {
        device.close();
    }

    static List<String> methods() {
        return METHODS;
    }

    private static float[] ordinary(int count, double scale, Random random) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) (scale * random.nextGaussian());
        }
        return x;
    }

    /** All equal, of one size, one among ordinary ones, of many sizes, or ordinary. */
    private static float[] extreme(int count, Random random) {
        float value = VALUES[random.nextInt(VALUES.length)];
        float[] x = ordinary(count, 1, random);
        switch (random.nextInt(6)) {
            case 0 -> Arrays.fill(x, value);
            case 1 -> {
                for (int i = 0; i < count; i++) {
                    x[i] = random.nextBoolean() ? value : -value;
                }
            }
            case 2 -> {
                for (int i = 0; i < count; i++) {
                    x[i] = value * random.nextFloat();
                }
            }
            case 3 -> x[random.nextInt(count)] = value;
            case 4 -> {
                for (int i = 0; i < count; i++) {
                    x[i] = VALUES[random.nextInt(VALUES.length)];
                }
            }
            default -> {
            }
        }
        return x;
    }

    private record Sizes(int n, int m, int d) {}

    private record Batch(int[] indices, int[] validationIndices, float[] z, float[] validation) {
        static Batch ordinary(Sizes s, Random random) {
            return new Batch(numbers(s.n, SAMPLES, random), numbers(s.m, VALIDATION, random), ExtremesTest.ordinary(s.n * s.d, 1.5, random),
                ExtremesTest.ordinary(s.m * s.d, 1, random));
        }

        static Batch extreme(Sizes s, Random random) {
            return new Batch(numbers(s.n, SAMPLES, random), numbers(s.m, VALIDATION, random), ExtremesTest.extreme(s.n * s.d, random),
                ExtremesTest.extreme(s.m * s.d, random));
        }

        private static int[] numbers(int count, int of, Random random) {
            return IntStream.generate(() -> random.nextInt(of)).distinct().limit(count).toArray();
        }

        boolean finite() {
            return ExtremesTest.finite(z) && ExtremesTest.finite(validation);
        }
    }

    private static boolean finite(float[] x) {
        for (float v : x) {
            if (!Float.isFinite(v)) {
                return false;
            }
        }
        return true;
    }

    private static void assertWeights(float[] w) {
        for (float x : w) {
            if (!(x >= 0 && Float.isFinite(x))) {
                assertThat(w).as("weights").isEmpty();
            }
        }
    }

    private ImportanceWeights weights(String method, Sizes s, boolean insideClasses, String bandwidth, boolean normalize) {
        ImportanceWeights.Builder builder = ImportanceWeights.builder(device, SAMPLES).validationSamples(VALIDATION).batch(s.n)
            .validationBatch(s.m).dimension(s.d).method(method)
            .settings(EstimationSettings.builder().bandwidth(bandwidth).steps(3).projections(6).normalize(normalize).build());
        if (insideClasses) {
            builder.labels(IntStream.range(0, SAMPLES).map(i -> i % 3).toArray(), IntStream.range(0, VALIDATION).map(i -> i / 2 % 3)
                .toArray());
        }
        return builder.build();
    }

    /** The batch's weights by a call with arrays, null where it is refused; or by one with buffers, which refuses nothing. */
    private float[] update(ImportanceWeights weights, Batch batch, boolean arrays) {
        if (arrays) {
            try {
                return weights.update(batch.indices, batch.validationIndices, batch.z, batch.validation);
            } catch (UsageException e) {
                assertThat(batch.finite()).as(e.getMessage()).isFalse();
                return null;
            } catch (AdiwException e) {
                assertThat(e).hasMessageContaining("single precision");
                return null;
            }
        }
        try (Buffer indices = device.ints(batch.indices); Buffer validationIndices = device.ints(batch.validationIndices);
             Buffer z = device.floats(batch.z); Buffer validation = device.floats(batch.validation)) {
            return weights.update(indices, validationIndices, z, validation).toFloats();
        }
    }

    /** Each method, in whole batches and inside classes, with every bandwidth, size and dimension. */
    @ParameterizedTest
    @MethodSource("methods")
    void noBatchHarmsTheNext(String method) {
        Random random = new Random(17 + method.hashCode());
        int cases = 0;
        int compared = 0;
        for (boolean insideClasses : new boolean[] {false, true}) {
            for (String bandwidth : method.equals("w1") ? BANDWIDTHS.subList(2, 3) : BANDWIDTHS) {
                for (int d : DIMENSIONS) {
                    for (int n : SIZES) {
                        for (int m : SIZES) {
                            int repeat = repeat(method, n, random);
                            for (int i = 0; i < repeat; i++) {
                                compared += check(method, new Sizes(n, m, d), insideClasses, bandwidth, random);
                                cases++;
                            }
                        }
                    }
                }
            }
        }
        assertThat(cases).isGreaterThanOrEqualTo(DeviceMatrix.slow() ? 120 : 1500);
        assertThat(compared).as("batches that left no trace").isGreaterThan(cases / 5).isLessThan(cases);
    }

    private static int repeat(String method, int n, Random random) {
        int whole = (n == 64 ? 5 : 10) * (method.equals("w1") ? 5 : 1);
        if (!DeviceMatrix.slow()) {
            return whole;
        }
        boolean slow64 = n == 64 && (method.equals("kmm-exact") || method.equals("diw"));       // seconds each
        return (int) ((slow64 ? 0.05 : 1) * whole / 10 + random.nextDouble());
    }

    /** 1 where the batch changed nothing, so that the next one was compared with a fresh estimator's. */
    private int check(String method, Sizes s, boolean insideClasses, String bandwidth, Random random) {
        boolean normalize = random.nextInt(4) == 0;
        boolean arrays = random.nextBoolean();
        Batch odd = Batch.extreme(s, random);
        Batch next = Batch.ordinary(s, random);
        int unknown = random.nextInt(40);
        if (!arrays && unknown < 3) {
            (unknown == 0 ? odd.validationIndices : odd.indices)[0] = new int[] {-1, SAMPLES, Integer.MIN_VALUE}[unknown];
        }
        String what = method + (insideClasses ? " inside classes" : "") + " " + bandwidth + " " + s + (normalize ? " normalized" : "");
        try (ImportanceWeights weights = weights(method, s, insideClasses, bandwidth, normalize)) {
            float[] before = weights.state();
            float[] w = update(weights, odd, arrays);
            if (w != null) {
                assertWeights(w);
            }
            float[] after = weights.state();
            assertThat(finite(after)).as("state of " + what).isTrue();
            if (random.nextInt(8) == 0 && !(w == null && !odd.finite())) {
                weights.quality();
            }
            // Directions of w1 are drawn on by what was computed.
            boolean untouched = Arrays.equals(before, after) && (!method.equals("w1") || s.d == 1 || s.n == 1);
            float[] own = weights.update(next.indices, next.validationIndices, next.z, next.validation);
            assertWeights(own);
            assertThat(finite(weights.state())).as("state of " + what).isTrue();
            if (untouched) {
                try (ImportanceWeights fresh = weights(method, s, insideClasses, bandwidth, normalize)) {
                    assertThat(own).as(what).containsExactly(fresh.update(next.indices, next.validationIndices, next.z, next.validation));
                }
            }
            return untouched ? 1 : 0;
        }
    }

    /** A process died of this: projections overflow to NaN, and ranks of a sort collided. */
    @Test
    void projectionsThatOverflow() {
        Random random = new Random(3);
        Sizes s = new Sizes(64, 64, 16);
        for (int i = 0; i < (DeviceMatrix.slow() ? 1 : 20); i++) {
            Batch odd = Batch.ordinary(s, random);
            for (float[] data : List.of(odd.z, odd.validation)) {
                for (int k = 0; k < data.length; k++) {
                    data[k] = random.nextBoolean() ? Float.MAX_VALUE : -Float.MAX_VALUE;
                }
            }
            Batch next = Batch.ordinary(s, random);
            try (Device fresh = Devices.open(DeviceMatrix.name(), 2);
                 ImportanceWeights weights = ImportanceWeights.builder(fresh, SAMPLES).validationSamples(VALIDATION).batch(64)
                     .validationBatch(64)
                     .dimension(16).method("w1").build()) {
                assertThatThrownBy(() -> weights.update(odd.indices, odd.validationIndices, odd.z, odd.validation))
                    .isInstanceOf(AdiwException.class).hasMessageContaining("too large for single precision");
                assertThat(weights.problem()).contains("divide the data by their standard deviation");
                assertThat(weights.memory()).containsOnly(1);
                assertWeights(weights.update(next.indices, next.validationIndices, next.z, next.validation));
                assertThat(weights.problem()).isNull();
                assertThat(weights.memory()).isNotEqualTo(new float[SAMPLES]).contains(1);
            }
        }
    }

    /** Places of a sort are a permutation whatever the values, and rise. */
    @ParameterizedTest
    @ValueSource(strings = {"rank_pool", "sort_pool", "rank_sort"})
    void sortsGivePermutations(String kernel) {
        Random random = new Random(4);
        int n = 37;
        int m = 26;
        for (int i = 0; i < (DeviceMatrix.slow() ? 10 : 200); i++) {
            float[] x = extreme(n + m, random);
            int[] table = {0, n, 0, m};
            try (Buffer values = device.floats(x); Buffer segments = device.ints(table);
                 Buffer keys = device.allocate(ElementType.INT64, 2L * (n + m));
                 Buffer order = device.ints(new int[n + m]); Buffer sorted = device.floats(new float[n + m])) {
                switch (kernel) {
                    case "rank_pool" -> device.launch(kernel, Launch.rows(n + m), values, null, segments, order, sorted, n, m);
                    case "sort_pool" -> device.launch(kernel, Launch.rows(1), values, segments, keys, order, sorted, 1, n, m);
                    default -> device.launch(kernel, Launch.rows(n + m), values.slice(0, n), values.slice(n, m), sorted, n, m);
                }
                float[] result = sorted.toFloats();
                float[] expected = x.clone();
                Arrays.sort(expected);
                Arrays.sort(result);
                assertThat(result).as(kernel).containsExactly(expected);
                if (!kernel.equals("rank_sort")) {
                    assertThat(Arrays.stream(order.toInts()).sorted().toArray()).containsExactly(IntStream.range(0, n + m).toArray());
                }
            }
        }
    }

    /** Where distances have a place in single precision, size does not matter: the same weights in any unit. */
    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "kl-direct", "ls-direct", "w1"})
    void largeAndSmallUnits(String method) {
        Random random = new Random(5);
        for (int d : DIMENSIONS) {
            Sizes s = new Sizes(64, 64, d);
            Batch batch = Batch.ordinary(s, random);
            float[] expected = null;
            for (int exponent : method.equals("w1") ? new int[] {0, -90, 60, 110} : new int[] {0, -30, 30, 55}) {
                try (ImportanceWeights weights = weights(method, s, false, "median", false)) {
                    float[] w = weights.update(batch.indices, batch.validationIndices, scaled(batch.z, exponent),
                        scaled(batch.validation, exponent));
                    expected = expected == null ? w : expected;
                    assertThat(IntStream.range(0, s.n).mapToObj(i -> w[i]).distinct()).hasSizeGreaterThan(3);
                    for (int i = 0; i < s.n; i++) {
                        assertThat(w[i]).as("2^" + exponent).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-3f));
                    }
                }
            }
        }
    }

    private static float[] scaled(float[] x, int exponent) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = Math.scalb(x[i], exponent);
        }
        return y;
    }

    /** One estimation of finite data: finite weights or a sentence. */
    @ParameterizedTest
    @MethodSource("methods")
    void oneEstimation(String method) {
        Random random = new Random(6 + method.hashCode());
        for (int i = 0; i < (DeviceMatrix.slow() ? 5 : 60); i++) {
            Sizes s = new Sizes(SIZES[random.nextInt(3)], SIZES[random.nextInt(3)], DIMENSIONS[random.nextInt(2)]);
            Batch odd = Batch.extreme(s, random);
            try {
                assertWeights(EstimatedWeights.builder(device).method(method)
                    .settings(EstimationSettings.builder().bandwidth(BANDWIDTHS.get(random.nextInt(BANDWIDTHS.size()))).build())
                    .estimate(odd.z, odd.validation, s.d).weights());
            } catch (UsageException e) {
                assertThat(odd.finite()).as(e.getMessage()).isFalse();
            } catch (AdiwException e) {
                assertThat(e).hasMessageContaining("single precision");
            }
        }
    }

    /** A finite point has a finite projection in the set; others hang nothing. */
    @Test
    void projections() {
        Random random = new Random(7);
        int cases = DeviceMatrix.slow() ? 100 : 2000;
        for (int i = 0; i < cases; i++) {
            int n = SIZES[random.nextInt(3)];
            float[] v = extreme(n, random);
            float[] b = new float[n];
            for (int k = 0; k < n; k++) {
                b[k] = (float) Math.pow(10, random.nextInt(8) - 4);
            }
            try (Projection projection = switch (i % 5) {
                case 0 -> Projection.box(device, n, 50);
                case 1 -> Projection.simplex(device, n, n);
                case 2 -> Projection.boxWithSum(device, n, 50, n);
                case 3 -> Projection.boxWithBand(device, n, 50, 0.5 * n, 1.5 * n);
                default -> Projection.weightedSimplex(device, b, n);
            }; Buffer from = device.floats(v); Buffer to = device.allocate(ElementType.FLOAT32, n)) {
                projection.project(from, to);
                float[] w = to.toFloats();
                if (finite(v)) {
                    assertWeights(w);
                    double sum = 0;
                    for (int k = 0; k < n; k++) {
                        sum += i % 5 == 4 ? (double) b[k] * w[k] : w[k];
                    }
                    if (i % 5 != 0) {
                        assertThat(sum).as("sum of set %d for %s", i % 5, Arrays.toString(v)).isBetween(
                            (i % 5 == 3 ? 0.5 : 1) * n - 1e-4 * n,
                            (i % 5 == 3 ? 1.5 : 1) * n + 1e-4 * n);
                    }
                }
            }
        }
    }

    @Test
    void aStateWithWeightsThatCannotBeIsRefused() {
        for (boolean insideClasses : new boolean[] {false, true}) {
            try (ImportanceWeights weights = weights("w1", new Sizes(64, 64, 1), insideClasses, "median", false)) {
                float[] state = weights.state();
                float[] good = state.clone();
                for (int i : new int[] {4, SAMPLES + 7}) {
                    for (float bad : new float[] {3e38f, -1, Float.NaN, Float.POSITIVE_INFINITY, insideClasses ? 3201 : 50.01f}) {
                        state[i] = bad;
                        assertThatThrownBy(() -> weights.restore(state)).isInstanceOf(UsageException.class)
                            .hasMessageContaining("number " + i + " of the state is " + bad);
                    }
                    state[i] = 50;
                    weights.restore(state);
                }
                weights.restore(good);
                assertThat(weights.state()).containsExactly(good);
            }
        }
    }

    /** A number that belongs to no sample reads and writes nothing that is not the batch's. */
    @Test
    void numbersOutOfTheirRange() {
        Sizes s = new Sizes(64, 64, 1);
        Batch batch = Batch.ordinary(s, new Random(8));
        batch.indices[5] = SAMPLES;
        try (ImportanceWeights weights = weights("km", s, false, "median", false)) {
            assertThat(update(weights, batch, false)).containsOnly(1);
            assertThat(weights.problem()).contains("not finite");
            assertThat(weights.memory()).containsOnly(1);
            batch.indices[5] = 0;
            update(weights, batch, false);
            assertThat(weights.problem()).isNull();
        }
    }

    /** In memory where something was before. */
    @ParameterizedTest
    @MethodSource("methods")
    void nothingIsWrongBeforeTheFirstBatch(String method) {
        for (int i = 0; i < 20; i++) {
            for (int length : new int[] {1, 2, 16}) {
                int[] twos = new int[length];
                Arrays.fill(twos, 2);
                device.ints(twos).close();
            }
            try (WeightEstimator whole = WeightEstimator.create(device, Divergences.get(method), new BatchShape(4, 4, 4, 4, 1),
                EstimationSettings.defaults())) {
                assertThat(whole.problem()).isNull();
            }
        }
    }
}
