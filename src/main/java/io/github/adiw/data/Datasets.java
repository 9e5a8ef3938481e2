package io.github.adiw.data;

import io.github.adiw.UsageException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The data sets that have a name: the one place that lists them. */
public final class Datasets {
    private static final Map<String, Opener> KNOWN = new LinkedHashMap<>();

    static {
        KNOWN.put(FashionMnist.NAME, FashionMnist::open);
        KNOWN.put(Cifar.TEN.name(), Cifar.TEN::open);
        KNOWN.put(Cifar.HUNDRED.name(), Cifar.HUNDRED::open);
    }

    /** Finds and reads a data set. */
    @FunctionalInterface
    private interface Opener {
        /**
         * As {@link Datasets#open}. Where there are no usual places to look in, null is refused by
         * {@code UsageException.of("directory", ...)}, of which the command line makes {@code --data}.
         */
        Dataset open(Path directory, DownloadListener listener);
    }

    private Datasets() {}

    /** The names that {@link #open} knows. */
    public static List<String> names() {
        return List.copyOf(KNOWN.keySet());
    }

    /**
     * Finds and reads a data set by its name.
     *
     * @param name      one of {@link #names}
     * @param directory where its files are, and nowhere else; or null to look in the usual places
     * @param listener  is told what happens
     * @throws UsageException if the name is not known
     * @throws io.github.adiw.AdiwException if {@code directory} was given, and files in it are missing or broken
     */
    public static Dataset open(String name, Path directory, DownloadListener listener) {
        UsageException.given("listener", listener);
        Opener opener = KNOWN.get(UsageException.given("dataset", name));
        if (opener == null) {
            throw UsageException.of("dataset", "there is no data set '" + name + "'; known: " + String.join(", ", KNOWN.keySet()));
        }
        return opener.open(directory, listener);
    }
}
