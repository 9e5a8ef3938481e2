package io.github.adiw.ratio;

import java.util.Arrays;
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

    /**
     * How well a score tells validation from training rows: the share of pairs where the validation row's is the higher one, pairs with
     * equal ones halved (the area under the receiver operating characteristic). 0.5 by chance.
     *
     * @param train      scores of training rows that were held out, at least one; not changed
     * @param validation scores of validation rows that were held out, at least one; not changed
     */
    static double areaUnderCurve(double[] train, double[] validation) {
        double[] sorted = train.clone();
        Arrays.sort(sorted);
        double below = 0;
        for (double score : validation) {
            below += (first(sorted, score, false) + first(sorted, score, true)) / 2.0;
        }
        return below / train.length / validation.length;
    }

    /** How many of ascending numbers are less than one, or at most that. */
    private static int first(double[] sorted, double bound, boolean orEqual) {
        int from = 0;
        int to = sorted.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (sorted[middle] < bound || orEqual && sorted[middle] == bound) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }
}
