package io.github.adiw.nn;

import io.github.adiw.UsageException;

/** The learning rate of an epoch. */
@FunctionalInterface
public interface LearningRateSchedule {
    /** @param epoch from 1 */
    float at(int epoch);

    /**
     * Reads {@code none}, {@code step:EPOCHS:FACTOR} (the rate is multiplied by FACTOR after every EPOCHS epochs) or
     * {@code cosine} (from the rate to 0 along half a cosine, over all epochs; Loshchilov and Hutter, ICLR 2017).
     *
     * @param rate   of the first epoch
     * @param epochs in all
     * @throws UsageException if the text is none of these
     */
    static LearningRateSchedule parse(String text, float rate, int epochs) {
        if (text.equals("none")) {
            return epoch -> rate;
        }
        if (text.equals("cosine")) {
            return epoch -> (float) (rate * (1 + Math.cos(Math.PI * (epoch - 1) / epochs)) / 2);
        }
        String[] part = text.split(":", -1);
        if (part.length == 3 && part[0].equals("step")) {
            try {
                int every = Integer.parseInt(part[1]);
                float factor = Float.parseFloat(part[2]);
                if (every >= 1 && factor > 0 && factor <= 1) {
                    return epoch -> (float) (rate * Math.pow(factor, Math.floorDiv(epoch - 1, every)));
                }
            } catch (NumberFormatException e) {
                throw unknown(text);
            }
        }
        throw unknown(text);
    }

    private static UsageException unknown(String text) {
        return UsageException.of("schedule", "schedule " + text + " is not known: give none, cosine, or step:EPOCHS:FACTOR with at"
            + " least 1 epoch and a factor in (0, 1], such as step:100:0.1");
    }
}
