package io.github.adiw.ratio;

/**
 * min 1/2 q'Hq - f'q subject to q at least 0, H positive definite, by the active-set method of Lawson and Hanson (Solving Least Squares
 * Problems, 1974, chapter 23): one variable at a time becomes positive, by the largest multiplier, and the factor of the positive ones'
 * part of H grows by a row.
 */
final class NonNegativeProgram {
    private final double[] matrix;
    private final double[] linear;
    private final int size;
    private final double[] factor;
    private final int[] positive;
    private final boolean[] chosen;
    private final double[] solution;
    private int count;

    /**
     * A program.
     *
     * @param matrix H {@code [size, size]}, both triangles
     * @param linear f {@code [size]}
     */
    NonNegativeProgram(double[] matrix, double[] linear) {
        this.matrix = matrix;
        this.linear = linear;
        size = linear.length;
        factor = new double[size * size];
        positive = new int[size];
        chosen = new boolean[size];
        solution = new double[size];
    }

    /**
     * Solves it to rounding.
     *
     * @param start {@code [size]}, at least 0: where to begin; the nearer its positive entries are to the solution's, the faster
     * @return q {@code [size]}
     */
    double[] solve(double[] start) {
        for (int l = 0; l < size; l++) {
            if (start[l] > 0 && append(l)) {
                solution[l] = start[l];
            }
        }
        double most = 0;
        for (double f : linear) {
            most = Math.max(most, Math.abs(f));
        }
        boolean[] refused = new boolean[size];
        settle();
        for (int step = 0; step < 10 * size; step++) {
            int entering = largestMultiplier(1e-12 * most, refused);
            if (entering < 0) {
                break;
            }
            if (!append(entering)) {
                refused[entering] = true;      // a combination of the others, to rounding
                continue;
            }
            int before = count;
            settle();
            refused[entering] = count < before && !chosen[entering];
        }
        return solution;
    }

    /** The variable at 0 whose multiplier f - Hq is largest, if that is above the tolerance; else -1. */
    private int largestMultiplier(double tolerance, boolean[] refused) {
        double[] multiplier = linear.clone();
        for (int i = 0; i < count; i++) {
            int row = positive[i] * size;
            double q = solution[positive[i]];
            for (int l = 0; l < size; l++) {
                multiplier[l] -= q * matrix[row + l];
            }
        }
        int best = -1;
        double largest = tolerance;
        for (int l = 0; l < size; l++) {
            if (!chosen[l] && !refused[l] && multiplier[l] > largest) {
                largest = multiplier[l];
                best = l;
            }
        }
        return best;
    }

    /** Goes to the minimum over the chosen variables, and on the way drops those that reach 0. */
    private void settle() {
        while (count > 0) {
            double[] target = minimum();
            double step = 1;
            int blocking = -1;
            for (int i = 0; i < count; i++) {
                double q = solution[positive[i]];
                if (target[i] <= 0 && (blocking < 0 || q < step * (q - target[i]))) {
                    step = q > 0 ? q / (q - target[i]) : 0;
                    blocking = i;
                }
            }
            int firstDropped = count;
            for (int i = 0; i < count; i++) {
                int l = positive[i];
                solution[l] += step * (target[i] - solution[l]);
                if (i == blocking || solution[l] <= 0) {
                    solution[l] = 0;
                    chosen[l] = false;
                    firstDropped = Math.min(firstDropped, i);
                }
            }
            if (firstDropped == count) {
                return;
            }
            refactor(firstDropped);
        }
    }

    /** Of the program over the chosen variables alone, in their order. */
    private double[] minimum() {
        double[] x = new double[count];
        for (int i = 0; i < count; i++) {
            x[i] = linear[positive[i]];
        }
        Cholesky.solve(factor, size, x, count);
        return x;
    }

    private void refactor(int from) {
        int old = count;
        count = from;
        for (int i = from; i < old; i++) {
            int l = positive[i];
            if (chosen[l] && !append(l)) {
                chosen[l] = false;
                solution[l] = 0;
            }
        }
    }

    /** One more row of the factor; false if the matrix is not positive definite with it, to rounding. */
    private boolean append(int l) {
        int row = count * size;
        double rest = matrix[l * size + l];
        for (int i = 0; i < count; i++) {
            double value = matrix[l * size + positive[i]];
            int other = i * size;
            for (int k = 0; k < i; k++) {
                value -= factor[other + k] * factor[row + k];
            }
            value /= factor[other + i];
            factor[row + i] = value;
            rest -= value * value;
        }
        if (!(rest > 1e-14 * matrix[l * size + l])) {
            return false;
        }
        factor[row + count] = Math.sqrt(rest);
        positive[count++] = l;
        chosen[l] = true;
        return true;
    }
}
