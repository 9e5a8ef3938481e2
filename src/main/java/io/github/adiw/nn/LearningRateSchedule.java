package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.data.file.DecimalNumber;
import java.util.Arrays;

/** The learning rate of an epoch. */
@FunctionalInterface
public interface LearningRateSchedule {
    /** The forms that {@link #parse} knows, in words. */
    String KNOWN = "none, cosine, step:EPOCHS:FACTOR with at least 1 epoch and a factor in (0, 1], such as step:100:0.1, or"
        + " milestones:EPOCH,EPOCH,...:FACTOR with ascending epochs, such as milestones:100,150:0.1";

    /** @param epoch from 1 */
    float at(int epoch);

    /**
     * Reads {@code none}; {@code step:EPOCHS:FACTOR} (the rate is multiplied by FACTOR after every EPOCHS epochs);
     * {@code milestones:EPOCH,EPOCH,...:FACTOR} (it is multiplied by FACTOR after each of these epochs, as PyTorch's MultiStepLR); or
     * {@code cosine} (from the rate to 0 along half a cosine, over all epochs; Loshchilov and Hutter, ICLR 2017).
     *
     * @param rate   of the first epoch
     * @param epochs in all
     * @throws UsageException if the text is none of these
     */
    static LearningRateSchedule parse(String text, float rate, int epochs) {
        String[] part = UsageException.given("schedule", text).split(":", -1);
        switch (part[0] + "/" + part.length) {
            case "none/1":
                return epoch -> rate;
            case "cosine/1":
                return epoch -> (float) (rate * (1 + Math.cos(Math.PI * (epoch - 1) / epochs)) / 2);
            case "step/3": {
                int every = epoch(text, part[1]);
                float factor = factor(text, part[2]);
                return epoch -> (float) (rate * Math.pow(factor, Math.floorDiv(epoch - 1, every)));
            }
            case "milestones/3": {
                int[] milestones = Arrays.stream(part[1].split(",", -1)).mapToInt(one -> epoch(text, one)).toArray();
                for (int i = 1; i < milestones.length; i++) {
                    if (milestones[i] <= milestones[i - 1]) {
                        throw refused(text, "has the epoch " + milestones[i] + " behind " + milestones[i - 1]);
                    }
                }
                float factor = factor(text, part[2]);
                return epoch -> (float) (rate * Math.pow(factor, (double) Arrays.stream(milestones).filter(one -> one < epoch).count()));
            }
            default:
                throw refused(text, "is not known");
        }
    }

    /**
     * The same with a linear warm-up (Goyal et al., arXiv 1706.02677): epoch e of the first E has e / (E + 1) of the rate that it would
     * have, as PyTorch's LinearLR with the start factor 1 / (E + 1) beside another schedule.
     *
     * @param first E, at least 0
     */
    default LearningRateSchedule warmedUp(int first) {
        return epoch -> epoch > first ? at(epoch) : (float) ((double) at(epoch) * epoch / (first + 1.0));
    }

    private static int epoch(String text, String part) {
        if (part.matches("[0-9]{1,9}") && Integer.parseInt(part) >= 1) {
            return Integer.parseInt(part);
        }
        throw refused(text, "has \"" + part + "\" where a number of epochs was expected");
    }

    private static float factor(String text, String part) {
        float factor = DecimalNumber.matches(part) ? Float.parseFloat(part) : 0;
        if (factor > 0 && factor <= 1) {
            return factor;
        }
        throw refused(text, "has \"" + part + "\" where a factor was expected");
    }

    private static UsageException refused(String text, String why) {
        return UsageException.of("schedule", "schedule " + text + " " + why + ": give " + KNOWN);
    }
}
