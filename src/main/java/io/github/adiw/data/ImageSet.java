package io.github.adiw.data;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import java.util.zip.Checksum;

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
public record ImageSet(byte[] images, int[] labels, int channels, int height, int width) implements SampleSet {
    /** @throws IllegalArgumentException if the arrays' lengths do not fit each other */
    public ImageSet {
        if ((long) labels.length * channels * height * width != images.length) {
            throw new IllegalArgumentException(images.length + " pixels were given, and " + labels.length + " images of ["
                + channels + ", " + height + ", " + width + "] were expected");
        }
    }

    /** @return values in one image: channels x height x width */
    public int imageSize() {
        return channels * height * width;
    }

    @Override
    public SampleShape shape() {
        return new SampleShape(channels, height, width);
    }

    @Override
    public String kind() {
        return "images";
    }

    @Override
    public String description() {
        return kind() + " of " + (channels == 1 ? "" : channels + " x ") + height + " x " + width;
    }

    @Override
    public ImageSet gather(int[] rows) {
        int size = imageSize();
        byte[] chosen = new byte[Math.multiplyExact(rows.length, size)];
        int[] chosenLabels = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(images, rows[i] * size, chosen, i * size, size);
            chosenLabels[i] = labels[rows[i]];
        }
        return new ImageSet(chosen, chosenLabels, channels, height, width);
    }

    @Override
    public ImageSet withLabels(int[] other) {
        return new ImageSet(images, other, channels, height, width);
    }

    @Override
    public SampleSource load(Device device, Normalization normalization) {
        return SampleSource.ofImages(UsageException.given("device", device), images, shape(),
            UsageException.given("normalization", normalization));
    }

    @Override
    public void addTo(Checksum checksum) {
        checksum.update(images);
        Checksums.add(checksum, labels);
    }
}
