package io.github.adiw.ratio;

import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.weight.EstimatedWeights;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Whether weights can be trusted. What there is to read first is {@link #warnings}: where the list is empty, nothing was found against
 * them. Immutable.
 */
public final class Diagnostics {
    private final String method;
    private final Map<String, Double> scores;
    private final int trainRows;
    private final int validationRows;
    private final double sum;
    private final double minimum;
    private final double maximum;
    private final double effectiveSampleSize;
    private final double paretoK;
    private final double fractionAtBound;
    private final boolean converged;
    private final List<ColumnBalance> balance;
    private final List<String> warnings;

    private Diagnostics(FittedWeights fitted) {
        method = fitted.method;
        scores = Collections.unmodifiableMap(fitted.scores);
        trainRows = fitted.weights.length;
        validationRows = fitted.validationRows;
        sum = fitted.sum;
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (float w : fitted.weights) {
            least = Math.min(least, w);
            most = Math.max(most, w);
        }
        minimum = least;
        maximum = most;
        effectiveSampleSize = EstimatedWeights.effectiveSampleSize(fitted.weights);
        paretoK = ParetoTail.shape(fitted.weights);
        fractionAtBound = (double) fitted.atBound / trainRows;
        converged = fitted.converged;
        List<ColumnBalance.Numbered> numbered = ColumnBalance.of(fitted.columns, fitted.train, fitted.validation);
        balance = numbered.stream().map(ColumnBalance.Numbered::balance).toList();
        warnings = Warnings.of(fitted, this, numbered);
    }

    static Diagnostics of(FittedWeights fitted) {
        return new Diagnostics(fitted);
    }

    /**
     * Of weights that were estimated by steps.
     *
     * @param estimated  the weights
     * @param converging whether steps were taken until convergence, so that their not having converged speaks against them
     * @param columns    names, one a column
     * @param train      the training rows, {@code [n, d]}, in the units that a person knows
     * @param validation the validation rows, {@code [m, d]}, likewise
     */
    public static Diagnostics of(EstimatedWeights estimated, boolean converging, List<String> columns, Rows train, Rows validation) {
        FittedWeights fitted = new FittedWeights(UsageException.given("estimated", estimated).method(), estimated.weights(),
            UsageException.given("columns", columns), UsageException.given("train", train), UsageException.given("validation", validation));
        boolean settled = estimated.converged() || !converging && !Warnings.isForFewSteps(estimated.method());
        Warnings.ofFewRows(train.rows(), validation.rows()).forEach(fitted::warning);
        if (estimated.problem() != null) {
            fitted.warning("Nothing was estimated: " + estimated.problem() + ".");
        }
        return new Diagnostics(fitted.fit(estimated.steps(), settled).upperBound(estimated.upperBound(),
            (int) Math.round(estimated.fractionAtBound() * estimated.n())));
    }

    /** The method that gave the weights: the one that was asked for, or that {@code auto} chose. */
    public String method() {
        return method;
    }

    /**
     * Of every method that was tried, the mean of log r over held-out validation rows less the log of its mean over held-out
     * training rows, in nats, averaged over folds: how many nats of the two densities' divergence it explains. Higher is better, 0 is what
     * equal weights have, NaN means that the method failed. Empty where nothing was held out: there were too few rows, or the method gives
     * weights of the training rows alone.
     */
    public Map<String, Double> scores() {
        return scores;
    }

    /** n, training rows. */
    public int trainRows() {
        return trainRows;
    }

    /** m, validation rows. */
    public int validationRows() {
        return validationRows;
    }

    /** What the weights summed to before they were divided by their mean; about n where the ratio is right. */
    public double sum() {
        return sum;
    }

    /** The smallest weight. */
    public double minimum() {
        return minimum;
    }

    /** The largest weight. */
    public double maximum() {
        return maximum;
    }

    /**
     * (sum w)^2 / sum w^2, in [1, n]: how many rows of equal weight are worth as much (Kish 1965, Survey Sampling); 0 where all weights
     * are 0.
     */
    public double effectiveSampleSize() {
        return effectiveSampleSize;
    }

    /**
     * The shape of a generalised Pareto distribution fitted to the ceil(min(0.2 n, 3 sqrt n)) largest weights, as in Pareto smoothed
     * importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry 2024, Journal of Machine Learning Research 25). Below 0.5 good, up to
     * 0.7 usable; above, weighted means hang on few rows and should not be trusted, unless weights are nearly equal
     * ({@link #hasHeavyTail}). NaN where fewer than five of those weights differ.
     */
    public double paretoK() {
        return paretoK;
    }

    /**
     * Whether weighted means hang on few rows: {@link #paretoK} is above 0.7, and the effective sample is less than nine tenths of the
     * rows. Where it is more, weights are so nearly equal that the shape of their tail does not matter.
     */
    public boolean hasHeavyTail() {
        return Warnings.hangsOnFewRows(paretoK, effectiveSampleSize, trainRows);
    }

    /** The share of the weights at the upper bound, in [0, 1]. */
    public double fractionAtBound() {
        return fractionAtBound;
    }

    /** Whether the fit went on until the weights did not change any more. */
    public boolean converged() {
        return converged;
    }

    /** Every column, the worst as it is after weighting first. */
    public List<ColumnBalance> balance() {
        return balance;
    }

    /** What speaks against the weights, a sentence or two each, with what to do about it, the gravest first; mostly empty. */
    public List<String> warnings() {
        return warnings;
    }
}
