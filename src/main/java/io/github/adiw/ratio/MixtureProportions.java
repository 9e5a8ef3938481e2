package io.github.adiw.ratio;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * KLIEP's program (Sugiyama et al. 2008): maximise mean_j log r_j, r = K a, over a at least 0 with b'a = 1. With p_l = a_l b_l it is the
 * maximum likelihood of a mixture's proportions, solved by sequential quadratic programming as in mixsqp (Kim, Carbonetto, Stephens,
 * Anitescu, Journal of Computational and Graphical Statistics 2020): minimise f(p) = -mean_j log r_j + sum_l p_l, whose minimum has the
 * sum 1 by itself. With G_l = mean_j K_jl / (b_l r_j), no p has a mean log-likelihood larger than this one's by more than max_l G_l - 1:
 * that is the gap.
 */
final class MixtureProportions {
    /** Where r does not change any more: it moves with the root of the gap. */
    private static final double WANTED_GAP = 1e-11;
    /** Where no weight changes any more by as much as matters. */
    private static final double SMALL_GAP = 1e-6;
    private static final int MOST_STEPS = 200;
    /** A step that promises a smaller decrease is not taken: r would change by less than 1e-7 of itself. */
    private static final double LEAST_DECREASE = 1e-15;
    /** Added to each diagonal element of the quadratic model, of its own size: directions that do not show in r are left alone. */
    private static final double RIDGE = 1e-10;

    private final RowMatrix kernel;
    private final double[] means;
    private final double[] share;

    /**
     * A program.
     *
     * @param kernel K {@code [rows, columns]}, above 0
     * @param means  b {@code [columns]}, above 0
     * @param rows   {@code [rows]}: which of the rows count
     */
    MixtureProportions(RowMatrix kernel, double[] means, boolean[] rows) {
        this.kernel = kernel;
        this.means = means;
        long counting = IntStream.range(0, rows.length).filter(j -> rows[j]).count();
        share = new double[rows.length];
        Arrays.setAll(share, j -> rows[j] ? 1.0 / counting : 0);
    }

    /**
     * The solution.
     *
     * @param proportions p {@code [columns]}, at least 0, of sum 1
     * @param ratios      r {@code [rows]}, also of those rows that did not count
     * @param steps       quadratic programs that were solved
     * @param objective   -mean log r over the rows that count
     * @param gap         how far the objective is from the minimum, at most
     * @param converged   whether r does not change any more: the gap is small, or the next step would lower the objective by nothing
     */
    record Solution(double[] proportions, double[] ratios, int steps, double objective, double gap, boolean converged) {
        /** a {@code [columns]}. */
        double[] coefficients(double[] means) {
            double[] coefficients = new double[proportions.length];
            Arrays.setAll(coefficients, l -> proportions[l] / means[l]);
            return coefficients;
        }
    }

    /**
     * Solves it.
     *
     * @param columns {@code [columns]}: which may have a proportion above 0; at least one
     */
    Solution solve(boolean[] columns) {
        int size = columns.length;
        int allowed = (int) IntStream.range(0, size).filter(l -> columns[l]).count();
        double[] p = new double[size];
        Arrays.setAll(p, l -> columns[l] ? 1.0 / allowed : 0);
        double[] r = ratios(p);
        double[] target = new double[size];      // the last program's solution: where the next one begins
        for (int step = 0;; step++) {
            double[] growth = growth(r);
            double gap = -1;
            for (int l = 0; l < size; l++) {
                gap = columns[l] ? Math.max(gap, growth[l] - 1) : gap;
            }
            if (!(gap > WANTED_GAP) || step == MOST_STEPS) {
                return new Solution(p, r, step, objective(r), gap, gap <= SMALL_GAP);
            }
            target = minimumOfModel(p, r, growth, columns, target);
            double[] change = ratios(target);
            double targetSum = 0;
            for (int l = 0; l < size; l++) {
                targetSum += target[l];
            }
            for (int j = 0; j < change.length; j++) {
                change[j] -= r[j];
            }
            if (slope(r, change, targetSum - 1, 0) > -LEAST_DECREASE) {
                return new Solution(p, r, step, objective(r), gap, true);
            }
            double length = length(r, change, targetSum - 1);
            double sum = 1 + length * (targetSum - 1);
            for (int l = 0; l < size; l++) {
                p[l] = (p[l] + length * (target[l] - p[l])) / sum;
            }
            for (int j = 0; j < r.length; j++) {
                r[j] = (r[j] + length * change[j]) / sum;
            }
        }
    }

    /** r = sum_l p_l K_l / b_l, {@code [rows]}. */
    private double[] ratios(double[] p) {
        double[] a = new double[p.length];
        Arrays.setAll(a, l -> p[l] / means[l]);
        return kernel.products(a);
    }

    /** G {@code [columns]}: the derivative of the mean log-likelihood, by which the multiplicative step of the EM algorithm grows p. */
    private double[] growth(double[] r) {
        double[] u = new double[r.length];
        Arrays.setAll(u, j -> share[j] / r[j]);
        double[] growth = kernel.transposedProducts(u, 0, r.length);
        Arrays.setAll(growth, l -> growth[l] / means[l]);
        return growth;
    }

    private double objective(double[] r) {
        double sum = 0;
        for (int j = 0; j < r.length; j++) {
            sum -= share[j] > 0 ? share[j] * Math.log(r[j]) : 0;
        }
        return sum;
    }

    /** Of f's second-order model around p, over the variables that are above 0 or would grow. */
    private double[] minimumOfModel(double[] p, double[] r, double[] growth, boolean[] columns, double[] start) {
        int[] working = IntStream.range(0, p.length).filter(l -> columns[l] && (p[l] > 0 || growth[l] > 1)).toArray();
        int size = working.length;
        double[] u = new double[r.length];
        Arrays.setAll(u, j -> share[j] / (r[j] * r[j]));
        double[] hessian = kernel.moments(u, 0, r.length, working);
        double[] linear = new double[size];
        double[] begin = new double[size];
        for (int i = 0; i < size; i++) {
            int l = working[i];
            for (int k = 0; k < size; k++) {
                hessian[i * size + k] /= means[l] * means[working[k]];
            }
            double ridge = RIDGE * hessian[i * size + i];
            hessian[i * size + i] += ridge;
            linear[i] = 2 * growth[l] - 1 + ridge * p[l];      // (H + ridge) p - gradient, since H p = G and the gradient is 1 - G
            begin[i] = start[l];
        }
        double[] solution = new NonNegativeProgram(hessian, linear).solve(begin);
        double[] target = new double[p.length];
        for (int i = 0; i < size; i++) {
            target[working[i]] = solution[i];
        }
        return target;
    }

    /** The part of the way to the target on which f is least, at most 1: f is convex, so its slope is bisected. */
    private double length(double[] r, double[] change, double more) {
        if (slope(r, change, more, 1) <= 0) {
            return 1;
        }
        double low = 0;
        double high = 1;
        while (high - low > 1e-3 * high) {
            double middle = (low + high) / 2;
            if (slope(r, change, more, middle) <= 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /**
     * The derivative of f on the way.
     *
     * @param change of r on the whole way
     * @param more   by which the sum of p grows on it
     * @param part   how much of the way is behind
     */
    private double slope(double[] r, double[] change, double more, double part) {
        double slope = more;
        for (int j = 0; j < r.length; j++) {
            slope -= share[j] * change[j] / (r[j] + part * change[j]);
        }
        return slope;
    }
}
