package io.github.adiw.ratio;

import java.util.stream.IntStream;

/** Whether training and validation rows lie in the same place. */
final class Overlap {
    /** Rows of each of the two that are looked at. */
    static final int ROWS = 2000;

    private Overlap() {}

    /**
     * The largest value of the Gaussian kernel exp(-gamma |a - b|^2) between a training and a validation row, in double precision; of at
     * most {@link #ROWS} rows of each, evenly spaced.
     *
     * @param gamma at least 0
     */
    static double largestKernel(Matrix train, Matrix validation, double gamma) {
        int columns = train.columns();
        int[] ours = spaced(train.rows());
        int[] theirs = spaced(validation.rows());
        double nearest = IntStream.of(ours).parallel().mapToDouble(i -> {
            double least = Double.POSITIVE_INFINITY;
            for (int j : theirs) {
                double distance = 0;
                for (int c = 0; c < columns && distance < least; c++) {
                    double off = (double) train.at(i, c) - validation.at(j, c);
                    distance += off * off;
                }
                least = Math.min(least, distance);
            }
            return least;
        }).min().orElseThrow();
        return Math.exp(-gamma * nearest);
    }

    private static int[] spaced(int rows) {
        int count = Math.min(rows, ROWS);
        return IntStream.range(0, count).map(i -> (int) ((long) i * rows / count)).toArray();
    }
}
