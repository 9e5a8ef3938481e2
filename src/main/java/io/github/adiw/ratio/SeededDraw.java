package io.github.adiw.ratio;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Seeded draws of rows; each purpose has a stream of its own, and the same seed, purpose and count give the same draw. */
final class SeededDraw {
    /** What is drawn. */
    enum Purpose {
        SELECTION_TRAIN(0x51c64e6d9a03b7f1L), SELECTION_VALIDATION(0x27d4eb2f165667c5L), CENTERS(0x9e6c63d0876a9a47L),
        FOLDS_TRAIN(0xb5ad4eceda1ce2a9L), FOLDS_VALIDATION(0x6a09e667f3bcc909L), DISTANCES(0x3c6ef372fe94f82bL),
        LEAVE_OUT_TRAIN(0x510e527fade682d1L), LEAVE_OUT_VALIDATION(0x1f83d9abfb41bd6bL), OVERLAP(0x5be0cd19137e2179L);

        private final long stream;

        Purpose(long stream) {
            this.stream = stream;
        }
    }

    private SeededDraw() {}

    /** A permutation of 0..count-1 (Fisher and Yates). */
    static int[] permutation(int count, long seed, Purpose purpose) {
        SplittableRandom random = random(seed, purpose);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = below(random, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** At most {@code most} of 0..count-1, without replacement, in ascending order; all of them where there are no more. */
    static int[] atMost(int most, int count, long seed, Purpose purpose) {
        int[] chosen = Arrays.copyOf(permutation(count, seed, purpose), Math.min(most, count));
        Arrays.sort(chosen);
        return chosen;
    }

    /** The numbers of {@code count} rows by fold: row {@code order[i]} of a seeded order is in fold {@code i mod folds}. */
    static int[] folds(int count, int folds, long seed, Purpose purpose) {
        int[] order = permutation(count, seed, purpose);
        int[] fold = new int[count];
        for (int i = 0; i < count; i++) {
            fold[order[i]] = i % folds;
        }
        return fold;
    }

    private static SplittableRandom random(long seed, Purpose purpose) {
        // Seeds are small numbers, and SplitMix64 walks one sequence from nearby places: its first output, itself mixed, parts them.
        return new SplittableRandom(new SplittableRandom(seed ^ purpose.stream).nextLong());
    }

    /** Uniform in 0..bound-1; the bias, below bound / 2^63, shows in no data set. */
    private static int below(SplittableRandom random, int bound) {
        return (int) Math.multiplyHigh(random.nextLong() >>> 1, (long) bound << 1);
    }
}
