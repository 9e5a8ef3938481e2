package io.github.adiw.data;

import io.github.adiw.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A data set of labelled images: a training and a test file, and where they were found.
 *
 * @param name as on the command line, for instance {@code fashion-mnist}
 * @param train the training file, clean
 * @param test the test file
 * @param classNames the classes' names; their number is the number of classes
 * @param source where it was found, in words
 * @param sample whether this is the embedded sample and not the whole data set
 */
public record ImageDataset(String name, ImageSet train, ImageSet test, List<String> classNames, String source,
        boolean sample) {
    /** The names that {@link #open} knows. */
    public static final List<String> KNOWN = List.of(FashionMnist.NAME);

    /** Copies the list of names. */
    public ImageDataset {
        classNames = List.copyOf(classNames);
    }

    /**
     * Finds and reads a data set by its name.
     *
     * @param name one of {@link #KNOWN}
     * @param directory where its files are, and nowhere else; or null to look in the usual places
     * @param listener is told what happens
     * @return the data set
     * @throws UsageException if the name is not known
     * @throws io.github.adiw.AdiwException if {@code directory} was given, and files in it are missing or broken
     */
    public static ImageDataset open(String name, Path directory, DownloadListener listener) {
        if (!KNOWN.contains(name)) {
            throw new UsageException("there is no data set '" + name + "'; known: " + String.join(", ", KNOWN));
        }
        return FashionMnist.open(directory, listener);
    }

    /** @return the number of classes */
    public int classes() {
        return classNames.size();
    }

    /** @return one line for people: name, sizes, where it was found, and whether it is the sample */
    public String description() {
        String sizes = String.format(Locale.ROOT, "%,d training and %,d test images of %d x %d in %d classes",
                train.count(), test.count(), train.height(), train.width(), classes());
        return sample
                ? name + ": the embedded SAMPLE, not the whole data set (" + sizes + "; " + source + ")"
                : name + ": " + sizes + ", from " + source;
    }
}
