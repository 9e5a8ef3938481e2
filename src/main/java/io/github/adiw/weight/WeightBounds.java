package io.github.adiw.weight;

/**
 * The feasible set of kernel mean matching for a batch of n samples: {@code 0 <= w <= upper} and {@code |sum w - n| <= n eps} with
 * eps = (sqrt(n) - 1) / sqrt(n) (Huang et al. 2006).
 */
record WeightBounds(int n, double upper) {
    double epsilon() {
        return (Math.sqrt(n) - 1) / Math.sqrt(n);
    }

    double low() {
        return n * (1 - epsilon());
    }

    double high() {
        return Math.min(n * (1 + epsilon()), n * upper);
    }
}
