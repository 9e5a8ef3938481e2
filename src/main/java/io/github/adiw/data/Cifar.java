package io.github.adiw.data;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.CifarFile;
import io.github.adiw.data.file.TarGzip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * CIFAR-10 and CIFAR-100 (Krizhevsky, <em>Learning Multiple Layers of Features from Tiny Images</em>, 2009): 50,000 training and 10,000
 * test images in colour, 32 x 32, ten or a hundred classes of equal size; of CIFAR-100 the fine labels. Files are those of the binary
 * version.
 *
 * <p>A data set is looked for, in this order:
 * <ol>
 * <li>in the folder that the user names; then nowhere else. Its training files are as many as are there, and none needs to be of the
 * published size;
 * <li>in the user's cache, {@code $XDG_CACHE_HOME/adiw/cifar-10} or {@code cifar-100} ({@code ~/.cache} where the variable is not set),
 * where the archive is kept as it is published;
 * <li>on the network, by HTTPS; the archive is checked and kept in the cache, and what has come of a download that broke off too.
 * </ol>
 *
 * <p>The system property {@value #URL_PROPERTY} replaces the addresses to download from; empty means: do not download.
 */
public final class Cifar {
    /** Ten classes; {@code data_batch_N.bin} and {@code test_batch.bin} in {@code cifar-10-batches-bin}. */
    public static final Cifar TEN = new Cifar("cifar-10", "cifar-10-batches-bin", "data_batch_*.bin", "test_batch.bin", 1,
        new Download.Published("cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
        new Normalization(new float[] {0.4914f, 0.4822f, 0.4465f}, new float[] {0.2470f, 0.2435f, 0.2616f}),
        "airplane automobile bird cat deer dog frog horse ship truck");
    /** A hundred classes; {@code train.bin} and {@code test.bin} in {@code cifar-100-binary}. */
    public static final Cifar HUNDRED = new Cifar("cifar-100", "cifar-100-binary", "train.bin", "test.bin", 2,
        new Download.Published("cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"),
        new Normalization(new float[] {0.5071f, 0.4865f, 0.4409f}, new float[] {0.2673f, 0.2564f, 0.2762f}),
        "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar "
            + "cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl "
            + "hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse "
            + "mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit "
            + "raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower "
            + "sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman "
            + "worm");

    /** System property: another address to download from, ending in a slash; empty: no download. */
    public static final String URL_PROPERTY = "adiw.cifar.url";

    /** The authors' page, under the address that is in the literature and under the one that it leads to. */
    private static final List<String> MIRRORS = List.of("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/");
    private static final int PATIENCE = 10_000;
    /** The authors' server gives about 100 KB/s at times. */
    private static final int LIMIT = 3_600_000;

    /** In the place of a training file's number. */
    private static final int TEST = -1;

    private final String name;
    private final String folder;
    private final Pattern training;
    private final String trainingNames;
    private final String test;
    private final Download.Published archive;
    private final Normalization normalization;
    private final List<String> classNames;
    private final CifarFile.Format format;

    /**
     * @param folder        in the archive
     * @param trainingNames of training files; a star stands for a number, by which they are in order
     * @param labels        of a record
     * @param archive       as published: TensorFlow Datasets has the same size and SHA-256
     * @param normalization means and deviations of the training images, in [0, 1]
     * @param classNames    separated by spaces
     */
    private Cifar(String name, String folder, String trainingNames, String test, int labels, Download.Published archive,
                  Normalization normalization, String classNames) {
        this.name = name;
        this.folder = folder;
        training = Pattern.compile(trainingNames.replace(".", "\\.").replace("*", "(\\d{1,9})"));
        this.trainingNames = trainingNames;
        this.test = test;
        this.archive = archive;
        this.normalization = normalization;
        this.classNames = List.of(classNames.split(" "));
        format = new CifarFile.Format(title(), labels, this.classNames.size());
    }

    /** The name on the command line. */
    public String name() {
        return name;
    }

    private String title() {
        return name.toUpperCase(Locale.ROOT);
    }

    /**
     * Finds and reads the data set.
     *
     * @param directory where its files are, or the folder that the archive has them in, or the archive, and nowhere else; or null to look
     *                  in the usual places
     * @param listener  is told which places were skipped and why, and how a download proceeds
     * @throws AdiwException if files are missing or broken; or if no directory was given, and the data set was found nowhere
     */
    public Dataset open(Path directory, DownloadListener listener) {
        UsageException.given("listener", listener);
        return directory == null
            ? find(new Source(UsualPlaces.cache(name), UsualPlaces.mirrors(URL_PROPERTY, MIRRORS), archive, PATIENCE, LIMIT), listener)
            : read(directory);
    }

    /**
     * The usual places.
     *
     * @param cache    the user's cache of this data set
     * @param mirrors  where to download from, in this order, each ending in a slash; empty: nowhere
     * @param archive  what is to be had there
     * @param patience milliseconds to wait for an answer, and for each further piece
     * @param limit    milliseconds for the download as a whole
     */
    record Source(Path cache, List<String> mirrors, Download.Published archive, int patience, int limit) {
    }

    Dataset find(Source source, DownloadListener listener) {
        Path kept = source.cache.resolve(source.archive.name());
        if (Files.exists(kept)) {
            if (Download.isWhole(kept, source.archive)) {
                return unpacked(kept);
            }
            listener.notice(kept + " is not as published (by its checksum); looking elsewhere");
        }
        String elsewhere = "get " + source.archive.name() + " from " + MIRRORS.get(0)
            + " in another way, and name the folder that it is in: directory=DIR";
        if (source.mirrors.isEmpty()) {
            throw new AdiwException(title() + " was not found in " + source.cache + ", and no download is wanted: " + elsewhere);
        }
        try {
            new Download(source.cache, source.mirrors, source.patience, source.limit, listener).fetch(List.of(source.archive));
        } catch (AdiwException e) {
            throw new AdiwException(title() + " was not found in " + source.cache + ", and " + e.getMessage() + "; or " + elsewhere, e);
        }
        return unpacked(kept);
    }

    private Dataset read(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new AdiwException(directory + (Files.exists(directory) ? " is not a folder" : " does not exist") + ", and a folder with "
                + trainingNames + " and " + test + " was expected");
        }
        for (Path place : List.of(directory, directory.resolve(folder))) {
            List<Path> files = trainingFiles(place);
            boolean tested = Files.exists(place.resolve(test));
            if (!files.isEmpty() && tested) {
                CifarFile train = CifarFile.joined("the training files in " + place,
                    files.stream().map(file -> CifarFile.read(file, format)).toList());
                return dataset(train, CifarFile.read(place.resolve(test), format), place);
            }
            if (!files.isEmpty() || tested) {
                throw new AdiwException("there is no " + (tested ? trainingNames : test) + " in " + place + ", beside "
                    + (tested ? test : files.get(0).getFileName()) + ": both were expected");
            }
        }
        Path packed = directory.resolve(archive.name());
        if (Files.exists(packed)) {
            return unpacked(packed);
        }
        throw new AdiwException("there is no " + trainingNames + " in " + directory + " or its " + folder + ", and no " + archive.name()
            + ": the binary version of " + title() + " was expected there, and not the one for Python");
    }

    /** In the order of their numbers. */
    private List<Path> trainingFiles(Path place) {
        if (!Files.isDirectory(place)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(place)) {
            Map<Integer, Path> files = new TreeMap<>();
            for (Path file : all.filter(file -> training.matcher(file.getFileName().toString()).matches()).sorted().toList()) {
                Path other = files.put(number(file.getFileName().toString()), file);
                if (other != null) {
                    throw twice(other.getFileName().toString(), file.getFileName().toString(), place);
                }
            }
            return List.copyOf(files.values());
        } catch (IOException e) {
            throw new AdiwException("cannot read the folder " + place + ": " + AtomicFile.reason(e), e);
        }
    }

    /** Of two files that would both be read as one part of the data set. */
    private AdiwException twice(String one, String other, Path place) {
        return new AdiwException(place + " holds both " + one + " and " + other + ", and each part of " + title()
            + " was expected once: leave one of the two out");
    }

    private int number(String file) {
        Matcher matcher = training.matcher(file);
        return matcher.matches() && matcher.groupCount() > 0 ? Integer.parseInt(matcher.group(1)) : 0;
    }

    /** What an archive holds. */
    private Dataset unpacked(Path packed) {
        Map<Integer, CifarFile> trained = new TreeMap<>();
        List<CifarFile> tested = new ArrayList<>();
        Map<Integer, String> paths = new HashMap<>();
        TarGzip.read(packed, (path, size, content) -> {
            String file = path.substring(path.lastIndexOf('/') + 1);
            boolean trains = training.matcher(file).matches();
            if (!trains && !file.equals(test)) {
                return;
            }
            String other = paths.put(trains ? number(file) : TEST, path);
            if (other != null) {
                throw twice(other, path, packed);
            }
            CifarFile read = CifarFile.read(file + " in " + packed, size, content, format);
            if (trains) {
                trained.put(number(file), read);
            } else {
                tested.add(read);
            }
        });
        if (trained.isEmpty() || tested.isEmpty()) {
            throw new AdiwException("there is no " + (trained.isEmpty() ? trainingNames : test) + " in " + packed
                + ": the binary version of " + title() + " was expected there");
        }
        return dataset(CifarFile.joined("the training files in " + packed, List.copyOf(trained.values())), tested.get(0), packed);
    }

    private Dataset dataset(CifarFile train, CifarFile tested, Path source) {
        return new Dataset(name, images(train), images(tested), classNames, normalization, source.toString(), false);
    }

    private static ImageSet images(CifarFile file) {
        return new ImageSet(file.images(), file.labels(), CifarFile.CHANNELS, CifarFile.SIDE, CifarFile.SIDE);
    }
}
