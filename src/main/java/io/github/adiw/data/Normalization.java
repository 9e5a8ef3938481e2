package io.github.adiw.data;

/**
 * What brings every channel of the samples (or every column of a table) to mean 0 and deviation 1: x becomes
 * {@code (x - mean) / deviation}, x of an image in [0, 1]. The arrays are not copied, and nobody writes to them.
 *
 * @param means      {@code [channels]}, finite; empty for {@link #NONE}
 * @param deviations {@code [channels]}, finite and above 0; empty for {@link #NONE}
 */
public record Normalization(float[] means, float[] deviations) {
    /** Leaves the values as they are. */
    public static final Normalization NONE = new Normalization(new float[0], new float[0]);

    /** @throws IllegalArgumentException if the lengths differ or a number is out of its range */
    public Normalization {
        if (means.length != deviations.length) {
            throw new IllegalArgumentException("a normalisation needs as many means as deviations, not " + means.length + " and "
                + deviations.length);
        }
        for (int c = 0; c < means.length; c++) {
            if (!Float.isFinite(means[c]) || !(deviations[c] > 0 && Float.isFinite(deviations[c]))) {
                throw new IllegalArgumentException("a channel's mean must be finite and its deviation above 0, not " + means[c] + " and "
                    + deviations[c] + " (channel " + c + ")");
            }
        }
    }

    /** Whether the values stay as they are. */
    public boolean none() {
        return means.length == 0;
    }
}
