package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Weights and what their fit gave away, as far as it takes to judge them: what {@link Diagnostics} are made from. */
final class FittedWeights {
    final String method;
    final float[] weights;
    final List<String> columns;
    final ColumnMoments train;
    final ColumnMoments validation;
    final int validationRows;
    final List<String> warnings = new ArrayList<>();
    Map<String, Double> scores = Map.of();
    double scoreError = Double.NaN;
    boolean compared;
    double sum;
    double upperBound = Double.POSITIVE_INFINITY;
    int atBound;
    int steps;
    boolean converged = true;
    double largestKernel = Double.NaN;
    double areaUnderCurve = Double.NaN;

    /**
     * Weights of training rows. Until it is said otherwise they were not normalised, have no bound, and come from a fit that converged.
     *
     * @param method     that gave them
     * @param weights    {@code [n]}, finite and at least 0; not changed
     * @param columns    names, one a column
     * @param train      {@code [n, d]}, in the units that a person knows
     * @param validation {@code [m, d]}, likewise
     */
    FittedWeights(String method, float[] weights, List<String> columns, Rows train, Rows validation) {
        this.method = method;
        this.weights = weights;
        this.columns = List.copyOf(columns);
        this.train = ColumnMoments.of(train, weights);
        this.validation = ColumnMoments.of(validation);
        validationRows = validation.rows();
        for (float w : weights) {
            sum += w;
        }
    }

    /** Held-out scores by method, in the order to show; higher is better, NaN where a method is out. */
    FittedWeights scores(Map<String, Double> value) {
        scores = new LinkedHashMap<>(value);
        return this;
    }

    /** Standard error of the method's score; NaN where it is not known. */
    FittedWeights scoreError(double value) {
        scoreError = value;
        return this;
    }

    /** Whether the method was chosen among several. */
    FittedWeights compared(boolean value) {
        compared = value;
        return this;
    }

    /** What they summed to before they were divided by their mean. */
    FittedWeights sum(double value) {
        sum = value;
        return this;
    }

    /**
     * The bound.
     *
     * @param value the largest weight that there could be, before normalising
     * @param count how many weights have it
     */
    FittedWeights upperBound(double value, int count) {
        upperBound = value;
        atBound = count;
        return this;
    }

    /**
     * How the fit ended.
     *
     * @param made       steps or iterations
     * @param stoodStill whether the weights do not change any more
     */
    FittedWeights fit(int made, boolean stoodStill) {
        steps = made;
        converged = stoodStill;
        return this;
    }

    /** {@link Overlap#largestKernel}, where there is a kernel. */
    FittedWeights largestKernel(double value) {
        largestKernel = value;
        return this;
    }

    /** {@link AreaUnderCurve} of a classifier's held-out scores, where one was fitted. */
    FittedWeights areaUnderCurve(double value) {
        areaUnderCurve = value;
        return this;
    }

    /** A further warning, a sentence with what to do: a method that is out, a bandwidth that was not to be had. */
    FittedWeights warning(String sentence) {
        warnings.add(sentence);
        return this;
    }
}
