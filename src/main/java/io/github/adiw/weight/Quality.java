package io.github.adiw.weight;

/**
 * How good an estimate is, evaluated in double precision.
 *
 * @param gamma       of the Gaussian kernel; NaN where there is none
 * @param objective   what the divergence minimises
 * @param kktResidual max |x - P(x - grad/L)| / max(1, max |x|) on the state x, P the projection on the feasible set, L a bound on
 *                    the curvature; 0 at the solution
 * @param gap         an upper bound on the objective's distance from its minimum, from the convexity of the problem; NaN where none is
 *                    known
 */
public record Quality(double gamma, double objective, double kktResidual, double gap) {
    /** Without a bound on the distance from the minimum. */
    public Quality(double gamma, double objective, double kktResidual) {
        this(gamma, objective, kktResidual, Double.NaN);
    }
}
