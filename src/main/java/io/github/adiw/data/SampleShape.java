package io.github.adiw.data;

/**
 * Shape of one sample, in the order in which its values lie: an image is {@code [channels, height, width]}, a row of a table
 * {@code [columns, 1, 1]}.
 *
 * @param channels 1 for grey, 3 for colour, the number of columns for a table; at least 1
 * @param height   rows of an image, at least 1
 * @param width    columns of an image, at least 1
 */
public record SampleShape(int channels, int height, int width) {
    /** @throws IllegalArgumentException if a side is less than 1 */
    public SampleShape {
        if (channels < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException("a sample needs sides of at least 1, not [" + channels + ", " + height + ", " + width + "]");
        }
    }

    /** Values of one sample. */
    public int size() {
        return Math.multiplyExact(channels, plane());
    }

    /** Values of one channel. */
    public int plane() {
        return Math.multiplyExact(height, width);
    }
}
