package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Seeded draws of rows by what they hold: a row comes as early as the hash of its numbers' ranks, the seed and the purpose says, so that
 * neither the order of the rows nor the units of the columns have a part. The second of two equal rows has a hash of its own, and so on:
 * rows that occur often are drawn as often as they should be. Which of them is the second does not matter.
 */
final class RowDraw {
    /** SplitMix64's (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"), as is {@link #mix}. */
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    /** What is drawn: each purpose has an order of its own. */
    enum Purpose {
        SELECTION_TRAIN(0x51c64e6d9a03b7f1L), SELECTION_VALIDATION(0x27d4eb2f165667c5L), CENTERS(0x9e6c63d0876a9a47L),
        FOLDS_TRAIN(0xb5ad4eceda1ce2a9L), FOLDS_VALIDATION(0x6a09e667f3bcc909L), DISTANCES(0x3c6ef372fe94f82bL),
        LEAVE_OUT_TRAIN(0x510e527fade682d1L), LEAVE_OUT_VALIDATION(0x1f83d9abfb41bd6bL), OVERLAP(0x5be0cd19137e2179L);

        private final long stream;

        Purpose(long stream) {
            this.stream = stream;
        }
    }

    private RowDraw() {}

    /** {@link #keys(Rows, IntConsumer)}, unheard. */
    static long[] keys(Rows rows) {
        return keys(rows, column -> {});
    }

    /**
     * What rows hold, in 64 bits each, {@code [rows]}: equal rows have the same key, and others, but for a chance of 2^-64 a pair, another
     * one. A number counts as how many of its column are below it. Time is linear in the rows, which are read eight times at most.
     *
     * @param rows   finite
     * @param column hears the number of each column before it is ranked; what it throws ends it
     */
    static long[] keys(Rows rows, IntConsumer column) {
        int count = rows.rows();
        long[] keys = new long[count];
        ColumnRanks ranks = new ColumnRanks(count);
        ColumnArrays.forEach(List.of(rows), IntStream.range(0, rows.columns()).toArray(), (k, x) -> {
            column.accept(k);
            ranks.visit(x, (row, below) -> keys[row] = mix((keys[row] ^ below) + GOLDEN));
        });
        return keys;
    }

    /**
     * The hash by which a row comes early or late.
     *
     * @param key        of the row
     * @param occurrence how many rows that are equal to it have been counted before
     */
    static long hash(long key, long occurrence, long seed, Purpose purpose) {
        return mix(mix(key ^ mix((seed ^ purpose.stream) + GOLDEN)) + occurrence * GOLDEN);
    }

    private static long mix(long x) {
        long y = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
        y = (y ^ y >>> 27) * 0x94d049bb133111ebL;
        return y ^ y >>> 31;
    }

    /** The numbers of all rows, in the order that is drawn. */
    static int[] permutation(long[] keys, long seed, Purpose purpose) {
        return atMost(keys.length, keys, seed, purpose);
    }

    /** The first {@code most} of the {@link #permutation}, without replacement; all of them where there are no more. */
    static int[] atMost(int most, long[] keys, long seed, Purpose purpose) {
        long[] hashes = hashes(keys, seed, purpose);
        long[] sorted = hashes.clone();
        Arrays.sort(sorted);
        int count = Math.min(most, keys.length);
        int[] chosen = new int[count];
        boolean[] taken = new boolean[count];
        for (int row = 0; row < hashes.length; row++) {
            int rank = below(sorted, hashes[row], count);
            while (rank < count && taken[rank]) {
                rank++;
            }
            if (rank < count) {
                taken[rank] = true;
                chosen[rank] = row;
            }
        }
        return chosen;
    }

    /** The fold of every row: row {@code order[i]} of the drawn order is in fold {@code i mod folds}. */
    static int[] folds(long[] keys, int folds, long seed, Purpose purpose) {
        int[] order = permutation(keys, seed, purpose);
        int[] fold = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            fold[order[i]] = i % folds;
        }
        return fold;
    }

    private static long[] hashes(long[] keys, long seed, Purpose purpose) {
        long[] sorted = keys.clone();
        Arrays.sort(sorted);
        boolean repeated = false;
        for (int i = 1; i < sorted.length && !repeated; i++) {
            repeated = sorted[i] == sorted[i - 1];
        }
        int[] seen = new int[repeated ? keys.length : 0];
        long[] hashes = new long[keys.length];
        for (int row = 0; row < keys.length; row++) {
            hashes[row] = hash(keys[row], repeated ? seen[below(sorted, keys[row], sorted.length)]++ : 0, seed, purpose);
        }
        return hashes;
    }

    /** How many of the first {@code count} numbers are below x. */
    private static int below(long[] sorted, long x, int count) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = low + high >>> 1;
            if (sorted[middle] < x) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
