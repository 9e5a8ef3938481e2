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
        return all.rows(recount);
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

    @Test
    void fewRowsAreAllThere() {
        double[] sample = sample(i -> i % 500, N, 3);
        Arrays.sort(sample);
        assertThat(sample).isEqualTo(IntStream.range(0, N).mapToDouble(i -> i / (N / 500)).toArray());
        assertThat(new RowSample(10, 1, "x").rows(null)).isEmpty();
    }
}
