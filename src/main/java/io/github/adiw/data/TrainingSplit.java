package io.github.adiw.data;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.Npy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * What a training run uses of a training file: N samples as a {@link Shift} has left them, and among them V clean
 * validation samples.
 *
 * <p>A seeded permutation of the file's rows is drawn; its first N rows are used, and its first V rows (V of each class
 * equally, where the shift asks for a balanced validation set) are the validation samples. These keep their true labels
 * and images in the training set too ("put back", Fang et al., NeurIPS 2020); the shift is applied to the rest. Labels
 * from outside are used as they are: nothing is put back into them, and validation still uses true labels.
 *
 * <p>Samples are numbered 0 to n - 1 in the order of their rows in the file, so that with all rows in use sample i is row
 * i. All arrays are shared, not copied: nobody writes to them.
 */
public final class TrainingSplit {
    private static final int MOST_LISTED = 20;
    private static final double MUCH_OF_THE_RATE = 0.95;

    private final Shift.Samples samples;
    private final int[] trueLabels;
    private final boolean[] mislabelled;
    private final int[] validation;
    private final Shift shift;
    private final String origin;
    private final List<String> classNames;
    private final int exposed;

    /**
     * @param origin  of the labels: the shift as it is written, or where they are from
     * @param exposed how many samples could have become mislabelled
     */
    private TrainingSplit(Shift.Samples samples, int[] trueLabels, int[] validation, Shift shift, String origin, List<String> classNames,
                          int exposed) {
        this.samples = samples;
        this.trueLabels = trueLabels;
        this.validation = validation;
        this.shift = shift;
        this.origin = origin;
        this.classNames = classNames;
        this.exposed = exposed;
        mislabelled = new boolean[trueLabels.length];
        for (int i = 0; i < mislabelled.length; i++) {
            mislabelled[i] = samples.data().labels()[i] != trueLabels[i];
        }
    }

    /**
     * Begins a split: the whole training file, 1,000 validation samples, seed 0, no shift.
     *
     * @param dataset where the samples come from
     * @return a builder
     */
    public static Builder of(Dataset dataset) {
        return new Builder(UsageException.given("dataset", dataset));
    }

    /** Says what to use of a training file. */
    public static final class Builder {
        private final Dataset dataset;
        private long seed;
        private int trainSamples;
        private int validationSamples = 1000;
        private Shift shift;
        private int[] labels;
        private String labelsName;

        private Builder(Dataset dataset) {
            this.dataset = dataset;
            trainSamples = dataset.train().count();
        }

        /**
         * @param seed the same seed gives the same split
         * @return this
         */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /**
         * @param count N, how many rows to use, at least 1; validation samples among them
         * @return this
         * @throws UsageException if the training file does not have so many
         */
        public Builder trainSamples(int count) {
            if (count < 1 || count > dataset.train().count()) {
                throw UsageException.of("trainSamples", "training on " + count + " samples was asked for, and 1 to "
                    + dataset.train().count() + " was expected: so many does the training file of "
                    + (dataset.sample() ? "the sample of " : "") + dataset.name() + " have");
            }
            trainSamples = count;
            return this;
        }

        /**
         * @param count V, at least 1 and at most N
         * @return this
         * @throws UsageException if it is less than 1
         */
        public Builder validationSamples(int count) {
            if (count < 1) {
                throw UsageException.of("validationSamples", count + " validation samples were asked for, and at least 1 was expected");
            }
            validationSamples = count;
            return this;
        }

        /**
         * @param shift what happens to the training samples
         * @return this
         */
        public Builder shift(Shift shift) {
            this.shift = UsageException.given("shift", shift);
            return this;
        }

        /**
         * Labels from a .npy file, int32 or int64, used as they are.
         *
         * @param file one label for each row of the training file; or, if fewer rows are used, one for each of those
         * @return this
         * @throws AdiwException if the file is missing or broken, or has labels out of range or another number of them
         */
        public Builder labels(Path file) {
            Npy array = Npy.read(UsageException.given("labels", file)).requireShape(-1).requireType(Npy.Type.INT32, Npy.Type.INT64);
            return labels(array.toInts(), file.toString());
        }

        /**
         * Labels that are at hand, used as they are.
         *
         * @param labels one for each row of the training file; or, if fewer rows are used, one for each of those
         * @return this
         */
        public Builder labels(int[] labels) {
            return labels(UsageException.given("labels", labels).clone(), "the array of labels");
        }

