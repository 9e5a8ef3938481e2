package io.github.adiw.ratio;

import java.util.Arrays;

/**
 * Of a column whose standard deviation is made by few rows that are far from all others: codes such as 9999, sums of money, sizes. By that
 * deviation the others would all be the same.
 *
 * @param median of the rows of both samples
 * @param spread the usual distance from it, as a standard deviation: that of a normal column is its own
 */
record HeavyTails(double median, double spread) {
    /** The share of all rows that are few, */
    private static final double FEW = 0.05;
    /** and the share of the squared distances from the median that they have in a column with heavy tails. */
    private static final double MOST = 0.75;
    /** The largest usual distance of the others, in standard deviations of the column; that of a normal column is 0.67. */
    private static final double NARROW = 0.2;
    /** Half of a normal distribution is within 1 / 1.4826 standard deviations. */
    static final double NORMAL = 1.4826;

    /**
     * Whether a column can have any: by Cauchy and Schwarz none with less kurtosis does, and few have more.
     *
     * @param fourth   its fourth central moment, in any unit
     * @param variance its variance in the same unit
     */
    static boolean isPossible(double fourth, double variance) {
        return fourth * FEW > MOST * MOST * variance * variance;
    }

    /**
     * Those of a column, or null where it has none. Rows that are equal to the median do not count, so that a column of mostly zeros has
     * the spread of the others.
     *
     * @param x         all its numbers, not all alike; changed
     * @param deviation its standard deviation, above 0
     */
    static HeavyTails of(double[] x, double deviation) {
        Arrays.sort(x);
        double median = x[x.length / 2];
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.abs(x[i] - median) / deviation;
        }
        Arrays.sort(x);
        int from = 0;
        while (x[from] == 0) {
            from++;
        }
        double usual = x[from + (x.length - from) / 2];
        double all = 0;
        double few = 0;
        for (int i = from; i < x.length; i++) {
            all += x[i] * x[i];
            few += i >= x.length - FEW * x.length ? x[i] * x[i] : 0;
        }
        return usual < NARROW && few > MOST * all ? new HeavyTails(median, NORMAL * usual * deviation) : null;
    }
}
