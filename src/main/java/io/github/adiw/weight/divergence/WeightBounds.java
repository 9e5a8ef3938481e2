package io.github.adiw.weight.divergence;

/**
 * The feasible sums of kernel mean matching for n samples: {@code |sum w - n| <= n eps} with eps = (sqrt(n) - 1) / sqrt(n) (Huang et al.
 * 2006), as {@code kernels/segments.cuh} has them.
 */
final class WeightBounds {
    private WeightBounds() {}

    static double least(int n) {
        return Math.sqrt(n);
    }

    /** @param upper the largest weight */
    static double most(int n, double upper) {
        return Math.min(2 * n - least(n), n * upper);
    }
}
