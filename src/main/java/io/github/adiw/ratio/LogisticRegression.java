package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Logistic regression with an L2 penalty: minimises over beta and the intercept b
 * <pre>1/2 |beta|^2 + C sum_i s_i log(1 + exp(-y_i (beta' x_i + b))),   y_i = -1 or 1,</pre>
 * scikit-learn's {@code LogisticRegression(C=C)}, with weights s_i of the rows.
 *
 * <p>Minimised by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4) whose initial Hessian is the true one at some
 * earlier point, so that near that point a step is Newton's. A step reads the matrix twice, a Hessian costs as much as some ten or hundred
 * steps: that of one problem serves its neighbours, other strengths and folds, and is made anew only where it has become a poor guide.
 */
final class LogisticRegression {
    /** Of the last differences of point and gradient. */
    private static final int MEMORY = 10;
    /** Steps after which a Hessian is made anew. */
    private static final int RENEWAL = 8;
    private static final int MOST_STEPS = 400;
    /** Added to the intercept's curvature, for where all rows are told apart so well that p (1 - p) is 0. */
    private static final double RIDGE = 1e-9;
    /** Share of itself that is added to the diagonal, where large dependent columns drown the penalty in rounding errors. */
    private static final double SHARE = 1e-10;

    private final RowMatrix terms;
    private final int rows;
    private final int columns;
    private final int zeros;

    /**
     * @param terms {@code [rows, columns]}, the last column all 1: its coefficient is the intercept, which is not penalised
     * @param zeros how many rows at the beginning have y = -1; the others, at least one, have 1
     */
    LogisticRegression(RowMatrix terms, int zeros) {
        this.terms = terms;
        this.zeros = zeros;
        rows = terms.rows();
        columns = terms.columns();
    }

    /**
     * Where a minimisation ended.
     *
     * @param coefficients beta, then the intercept, {@code [columns]}
     * @param predictors   beta' x_i + b of all rows, those of weight 0 too
     * @param hessian      at some point on the way; null before a first step
     * @param steps        how many it took
     * @param decrement    Newton's decrement, about the distance from the solution in the norm of the Hessian, which is at least |beta|'s
     * @param converged    whether that is within what was asked for
     */
    record Solution(double[] coefficients, double[] predictors, Hessian hessian, int steps, double decrement, boolean converged) {}

    /**
     * The objective's second derivatives at a point, for one strength.
     *
     * @param curvature sum_i s_i p_i (1 - p_i) x_i x_i', {@code [columns, columns]}
     * @param strength  C
     * @param factor    of I + C curvature, without the 1 for the intercept
     */
    record Hessian(double[] curvature, double strength, Cholesky factor) {
        static Hessian of(double[] curvature, double strength, int columns) {
            double[] sum = new double[curvature.length];
            for (int j = 0; j < sum.length; j++) {
                sum[j] = strength * curvature[j];
            }
            for (int j = 0; j < columns; j++) {
                int diagonal = j * columns + j;
                sum[diagonal] += SHARE * sum[diagonal] + (j < columns - 1 ? 1 : RIDGE);
            }
            Cholesky factor = Cholesky.of(sum, columns, 0);
            if (factor == null) {
                throw new AdiwException("the classifier's terms are too large: columns of standard deviation 1 were expected; scale them");
            }
            return new Hessian(curvature, strength, factor);
        }
    }

    /** A start that knows nothing but how many rows there are of both kinds. */
    Solution start() {
        double[] coefficients = new double[columns];
        coefficients[columns - 1] = Math.log((double) (rows - zeros) / zeros);
        return start(coefficients);
    }

    /** A start at these coefficients, the intercept last. */
    Solution start(double[] coefficients) {
        return new Solution(coefficients, terms.products(coefficients), null, 0, Double.NaN, false);
    }

    /**
     * Minimises.
     *
     * @param strength  C, above 0
     * @param weights   s_i, {@code [rows]}, at least 0, both kinds of rows with some above 0; null: all 1
     * @param start     a solution near this one, of any strength; its Hessian is used
     * @param tolerance of the decrement
     */
    Solution fit(double strength, double[] weights, Solution start, double tolerance) {
        double[] x = start.coefficients.clone();
        double[] predictors = start.predictors.clone();
        Hessian hessian = start.hessian;
        if (hessian == null || hessian.strength != strength) {
            double[] curvature = hessian == null ? curvature(predictors, weights) : hessian.curvature;
            hessian = Hessian.of(curvature, strength, columns);
        }
        InverseHessian inverse = new InverseHessian(hessian.factor);
        double[] residuals = new double[rows];
        slope(predictors, new double[rows], 0, weights, residuals);
        double[] gradient = gradient(x, residuals, strength);
        for (int step = 0;; step++) {
            double[] direction = inverse.times(gradient);
            double decrease = dot(direction, gradient);
            double decrement = Math.sqrt(Math.max(0, decrease));
            if (decrement <= tolerance || step == MOST_STEPS) {
                return new Solution(x, predictors, hessian, step, decrement, decrement <= tolerance);
            }
            for (int j = 0; j < columns; j++) {
                direction[j] = -direction[j];
            }
            double[] change = terms.products(direction);
            double length = length(x, direction, predictors, change, weights, residuals, strength, -decrease);
            for (int j = 0; j < columns; j++) {
                direction[j] *= length;
                x[j] += direction[j];
            }
            for (int i = 0; i < rows; i++) {
                predictors[i] += length * change[i];
            }
            double[] last = gradient;
            gradient = gradient(x, residuals, strength);
            if ((step + 1) % RENEWAL == 0) {
                hessian = Hessian.of(curvature(predictors, weights), strength, columns);
                inverse = new InverseHessian(hessian.factor);
            } else {
                inverse.add(direction, gradient, last);
            }
        }
    }

    /** The objective at a solution. */
    double objective(Solution solution, double strength) {
        double[] x = solution.coefficients;
        double loss = 0;
        for (int i = 0; i < rows; i++) {
            loss += loss(solution.predictors[i], i);
        }
        return (dot(x, x) - x[columns - 1] * x[columns - 1]) / 2 + strength * loss;
    }

    /** The log-loss of a row in nats. */
    double loss(double predictor, int row) {
        double wrong = row < zeros ? predictor : -predictor;
        return Math.max(wrong, 0) + Math.log1p(Math.exp(-Math.abs(wrong)));
    }

    /**
     * How far to go, by the slope along the direction, which needs no look at the matrix: the first length where it has fallen to a tenth.
     * Leaves the residuals there.
     */
    private double length(double[] x, double[] direction, double[] predictors, double[] change, double[] weights, double[] residuals,
                          double strength, double slopeAtZero) {
        int penalized = columns - 1;
        double along = dot(x, direction) - x[penalized] * direction[penalized];
        double square = dot(direction, direction) - direction[penalized] * direction[penalized];
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double length = 1;
        for (int look = 0;; look++) {
            double[] slopes = slope(predictors, change, length, weights, residuals);
            double slope = strength * slopes[0] + along + length * square;
            if (Math.abs(slope) <= -0.1 * slopeAtZero || look == 20) {
                return length;
            }
            if (slope < 0) {
                low = length;
            } else {
                high = length;
            }
            double next = length - slope / (strength * slopes[1] + square);
            if (next > low && next < high) {
                length = Math.min(next, 10 * length);
            } else {
                length = high == Double.POSITIVE_INFINITY ? 10 * length : (low + high) / 2;
            }
        }
    }

    /** First and second derivative of the sum of log-losses along a change of the predictors; the residuals s_i (p_i - [y_i = 1]) there. */
    private double[] slope(double[] predictors, double[] change, double length, double[] weights, double[] residuals) {
        double first = 0;
        double second = 0;
        for (int i = 0; i < rows; i++) {
            double weight = weights == null ? 1 : weights[i];
            double p = probability(predictors[i] + length * change[i]);
            residuals[i] = weight * (i < zeros ? p : p - 1);
            first += residuals[i] * change[i];
            second += weight * p * (1 - p) * change[i] * change[i];
        }
        return new double[] {first, second};
    }

    private double[] gradient(double[] x, double[] residuals, double strength) {
        double[] gradient = terms.transposedProducts(residuals, 0, rows);
        for (int j = 0; j < columns; j++) {
            gradient[j] = strength * gradient[j] + (j < columns - 1 ? x[j] : 0);
        }
        return gradient;
    }

    private double[] curvature(double[] predictors, double[] weights) {
        double[] variances = new double[rows];
        for (int i = 0; i < rows; i++) {
            double p = probability(predictors[i]);
            variances[i] = (weights == null ? 1 : weights[i]) * p * (1 - p);
        }
        return terms.moments(variances, 0, rows);
    }

    private static double probability(double predictor) {
        return 1 / (1 + Math.exp(-predictor));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int j = 0; j < a.length; j++) {
            sum += a[j] * b[j];
        }
        return sum;
    }

    /** The inverse of an approximate Hessian: of one that is known, with what steps since then have shown. */
    private static final class InverseHessian {
        private final Cholesky initial;
        /** The youngest first. */
        private final Deque<Pair> pairs = new ArrayDeque<>(MEMORY);

        private record Pair(double[] s, double[] y, double inverse) {}

        InverseHessian(Cholesky initial) {
            this.initial = initial;
        }

        void add(double[] step, double[] gradient, double[] last) {
            double[] y = new double[gradient.length];
            for (int j = 0; j < y.length; j++) {
                y[j] = gradient[j] - last[j];
            }
            double product = dot(step, y);
            if (product > 0) {
                if (pairs.size() == MEMORY) {
                    pairs.removeLast();
                }
                pairs.addFirst(new Pair(step, y, 1 / product));
            }
        }

        double[] times(double[] gradient) {
            double[] q = gradient.clone();
            double[] alphas = new double[pairs.size()];
            int k = 0;
            for (Pair pair : pairs) {
                alphas[k] = pair.inverse * dot(pair.s, q);
                add(q, -alphas[k++], pair.y);
            }
            double[] r = initial.solve(q);
            for (Iterator<Pair> oldest = pairs.descendingIterator(); oldest.hasNext();) {
                Pair pair = oldest.next();
                add(r, alphas[--k] - pair.inverse * dot(pair.y, r), pair.s);
            }
            return r;
        }

        private static void add(double[] sum, double factor, double[] vector) {
            for (int j = 0; j < sum.length; j++) {
                sum[j] += factor * vector[j];
            }
        }
    }
}
