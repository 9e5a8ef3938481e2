package io.github.adiw.data;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.IdxFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Fashion-MNIST (Xiao, Rasul, Vollgraf, <em>Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
 * Algorithms</em>, arXiv 1708.07747): 60,000 training and 10,000 test images, grey, 28 x 28, ten classes of equal size.
 *
 * <p>It is looked for, in this order:
 * <ol>
 * <li>in the folder that the user names; then nowhere else;
 * <li>in the user's cache, {@code $XDG_CACHE_HOME/adiw/fashion-mnist} ({@code ~/.cache} where the variable is not set);
 * <li>where Debian's package dataset-fashion-mnist puts it, {@value #DEBIAN};
 * <li>on the network, by HTTPS first; the files are checked and kept in the cache, and what has come of a download that broke off too;
 * <li>in the jar with the classifier {@code samples}: the first 1,150 training and 220 test images of each class.
 * </ol>
 *
 * <p>The system property {@value #URL_PROPERTY} replaces the addresses to download from; empty means: do not download.
 *
 * <p>Files are Fashion-MNIST's by their checksums. Others under the same names, such as MNIST's, are passed over in the usual places; in
 * the folder that the user names they make a data set with the name {@code idx:FOLDER}.
 */
public final class FashionMnist {
    /** The name on the command line. */
    public static final String NAME = "fashion-mnist";
    /** System property: another address to download from, ending in a slash; empty: no download. */
    public static final String URL_PROPERTY = "adiw.fashion-mnist.url";
    /** Where Debian's package dataset-fashion-mnist puts the files. */
    public static final String DEBIAN = "/usr/share/datasets/fashion-mnist";

    /** Keras's copy, by HTTPS, and where the authors publish the files. */
    private static final List<String> MIRRORS = List.of("https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");
    private static final int PATIENCE = 5000;
    private static final int LIMIT = 600_000;
    private static final List<String> CLASS_NAMES = List.of("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal",
        "Shirt", "Sneaker", "Bag", "Ankle boot");
    private static final int SIDE = 28;
    /** In a jar of its own, another module on the module path: found through the class loader. */
    private static final String SAMPLE = "io/github/adiw/data/fashion-mnist-sample/";

    /**
     * A published file.
     *
     * @param name    without .gz
     * @param zipped  what is downloaded
     * @param content SHA-256 of what is in it: Debian's package has the same files, compressed anew
     */
    record Published(String name, Download.Published zipped, String content) {
        Published(String name, long bytes, String sha256, String content) {
            this(name, new Download.Published(name + ".gz", bytes, sha256), content);
        }
    }

    /** As published; the README of Fashion-MNIST gives MD5 sums, and the files with those sums have these. */
    static final List<Published> FILES = List.of(
        new Published("train-images-idx3-ubyte", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        new Published("train-labels-idx1-ubyte", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        new Published("t10k-images-idx3-ubyte", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        new Published("t10k-labels-idx1-ubyte", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"));

    private FashionMnist() {
    }

    /**
     * Finds and reads the data set.
     *
     * @param directory where its four files are (plain or gzip), and nowhere else; or null to look in the usual places
     * @param listener is told which places were skipped and why, and how a download proceeds
     * @return the data set, or the embedded sample ({@link Dataset#sample()}); of other files in {@code directory} one with another name
     * @throws AdiwException if {@code directory} was given, and files in it are missing or broken; or if the data set was found nowhere,
     *                       and the sample's jar is not there
     */
    public static Dataset open(Path directory, DownloadListener listener) {
        UsageException.given("listener", listener);
        Search search = new Search(UsualPlaces.cache(NAME), Path.of(DEBIAN), UsualPlaces.mirrors(URL_PROPERTY, MIRRORS), FILES, PATIENCE,
            LIMIT);
        return directory == null ? search.find(listener) : search.read(directory, listener);
    }

    /**
     * Reads the embedded sample, whatever else may be found.
     *
     * @return the sample
     * @throws AdiwException if its jar is not there
     */
    public static Dataset sample() {
        Parts parts = Parts.read((name, dimensions, accept) -> {
            String resource = SAMPLE + name + ".gz";
            try (InputStream in = FashionMnist.class.getClassLoader().getResourceAsStream(resource)) {
                if (in == null) {
                    throw new AdiwException(
                        "the sample of Fashion-MNIST has a jar of its own, which is not there: add io.github.adiw:adiw with the "
                            + "classifier samples to the dependencies, or name the folder of the full data set: directory=DIR");
                }
                return new Named(resource, IdxFile.parse(resource, in.readAllBytes(), dimensions, accept));
            } catch (IOException e) {
                throw new AdiwException("cannot read the embedded sample: " + AtomicFile.reason(e), e);
            }
        });
        return parts.dataset(NAME, CLASS_NAMES, "of each class the first images of the original files", true);
    }

    /** A file under the name that messages give it. */
    private record Named(String name, IdxFile file) {
    }

    /** Where the four files come from. */
    private interface Source {
        /**
         * @param name   without .gz
         * @param accept sees the shape before the values are read
         */
        Named read(String name, int dimensions, Consumer<int[]> accept);
    }

    /** Reads the four files from a folder. */
    private static Parts read(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new AdiwException(directory + (Files.exists(directory) ? " is not a folder" : " does not exist")
                + ", and a folder with Fashion-MNIST's four files was expected");
        }
        return Parts.read((name, dimensions, accept) -> {
            Path file = locate(directory, name);
            if (file == null) {
                throw new AdiwException("there is no " + name + " or " + name + ".gz in " + directory
                    + ", and Fashion-MNIST's four files were expected there");
            }
            return new Named(file.toString(), IdxFile.read(file, dimensions, accept));
        });
    }

    private static Path locate(Path directory, String name) {
        for (String suffix : new String[] {"", ".gz"}) {
            Path file = directory.resolve(name + suffix);
            if (Files.exists(file)) {
                return file;
            }
        }
        return null;
    }

    /**
     * The images of four files.
     *
     * @param sums SHA-256 of each file's content by its name without .gz
     */
    private record Parts(ImageSet train, ImageSet test, Map<String, String> sums) {
        static Parts read(Source files) {
            Map<String, String> sums = new LinkedHashMap<>();
            return new Parts(part(files, "train", sums), part(files, "t10k", sums), sums);
        }

        Dataset dataset(String name, List<String> classes, String source, boolean sample) {
            return new Dataset(name, train, test, classes, Normalization.NONE, source, sample);
        }

        private static ImageSet part(Source files, String prefix, Map<String, String> sums) {
            // Labels first: they are small, and their number is what the images are held to before they are unpacked.
            Named labels = files.read(prefix + "-labels-idx1-ubyte", 1, shape -> {
            });
            sums.put(prefix + "-labels-idx1-ubyte", sha256(labels.file));
            byte[] values = labels.file.values();
            int[] classes = new int[values.length];
            for (int i = 0; i < classes.length; i++) {
                classes[i] = values[i] & 0xff;
                if (classes[i] >= CLASS_NAMES.size()) {
                    throw new AdiwException(labels.name + " is broken: label " + i + " is " + classes[i]
                        + ", and 0 to " + (CLASS_NAMES.size() - 1) + " was expected");
                }
            }
            String name = prefix + "-images-idx3-ubyte";
            Named images = files.read(name, 3, shape -> {
                if (shape[1] != SIDE || shape[2] != SIDE) {
                    throw new AdiwException(name + " has images of " + shape[1] + " x " + shape[2] + ", and " + SIDE
                        + " x " + SIDE + " was expected, beside " + labels.name);
                }
                if (shape[0] != classes.length) {
                    throw new AdiwException(name + " has " + shape[0] + " images, and " + labels.name + " has "
                        + classes.length + " labels: as many were expected");
                }
            });
            sums.put(name, sha256(images.file));
            return new ImageSet(images.file.values(), classes, 1, SIDE, SIDE);
        }

        private static String sha256(IdxFile file) {
            MessageDigest digest = Checksums.sha256();
            digest.update(file.header());
            return HexFormat.of().formatHex(digest.digest(file.values()));
        }
    }

    /**
     * The usual places.
     *
     * @param cache     the user's cache of this data set
     * @param system    where the system's package puts it
     * @param mirrors   where to download from, in this order, each ending in a slash; empty: nowhere
     * @param published what is to be had there
     * @param patience  milliseconds to wait for an answer, and for each further piece
     * @param limit     milliseconds for the download as a whole
     */
    record Search(Path cache, Path system, List<String> mirrors, List<Published> published, int patience, int limit) {
        Dataset find(DownloadListener listener) {
            for (Path place : List.of(cache, system)) {
                if (holdsAnything(place)) {
                    try {
                        return genuine(place);
                    } catch (AdiwException e) {
                        listener.notice(e.getMessage() + "; looking elsewhere");
                    }
                }
            }
            if (!mirrors.isEmpty()) {
                try {
                    new Download(cache, mirrors, patience, limit, listener).fetch(published.stream().map(Published::zipped).toList());
                    return genuine(cache);
                } catch (AdiwException e) {
                    listener.notice(e.getMessage());
                }
            }
            Dataset sample = sample();
            listener.notice("Fashion-MNIST was not found; this is the embedded sample of " + sample.train().count()
                + " training and " + sample.test().count() + " test images (name the folder of the full data set)");
            return sample;
        }

        /** The data set in a folder that the user names: Fashion-MNIST, or what else is there under its files' names. */
        Dataset read(Path directory, DownloadListener listener) {
            Parts parts = FashionMnist.read(directory);
            List<String> strange = strange(parts);
            if (strange.isEmpty()) {
                return parts.dataset(NAME, CLASS_NAMES, directory.toString(), false);
            }
            Path folder = directory.toAbsolutePath().normalize().getFileName();
            String name = "idx:" + (folder == null ? "/" : folder);
            listener.notice(directory + " holds other data than Fashion-MNIST (by the checksums of " + String.join(", ", strange)
                + "): its name is " + name);
            return parts.dataset(name, IntStream.range(0, CLASS_NAMES.size()).mapToObj(Integer::toString).toList(), directory.toString(),
                false);
        }

        private Dataset genuine(Path place) {
            Parts parts = FashionMnist.read(place);
            List<String> strange = strange(parts);
            if (!strange.isEmpty()) {
                throw new AdiwException(place + " holds other data than Fashion-MNIST (by the checksums of " + String.join(", ", strange)
                    + ")");
            }
            return parts.dataset(NAME, CLASS_NAMES, place.toString(), false);
        }

        /** The files that are not as published. */
        private List<String> strange(Parts parts) {
            return published.stream().filter(file -> !file.content.equals(parts.sums.get(file.name))).map(Published::name).toList();
        }

        private boolean holdsAnything(Path place) {
            return published.stream().anyMatch(file -> locate(place, file.name) != null);
        }
    }
}
