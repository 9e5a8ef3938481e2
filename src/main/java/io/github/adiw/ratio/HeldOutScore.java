package io.github.adiw.ratio;

import io.github.adiw.ratio.RowDraw.Purpose;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How well a method's ratio holds at rows that it was not fitted to: it is fitted to all but one of five folds of both samples, r is
 * divided by its mean over the training rows that it was fitted to and clipped to [1e-6, 1e6], and the fold's score is the mean of log r
 * over its validation rows minus the log of the mean of r over its training rows: the Kullback-Leibler objective, which does not depend on
 * the scale of r. Weights of 1 have the score 0. The mean over the folds; larger is better.
 */
final class HeldOutScore {
    private static final int FOLDS = 5;
    private static final double SMALLEST = 1e-6;
    private static final double LARGEST = 1e6;
    /** The mean of a right ratio is 1: below this it has underflowed. */
    static final double LEAST_MEAN = 1e-20;
    private final Matrix train;
    private final Matrix validation;
    private final FitContext context;
    private final int folds;
    private final int[] trainFold;
    private final int[] validationFold;

    /** The folds are the same for all methods; there are fewer where a sample has fewer rows. */
    HeldOutScore(Matrix train, Matrix validation, FitContext context) {
        this.train = train;
        this.validation = validation;
        this.context = context;
        folds = Math.min(FOLDS, Math.min(train.rows(), validation.rows()));
        trainFold = RowDraw.folds(train.keys(), folds, context.seed(), Purpose.FOLDS_TRAIN);
        validationFold = RowDraw.folds(validation.keys(), folds, context.seed(), Purpose.FOLDS_VALIDATION);
    }

    /**
     * A score.
     *
     * @param mean  over the folds
     * @param error its standard error, by how log r of the held-out validation rows and r of the held-out training rows vary; NaN where
     *              there is one validation row or training row
     */
    record Score(double mean, double error) {}

    /** Whether there are rows enough to hold some out. */
    boolean possible() {
        return folds >= 2;
    }

    /**
     * The score of a method.
     *
     * @throws NoRatioException if a fold's ratio is not finite, or its mean is 0
     */
    Score of(RatioMethod method, TunedMethod tuned) {
        double sum = 0;
        double[] logs = new double[validation.rows()];
        double[] ratios = new double[train.rows()];
        int worldRows = 0;
        int ownRows = 0;
        for (int fold = 0; fold < folds; fold++) {
            context.progress(method.name() + ": scoring on held-out rows", fold, folds);
            Matrix fitted = train.select(rows(trainFold, fold, false));
            RatioFunction ratio = tuned.fit(fitted, validation.select(rows(validationFold, fold, false)), context);
            double scale = mean(ratio.at(fitted, context.device()));
            if (!(scale >= LEAST_MEAN && scale < Double.MAX_VALUE)) {
                throw new NoRatioException(String.format(Locale.ROOT,
                    "the mean of its ratio over the training rows is %.3g in a fold, and about 1 was expected", scale), null, true);
            }
            double[] world = clipped(ratio.at(validation.select(rows(validationFold, fold, true)), context.device()), scale);
            double[] own = clipped(ratio.at(train.select(rows(trainFold, fold, true)), context.device()), scale);
            double level = mean(own);
            sum += Arrays.stream(world).map(Math::log).average().orElseThrow() - Math.log(level);
            for (double r : world) {
                logs[worldRows++] = Math.log(r);
            }
            for (double r : own) {
                ratios[ownRows++] = r / level;
            }
        }
        // By the delta method the log of a mean has the variance of the mean over its square.
        return new Score(sum / folds, Math.sqrt(varianceOfMean(logs) + varianceOfMean(ratios)));
    }

    private static double varianceOfMean(double[] x) {
        double mean = mean(x);
        return Arrays.stream(x).map(value -> (value - mean) * (value - mean)).sum() / ((x.length - 1.0) * x.length);
    }

    private static int[] rows(int[] fold, int which, boolean inside) {
        return IntStream.range(0, fold.length).filter(i -> fold[i] == which == inside).toArray();
    }

    private static double[] clipped(double[] r, double scale) {
        return Arrays.stream(r).map(x -> Math.max(SMALLEST, Math.min(LARGEST, x / scale))).toArray();
    }

    private static double mean(double[] r) {
        return Arrays.stream(r).average().orElseThrow();
    }
}
