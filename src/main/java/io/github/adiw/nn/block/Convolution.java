package io.github.adiw.nn.block;

/**
 * Sizes of a 2-D convolution of images {@code [batch, channels, height, width]} with square kernels.
 *
 * @param batch    images
 * @param channels of the input
 * @param height   of the input
 * @param width    of the input
 * @param filters  output channels
 * @param kernel   side of the window
 * @param stride   step of the window
 * @param padding  zeros on each side
 */
public record Convolution(int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding) {
    /** Checks that every size is positive (padding: not negative) and the window fits. */
    public Convolution {
        if (batch < 1 || channels < 1 || height < 1 || width < 1 || filters < 1 || kernel < 1 || stride < 1 || padding < 0
            || height + 2 * padding < kernel || width + 2 * padding < kernel) {
            throw new IllegalArgumentException("a convolution needs positive sizes and a window that fits, not batch " + batch
                + ", [" + channels + ", " + height + ", " + width + "], " + filters + " filters of " + kernel + " x " + kernel
                + ", stride " + stride + ", padding " + padding);
        }
    }

    /** Rows of the output. */
    public int outputHeight() {
        return (height + 2 * padding - kernel) / stride + 1;
    }

    /** Columns of the output. */
    public int outputWidth() {
        return (width + 2 * padding - kernel) / stride + 1;
    }

    /** Inputs of an output: elements of the window, of all channels. */
    public int taps() {
        return channels * kernel * kernel;
    }

    /** Elements of the weight {@code [filters, channels, kernel, kernel]}. */
    public int weights() {
        return filters * taps();
    }

    /** Elements of an image of the input or the output, whichever has more. */
    long largestImage() {
        return Math.max((long) channels * height * width, (long) filters * outputHeight() * outputWidth());
    }

    /** The same sizes for another batch. */
    public Convolution withBatch(int rows) {
        return new Convolution(rows, channels, height, width, filters, kernel, stride, padding);
    }
}
