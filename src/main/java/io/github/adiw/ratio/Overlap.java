package io.github.adiw.ratio;

import io.github.adiw.ratio.RowDraw.Purpose;

/** Whether training and validation rows lie in the same place. */
final class Overlap {
    /** Rows of each of the two that are looked at. */
    static final int ROWS = 2000;

    private Overlap() {}

    /**
     * The largest value of the Gaussian kernel exp(-gamma |a - b|^2) between a training and a validation row, in double precision; of at
     * most {@link #ROWS} rows of each, which the seed draws.
     *
     * @param gamma at least 0
     */
    static double largestKernel(Matrix train, Matrix validation, double gamma, long seed) {
        int columns = train.columns();
        int[] ours = RowDraw.atMost(ROWS, train.keys(), seed, Purpose.OVERLAP);
        int[] theirs = RowDraw.atMost(ROWS, validation.keys(), seed, Purpose.OVERLAP);
        double nearest = Double.POSITIVE_INFINITY;
        for (int i : ours) {
            for (int j : theirs) {
                double distance = 0;
                for (int c = 0; c < columns && distance < nearest; c++) {      // most pairs are far after a few columns
                    double off = (double) train.at(i, c) - validation.at(j, c);
                    distance += off * off;
                }
                nearest = Math.min(nearest, distance);
            }
        }
        return Math.exp(-gamma * nearest);
    }
}
