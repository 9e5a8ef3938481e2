package io.github.adiw.ratio;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

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
     * With the number of the column, since two may have one name.
     *
     * @param number from 0
     */
    record Numbered(int number, ColumnBalance balance) {
        private double size(ToDoubleFunction<ColumnBalance> difference) {
            return Math.abs(difference.applyAsDouble(balance));
        }
    }

    /**
     * Of every column, the worst as it is now first: by |after|, then by |before|.
     *
     * @param names one a column
     */
    static List<Numbered> of(List<String> names, ColumnMoments train, ColumnMoments validation) {
        List<Numbered> all = new ArrayList<>();
        for (int c = 0; c < names.size(); c++) {
            all.add(new Numbered(c, of(names.get(c), train.mean()[c], train.weighted()[c], validation.mean()[c], train.deviation()[c],
                validation.deviation()[c])));
        }
        all.sort(Comparator.comparingDouble((Numbered b) -> -b.size(ColumnBalance::after)).thenComparingDouble(b -> -b.size(
            ColumnBalance::before)));
        return List.copyOf(all);
    }

    private static ColumnBalance of(String name, double train, double weighted, double validation, double trainDeviation,
                                    double validationDeviation) {
        // In a unit in which squares are within the range of double precision.
        double unit = ColumnMoments.unit(Math.max(Math.max(Math.abs(train), Math.abs(validation)), Math.max(trainDeviation,
            validationDeviation)));
        double spread = Math.sqrt((square(trainDeviation / unit) + square(validationDeviation / unit)) / 2);
        return new ColumnBalance(name, train, weighted, validation, difference(train / unit - validation / unit, spread),
            difference(weighted / unit - validation / unit, spread));
    }

    private static double difference(double means, double spread) {
        return means == 0 ? 0 : means / spread;
    }

    private static double square(double x) {
        return x * x;
    }
}
