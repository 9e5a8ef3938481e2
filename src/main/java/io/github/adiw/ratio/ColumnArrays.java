package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import java.util.List;

/** Columns of rows as arrays, one after the other: at every look at the rows as many are gathered as memory allows. */
final class ColumnArrays {
    /** Numbers that are gathered at once, at least; 32 MiB. */
    private static final int LEAST_NUMBERS = 1 << 22;
    /** How often rows are read, at most: an eighth of the columns takes a quarter of what the rows themselves do as float32. */
    private static final int MOST_READS = 8;

    private ColumnArrays() {}

    /** Gets columns. */
    @FunctionalInterface
    interface Visitor {
        /**
         * One column.
         *
         * @param i its place in the list that was asked for
         * @param x {@code [rows]} of all samples, one behind the other; to be changed at will, and another column's later
         */
        void visit(int i, double[] x);
    }

    /** @param columns the numbers of those that are shown */
    static void forEach(List<Rows> samples, int[] columns, Visitor visitor) {
        int count = samples.stream().mapToInt(Rows::rows).reduce(0, Math::addExact);
        int together = Math.min(columns.length,
            Math.max(LEAST_NUMBERS / Math.max(1, count), (columns.length + MOST_READS - 1) / MOST_READS));
        double[][] block = new double[together][count];
        for (int from = 0; from < columns.length; from += together) {
            int first = from;
            int some = Math.min(together, columns.length - from);
            int before = 0;
            for (Rows rows : samples) {
                int to = before;
                rows.forEach((row, values, at) -> {
                    for (int i = 0; i < some; i++) {
                        block[i][to + row] = values[at + columns[first + i]];
                    }
                });
                before += rows.rows();
            }
            for (int i = 0; i < some; i++) {
                visitor.visit(first + i, block[i]);
            }
        }
    }
}
