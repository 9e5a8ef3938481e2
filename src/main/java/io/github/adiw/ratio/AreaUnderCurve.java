package io.github.adiw.ratio;

import java.util.Arrays;

/** The area under the ROC curve: how probable it is that a positive row has the greater score than a negative one, a tie counting half. */
final class AreaUnderCurve {
    private AreaUnderCurve() {}

    /**
     * From the ranks (Mann and Whitney).
     *
     * @param scores    of the negative rows, then of the positive ones; no NaN
     * @param negatives how many are negative, at least 1, and fewer than all
     * @return in [0, 1]; 1: all positive rows above all negative ones
     */
    static double of(double[] scores, int negatives) {
        double[] low = Arrays.copyOf(scores, negatives);
        double[] high = Arrays.copyOfRange(scores, negatives, scores.length);
        Arrays.sort(low);
        Arrays.sort(high);
        double wins = 0;
        int below = 0;
        int upTo = 0;
        for (double score : high) {
            while (below < low.length && low[below] < score) {
                below++;
            }
            while (upTo < low.length && low[upTo] <= score) {
                upTo++;
            }
            wins += (below + upTo) / 2.0;
        }
        return wins / low.length / high.length;
    }
}
