package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Projection on {0 <= w <= B, low <= sum w <= high} against a bisection in the test, and by its properties. */
class ProjectionTest {
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    private float[] project(float[] v, double upper, double low, double high) {
        try (Buffer in = device.floats(v); Buffer out = device.floats(new float[v.length])) {
            device.launch("project_band", Launch.block(), in, out, v.length, upper, low, high);
            return out.toFloats();
        }
    }

    /** Two hundred halvings in double: no cleverness to get wrong. */
    private static double[] oracle(float[] v, double upper, double low, double high) {
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

    private static double sum(float[] v, double t, double upper) {
        double sum = 0;
        for (float x : v) {
            sum += Math.min(Math.max(x - t, 0), upper);
        }
        return sum;
    }

    private void check(float[] v, double upper, double low, double high) {
        float[] w = project(v, upper, low, high);
        double[] expected = oracle(v, upper, low, high);
        double scale = Math.max(1, Arrays.stream(expected).max().orElse(1));
        double total = 0;
        for (int i = 0; i < v.length; i++) {
            assertThat((double) w[i]).isCloseTo(expected[i], within(2e-6 * scale));
            assertThat(w[i]).isBetween(0f, (float) upper);
            total += w[i];
        }
        assertThat(total).isBetween(low - 1e-6 * Math.max(1, low), high + 1e-6 * Math.max(1, high));
        float[] again = project(w, upper, low, high);
        for (int i = 0; i < v.length; i++) {
            assertThat(again[i]).as("idempotent").isCloseTo(w[i], within((float) (2e-6 * scale)));
        }
    }

    @Test
    void isTheNearestFeasiblePoint() {
        SplittableRandom random = new SplittableRandom(5);
        for (int trial = 0; trial < (DeviceMatrix.slow() ? 30 : 400); trial++) {
            int n = 1 + random.nextInt(300);
            float spread = (float) Math.pow(10, random.nextDouble(-4, 4));
            float shift = (float) (random.nextDouble(-2, 2) * spread);
            float[] v = new float[n];
            for (int i = 0; i < n; i++) {
                v[i] = shift + spread * (float) random.nextDouble(-1, 1);
            }
            double upper = random.nextBoolean() ? 50 : random.nextDouble(1, 3);
            double eps = random.nextInt(3) == 0 ? 0 : random.nextDouble(0, 1);
            check(v, upper, n * (1 - eps), Math.min(n * (1 + eps), n * upper));
        }
    }

    @Test
    void hardCases() {
        float[] equal = new float[257];
        Arrays.fill(equal, -3);
        check(equal, 50, 257, 257);
        Arrays.fill(equal, 1e6f);
        check(equal, 50, 200, 300);
        float[] huge = new float[64];
        huge[17] = 1e8f;
        check(huge, 50, 60, 70);
        check(new float[] {5, -5, 0.25f}, 1, 3, 3);
        check(new float[] {7}, 2, 1, 1);
        float[] ties = new float[100];
        for (int i = 0; i < 100; i++) {
            ties[i] = i % 3;
        }
        check(ties, 1.5, 100, 100);
    }

    @Test
    void manyElements() {
        int n = DeviceMatrix.slow() ? 20_000 : 1_000_000;
        SplittableRandom random = new SplittableRandom(9);
        float[] v = new float[n];
        for (int i = 0; i < n; i++) {
            v[i] = (float) random.nextDouble(-3, 4);
        }
        check(v, 50, n, n);
    }
}
