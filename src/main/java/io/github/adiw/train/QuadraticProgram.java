package io.github.adiw.train;

import java.util.Arrays;

/**
 * A quadratic program, minimise 1/2 x'Px + q'x subject to Gx &lt;= h, by the primal-dual interior point of cvxopt's {@code solvers.qp} with
 * its default options, in double precision on one thread: Mehrotra's predictor and corrector, steps of 0.99 of the way to the boundary, an
 * end at an absolute gap of 1e-7 or a relative one of 1e-6. Of inequalities alone, the Nesterov-Todd scaling W is diagonal, and every
 * iteration is one dense Cholesky factorisation of P + G'W^-2 G (Andersen, Dahl, Liu, Vandenberghe, "Interior-point methods for large-scale
 * cone programming", 2011; {@code coneqp} in cvxopt's coneprog.py, whose names stand here). It knows nothing of what the program is of.
 */
final class QuadraticProgram {
    private static final double ABSOLUTE_GAP = 1e-7, RELATIVE_GAP = 1e-6, FEASIBILITY = 1e-7;
    private static final double SHARE_OF_STEP = 0.99;
    private static final int MOST_ITERATIONS = 100;
    /** Rows of U whose products are taken from a row of S at once, so that it is read and written once for all of them. */
    private static final int BLOCK = 4;

    private final double[][] p, g;
    private final double[] q, h;
    private final int n, rows;
    /** P + G'W^-2 G, then its factor: the upper triangle U, U'U = S. */
    private final double[][] s;
    private final double[] x, slack, multipliers;
    /** W's diagonal, and lambda = W z = W^-1 s, where s is the slack and z the multipliers. */
    private final double[] scale, lambda;
    private int iterations;

    private QuadraticProgram(double[][] p, double[] q, double[][] g, double[] h) {
        this.p = p;
        this.q = q;
        this.g = g;
        this.h = h;
        n = q.length;
        rows = h.length;
        s = new double[n][n];
        x = new double[n];
        slack = new double[rows];
        multipliers = new double[rows];
        scale = new double[rows];
        lambda = new double[rows];
    }

    /**
     * Where cvxopt stops.
     *
     * @param x          {@code [n]}
     * @param iterations as cvxopt counts them
     */
    record Solution(double[] x, int iterations) {}

    /**
     * Solves.
     *
     * @param p {@code [n, n]}, symmetric and positive semidefinite
     * @param q {@code [n]}
     * @param g {@code [k, n]}
     * @param h {@code [k]}
     * @return what was reached: the minimum within the tolerances unless the program has none, or a number is NaN
     */
    static Solution solve(double[][] p, double[] q, double[][] g, double[] h) {
        QuadraticProgram program = new QuadraticProgram(p, q, g, h);
        if (program.start()) {
            program.iterate();
        }
        return new Solution(program.x, program.iterations);
    }

    /** x and s that minimise 1/2 x'Px + q'x + |s|^2 / 2 with Gx + s = h, and z = -s, s and z moved inside; whether there are. */
    private boolean start() {
        Arrays.fill(scale, 1);
        if (!factorize()) {
            return false;
        }
        for (int j = 0; j < n; j++) {
            x[j] = -q[j];
        }
        System.arraycopy(h, 0, multipliers, 0, rows);
        solveScaled(x, multipliers);
        for (int i = 0; i < rows; i++) {
            slack[i] = -multipliers[i];
        }
        moveInside(slack);
        moveInside(multipliers);
        for (int i = 0; i < rows; i++) {
            scale[i] = Math.sqrt(slack[i] / multipliers[i]);
            lambda[i] = Math.sqrt(slack[i] * multipliers[i]);
        }
        return true;
    }

    private static void moveInside(double[] v) {
        double t = -least(v);
        if (t >= -1e-8 * Math.max(1, Math.sqrt(dot(v, v)))) {
            for (int i = 0; i < v.length; i++) {
                v[i] += 1 + t;
            }
        }
    }

    private void iterate() {
        double dualScale = Math.max(1, Math.sqrt(dot(q, q)));
        double primalScale = Math.max(1, Math.sqrt(dot(h, h)));
        double gap = dot(slack, multipliers);
        double[] dual = new double[n];
        double[] primal = new double[rows];
        double[] dx = new double[n];
        double[] ds = new double[rows];
        double[] dz = new double[rows];
        double[] correction = new double[rows];
        for (iterations = 0; iterations < MOST_ITERATIONS; iterations++) {
            for (int j = 0; j < n; j++) {
                dual[j] = dot(p[j], x) + q[j];
            }
            double cost = (dot(x, dual) + dot(x, q)) / 2;
            addTransposed(multipliers, dual);
            for (int i = 0; i < rows; i++) {
                primal[i] = slack[i] + dot(g[i], x) - h[i];
            }
            double dualCost = cost + dot(multipliers, primal) - gap;
            double relative = cost < 0 ? gap / -cost : dualCost > 0 ? gap / dualCost : Double.POSITIVE_INFINITY;
            boolean feasible = Math.sqrt(dot(primal, primal)) <= FEASIBILITY * primalScale
                && Math.sqrt(dot(dual, dual)) <= FEASIBILITY * dualScale;
            if (feasible && (gap <= ABSOLUTE_GAP || relative <= RELATIVE_GAP) || !factorize()) {
                return;
            }
            double centring = 0;
            double step = 0;
            Arrays.fill(correction, 0);
            for (boolean corrector : new boolean[] {false, true}) {
                for (int i = 0; i < rows; i++) {
                    ds[i] = -correction[i] - lambda[i] * lambda[i] + centring * gap / rows;
                    dz[i] = -primal[i];
                }
                for (int j = 0; j < n; j++) {
                    dx[j] = -dual[j];
                }
                newton(dx, ds, dz);
                double product = dot(ds, dz);
                double t = 0;
                for (int i = 0; i < rows; i++) {
                    correction[i] = ds[i] * dz[i];
                    t = Math.max(t, -Math.min(ds[i], dz[i]) / lambda[i]);
                }
                step = t == 0 ? 1 : Math.min(1, (corrector ? SHARE_OF_STEP : 1) / t);
                centring = Math.pow(Math.min(1, Math.max(0, 1 - step + product / gap * step * step)), 3);
            }
            gap = move(step, dx, ds, dz);
        }
    }

