package io.github.adiw.ratio;

import java.util.SplittableRandom;

/** Seeded folds of a sample, as even as can be. */
final class Folds {
    private Folds() {}

    /**
     * The fold of every row.
     *
     * @param rows  at least 1
     * @param folds at least 1
     * @param seed  the same one gives the same folds
     * @return {@code [rows]}, numbers from 0 to {@code folds - 1}
     */
    static int[] of(int rows, int folds, long seed) {
        // SplittableRandom's documentation fixes nextLong alone. A generator's output seeds another, since small seeds are alike.
        SplittableRandom random = new SplittableRandom(new SplittableRandom(seed).nextLong());
        int[] fold = new int[rows];
        for (int i = 0; i < rows; i++) {
            int j = (int) Math.multiplyHigh(random.nextLong() >>> 1, (i + 1L) << 1);
            fold[i] = fold[j];
            fold[j] = i % folds;
        }
        return fold;
    }
}
