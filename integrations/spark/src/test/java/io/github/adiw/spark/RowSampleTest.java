package io.github.adiw.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.Test;

/** The sample of all partitions, whatever they are. */
class RowSampleTest {
    private static final int N = 60_000;

    /** The sample of rows in an order of its own, in so many partitions. */
    private static double[] sample(IntToDoubleFunction number, int most, int partitions) {
        return sample(number, most, 0, partitions);
    }

    /** The same; a larger one, in ascending order, where {@code larger} is not 0. */
    private static double[] sample(IntToDoubleFunction number, int most, int larger, int partitions) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, N).boxed().toList());
        Collections.shuffle(order, new Random(partitions));
        RowSample all = new RowSample(most, 1, "x");
        for (int p = 0; p < partitions; p++) {
            RowSample part = new RowSample(most, 1, "x");
            for (int i = p; i < N; i += partitions) {
                part.add(new double[] {number.applyAsDouble(order.get(i))});
            }
            all.add(part);
        }
        assertThat(all.count()).isEqualTo(N);
        RowSample.Recount recount = all.recount();
        if (recount != null) {
            order.forEach(i -> recount.add(new double[] {number.applyAsDouble(i)}));
        }
        if (larger == 0) {
            return all.rows(recount);
        }
        LargerSample drawn = all.larger(larger, recount);
        List<LargerSample.Part> parts = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            int own = p;
            drawn.call(IntStream.range(0, N).filter(i -> i % partitions == own).map(order::get)
                .mapToObj(i -> new double[] {number.applyAsDouble(i)}).iterator()).forEachRemaining(part -> parts.add(part.value()));
        }
        double[] rows = drawn.rows(parts);
        Arrays.sort(rows);
        return rows;
    }

    private static long count(double[] sample, double number) {
        return Arrays.stream(sample).filter(x -> x == number).count();
    }

    /** All different, few different, and a third of them equal among others that are not. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void partitionsHaveNoPart(int kind) {
        IntToDoubleFunction number = i -> kind == 0 ? i : kind == 1 ? i % 100 : i % 3 == 0 ? -1 : i;
        double[] one = sample(number, 3000, 1);
        assertThat(one).hasSize(3000);
        for (int partitions : new int[] {2, 7, 50}) {
            assertThat(sample(number, 3000, partitions)).isEqualTo(one);
        }
        if (kind == 0) {
            assertThat(one).doesNotHaveDuplicates();
            assertThat(Arrays.stream(one).average().orElseThrow()).isCloseTo(N / 2.0, within(4 * N / Math.sqrt(12 * 3000)));
        } else if (kind == 1) {
            for (int x = 0; x < 100; x++) {
                assertThat(count(one, x)).isBetween(29L, 31L);
            }
        } else {
            assertThat(count(one, -1)).isBetween(999L, 1001L);
        }
    }

    /** The larger one: of the same rows in any order and partitions, at most as many, rows that occur often as often as they should. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void aLargerSampleIsAsIndependent(int kind) {
        IntToDoubleFunction number = i -> kind == 0 ? i : kind == 1 ? i % 100 : kind == 2 ? i % 3 == 0 ? -1 : i : i / 20;
        double[] one = sample(number, 500, 9000, 1);
        assertThat(one.length).isBetween(8000, 9000);
        for (int partitions : new int[] {2, 7, 50}) {
            assertThat(sample(number, 500, 9000, partitions)).isEqualTo(one);
        }
        if (kind == 0) {
            assertThat(one).doesNotHaveDuplicates();
            assertThat(Arrays.stream(one).average().orElseThrow()).isCloseTo(N / 2.0, within(4 * N / Math.sqrt(12 * 9000)));
        } else if (kind == 1) {
            for (int x = 0; x < 100; x++) {
                assertThat(count(one, x)).isEqualTo(90);
            }
        } else if (kind == 2) {
            assertThat(count(one, -1)).isCloseTo(one.length / 3, within(2L));
        } else {
            for (double x : one) {
                assertThat(count(one, x)).isEqualTo(20);      // all of a row's occurrences, or none
            }
        }
        double[] all = sample(number, 500, N, 3);
        assertThat(all).isEqualTo(IntStream.range(0, N).mapToDouble(number).sorted().toArray());
    }

    @Test
    void fewRowsAreAllThere() {
        double[] sample = sample(i -> i % 500, N, 3);
        Arrays.sort(sample);
        assertThat(sample).isEqualTo(IntStream.range(0, N).mapToDouble(i -> i / (N / 500)).toArray());
        assertThat(new RowSample(10, 1, "x").rows(null)).isEmpty();
    }
}
