package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.data.Rows;
import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Which columns have heavy tails, and what becomes of them. */
class HeavyTailsTest {
    private static final int ROWS = 1500;

    private static Standardization scaling(long seed, ToDoubleFunction<Random> draw) {
        Random random = new Random(seed);
        double[] x = new double[ROWS];
        Arrays.setAll(x, i -> draw.applyAsDouble(random));
        return Standardization.of(Rows.of(Arrays.copyOf(x, 1000), 1), Rows.of(Arrays.copyOfRange(x, 1000, ROWS), 1), true, look -> {});
    }

    private static double often(Random random, double share, double value) {
        return random.nextDouble() < share ? value : random.nextGaussian();
    }

    private static double zeros(Random random, double share, double deviation) {
        return random.nextDouble() < share ? 0 : Math.exp(deviation * random.nextGaussian());
    }

    @Test
    void ordinaryColumnsHaveNone() {
        for (int seed = 0; seed < 20; seed++) {
            assertThat(scaling(seed, Random::nextGaussian).heavy()).as("normal").containsExactly(false);
            assertThat(scaling(seed, r -> -Math.log(r.nextDouble())).heavy()).as("exponential").containsExactly(false);
            assertThat(scaling(seed, r -> Math.exp(0.75 * r.nextGaussian())).heavy()).as("skewed").containsExactly(false);
            assertThat(scaling(seed, r -> r.nextDouble() < 0.01 ? 1 : 0).heavy()).as("a rare category").containsExactly(false);
            assertThat(scaling(seed, r -> r.nextDouble() < 0.03 ? r.nextInt(4) : 0).heavy()).as("few counts").containsExactly(false);
            assertThat(scaling(seed, r -> 8000 * zeros(r, 0.92, 1)).heavy()).as("mostly zero, else money").containsExactly(false);
            assertThat(scaling(seed, r -> (r.nextInt(3) == 0 ? 1 : 0.01) * r.nextGaussian()).heavy()).as("a spike").containsExactly(false);
        }
    }

    @Test
    void codesAndSizesHaveSome() {
        for (int seed = 0; seed < 20; seed++) {
            assertThat(scaling(seed, r -> often(r, 0.01, 9999)).heavy()).as("codes").containsExactly(true);
            assertThat(scaling(seed, r -> often(r, 0.04, -1e6)).heavy()).as("negative codes").containsExactly(true);
            assertThat(scaling(seed, r -> r.nextDouble() < 0.02 ? 999 : r.nextInt(2)).heavy()).as("codes in a flag").containsExactly(true);
            assertThat(scaling(seed, r -> Math.exp(2 * r.nextGaussian())).heavy()).as("lognormal").containsExactly(true);
            assertThat(scaling(seed, r -> Math.tan(Math.PI * (r.nextDouble() - 0.5))).heavy()).as("Cauchy").containsExactly(true);
            assertThat(scaling(seed, r -> zeros(r, 0.6, 2.5)).heavy()).as("mostly zero, else sizes").containsExactly(true);
        }
    }

    /** The others keep the spread that they have without the codes, and order stays as it was. */
    @Test
    void fewFarRowsDoNotSqueezeTheOthers() {
        Standardization scaling = scaling(3, r -> often(r, 0.01, 9999));
        assertThat(scaling.center()[0]).isCloseTo(0, within(0.1));
        assertThat(scaling.scale()[0]).isCloseTo(1, within(0.1));
        assertThat(scaling.apply(new double[] {scaling.center()[0] + 2 * scaling.scale()[0]})[0]).isCloseTo(
            (float) Math.log(2 + Math.sqrt(5)),
            within(1e-6f));
        assertThat(scaling.apply(new double[] {scaling.center()[0] - 1e-7 * scaling.scale()[0]})[0]).isCloseTo(-1e-7f, within(1e-13f));
        float last = Float.NEGATIVE_INFINITY;
        for (double x : new double[] {-Double.MAX_VALUE / 5, -1e160, -9999, -1, 0, 1, 9999, 1e160, Double.MAX_VALUE / 5}) {
            float now = scaling.apply(new double[] {x})[0];
            assertThat(now).isFinite().isGreaterThan(last);
            last = now;
        }
    }

    /** The largest numbers that there are, as codes and in rows that come later. */
    @Test
    void numbersOfAnySizeStayFinite() {
        Standardization scaling = scaling(4, r -> r.nextDouble() < 0.01 ? Double.MAX_VALUE : r.nextDouble());
        assertThat(scaling.heavy()).containsExactly(true);
        for (double x : new double[] {Double.MAX_VALUE, -Double.MAX_VALUE, 1e308}) {
            assertThat(Math.abs(scaling.apply(new double[] {x})[0])).isBetween(600f, 800f);
        }
    }

    @Test
    void columnsAsTheyAreStaySo() {
        double[] x = new double[100];
        Arrays.setAll(x, i -> i == 7 ? 1e6 : i % 10);
        Rows rows = Rows.of(x, 1);
        assertThat(Standardization.of(rows, rows, true, look -> {}).heavy()).containsExactly(true);
        Standardization scaling = Standardization.of(rows, rows, false, look -> {});
        assertThat(scaling.heavy()).containsExactly(false);
        assertThat(scaling.scale()).containsExactly(1);
    }
}