        private Builder labels(int[] labels, String name) {
            this.labels = labels;
            labelsName = name;
            return this;
        }

        /**
         * Makes the split.
         *
         * @return the split
         * @throws UsageException if there are more validation samples than training samples, or both a shift and labels
         * @throws AdiwException if labels from outside do not fit
         */
        public TrainingSplit build() {
            if (labels != null && shift != null && shift != Shift.NONE) {
                throw UsageException.of("labels", "both labels and the shift " + shift.specification()
                    + " were given: labels are used as they are, so leave one of the two out");
            }
            if (validationSamples > trainSamples) {
                throw UsageException.of("validationSamples", validationSamples + " validation samples were asked for, and at most "
                    + trainSamples + " was expected: they are among the training samples");
            }
            Shift applied = shift == null ? Shift.NONE : shift;
            SampleSet file = dataset.train();
            int[] order = new SeededChoice(seed, SeededChoice.Purpose.SAMPLES).permutation(file.count());
            int[] rows = Arrays.copyOf(order, trainSamples);
            int[] chosen = validationRows(rows, applied.balancedValidation());
            Arrays.sort(rows);
            boolean[] clean = new boolean[rows.length];
            for (int row : chosen) {
                clean[Arrays.binarySearch(rows, row)] = true;
            }
            SampleSet data = rows.length == file.count() ? file : file.gather(rows);
            Shift.Samples before = new Shift.Samples(rows, data, clean);
            Shift.Samples after = labels == null ? applied.apply(before, dataset.classes(), seed)
                : new Shift.Samples(rows, data.withLabels(externalLabels(rows)), clean);
            int[] trueLabels = new int[after.rows().length];
            int exposed = 0;
            for (int i = 0; i < trueLabels.length; i++) {
                trueLabels[i] = file.labels()[after.rows()[i]];
                exposed += labels != null || !after.clean()[i] ? 1 : 0;
            }
            int[] validation = new int[chosen.length];
            for (int j = 0; j < chosen.length; j++) {
                validation[j] = Arrays.binarySearch(after.rows(), chosen[j]);
            }
            return new TrainingSplit(after, trueLabels, validation, applied,
                labels == null ? applied.specification() : "labels from " + labelsName, dataset.classNames(), exposed);
        }

        /** The first V of the permuted rows, or the first of each class in turn. */
        private int[] validationRows(int[] permuted, boolean balanced) {
            if (!balanced) {
                return Arrays.copyOf(permuted, validationSamples);
            }
            int classes = dataset.classes();
            int[] wanted = new int[classes];
            for (int c = 0; c < classes; c++) {
                wanted[c] = validationSamples / classes + (c < validationSamples % classes ? 1 : 0);
            }
            int[] chosen = new int[validationSamples];
            int size = 0;
            for (int row : permuted) {
                int label = dataset.train().labels()[row];
                if (wanted[label] > 0) {
                    wanted[label]--;
                    chosen[size++] = row;
                }
            }
            for (int c = 0; c < classes; c++) {
                if (wanted[c] > 0) {
                    throw UsageException.of("validationSamples", validationSamples + " validation samples, equally many of each class, were"
                        + " asked for, and class " + c + " (" + dataset.classNames().get(c) + ") has " + wanted[c]
                        + " too few among the " + permuted.length + " training samples");
                }
            }
            return chosen;
        }

        private int[] externalLabels(int[] rows) {
            boolean whole = labels.length == dataset.train().count();
            if (!whole && labels.length != rows.length) {
                throw new AdiwException(labelsName + " has " + labels.length + " labels, and "
                    + (rows.length == dataset.train().count() ? "" : rows.length + " (one a training sample) or ")
                    + dataset.train().count() + " (one a row of the training file) was expected");
            }
            for (int i = 0; i < labels.length; i++) {
                if (labels[i] < 0 || labels[i] >= dataset.classes()) {
                    throw new AdiwException(labelsName + " has label " + labels[i] + " at index " + i + ", and 0 to "
                        + (dataset.classes() - 1) + " was expected");
                }
            }
            int[] used = new int[rows.length];
            for (int i = 0; i < used.length; i++) {
                used[i] = labels[whole ? rows[i] : i];
            }
            return used;
        }
    }

    /** @return n, the number of training samples; less than N if the shift removed some */
    public int count() {
        return trueLabels.length;
    }

    /** @return the number of classes */
    public int classes() {
        return classNames.size();
    }

