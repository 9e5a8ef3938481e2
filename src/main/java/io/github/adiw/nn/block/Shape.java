package io.github.adiw.nn.block;

/**
 * Shape of one row of a value. Numbers lie as {@code [channels, height, width]}; a vector has a height and a width of 1.
 *
 * @param channels at least 1
 * @param height   at least 1
 * @param width    at least 1
 */
public record Shape(int channels, int height, int width) {
    /** @throws IllegalArgumentException if a size is less than 1 */
    public Shape {
        if (channels < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException("a row needs sizes of at least 1, not [" + channels + ", " + height + ", " + width + "]");
        }
    }

    /** Numbers in a row. */
    public int size() {
        return Math.multiplyExact(Math.multiplyExact(channels, height), width);
    }

    @Override
    public String toString() {
        return "[" + channels + ", " + height + ", " + width + "]";
    }
}
