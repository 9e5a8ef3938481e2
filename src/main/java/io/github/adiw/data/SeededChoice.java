package io.github.adiw.data;

import java.util.SplittableRandom;

/**
 * The seeded choices that are made on the host when data are prepared: which samples, which labels. From
 * {@link SplittableRandom#nextLong()} alone, whose algorithm (SplitMix64: Steele, Lea, Flood, OOPSLA 2014) is fixed by its
 * documentation; its bounded draws are not, so they are made here. Each purpose has a stream of its own, so that a change
 * of one choice leaves the others as they are.
 */
final class SeededChoice {
    /** What is chosen. */
    enum Purpose {
        SAMPLES(0x8f1d5a3be7c2964dL), LABELS(0x3c96e4a17b58d20fL), MINORITIES(0xd2a47f9061b3c85eL);

        private final long stream;

        Purpose(long stream) {
            this.stream = stream;
        }
    }

    private final SplittableRandom random;

    SeededChoice(long seed, Purpose purpose) {
        // Seeds are small numbers, and SplitMix64 started at s and at s + 1 walks one sequence from two places: the first
        // output, itself mixed, parts them.
        random = new SplittableRandom(new SplittableRandom(seed ^ purpose.stream).nextLong());
    }

    /** Uniform in [0, 1), a multiple of 2^-53. */
    double uniform() {
        return (random.nextLong() >>> 11) * 0x1.0p-53;
    }

    /** Uniform in 0..bound-1; the bias of the multiplication, below bound / 2^63, shows in no data set. */
    int below(int bound) {
        return (int) Math.multiplyHigh(random.nextLong() >>> 1, (long) bound << 1);
    }

    /** A permutation of 0..count-1 (Fisher and Yates). */
    int[] permutation(int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = below(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