    /** Takes the step, and the scaling with it; the gap afterwards. */
    private double move(double step, double[] dx, double[] ds, double[] dz) {
        for (int j = 0; j < n; j++) {
            x[j] += step * dx[j];
        }
        for (int i = 0; i < rows; i++) {
            double scaledSlack = Math.sqrt(lambda[i] + step * ds[i]);
            double scaledMultiplier = Math.sqrt(lambda[i] + step * dz[i]);
            scale[i] *= scaledSlack / scaledMultiplier;
            lambda[i] = scaledSlack * scaledMultiplier;
            slack[i] = scale[i] * lambda[i];
            multipliers[i] = lambda[i] / scale[i];
        }
        return dot(lambda, lambda);
    }

    /** Solves P dx + G'W^-1 dz = bx, G dx + W ds = bz, lambda o (dz + ds) = bs in place; ds and dz are scaled by W. */
    private void newton(double[] dx, double[] ds, double[] dz) {
        for (int i = 0; i < rows; i++) {
            ds[i] /= lambda[i];
            dz[i] -= scale[i] * ds[i];
        }
        solveScaled(dx, dz);
        for (int i = 0; i < rows; i++) {
            ds[i] -= dz[i];
        }
    }

    /** Solves P u + G'W^-1 v = b, G u - W v = c for b, c in u, v. */
    private void solveScaled(double[] u, double[] v) {
        double[] weighted = new double[rows];
        for (int i = 0; i < rows; i++) {
            v[i] /= scale[i];
            weighted[i] = v[i] / scale[i];
        }
        addTransposed(weighted, u);
        for (int k = 0; k < n; k++) {
            u[k] /= s[k][k];
            subtract(u[k], s[k], u, k + 1);
        }
        for (int k = n - 1; k >= 0; k--) {
            double sum = u[k];
            for (int j = k + 1; j < n; j++) {
                sum -= s[k][j] * u[j];
            }
            u[k] = sum / s[k][k];
        }
        for (int i = 0; i < rows; i++) {
            v[i] = dot(g[i], u) / scale[i] - v[i];
        }
    }

    /** {@code to += G'v}. */
    private void addTransposed(double[] v, double[] to) {
        for (int i = 0; i < rows; i++) {
            subtract(-v[i], g[i], to, 0);
        }
    }

    /** S = P + G'W^-2 G, factorised; false if it is not positive definite. */
    private boolean factorize() {
        for (int i = 0; i < n; i++) {
            System.arraycopy(p[i], i, s[i], i, n - i);
        }
        for (int r = 0; r < rows; r++) {
            double weight = -1 / (scale[r] * scale[r]);
            for (int i = 0; i < n; i++) {
                if (g[r][i] != 0) {
                    subtract(weight * g[r][i], g[r], s[i], i);
                }
            }
        }
        for (int from = 0; from < n; from += BLOCK) {
            int to = Math.min(n, from + BLOCK);
            for (int k = from; k < to; k++) {
                if (!(s[k][k] > 0)) {
                    return false;
                }
                double root = Math.sqrt(s[k][k]);
                for (int j = k; j < n; j++) {
                    s[k][j] /= root;
                }
                for (int i = k + 1; i < to; i++) {
                    subtract(s[k][i], s[k], s[i], i);
                }
            }
            for (int i = to; i < n; i++) {
                if (to - from == BLOCK) {
                    subtractBlock(from, i);
                } else {
                    for (int k = from; k < to; k++) {
                        subtract(s[k][i], s[k], s[i], i);
                    }
                }
            }
        }
        return true;
    }

    private void subtractBlock(int from, int i) {
        double[] u0 = s[from];
        double[] u1 = s[from + 1];
        double[] u2 = s[from + 2];
        double[] u3 = s[from + 3];
        double[] row = s[i];
        double a0 = u0[i];
        double a1 = u1[i];
        double a2 = u2[i];
        double a3 = u3[i];
        for (int j = i; j < n; j++) {
            row[j] -= a0 * u0[j] + a1 * u1[j] + a2 * u2[j] + a3 * u3[j];
        }
    }

    /** {@code to[j] -= factor * from[j]} for j from {@code first} on. */
    private static void subtract(double factor, double[] from, double[] to, int first) {
        for (int j = first; j < to.length; j++) {
            to[j] -= factor * from[j];
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double least(double[] v) {
        double least = Double.POSITIVE_INFINITY;
        for (double value : v) {
            least = Math.min(least, value);
        }
        return least;
    }
}
