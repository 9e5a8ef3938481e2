package io.github.adiw.train;

import io.github.adiw.UsageException;
import java.util.List;

/**
 * What was measured at the end of an epoch.
 *
 * @param epoch               from 1
 * @param learningRate        in force during it
 * @param trainLoss           mean unweighted loss of its batches, before each update
 * @param testAccuracy        share of the test set that is classified right, in [0, 1]
 * @param meanWeightClean     mean over the training samples with their true label of the last weight given; NaN if there are none
 * @param meanWeightNoisy     the same over the mislabelled ones; NaN if there are none
 * @param effectiveSampleSize (sum w)^2 / sum w^2 over the last weights of all training samples
 * @param fractionAtBound     share of the last weights that lie at the upper bound
 * @param secondsEstimation   time in weight estimation, on the device's clock
 * @param secondsTraining     time in both forward passes, backward and update, on the device's clock
 * @param seconds             wall-clock time of the epoch, evaluation included
 */
public record EpochReport(int epoch, double learningRate, double trainLoss, double testAccuracy, double meanWeightClean,
                          double meanWeightNoisy, double effectiveSampleSize, double fractionAtBound,
                          double secondsEstimation, double secondsTraining, double seconds) {
    private static final List<String> NAMES = List.of("learningRate", "trainLoss", "testAccuracy", "meanWeightClean", "meanWeightNoisy",
        "effectiveSampleSize", "fractionAtBound", "secondsEstimation", "secondsTraining", "seconds");

    /** The names of the {@link #values}. */
    public static List<String> names() {
        return NAMES;
    }

    /** Everything but the number of the epoch, as {@link #names} says. */
    public double[] values() {
        return new double[] {learningRate, trainLoss, testAccuracy, meanWeightClean, meanWeightNoisy, effectiveSampleSize, fractionAtBound,
            secondsEstimation, secondsTraining, seconds};
    }

    /** The report of an epoch whose {@link #values} these are. */
    public static EpochReport of(int epoch, double[] v) {
        UsageException.given("v", v);
        return new EpochReport(epoch, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
    }
}
