package io.github.adiw.data;

/**
 * Labelled images: {@code images} is {@code [count, channels, height, width]} in C order, one unsigned byte a value
 * (0..255; read as {@code value & 0xff}); {@code labels} is {@code [count]}, each 0 to classes - 1. The arrays are not
 * copied, and nobody writes to them after construction.
 *
 * @param images the pixels
 * @param labels the classes
 * @param channels 1 for grey, 3 for colour
 * @param height rows of an image
 * @param width columns of an image
 */
public record ImageSet(byte[] images, int[] labels, int channels, int height, int width) {
    /** @throws IllegalArgumentException if the arrays' lengths do not fit each other */
    public ImageSet {
        if ((long) labels.length * channels * height * width != images.length) {
            throw new IllegalArgumentException(images.length + " pixels were given, and " + labels.length + " images of ["
                    + channels + ", " + height + ", " + width + "] were expected");
        }
    }

    /** @return the number of images */
    public int count() {
        return labels.length;
    }

    /** @return values in one image: channels x height x width */
    public int imageSize() {
        return channels * height * width;
    }

    /**
     * The images of some rows, in their order; without a copy if these are all rows in file order.
     *
     * @param rows which, each 0 to count - 1
     * @return images {@code [rows, channels, height, width]} and labels {@code [rows]}
     */
    public ImageSet gather(int[] rows) {
        boolean all = rows.length == count();
        for (int i = 0; all && i < rows.length; i++) {
            all = rows[i] == i;
        }
        if (all) {
            return this;
        }
        int size = imageSize();
        byte[] chosen = new byte[Math.multiplyExact(rows.length, size)];
        int[] chosenLabels = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(images, rows[i] * size, chosen, i * size, size);
            chosenLabels[i] = labels[rows[i]];
        }
        return new ImageSet(chosen, chosenLabels, channels, height, width);
    }

    /**
     * Counts the images of each class.
     *
     * @param classes the number of classes
     * @return {@code [classes]}
     */
    public int[] classCounts(int classes) {
        return classCounts(labels, classes);
    }

    static int[] classCounts(int[] labels, int classes) {
        int[] counts = new int[classes];
        for (int label : labels) {
            counts[label]++;
        }
        return counts;
    }
}
