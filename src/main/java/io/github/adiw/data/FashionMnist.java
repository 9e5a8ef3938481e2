package io.github.adiw.data;

import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.IdxFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Fashion-MNIST (Xiao, Rasul, Vollgraf, <em>Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
 * Algorithms</em>, arXiv 1708.07747): 60,000 training and 10,000 test images, grey, 28 x 28, ten classes of equal size.
 *
 * <p>It is looked for, in this order:
 * <ol>
 * <li>in the folder that the user names; then nowhere else;
 * <li>in the user's cache, {@code $XDG_CACHE_HOME/adiw/fashion-mnist} ({@code ~/.cache} where the variable is not set);
 * <li>where Debian's package dataset-fashion-mnist puts it, {@value #DEBIAN};
 * <li>on the network; the files are checked and kept in the cache;
 * <li>in the jar with the classifier {@code samples}: the first 1,150 training and 220 test images of each class.
 * </ol>
 *
 * <p>The system property {@value #URL_PROPERTY} replaces the address to download from; empty means: do not download.
 */
public final class FashionMnist {
    /** The name on the command line. */
    public static final String NAME = "fashion-mnist";
    /** Where the files are published. */
    public static final String URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
    /** System property: another address for {@link #URL}, ending in a slash; empty: no download. */
    public static final String URL_PROPERTY = "adiw.fashion-mnist.url";
    /** Where Debian's package dataset-fashion-mnist puts the files. */
    public static final String DEBIAN = "/usr/share/datasets/fashion-mnist";

    private static final List<String> CLASS_NAMES = List.of("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal",
        "Shirt", "Sneaker", "Bag", "Ankle boot");
    private static final int SIDE = 28;
    /** In a jar of its own, another module on the module path: found through the class loader. */
    private static final String SAMPLE = "io/github/adiw/data/fashion-mnist-sample/";

    /** A published file: its size and SHA-256. */
    record Published(String name, long bytes, String sha256) {
    }

    /** As published; the README of Fashion-MNIST gives MD5 sums, and the files with those sums have these. */
    static final List<Published> FILES = List.of(
        new Published("train-images-idx3-ubyte.gz", 26421880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        new Published("train-labels-idx1-ubyte.gz", 29515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        new Published("t10k-images-idx3-ubyte.gz", 4422102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        new Published("t10k-labels-idx1-ubyte.gz", 5148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"));

    private FashionMnist() {
    }

    /**
     * Finds and reads the data set.
     *
     * @param directory where its four files are (plain or gzip), and nowhere else; or null to look in the usual places
     * @param listener is told which places were skipped and why, and how a download proceeds
     * @return the data set, or the embedded sample ({@link Dataset#sample()})
     * @throws AdiwException if {@code directory} was given, and files in it are missing or broken; or if the data set was found nowhere,
     *                       and the sample's jar is not there
     */
    public static Dataset open(Path directory, DownloadListener listener) {
        if (directory != null) {
            return read(directory);
        }
        return new Search(cacheFolder(), Path.of(DEBIAN), System.getProperty(URL_PROPERTY, URL), FILES, 5000).find(listener);
    }

    /**
     * Reads the embedded sample, whatever else may be found.
     *
     * @return the sample
     * @throws AdiwException if its jar is not there
     */
    public static Dataset sample() {
        return assemble(name -> {
            String resource = SAMPLE + name + ".gz";
            try (InputStream in = FashionMnist.class.getClassLoader().getResourceAsStream(resource)) {
                if (in == null) {
                    throw new AdiwException(
                        "the sample of Fashion-MNIST has a jar of its own, which is not there: add io.github.adiw:adiw with the "
                            + "classifier samples to the dependencies, or name the folder of the full data set");
                }
                return new File(resource, in.readAllBytes());
            } catch (IOException e) {
                throw new AdiwException("cannot read the embedded sample: " + AtomicFile.reason(e), e);
            }
        }, "of each class the first images of the original files", true);
    }

    /** $XDG_CACHE_HOME or ~/.cache; the XDG specification says that a relative path there is to be ignored. */
    private static Path cacheFolder() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path base = xdg != null && xdg.startsWith("/") ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("adiw").resolve(NAME);
    }

    /** A file's name for messages, and its bytes. */
    private record File(String name, byte[] bytes) {
    }

    /** Where the four files come from. */
    private interface Source {
        File read(String name);
    }

    /** Reads the four files from a folder. */
    static Dataset read(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new AdiwException(directory + (Files.exists(directory) ? " is not a folder" : " does not exist")
                + ", and a folder with Fashion-MNIST's four files was expected");
        }
        return assemble(name -> {
            Path file = locate(directory, name);
            if (file == null) {
                throw new AdiwException("there is no " + name + " or " + name + ".gz in " + directory
                    + ", and Fashion-MNIST's four files were expected there");
            }
            return new File(file.toString(), IdxFile.bytes(file));
        }, directory.toString(), false);
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

    private static Dataset assemble(Source files, String source, boolean sample) {
        return new Dataset(NAME, part(files, "train"), part(files, "t10k"), CLASS_NAMES, Normalization.NONE, source, sample);
    }

    private static ImageSet part(Source files, String prefix) {
        // Labels first: they are small, and a mistake in them is found before the images are unpacked.
        File labelFile = files.read(prefix + "-labels-idx1-ubyte");
        IdxFile labels = IdxFile.parse(labelFile.name, labelFile.bytes, 1);
        int[] classes = new int[labels.values().length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = labels.values()[i] & 0xff;
            if (classes[i] >= CLASS_NAMES.size()) {
                throw new AdiwException(labelFile.name + " is broken: label " + i + " is " + classes[i]
                    + ", and 0 to " + (CLASS_NAMES.size() - 1) + " was expected");
            }
        }
        File imageFile = files.read(prefix + "-images-idx3-ubyte");
        IdxFile images = IdxFile.parse(imageFile.name, imageFile.bytes, 3);
        int[] shape = images.shape();
        if (shape[1] != SIDE || shape[2] != SIDE) {
            throw new AdiwException(imageFile.name + " has images of " + shape[1] + " x " + shape[2] + ", and " + SIDE
                + " x " + SIDE + " was expected");
        }
        if (shape[0] != classes.length) {
            throw new AdiwException(imageFile.name + " has " + shape[0] + " images, and " + labelFile.name + " has "
                + classes.length + " labels: as many were expected");
        }
        return new ImageSet(images.values(), classes, 1, SIDE, SIDE);
    }

    /**
     * The usual places.
     *
     * @param cache the user's cache of this data set
     * @param system where the system's package puts it
     * @param url where to download from, ending in a slash; empty: nowhere
     * @param published what is to be had there
     * @param patience milliseconds to wait for an answer, and for each further piece: an offline machine should not wait
     */
    record Search(Path cache, Path system, String url, List<Published> published, int patience) {
        Dataset find(DownloadListener listener) {
            for (Path place : List.of(cache, system)) {
                if (holdsAnything(place)) {
                    try {
                        return read(place);
                    } catch (AdiwException e) {
                        listener.notice(e.getMessage() + "; looking elsewhere");
                    }
                }
            }
            if (!url.isEmpty()) {
                try {
                    download(listener);
                    return read(cache);
                } catch (AdiwException e) {
                    listener.notice(e.getMessage());
                }
            }
            Dataset sample = sample();
            listener.notice("Fashion-MNIST was not found; this is the embedded sample of " + sample.train().count()
                + " training and " + sample.test().count() + " test images (name the folder of the full data set)");
            return sample;
        }

        private boolean holdsAnything(Path place) {
            return published.stream().map(f -> f.name.substring(0, f.name.length() - ".gz".length()))
                .anyMatch(name -> locate(place, name) != null);
        }

        /** All four files are checked before the first is in the cache under its name. */
        private void download(DownloadListener listener) {
            byte[][] contents = new byte[published.size()][];
            for (int i = 0; i < contents.length; i++) {
                contents[i] = fetch(published.get(i), listener);
            }
            for (int i = 0; i < contents.length; i++) {
                byte[] content = contents[i];
                Path file = cache.resolve(published.get(i).name);
                AtomicFile.write(file, out -> out.write(content));
                deletePlainTwin(file);
            }
        }

        /** A broken plain file would be found before the good compressed one. */
        private void deletePlainTwin(Path file) {
            String name = file.getFileName().toString();
            try {
                Files.deleteIfExists(file.resolveSibling(name.substring(0, name.length() - ".gz".length())));
            } catch (IOException e) {
                throw new AdiwException("cannot replace a broken file beside " + file + ": " + AtomicFile.reason(e), e);
            }
        }

        private byte[] fetch(Published file, DownloadListener listener) {
            String address = url + file.name;
            try (InputStream in = connect(address)) {
                byte[] content = new byte[(int) file.bytes];
                int length = 0;
                while (length < content.length) {
                    int read = in.read(content, length, Math.min(1 << 16, content.length - length));
                    if (read < 0) {
                        throw new IOException("it ended after " + length + " of " + content.length + " bytes");
                    }
                    length += read;
                    listener.progress(file.name, length, content.length);
                }
                if (in.read() >= 0) {
                    throw new IOException("it is longer than the " + content.length + " bytes expected");
                }
                String found = sha256(content);
                if (!found.equals(file.sha256)) {
                    throw new IOException("its SHA-256 is " + found + ", and " + file.sha256 + " was expected");
                }
                return content;
            } catch (IOException e) {
                throw new AdiwException("cannot download " + address + ": " + AtomicFile.reason(e), e);
            }
        }

        /** In a thread of its own: looking up a host's name has no time-out in Java. */
        private InputStream connect(String address) throws IOException {
            CompletableFuture<InputStream> answer = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try {
                    InputStream in = request(address);
                    if (!answer.complete(in)) {
                        in.close();
                    }
                } catch (IOException | RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            }, "adiw-download");
            thread.setDaemon(true);
            thread.start();
            try {
                return answer.get(patience, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                answer.completeExceptionally(e);
                throw new IOException("no answer within " + patience + " ms", e);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof UnknownHostException) {
                    throw new IOException("the host's name is not known; is this machine offline?", e.getCause());
                }
                throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }

        private InputStream request(String address) throws IOException {
            HttpURLConnection connection = (HttpURLConnection) URI.create(address).toURL().openConnection();
            connection.setConnectTimeout(patience);
            connection.setReadTimeout(patience);
            int status = connection.getResponseCode();
            if (status != HttpURLConnection.HTTP_OK) {
                connection.disconnect();
                throw new IOException("the server answered with status " + status);
            }
            return connection.getInputStream();
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
