package io.github.adiw.data;

import io.github.adiw.device.Device;
import java.util.zip.Checksum;

/**
 * Labelled samples of one kind: what a training or a test file holds. {@link ImageSet} and {@link TableSet} are such; nothing above this
 * interface knows the one from the other. Arrays are shared, not copied: nobody writes to them.
 */
public interface SampleSet {
    /** {@code [count]}, each 0 to classes - 1. */
    int[] labels();

    /** Shape of one sample. */
    SampleShape shape();

    /** What the samples are, in one word: {@code images}, {@code rows}. */
    String kind();

    /** What the samples are, for a sentence: {@code images of 28 x 28}, {@code images of 3 x 32 x 32}, {@code rows of 11 columns}. */
    String description();

    /** The number of samples. */
    default int count() {
        return labels().length;
    }

    /**
     * The samples of some rows, in their order.
     *
     * @param rows which, each 0 to count - 1
     */
    SampleSet gather(int[] rows);

    /**
     * The same samples under other labels.
     *
     * @param labels {@code [count]}
     */
    SampleSet withLabels(int[] labels);

    /**
     * Copies the samples to a device; the caller closes them there.
     *
     * @param normalization applied when batches are gathered
     * @throws io.github.adiw.UsageException if it is for another number of channels
     */
    SampleSource load(Device device, Normalization normalization);

    /** Updates a checksum with all values and all labels. */
    void addTo(Checksum checksum);

    /**
     * Counts the samples of each class.
     *
     * @param classes the number of classes
     * @return {@code [classes]}
     */
    default int[] classCounts(int classes) {
        int[] counts = new int[classes];
        for (int label : labels()) {
            counts[label]++;
        }
        return counts;
    }
}
