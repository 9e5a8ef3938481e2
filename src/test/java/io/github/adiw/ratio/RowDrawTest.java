package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.data.Rows;
import io.github.adiw.ratio.RowDraw.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is drawn depends on what rows hold, and on nothing else. */
class RowDrawTest {
    /** Rows of one column with so many different numbers, in an order of their own. */
    private static Matrix rows(int count, int different, long order) {
        int[] numbers = IntStream.range(0, count).toArray();
        Random random = new Random(order);
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int held = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = held;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = numbers[i] % different;
        }
        return new Matrix(values, count, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 60, 500})
    void orderHasNoPart(int different) {
        Matrix one = rows(500, different, 1);
        Matrix other = rows(500, different, 2);
        for (int most : new int[] {1, 30, 499, 500, 900}) {
            assertThat(one.select(RowDraw.atMost(most, one.keys(), 3, Purpose.CENTERS)).values())
                .isEqualTo(other.select(RowDraw.atMost(most, other.keys(), 3, Purpose.CENTERS)).values()).hasSize(Math.min(most, 500));
        }
        int[] fold = RowDraw.folds(one.keys(), 5, 3, Purpose.FOLDS_TRAIN);
        int[] otherFold = RowDraw.folds(other.keys(), 5, 3, Purpose.FOLDS_TRAIN);
        for (int f = 0; f < 5; f++) {
            assertThat(inFold(one, fold, f)).isEqualTo(inFold(other, otherFold, f)).hasSize(100);
        }
    }

    private static float[] inFold(Matrix rows, int[] fold, int which) {
        float[] values = rows.select(IntStream.range(0, fold.length).filter(i -> fold[i] == which).toArray()).values();
        Arrays.sort(values);
        return values;
    }

    @Test
    void everyRowIsDrawnOnceAndSeedsAndPurposesDiffer() {
        long[] keys = rows(1000, 700, 1).keys();
        int[] order = RowDraw.permutation(keys, 1, Purpose.CENTERS);
        assertThat(order).hasSize(1000).doesNotHaveDuplicates();
        assertThat(RowDraw.atMost(10, keys, 1, Purpose.CENTERS)).isEqualTo(Arrays.copyOf(order, 10));
        assertThat(RowDraw.permutation(keys, 2, Purpose.CENTERS)).isNotEqualTo(order);
        assertThat(RowDraw.permutation(keys, 1, Purpose.DISTANCES)).isNotEqualTo(order);
    }

    /** A third of the rows are equal: so is a third of what is drawn, and of every fold, give or take four standard deviations. */
    @Test
    void equalRowsAreDrawnAsOftenAsTheyShouldBe() {
        double[] numbers = IntStream.range(0, 30_000).mapToDouble(i -> i % 3 == 0 ? 0 : i).toArray();
        long[] keys = RowDraw.keys(Rows.of(numbers, 1));
        int[] drawn = RowDraw.atMost(3000, keys, 1, Purpose.SELECTION_TRAIN);
        assertThat((double) Arrays.stream(drawn).filter(i -> i % 3 == 0).count()).isCloseTo(1000, within(100.0));
        int[] fold = RowDraw.folds(keys, 5, 1, Purpose.FOLDS_TRAIN);
        for (int f = 0; f < 5; f++) {
            int which = f;
            assertThat((double) IntStream.range(0, 30_000).filter(i -> i % 3 == 0 && fold[i] == which).count())
                .isCloseTo(2000, within(160.0));
        }
    }

    /** Hashes of neighbouring numbers are as good as random ones: each bit is set for about half of them. */
    @Test
    void hashesAreSpreadEvenly() {
        int count = 10_000;
        int[] set = new int[64];
        for (long key : rows(count, count, 1).keys()) {
            long hash = RowDraw.hash(key, 0, 1, Purpose.CENTERS);
            for (int bit = 0; bit < 64; bit++) {
                set[bit] += (int) (hash >>> bit & 1);
            }
        }
        assertThat(Arrays.stream(set).boxed()).allMatch(ones -> Math.abs(ones - count / 2) < 250);
    }

    /** Rows that a column is a hash of, and nobody holds; they count how often each is read. */
    private static final class CountedRows implements Rows {
        private final int rows;
        private final int columns;
        private long read;

        CountedRows(int rows, int columns) {
            this.rows = rows;
            this.columns = columns;
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public int columns() {
            return columns;
        }

        @Override
        public void read(int from, int count, double[] into) {
            read += count;
            for (int i = 0; i < count * columns; i++) {
                into[i] = (from * 31 + i) % 1009;
            }
        }
    }

    /** However many columns there are, rows are read eight times at most; where they are few, once. */
    @ParameterizedTest
    @CsvSource({"1400000, 18, 6", "1000, 50, 1", "3, 1, 1"})
    void rowsAreReadAFewTimes(int count, int columns, int times) {
        CountedRows rows = new CountedRows(count, columns);
        List<Integer> heard = new ArrayList<>();
        assertThat(RowDraw.keys(rows, heard::add)).hasSize(count);
        assertThat(rows.read).isEqualTo((long) count * times);
        assertThat(heard).isEqualTo(IntStream.range(0, columns).boxed().toList());
    }

    /** Equal numbers have equal keys, signs of 0 too; units and what is added have no part, and columns are not mixed up. */
    @Test
    void keysAreOfRanks() {
        double[] rows = {0, 1, 1, 0, -0.0, 1, 5, 5, 0, 5};
        double[] other = Arrays.stream(rows).map(x -> 1e6 + 1e3 * x).toArray();
        long[] keys = RowDraw.keys(Rows.of(rows, 2));
        assertThat(keys[2]).isEqualTo(keys[0]);
        assertThat(Arrays.stream(keys).distinct().count()).isEqualTo(4);
        assertThat(RowDraw.keys(Rows.of(other, 2))).isEqualTo(keys);
    }
}
