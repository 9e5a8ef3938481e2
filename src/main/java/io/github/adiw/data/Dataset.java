package io.github.adiw.data;

import io.github.adiw.UsageException;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * A data set: labelled samples to train on and to test with. {@link Datasets} opens those that have a name; one of your own is made of two
 * {@link SampleSet}s.
 *
 * @param name          as on the command line, for instance {@code fashion-mnist}
 * @param train         the training samples, clean
 * @param test          the test samples, of the same shape
 * @param classNames    the classes' names; their number is the number of classes
 * @param normalization of the samples' channels, both of training and test
 * @param source        where it was found, in words
 * @param sample        whether this is an embedded sample and not the whole data set
 */
public record Dataset(String name, SampleSet train, SampleSet test, List<String> classNames, Normalization normalization, String source,
                      boolean sample) {
    /**
     * Copies the list of names.
     *
     * @throws UsageException if training and test samples differ in shape, the normalisation has another number of channels, or a label is
     *                        none of the classes
     */
    public Dataset {
        classNames = List.copyOf(classNames);
        if (!train.shape().equals(test.shape())) {
            throw new UsageException("the training samples of " + name + " are " + train.description() + " and its test samples "
                + test.description() + ": both must have the same shape");
        }
        if (!normalization.none() && normalization.means().length != train.shape().channels()) {
            throw new UsageException("the samples of " + name + " have " + train.shape().channels() + " channels, and its normalisation "
                + normalization.means().length + ": give a mean and a deviation for each");
        }
        for (SampleSet set : new SampleSet[] {train, test}) {
            for (int label : set.labels()) {
                if (label < 0 || label >= classNames.size()) {
                    throw new UsageException("a sample of " + name + " has the label " + label + ", and 0 to " + (classNames.size() - 1)
                        + " was expected: number the classes as their names are listed");
                }
            }
        }
    }

    /** @return the number of classes */
    public int classes() {
        return classNames.size();
    }

    /** @return one line for people: name, sizes, where it was found, and whether it is the sample */
    public String description() {
        String sizes = String.format(Locale.ROOT, "%,d training and %,d test %s in %d classes", train.count(), test.count(),
            train.description(), classes());
        return sample
            ? name + ": the embedded SAMPLE, not the whole data set (" + sizes + "; " + source + ")"
            : name + ": " + sizes + ", from " + source;
    }

    /** @return name, sizes and a checksum of all values and labels: it tells this data set from every other */
    public String identity() {
        CRC32 crc = new CRC32();
        train.addTo(crc);
        test.addTo(crc);
        return name + ", " + train.count() + " + " + test.count() + " " + train.kind() + ", crc32 "
            + Long.toHexString(crc.getValue());
    }
}
