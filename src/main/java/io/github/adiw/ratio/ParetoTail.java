package io.github.adiw.ratio;

import java.util.Arrays;

/**
 * How heavy the tail of importance weights is: the shape k of a generalised Pareto distribution that is fitted to the largest of them.
 * Weighted means have a finite variance below 1/2.
 *
 * <p>The tail is the ceil(min(0.2 n, 3 sqrt n)) largest weights, less the largest weight that is not among them, as in Pareto smoothed
 * importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry 2024, Journal of Machine Learning Research 25; with a relative efficiency of
 * 1, since rows are independent). The fit is that of Zhang and Stephens (2009, Technometrics 51, 316-325), and its k is drawn towards 1/2
 * as if by ten observations (Vehtari et al.), as the R package loo and ArviZ have it.
 */
final class ParetoTail {
    private static final int FEWEST = 5;
    /** The prior of theta has a scale of so many quartiles of the exceedances. */
    private static final double QUARTILES = 3;
    private static final double PRIOR_OBSERVATIONS = 10;
    private static final double PRIOR_SHAPE = 0.5;

    private ParetoTail() {}

    /**
     * k; the scale of the weights does not matter.
     *
     * @param weights {@code [n]}, finite and at least 0
     * @return NaN where fewer than five of the weights in the tail differ from each other; weights equal to the largest below the tail are
     *         no part of it
     */
    static double shape(float[] weights) {
        int n = weights.length;
        int length = (int) Math.ceil(Math.min(0.2 * n, 3 * Math.sqrt(n)));
        if (length < FEWEST) {
            return Double.NaN;
        }
        float[] sorted = weights.clone();
        Arrays.sort(sorted);
        double cutoff = sorted[n - length - 1];
        double largest = sorted[n - 1];
        int from = n - length;
        while (from < n && sorted[from] <= cutoff) {
            from++;
        }
        double[] exceedances = new double[n - from];
        int different = 0;
        for (int i = 0; i < exceedances.length; i++) {
            different += i == 0 || sorted[from + i] > sorted[from + i - 1] ? 1 : 0;
            exceedances[i] = (sorted[from + i] - cutoff) / largest;
        }
        return different < FEWEST ? Double.NaN : fit(exceedances);
    }

    /** Of ascending exceedances above 0; theta is that of Zhang and Stephens, and k minus theirs, as it is usual now. */
    private static double fit(double[] x) {
        int n = x.length;
        int candidates = 30 + (int) Math.sqrt(n);
        double quartile = x[(int) (n / 4.0 + 0.5) - 1];
        double[] theta = new double[candidates];
        double[] likelihood = new double[candidates];
        double highest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < candidates; j++) {
            theta[j] = 1 / x[n - 1] + (1 - Math.sqrt(candidates / (j + 0.5))) / (QUARTILES * quartile);
            double k = meanLog(theta[j], x);
            likelihood[j] = n * (Math.log(-theta[j] / k) - k - 1);
            highest = Math.max(highest, likelihood[j]);
        }
        double sum = 0;
        double mean = 0;
        for (int j = 0; j < candidates; j++) {
            double weight = Math.exp(likelihood[j] - highest);
            sum += weight;
            mean += weight * theta[j];
        }
        double k = meanLog(mean / sum, x);
        return (n * k + PRIOR_OBSERVATIONS * PRIOR_SHAPE) / (n + PRIOR_OBSERVATIONS);
    }

    private static double meanLog(double theta, double[] x) {
        double sum = 0;
        for (double value : x) {
            sum += Math.log1p(-theta * value);
        }
        return sum / x.length;
    }
}
