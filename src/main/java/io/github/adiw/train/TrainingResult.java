package io.github.adiw.train;

import io.github.adiw.data.SafeTensors;
import java.util.List;

/**
 * What training reached; complete also when it was stopped early or failed.
 *
 * @param options           what was asked for
 * @param dataset           its name
 * @param device            name of the device
 * @param trainSamples      N
 * @param validationSamples V
 * @param testSamples       size of the test set
 * @param actualNoiseRate   share of the training samples exposed to noise (the clean validation samples among them are not) whose label is not the true one
 * @param parameterCount    number of parameters of the model
 * @param epochs            a report an epoch, in order
 * @param weights           float32 [N], the last weight every training sample was given
 * @param mislabelled       [N], whether the sample's label is not the true one
 * @param labels            [N], the label that every training sample carries
 * @param parameters        the model's parameters, named and shaped as PyTorch's
 * @param stepMillis        medians over the steps after warm-up; NaN if there was none
 * @param trace             the steps' losses and weights, if asked for, else empty
 * @param weightsTrace      [steps][batch], if asked for, else empty
 * @param failure           why training ended before its time, as a sentence; null if it did not fail
 * @param interrupted       whether {@link Trainer#stop} ended it
 */
public record TrainingResult(TrainingOptions options, String dataset, String device, int trainSamples, int validationSamples,
                             int testSamples, double actualNoiseRate, long parameterCount, List<EpochReport> epochs,
                             float[] weights, boolean[] mislabelled, int[] labels, SafeTensors parameters,
                             StepMillis stepMillis, List<TraceRow> trace, List<float[]> weightsTrace, String failure,
                             boolean interrupted) {

    /** Milliseconds of a step: in all, in weight estimation, and in the rest. */
    public record StepMillis(double total, double weightEstimation, double training) { }

    /** One step: unweighted mean loss before the update, sum (or mean) of weighted losses, and its weights. */
    public record TraceRow(int step, float trainLoss, float weightedLoss, float weightSum, float weightMin, float weightMax) { }

    /** Test accuracy of the last epoch, in [0, 1]; NaN before the first. */
    public double finalTestAccuracy() {
        return epochs.isEmpty() ? Double.NaN : epochs.get(epochs.size() - 1).testAccuracy();
    }

    /** Best test accuracy of all epochs, in [0, 1]; NaN before the first. */
    public double bestTestAccuracy() {
        return epochs.stream().mapToDouble(EpochReport::testAccuracy).max().orElse(Double.NaN);
    }

    /** Mean test accuracy of the last five epochs (fewer if there are fewer); NaN before the first. */
    public double lastFiveTestAccuracy() {
        return epochs.stream().skip(Math.max(0, epochs.size() - 5)).mapToDouble(EpochReport::testAccuracy).average().orElse(Double.NaN);
    }
}
