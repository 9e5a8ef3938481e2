package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import java.util.Arrays;

/**
 * Of every column, in its own unit and in double precision, {@code [columns]} each.
 *
 * @param mean      unweighted
 * @param weighted  weighted; where there are no weights, {@code mean}; NaN where they are all 0
 * @param deviation unweighted standard deviation over the number of rows; exactly 0 of a constant column
 * @param least     smallest value
 * @param most      largest value
 */
record ColumnMoments(double[] mean, double[] weighted, double[] deviation, double[] least, double[] most) {
    /** Of rows that count alike. */
    static ColumnMoments of(Rows rows) {
        return of(rows, null);
    }

    /**
     * Of weighted rows. Reads them three times.
     *
     * @param rows    at least 1
     * @param weights {@code [rows]}, at least 0; null: all alike
     */
    static ColumnMoments of(Rows rows, float[] weights) {
        int columns = rows.columns();
        double[] mean = new double[columns];
        double[] least = new double[columns];
        double[] most = new double[columns];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        Arrays.fill(most, Double.NEGATIVE_INFINITY);
        rows.forEach((row, values, at) -> {
            for (int c = 0; c < columns; c++) {
                double x = values[at + c];
                least[c] = Math.min(least[c], x);
                most[c] = Math.max(most[c], x);
            }
        });
        double[] unit = new double[columns];
        Arrays.setAll(unit, c -> unit(Math.max(Math.abs(least[c]), Math.abs(most[c]))));
        rows.forEach((row, values, at) -> {
            for (int c = 0; c < columns; c++) {
                mean[c] += values[at + c] / unit[c];
            }
        });
        for (int c = 0; c < columns; c++) {
            mean[c] = least[c] == most[c] ? least[c] / unit[c] : mean[c] / rows.rows();
        }
        double[] squares = new double[columns];
        double[] pulls = new double[columns];
        double[] total = new double[1];
        rows.forEach((row, values, at) -> {
            double weight = weights == null ? 1 : weights[row];
            total[0] += weight;
            for (int c = 0; c < columns; c++) {
                double off = values[at + c] / unit[c] - mean[c];
                squares[c] += off * off;
                pulls[c] += weight * off;
            }
        });
        double[] weighted = new double[columns];
        for (int c = 0; c < columns; c++) {
            weighted[c] = (weights == null ? mean[c] : mean[c] + pulls[c] / total[0]) * unit[c];
            squares[c] = Math.sqrt(squares[c] / rows.rows()) * unit[c];
            mean[c] *= unit[c];
        }
        return new ColumnMoments(mean, weighted, squares, least, most);
    }

    /**
     * A power of two by which numbers up to {@code size} are divided without rounding, so that none is above 2: their sums and squares are
     * within the range of double precision.
     */
    static double unit(double size) {
        return Math.scalb(1.0, Math.max(Double.MIN_EXPONENT, Math.getExponent(size)));
    }
}
