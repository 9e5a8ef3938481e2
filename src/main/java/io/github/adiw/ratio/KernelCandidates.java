package io.github.adiw.ratio;

import io.github.adiw.ratio.RowDraw.Purpose;
import io.github.adiw.weight.Bandwidth;
import java.util.Arrays;

/** What kernel models are made of: their centers, and the bandwidths that are compared. */
final class KernelCandidates {
    /** Standard deviations of the Gaussian, in units of the median distance. */
    private static final double[] FACTORS = {0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2.5, 5};
    /** Rows of both samples that the median distance is of. */
    private static final int MEDIAN_ROWS = 1000;

    private KernelCandidates() {}

    /** The gammas to choose from, descending, or the one that is given. */
    static double[] gammas(Matrix train, Matrix validation, FitContext context) {
        if (context.bandwidth() != null) {
            return new double[] {PairDistances.gamma(context, train, validation, Bandwidth.MEDIAN)};
        }
        double median = PairDistances.median(train, validation, MEDIAN_ROWS, context.seed());
        return Arrays.stream(FACTORS).map(factor -> PairDistances.gaussian(factor * median)).toArray();
    }

    /** The numbers of the validation rows that are centers, in the order that is drawn. */
    static int[] centers(Matrix validation, FitContext context) {
        return RowDraw.atMost(context.centers(), validation.keys(), context.seed(), Purpose.CENTERS);
    }
}
