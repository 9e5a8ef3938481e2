package io.github.adiw.ratio;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How far the training rows are from the validation rows in one column, before and after weighting. A difference is standardised: that of
 * the means over sqrt((s_train^2 + s_validation^2) / 2), the deviations s unweighted in both and over the number of rows; 0 where the means
 * are equal, infinite where they are not and the column is constant within each of the two. Below 0.1 a column passes for balanced (Austin
 * 2009, Statistics in Medicine 28, 3083-3107), though few rows reach that only by chance.
 *
 * @param column     its name
 * @param train      mean of the training rows
 * @param weighted   mean of the weighted training rows; NaN where all weights are 0
 * @param validation mean of the validation rows
 * @param before     standardised difference of {@code train} and {@code validation}
 * @param after      standardised difference of {@code weighted} and {@code validation}
 */
public record ColumnBalance(String column, double train, double weighted, double validation, double before, double after) {
    /**
     * Of every column, the worst as it is now first: by |after|, then by |before|.
     *
     * @param names one a column
     */
    static List<ColumnBalance> of(List<String> names, ColumnMoments train, ColumnMoments validation) {
        List<ColumnBalance> all = new ArrayList<>();
        for (int c = 0; c < names.size(); c++) {
            double spread = spread(train.deviation()[c], validation.deviation()[c]);
            double target = validation.mean()[c];
            all.add(new ColumnBalance(names.get(c), train.mean()[c], train.weighted()[c], target,
                difference(train.mean()[c] - target, spread), difference(train.weighted()[c] - target, spread)));
        }
        all.sort(Comparator.comparingDouble((ColumnBalance b) -> -Math.abs(b.after)).thenComparingDouble(b -> -Math.abs(b.before)));
        return List.copyOf(all);
    }

    /** sqrt((a^2 + b^2) / 2), whose squares are those of numbers of about 1. */
    private static double spread(double a, double b) {
        int exponent = Math.getExponent(Math.max(a, b));
        double unit = Math.scalb(1.0, Math.max(Double.MIN_EXPONENT, Math.min(Double.MAX_EXPONENT, exponent)));
        return Math.sqrt((a / unit * (a / unit) + b / unit * (b / unit)) / 2) * unit;
    }

    private static double difference(double means, double spread) {
        return means == 0 ? 0 : means / spread;
    }
}
