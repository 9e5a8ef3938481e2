package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Projections against plain searches in the test (the weighted one's with 200 digits), a quadratic program, and by their properties. */
class ProjectionTest {
    private final SplittableRandom random = new SplittableRandom(5);
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    private float[] numbers(int n, double shift, double spread) {
        float[] v = new float[n];
        for (int i = 0; i < n; i++) {
            v[i] = (float) (shift + spread * random.nextDouble(-1, 1));
        }
        return v;
    }

    private static float[] filled(int n, float value) {
        float[] v = new float[n];
        Arrays.fill(v, value);
        return v;
    }

    private static double dot(float[] b, float[] w) {
        double sum = 0;
        for (int i = 0; i < w.length; i++) {
            sum += (double) b[i] * w[i];
        }
        return sum;
    }

    private static double distance(float[] v, double[] w) {
        double sum = 0;
        for (int i = 0; i < v.length; i++) {
            sum += (v[i] - w[i]) * (v[i] - w[i]);
        }
        return Math.sqrt(sum);
    }

    private static double[] wide(float[] w) {
        double[] result = new double[w.length];
        for (int i = 0; i < w.length; i++) {
            result[i] = w[i];
        }
        return result;
    }

    private static double sum(float[] v, double t, double upper) {
        double sum = 0;
        for (float x : v) {
            sum += Math.min(Math.max(x - t, 0), upper);
        }
        return sum;
    }

    /** Two hundred halvings in double: no cleverness to get wrong. */
    private static double[] band(float[] v, double upper, double low, double high) {
        double left = -upper - 1e9, right = 1e9, t = 0;
        double sum = sum(v, 0, upper);
        if (sum < low || sum > high) {
            double target = sum < low ? low : high;
            for (int i = 0; i < 200; i++) {
                t = (left + right) / 2;
                if (sum(v, t, upper) > target) {
                    left = t;
                } else {
                    right = t;
                }
            }
        }
        double[] w = new double[v.length];
        for (int i = 0; i < v.length; i++) {
            w[i] = Math.min(Math.max(v[i] - t, 0), upper);
        }
        return w;
    }

    private static BigDecimal times(double x, double y) {
        return new BigDecimal(x).multiply(new BigDecimal(y));
    }

    /** w = max(0, v - t b), b'w = s, with t in long decimals: elements enter in the order of falling v / b. */
    private static double[] weighted(float[] v, float[] b, double s) {
        int[] order = IntStream.range(0, v.length).filter(i -> b[i] > 0).boxed()
            .sorted(Comparator.comparingDouble(i -> -(double) v[i] / b[i])).mapToInt(i -> i).toArray();
        BigDecimal bv = new BigDecimal(s).negate();
        BigDecimal bb = BigDecimal.ZERO;
        MathContext digits = new MathContext(v.length > 1000 ? 60 : 200);
        for (int i : order) {
            // i is active where t < v_i / b_i; so it is out if t of those before it is at least that
            if (bb.signum() > 0 && bv.multiply(new BigDecimal(b[i])).compareTo(bb.multiply(new BigDecimal(v[i]))) >= 0) {
                break;
            }
            bv = bv.add(times(b[i], v[i]), digits);
            bb = bb.add(times(b[i], b[i]), digits);
        }
        BigDecimal t = bv.divide(bb, digits);
        double rough = t.doubleValue();
        double[] w = new double[v.length];
        for (int i = 0; i < v.length; i++) {
            if (s > 0 && v[i] - rough * b[i] < -1e-9 * (Math.abs(v[i]) + Math.abs(rough * b[i]))) {
                continue;       // 0 for certain
            }
            w[i] = s == 0 ? b[i] > 0 ? 0 : Math.max(0, v[i])
                : Math.max(0, new BigDecimal(v[i]).subtract(t.multiply(new BigDecimal(b[i]))).doubleValue());
        }
        return w;
    }

    /** Runs it, checks that w agrees, that v is left as it was, and that w = P(w). */
    private float[] check(Projection projection, float[] v, double[] expected) {
        float[] w;
        float[] again;
        try (projection; Buffer in = device.floats(v); Buffer out = device.allocate(ElementType.FLOAT32, v.length)) {
            projection.project(in, out);
            w = out.toFloats();
            assertThat(in.toFloats()).isEqualTo(v);
            again = projection.project(w);
        }
        double scale = Arrays.stream(expected).max().orElseThrow();
        same(again, wide(w), 1e-6 * scale, "idempotent");
        same(w, expected, 1e-6 * scale, "the nearest point");
        return w;
    }

    private static void same(float[] w, double[] expected, double tolerance, String what) {
        int worst = 0;
        for (int i = 0; i < w.length; i++) {
            if (!(Math.abs(w[i] - expected[i]) <= Math.abs(w[worst] - expected[worst]))) {
                worst = i;
            }
        }
        assertThat((double) w[worst]).as("%s: [%d] of %d", what, worst, w.length).isCloseTo(expected[worst], within(tolerance));
    }

    private static void inside(float[] w, double upper) {
        int outside = 0;
        for (float x : w) {
            outside += x >= 0 && x <= (float) upper ? 0 : 1;
        }
        assertThat(outside).as("values outside of the bounds").isZero();
    }

    private void checkBand(float[] v, double upper, double low, double high) {
        float[] w = check(Projection.boxWithBand(device, v.length, upper, low, high), v, band(v, upper, low, high));
        inside(w, upper);
        assertThat(dot(filled(v.length, 1), w)).isBetween(low * (1 - 1e-6), high * (1 + 1e-6));
    }

    private void checkSimplex(float[] v, double s) {
        float[] ones = filled(v.length, 1);
        float[] w = check(Projection.simplex(device, v.length, s), v, weighted(v, ones, s));
        inside(w, Float.MAX_VALUE);
        assertThat(dot(ones, w)).isCloseTo(s, within(1e-6 * s));
    }

    private void checkWeighted(float[] v, float[] b, double s) {
        float[] w = check(Projection.weightedSimplex(device, b, s), v, weighted(v, b, s));
        inside(w, Float.MAX_VALUE);
        assertThat(dot(b, w)).isCloseTo(s, within(1e-6 * s));
    }

    @Test
    void boxWithBand() {
        for (int trial = 0; trial < (DeviceMatrix.slow() ? 30 : 400); trial++) {
            int n = 1 + random.nextInt(300);
            double spread = Math.pow(10, random.nextDouble(-4, 4));
            float[] v = numbers(n, random.nextDouble(-2, 2) * spread, spread);
            double upper = random.nextBoolean() ? 50 : random.nextDouble(1, 3);
            double eps = random.nextInt(3) == 0 ? 0 : random.nextDouble(0, 1);
            checkBand(v, upper, n * (1 - eps), Math.min(n * (1 + eps), n * upper));
        }
    }

    @Test
    void hardCasesOfTheBand() {
        checkBand(filled(257, -3), 50, 257, 257);
        checkBand(filled(257, 1e6f), 50, 200, 300);
        float[] huge = new float[64];
        huge[17] = 1e8f;
        checkBand(huge, 50, 60, 70);
        checkBand(new float[] {5, -5, 0.25f}, 1, 3, 3);
        checkBand(numbers(100, 0, 5), 0.1, 10, 10);
        checkBand(numbers(100, 0, 5), 0.1, 10 * (1 - 1e-7), 10);
        checkBand(numbers(1000, 0, 5), 1, 1000 * (1 - 1e-7), 1000 * (1 - 1e-7));
        checkBand(new float[] {7}, 2, 1, 1);
        float[] ties = new float[100];
        for (int i = 0; i < 100; i++) {
            ties[i] = i % 3;
        }
        checkBand(ties, 1.5, 100, 100);
        check(Projection.boxWithBand(device, 3, 2, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY), new float[] {-1, 1, 5},
            new double[] {0, 1, 2});
        check(Projection.boxWithSum(device, 3, 2, 0), new float[] {-1, 1e8f, 5}, new double[3]);
        check(Projection.boxWithSum(device, 3, 0, 0), new float[] {-1, 1e8f, 5}, new double[3]);
        check(Projection.boxWithSum(device, 3, 0.1, 0.1 * 3), new float[] {-1, 1e8f, 5}, new double[] {0.1, 0.1, 0.1});
        check(Projection.boxWithSum(device, 3, 0.1, 0.3), new float[] {-1, 1e8f, 5}, new double[] {0.1, 0.1, 0.1});
        check(Projection.boxWithSum(device, 2, 50, 99), new float[] {3e38f, -3e38f}, new double[] {50, 49});
    }

    @Test
    void box() {
        float[] v = numbers(700, 0.5, 2);
        double[] expected = new double[v.length];
        for (int i = 0; i < v.length; i++) {
            expected[i] = Math.min(Math.max(v[i], 0), 1.25);
        }
        check(Projection.box(device, v.length, 1.25), v, expected);
        check(Projection.box(device, 3, 0), new float[] {-1, 0, 1e8f}, new double[3]);
    }

    @Test
    void simplex() {
        for (int trial = 0; trial < (DeviceMatrix.slow() ? 20 : 200); trial++) {
            int n = 1 + random.nextInt(300);
            double spread = Math.pow(10, random.nextDouble(-4, 8));
            checkSimplex(numbers(n, random.nextDouble(-2, 2) * spread, spread), Math.pow(10, random.nextDouble(-3, 3)));
        }
        checkSimplex(filled(257, 1e8f), 1);
        checkSimplex(filled(33, -1e8f), 33);
        checkSimplex(new float[] {0, 1e8f, 3, 1e8f}, 1);
        checkSimplex(new float[] {0, 1e8f, 3, 7}, 1e-3);
        checkSimplex(new float[] {3e38f, 3e38f, -3e38f}, 5);
        checkSimplex(new float[] {-7}, 2);
        checkSimplex(new float[] {-7, 1, 2}, 0);
        checkSimplex(new float[] {100_000, 100_000, 99_999}, 1e-8);
    }

    /** b over twelve orders of magnitude, with zeros; v around 0, around a multiple of b, and far away. */
    @Test
    void weightedSimplex() {
        for (int trial = 0; trial < (DeviceMatrix.slow() ? 30 : 600); trial++) {
            int n = 1 + random.nextInt(200);
            double decades = random.nextInt(3) * 3;
            float[] b = new float[n];
            for (int i = 0; i < n; i++) {
                b[i] = i > 0 && random.nextInt(6) == 0 ? 0 : (float) Math.pow(10, random.nextDouble(-decades, decades + 1e-9));
            }
            double spread = Math.pow(10, random.nextDouble(-4, 8));
            float[] v = numbers(n, random.nextDouble(-2, 2) * spread, spread);
            for (int i = 0; trial % 3 == 0 && i < n; i++) {
                v[i] = (float) (spread * b[i]) + (float) random.nextDouble(-1, 1);
                v[i] = b[i] == 0 ? -1 : v[i];
            }
            checkWeighted(v, b, Math.pow(10, random.nextDouble(-3, 4)));
        }
    }

    @Test
    void hardCasesOfTheWeightedSimplex() {
        checkWeighted(new float[] {7}, new float[] {3}, 2);
        checkWeighted(new float[] {-7}, new float[] {1e-6f}, 2);
        checkWeighted(new float[] {-7, 5, -1}, new float[] {1e6f, 0, 1e-6f}, 1);
        checkWeighted(new float[] {-7, 5, 3, 2}, new float[] {2, 0, 0, 1}, 0);
        checkWeighted(filled(257, 1e8f), filled(257, 0.1f), 1);
        checkWeighted(filled(257, -1e8f), filled(257, 0.1f), 257);
        checkWeighted(new float[] {1e8f, 0, 1, -1}, new float[] {1e-6f, 1, 1e6f, 1e3f}, 1);
        checkWeighted(new float[] {0, 0, 1e8f, -1}, new float[] {1e-6f, 1, 1e6f, 1e3f}, 1);
        checkWeighted(new float[] {3e38f, 3e38f, -3e38f, 1e38f}, new float[] {1, 1, 1, 1 / 3f}, 5);
        checkWeighted(new float[] {3e38f, 1e38f, 1}, new float[] {3, 1, 1e-38f}, 1);
        float[] ties = new float[120];
        float[] b = new float[120];
        for (int i = 0; i < 120; i++) {
            b[i] = 1 << i % 4;
            ties[i] = b[i] * (i % 3);
        }
        checkWeighted(ties, b, 120);
        checkWeighted(ties, b, 1e-4);
    }

    @Test
    void manyElements() {
        int n = DeviceMatrix.slow() ? 20_000 : 1_000_000;
        float[] v = numbers(n, 0.5, 3.5);
        checkBand(v, 50, n, n);
        checkBand(v, 2, 2.0 * n * (1 - 1e-7), 2.0 * n);
        checkBand(v, 2, 2.0 * n, 2.0 * n);
        checkSimplex(v, 1);
        float[] b = new float[n];
        for (int i = 0; i < n; i++) {
            b[i] = i % 10 == 0 ? 0 : (float) Math.pow(10, random.nextDouble(-6, 6));
        }
        checkWeighted(v, b, n);
        v[n / 3] = 1e8f;
        checkSimplex(v, n);
        checkWeighted(v, b, 1);
        checkSimplex(filled(n, 1e8f), 1);
    }

    @Test
    void agreesWithAQuadraticProgram() throws IOException {
        JsonNode cases = new ObjectMapper().readTree(Fixtures.path("projections/projections.json").toFile());
        assertThat(cases).hasSize(36);
        for (JsonNode c : cases) {
            float[] v = floats(c.get("v"));
            double upper = c.path("upper").asDouble();
            double s = c.path("s").asDouble();
            Projection projection = switch (c.get("set").asText()) {
                case "box" -> Projection.box(device, v.length, upper);
                case "simplex" -> Projection.simplex(device, v.length, s);
                case "boxWithSum" -> Projection.boxWithSum(device, v.length, upper, s);
                case "boxWithBand" -> Projection.boxWithBand(device, v.length, upper, c.get("low").asDouble(), c.get("high").asDouble());
                case "weightedSimplex" -> Projection.weightedSimplex(device, floats(c.get("b")), s);
                default -> throw new AssertionError(c.get("set"));
            };
            check(projection, v, wide(floats(c.get("w"))));
        }
    }

    private static float[] floats(JsonNode array) {
        float[] x = new float[array.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) array.get(i).asDouble();
        }
        return x;
    }

    /** A random point of the box with this sum: one of the box, drawn towards 0 or towards the far corner. */
    private double[] feasible(int n, double upper, double s) {
        double[] w = random.doubles(n, 0, 1).map(x -> upper * x * x).toArray();
        double sum = Arrays.stream(w).sum();
        for (int i = 0; i < n; i++) {
            w[i] = sum > s ? w[i] * s / sum : upper - (upper - w[i]) * (n * upper - s) / (n * upper - sum);
        }
        return w;
    }

    @Test
    void nothingFeasibleIsNearer() {
        for (int trial = 0; trial < (DeviceMatrix.slow() ? 4 : 40); trial++) {
            int n = 1 + random.nextInt(30);
            float[] v = numbers(n, random.nextDouble(-1, 3), 2);
            double s = random.nextDouble(0.5, 1.5) * n;
            float[] b = numbers(n, 1, 1);
            try (Projection box = Projection.box(device, n, 2); Projection simplex = Projection.simplex(device, n, s);
                 Projection equal = Projection.boxWithSum(device, n, 2, s);
                 Projection band = Projection.boxWithBand(device, n, 2, s / 2, s);
                 Projection weighted = Projection.weightedSimplex(device, b, s)) {
                double toBox = distance(v, wide(box.project(v)));
                double toSimplex = distance(v, wide(simplex.project(v)));
                double toEqual = distance(v, wide(equal.project(v)));
                double toBand = distance(v, wide(band.project(v)));
                double toWeighted = distance(v, wide(weighted.project(v)));
                for (int sample = 0; sample < 200; sample++) {
                    double slack = 1e-6 * n;
                    assertThat(toBox).isLessThanOrEqualTo(distance(v, random.doubles(n, 0, 2).toArray()) + slack);
                    assertThat(toSimplex).isLessThanOrEqualTo(distance(v, feasible(n, s, s)) + slack);
                    assertThat(toEqual).isLessThanOrEqualTo(distance(v, feasible(n, 2, s)) + slack);
                    assertThat(toBand).isLessThanOrEqualTo(distance(v, feasible(n, 2, random.nextDouble(s / 2, s))) + slack);
                    double[] w = feasible(n, s, s);
                    for (int i = 0; i < n; i++) {
                        w[i] = b[i] > 0 ? w[i] / b[i] : 0;
                    }
                    assertThat(toWeighted).isLessThanOrEqualTo(distance(v, w) + slack);
                }
            }
        }
    }

    @Test
    void onItselfAndInAGraph() {
        float[] v = numbers(300, 0, 2);
        float[] b = numbers(300, 2, 1);
        try (Projection weighted = Projection.weightedSimplex(device, b, 5); Projection simplex = Projection.simplex(device, 300, 5);
             Projection box = Projection.box(device, 300, 1); Buffer w = device.floats(v)) {
            assertThat(weighted.size()).isEqualTo(300);
            for (Projection projection : new Projection[] {weighted, simplex, box}) {
                float[] expected = projection.project(v);
                try (Graph graph = device.record(() -> projection.project(w, w))) {
                    w.upload(v);
                    graph.replay();
                    assertThat(w.toFloats()).isEqualTo(expected).isNotEqualTo(v);
                }
            }
        }
    }

    @Test
    void whatIsNotFinite() {
        for (float strange : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] v = {1, strange, 3};
            try (Projection simplex = Projection.simplex(device, 3, 1);
                 Projection weighted = Projection.weightedSimplex(device, new float[] {1, 2, 0}, 1);
                 Projection box = Projection.box(device, 3, 2); Buffer w = device.floats(v)) {
                for (Projection projection : new Projection[] {simplex, weighted}) {
                    w.upload(v);
                    projection.project(w, w);
                    assertThat(w.toFloats()).containsOnly(Float.NaN);
                    refused(() -> projection.project(v), "v[1]");
                }
                w.upload(v);
                box.project(w, w);
                float clipped = Float.isNaN(strange) ? strange : strange > 0 ? 2 : 0;
                assertThat(w.toFloats()).containsExactly(1, clipped, 2);
            }
        }
    }

    private static void refused(ThrowingCallable call, String words) {
        assertThatThrownBy(call).isInstanceOf(UsageException.class).hasMessageContaining(words).hasMessageNotContaining("\n");
    }

    @Test
    void infeasibleSetsAreRefused() {
        double nan = Double.NaN;
        refused(() -> Projection.box(device, 0, 1), "not 0");
        refused(() -> Projection.box(device, 3, -1), "-1.0");
        refused(() -> Projection.box(device, 3, nan), "NaN");
        refused(() -> Projection.box(device, 3, 1e39), "1.0E39");
        refused(() -> Projection.simplex(device, 3, -1), "-1.0");
        refused(() -> Projection.simplex(device, 3, nan), "NaN");
        refused(() -> Projection.simplex(device, 3, Double.POSITIVE_INFINITY), "Infinity");
        refused(() -> Projection.simplex(device, -3, 1), "-3");
        refused(() -> Projection.boxWithSum(device, 3, 1, 3.001), "no 3 numbers of at most 1.0 each sum to 3.001");
        refused(() -> Projection.boxWithSum(device, 3, 1, 3 * (1 + 1e-7)), "no 3 numbers");
        refused(() -> Projection.boxWithSum(device, 3, 1, -1), "-1.0");
        refused(() -> Projection.boxWithSum(device, 3, 1, nan), "NaN");
        refused(() -> Projection.boxWithBand(device, 3, 1, 2, 1), "from 2.0 to 1.0");
        refused(() -> Projection.boxWithBand(device, 3, 1, -2, -1), "high >= 0");
        refused(() -> Projection.boxWithBand(device, 3, 1, nan, 1), "NaN");
        refused(() -> Projection.boxWithBand(device, 3, 1, 1, nan), "NaN");
        refused(() -> Projection.boxWithBand(device, 3, 1, 4, 5), "no 3 numbers");
        refused(() -> Projection.weightedSimplex(device, new float[0], 1), "not 0");
        refused(() -> Projection.weightedSimplex(device, new float[2], 1), "all 2 are 0");
        refused(() -> Projection.weightedSimplex(device, new float[] {1, -1}, 1), "b[1] is -1.0");
        refused(() -> Projection.weightedSimplex(device, new float[] {Float.NaN, 1}, 1), "b[0] is NaN");
        refused(() -> Projection.weightedSimplex(device, new float[] {1, Float.POSITIVE_INFINITY}, 1), "b[1] is Infinity");
        refused(() -> Projection.weightedSimplex(device, new float[] {1}, -1), "-1.0");
        refused(() -> Projection.weightedSimplex(device, new float[] {1}, nan), "NaN");
        refused(() -> Projection.weightedSimplex(device, new float[] {1e-40f}, 1), "too small");
    }

    @Test
    void buffersThatDoNotFit() {
        try (Projection box = Projection.box(device, 3, 1); Buffer right = device.floats(1, 2, 3);
             Buffer longer = device.floats(1, 2, 3, 4);
             Buffer whole = device.ints(1, 2, 3)) {
            assertThatThrownBy(() -> box.project(right, longer))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("w must be");
            assertThatThrownBy(() -> box.project(whole, right))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("v must be");
            refused(() -> box.project(new float[4]), "for 3 numbers, not 4");
        }
    }

    @Test
    void ofArrays() {
        float[] v = {3, -1, 1};
        assertThat(Projection.box(v, 2)).containsExactly(2, 0, 1);
        assertThat(Projection.simplex(v, 3)).containsExactly(2.5f, 0, 0.5f);
        assertThat(Projection.boxWithSum(v, 2, 2)).containsExactly(2, 0, 0);
        assertThat(Projection.boxWithBand(v, 2, 1, 5)).containsExactly(2, 0, 1);
        assertThat(Projection.weightedSimplex(v, new float[] {1, 1, 2}, 2)).containsExactly(2, 0, 0);
        assertThat(v).containsExactly(3, -1, 1);
    }
}
