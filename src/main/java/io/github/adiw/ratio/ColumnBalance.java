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
            double spread = Math.sqrt((square(train.deviation()[c]) + square(validation.deviation()[c])) / 2);
            double target = validation.mean()[c];
            all.add(new ColumnBalance(names.get(c), train.mean()[c], train.weighted()[c], target,
                difference(train.mean()[c] - target, spread), difference(train.weighted()[c] - target, spread)));
        }
        all.sort(Comparator.comparingDouble((ColumnBalance b) -> -Math.abs(b.after)).thenComparingDouble(b -> -Math.abs(b.before)));
        return List.copyOf(all);
    }

    private static double difference(double means, double spread) {
        return means == 0 ? 0 : means / spread;
    }

    private static double square(double x) {
        return x * x;
    }
}