    /** @return the n samples to train on, with the labels to train on {@code [n]} */
    public SampleSet data() {
        return samples.data();
    }

    /** @return {@code [n]}: the labels to train on, which may be wrong */
    public int[] labels() {
        return samples.data().labels();
    }

    /** @return {@code [n]}: the true labels; validation uses these */
    public int[] trueLabels() {
        return trueLabels;
    }

    /** @return {@code [n]}: which samples carry a wrong label */
    public boolean[] mislabelled() {
        return mislabelled;
    }

    /** @return {@code [V]}: the validation samples, as sample numbers 0 to n - 1, in the seeded order */
    public int[] validation() {
        return validation;
    }

    /** @return {@code [n]}, ascending: each sample's row in the training file */
    public int[] rows() {
        return samples.rows();
    }

    /**
     * Where a row of the training file is among the samples.
     *
     * @param row a row of the training file
     * @return the sample's number, or -1 if this row is not used
     */
    public int sampleOfRow(int row) {
        return Math.max(-1, Arrays.binarySearch(samples.rows(), row));
    }

    /** @return the shift as {@link Shift#parse} reads it, or where the labels are from */
    public String shift() {
        return origin;
    }

    /**
     * Refuses validation samples that leave out a class of the training samples, as estimation inside classes must.
     *
     * @param used sample numbers that are validated with
     * @throws UsageException naming the first class that has training samples and none of these
     */
    public void requireEveryClass(int[] used) {
        int[] counts = classCounts();
        boolean[] validated = new boolean[counts.length];
        for (int sample : used) {
            validated[trueLabels[sample]] = true;
        }
        for (int c = 0; c < counts.length; c++) {
            if (counts[c] > 0 && !validated[c]) {
                throw UsageException.of("transform", "transform features compares samples inside a class, but class " + c + " ("
                    + classNames.get(c) + ") has " + counts[c] + " training samples and no validation sample: raise validationSamples, or"
                    + " let transform be loss");
            }
        }
    }

    /** @return mislabelled samples over all n samples, in [0, 1] */
    public double mislabelledRate() {
        return (double) mislabelledCount() / count();
    }

    /** @return mislabelled samples over the samples that could have become so (all but the validation samples put back) */
    public double noiseRate() {
        return exposed == 0 ? 0 : (double) mislabelledCount() / exposed;
    }

    private int mislabelledCount() {
        int count = 0;
        for (boolean wrong : mislabelled) {
            count += wrong ? 1 : 0;
        }
        return count;
    }

    /** @return whether labels were given, or some sample is none of the validation samples: if not, the shift has no part */
    public boolean exposed() {
        return exposed > 0;
    }

    /** @return {@code [classes]}: how many samples carry each label */
    public int[] classCounts() {
        return samples.data().classCounts(classes());
    }

    /** @return {@code [classes]}: how many samples truly are of each class */
    public int[] trueClassCounts() {
        return samples.data().withLabels(trueLabels).classCounts(classes());
    }

    /** @return sizes and a checksum of rows, labels and validation samples: it tells this split from every other of the same data */
    public String identity() {
        CRC32 crc = new CRC32();
        Checksums.add(crc, rows());
        Checksums.add(crc, labels());
        Checksums.add(crc, validation);
        return count() + " training samples, " + validation.length + " validation samples, crc32 " + Long.toHexString(crc.getValue());
    }

    /** Each count, or the least and the most of many. */
    private static String counts(int[] counts) {
        return counts.length <= MOST_LISTED ? Arrays.toString(counts)
            : Arrays.stream(counts).min().orElseThrow() + " to " + Arrays.stream(counts).max().orElseThrow();
    }

    /** @return one line for people: what is trained on and what the shift did */
    public String description() {
        return String.format(Locale.ROOT, "%,d training samples, %,d of them clean validation samples; %s: %.1f %% of the"
            + " labels are wrong%s; samples a class %s%s", count(), validation.length, origin, 100 * mislabelledRate(), diluted(),
            counts(classCounts()), shift.shortfall(trueClassCounts()));
    }

    /** How the clean validation samples lower the rate of wrong labels, in brackets; nothing where they do so by little. */
    private String diluted() {
        return mislabelledRate() >= MUCH_OF_THE_RATE * noiseRate() ? "" : String.format(Locale.ROOT,
            " (%.1f %% of all but the validation samples, which stay clean)", 100 * noiseRate());
    }
}
