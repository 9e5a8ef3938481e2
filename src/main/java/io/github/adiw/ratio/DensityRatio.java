package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.EstimationSettings;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The ratio r(x) = p_validation(x) / p_train(x) of the densities of two samples: how much a training row has to count for the training data
 * to look like the validation data. Everything that there is to choose, the method too, is chosen by the data.
 *
 * <pre>{@code
 * DensityRatio ratio = DensityRatio.fit(train, validation, d);    // float[n * d], float[m * d], row-major
 * float[] weights = ratio.weights();                              // [n], of mean 1: sample weights for any learner
 * ratio.diagnostics().warnings().forEach(System.err::println);    // none: the weights are good
 * float[] more = ratio.score(rows);                               // at new rows, on the same scale
 * ratio.save(Path.of("ratio.safetensors"));
 * }</pre>
 *
 * <p><b>Methods.</b> {@code kl} (KLIEP: Sugiyama et al. 2008), {@code ls} (uLSIF: Kanamori, Hido, Sugiyama, JMLR 2009) and
 * {@code classifier} (the odds of a logistic regression) give a function, which {@link #score} takes to new rows; {@code auto}, the
 * default, fits all three and takes the one that holds best on rows that were held out; a classifier takes at most 8,191 columns, whose
 * second derivatives are 512 MiB, and is left out where there are more. The other divergences ({@code km},
 * {@code kmm-exact}, {@code kl-direct}, {@code ls-direct}, {@code w1}, and those of others) give weights of the training rows alone.
 *
 * <p><b>Columns</b> are centred and divided by their standard deviation over both samples, so that units do not matter; constant ones are
 * left out. One whose deviation is that of a few far rows, such as codes, is taken as a logarithm far from its median, and the listener
 * hears of it.
 *
 * <p>Immutable, for any number of threads. Serializable, to be sent to another program of the same version, where it is as one that was
 * loaded; what is to be kept is {@linkplain #save saved}. For weights inside a training loop see
 * {@link io.github.adiw.weight.ImportanceWeights}.
 */
public final class DensityRatio implements Serializable {
    private static final long serialVersionUID = 1;
    /** The centers of kernel models, where their number is not given. */
    public static final int CENTERS = 100;
    /** The methods that give a function, and not weights of the training rows alone, the choice among them first. */
    public static final List<String> RATIO_METHODS = Stream.concat(Stream.of("auto"), RatioFit.METHODS.stream().map(RatioMethod::name))
        .toList();
    /** Rows that are scored at once, at most. */
    private static final int BLOCK = 1 << 14;
    /** Numbers of rows that are scored at once, at most, unless it is one row; 16 MiB. */
    private static final int BLOCK_NUMBERS = 1 << 22;

    private final String method;
    private final List<String> columns;
    private final Standardization scaling;
    private final RatioFunction function;
    private final Selection selection;
    private final Normalization normalization;
    private final Map<String, String> properties;
    private final float[] weights;
    private final Diagnostics diagnostics;
    private final RatioFunction.Fit fit;
    private final String device;

    /**
     * What makes weights of r.
     *
     * @param upperBound the largest r that counts, on the scale of r; infinite where there is no bound
     * @param divisor    what it is divided by then
     * @param largest    the largest r at the training rows; NaN where it is not known
     * @param least      the smallest r at any row that it was fitted to, of both samples; NaN where it is not known
     * @param most       the largest, likewise
     */
    record Normalization(double upperBound, double divisor, double largest, double least, double most) implements Serializable {
        double of(double r) {
            return Math.min(r, upperBound) / divisor;
        }
    }

    DensityRatio(String method, List<String> columns, Standardization scaling, RatioFunction function, Selection selection,
                 Normalization normalization, Map<String, String> properties, float[] weights, Diagnostics diagnostics,
                 RatioFunction.Fit fit, String device) {
        this.method = method;
        this.columns = List.copyOf(columns);
        this.scaling = scaling;
        this.function = function;
        this.selection = selection;
        this.normalization = normalization;
        this.properties = Map.copyOf(properties);
        this.weights = weights;
        this.diagnostics = diagnostics;
        this.fit = fit;
        this.device = device;
    }

    /**
     * Fits, with everything chosen by the data, on a GPU if one is usable, else on the processor.
     *
     * @param train      {@code [n, d]}, row-major, finite
     * @param validation {@code [m, d]}, row-major, finite
     * @param d          columns, at least 1
     * @throws UsageException if the lengths are no multiples of d, or a number is not finite
     * @throws AdiwException  if no method gives a ratio
     */
    public static DensityRatio fit(float[] train, float[] validation, int d) {
        return builder().fit(train, validation, d);
    }

    /**
     * As {@link #fit(float[], float[], int)}.
     *
     * @param train      {@code [n, d]} from its position to its limit, direct or not
     * @param validation {@code [m, d]}, likewise
     */
    public static DensityRatio fit(FloatBuffer train, FloatBuffer validation, int d) {
        return builder().fit(train, validation, d);
    }

    /** Says how to fit. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * One that was saved; it has no weights and no diagnostics, which belong to the rows that it was fitted to.
     *
     * @throws AdiwException if the file is missing, broken, or holds something else
     */
    public static DensityRatio load(Path file) {
        return RatioFile.read(UsageException.given("file", file));
    }

    /**
     * Saves the function, with columns, scaling and normalisation, as a safetensors file.
     *
     * @throws UsageException if the method gives weights of the training rows alone
     * @throws AdiwException  if the file cannot be written
     */
    public void save(Path file) {
        requireFunction();
        RatioFile.write(this, UsageException.given("file", file));
    }

    /** The method, the one that was chosen where that was left to the data. */
    public String method() {
        return method;
    }

    /** The Gaussian kernel's gamma, exp(-gamma |a - b|^2) on scaled columns; NaN where there is no kernel. */
    public double gamma() {
        return selection.gamma();
    }

    /** Of {@code ls}, the regularisation; of {@code classifier}, the strength as scikit-learn's C; else NaN. */
    public double lambda() {
        return selection.lambda();
    }

    /** Of {@code classifier}: {@code linear} or {@code quadratic}; else null. */
    public String terms() {
        return selection.terms();
    }

    /** Names of the columns that a row has, also of those that were left out since they are constant. */
    public List<String> columns() {
        return columns;
    }

    /** What {@link Builder#property} was given. */
    public Map<String, String> properties() {
        return properties;
    }

    /** Name of the device where it was fitted. */
    public String device() {
        return device;
    }

    /** Iterations of the fit. */
    public int steps() {
        return fit.steps();
    }

    /** What the method minimises, at the fit; NaN where it was not computed. */
    public double objective() {
        return fit.objective();
    }

    /** How far the fit is from the optimality conditions; 0 where the solution is closed, NaN where it was not computed. */
    public double residual() {
        return fit.residual();
    }

    /** Whether more steps would not change the weights. */
    public boolean converged() {
        return fit.converged();
    }

    /**
     * The weights of the training rows, {@code [n]}, at least 0; of mean 1 unless told otherwise. A copy.
     *
     * @throws IllegalStateException if this was loaded
     */
    public float[] weights() {
        requireFitted();
        return weights.clone();
    }

    /**
     * How good the weights are.
     *
     * @throws IllegalStateException if this was loaded
     */
    public Diagnostics diagnostics() {
        requireFitted();
        return diagnostics;
    }

    /**
     * The largest weight of the training rows that it was fitted to (that it was chosen by, where these are fewer), on the scale of
     * {@link #score(float[])}. NaN where a file does not say, as older ones do not.
     */
    public double largestWeight() {
        return normalization.of(normalization.largest());
    }

    /**
     * The smallest ratio of the training and validation rows that it was fitted to (that it was chosen by, where these are fewer), on the
     * scale of {@link #score(float[])}. NaN where a file does not say, as older ones do not.
     */
    public double smallestRatio() {
        return normalization.of(normalization.least());
    }

    /** As {@link #smallestRatio}, the largest: a row with a higher score is unlike all of those rows. */
    public double largestRatio() {
        return normalization.of(normalization.most());
    }

    private void requireFitted() {
        if (weights == null) {
            throw new IllegalStateException("a ratio that was loaded has no weights: they belong to the rows that it was fitted to");
        }
    }

    private void requireFunction() {
        if (function == null) {
            throw new UsageException("method " + method + " gives weights of the training rows alone: for a ratio at new rows take kl, ls, "
                + "classifier or auto");
        }
    }

    /**
     * The ratio at new rows, on the scale of {@link #weights}: at the training rows these very numbers.
     *
     * @param rows {@code [count, d]}, row-major, finite
     * @return {@code [count]}
     * @throws UsageException if the length is no multiple of d, a number is not finite, or the method gives weights of the training rows
     *                        alone
     */
    public float[] score(float[] rows) {
        return score(Rows.of(UsageException.given("rows", rows), columns.size()));
    }

    /** As {@link #score(float[])}, of a buffer from its position to its limit, direct or not. */
    public float[] score(FloatBuffer rows) {
        return score(Rows.of(UsageException.given("rows", rows), columns.size()));
    }

    /** As {@link #score(float[])}, of rows wherever they lie. */
    public float[] score(Rows rows) {
        UsageException.given("rows", rows);
        try (Device own = Devices.open("auto")) {
            return score(rows, own);
        }
    }

    /** As {@link #score(Rows)}, on a device that is open: for many calls. Computed in blocks, with little memory. */
    public float[] score(Rows rows, Device on) {
        requireFunction();
        requireColumns(UsageException.given("rows", rows).columns());
        UsageException.given("on", on);
        float[] scores = new float[rows.rows()];
        int block = Math.max(1, Math.min(BLOCK, BLOCK_NUMBERS / rows.columns()));
        for (int from = 0; from < scores.length; from += block) {
            int count = Math.min(block, scores.length - from);
            double[] r = function.at(scaling.apply(rows, from, count), on);
            for (int i = 0; i < count; i++) {
                scores[from + i] = (float) Math.min(normalization.of(r[i]), Float.MAX_VALUE);
            }
        }
        return scores;
    }

    /**
     * The ratio at one row, as {@link #score(Rows)} to six digits: on the calling thread, in double precision, without a device. For rows
     * that come one by one; many at once are faster by {@link #score(Rows, Device)}.
     *
     * @param row {@code [d]}, finite
     * @throws UsageException as {@link #score(float[])}
     */
    public double scoreRow(double... row) {
        requireFunction();
        requireColumns(UsageException.given("row", row).length);
        return Math.min(normalization.of(function.at(scaling.apply(row))), Float.MAX_VALUE);
    }

    /**
     * The same ratio with every score divided by a number: for weights of mean 1 over other rows than those that it was fitted to, by the
     * mean of its scores there. As one that was loaded, it has no weights and no diagnostics.
     *
     * @param mean above 0, finite
     * @throws UsageException if the mean is none, or the method gives weights of the training rows alone
     */
    public DensityRatio dividedBy(double mean) {
        requireFunction();
        if (!(mean > 0 && mean < Double.POSITIVE_INFINITY)) {
            throw UsageException.of("mean", "mean must be above 0 and finite, not " + mean);
        }
        return new DensityRatio(method, columns, scaling, function, selection,
            new Normalization(normalization.upperBound(), normalization.divisor() * mean, normalization.largest(), normalization.least(),
                normalization.most()),
            properties, null, null, fit, device);
    }

    private void requireColumns(int given) {
        if (given != columns.size()) {
            throw UsageException.of("rows", "rows have " + given + " columns, and the ratio was fitted to " + columns.size());
        }
    }

    /** What is sent instead. */
    private record Sent(String method, List<String> columns, Standardization scaling, RatioFunction function, Selection selection,
                        Normalization normalization, Map<String, String> properties, RatioFunction.Fit fit,
                        String device)
        implements
            Serializable {
        private Object readResolve() {
            return new DensityRatio(method, columns, scaling, function, selection, normalization, properties, null, null, fit, device);
        }
    }

    private Object writeReplace() {
        requireFunction();
        return new Sent(method, columns, scaling, function, selection, normalization, properties, fit, device);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("a ratio is sent as its parts");
    }

    Standardization scaling() {
        return scaling;
    }

    RatioFunction function() {
        return function;
    }

    Selection selection() {
        return selection;
    }

    Normalization normalization() {
        return normalization;
    }

    /** Says how to fit, and fits. What is null is refused with a {@link UsageException}, unless its method says what null means. */
    public static final class Builder {
        private String method = "auto";
        private Bandwidth bandwidth;
        private Float lambda;
        private int centers = CENTERS;
        private boolean standardize = true;
        private boolean normalize = true;
        private Float upperBound;
        private EstimationSettings settings = EstimationSettings.defaults();
        private long seed = 1;
        private List<String> columns;
        private final Map<String, String> properties = new LinkedHashMap<>();
        private FitListener listener = FitListener.NONE;
        private Device device;

        private Builder() {}

        private Builder(Builder from) {
            method = from.method;
            bandwidth = from.bandwidth;
            lambda = from.lambda;
            centers = from.centers;
            standardize = from.standardize;
            normalize = from.normalize;
            upperBound = from.upperBound;
            settings = from.settings;
            seed = from.seed;
            columns = from.columns;
            properties.putAll(from.properties);
            listener = from.listener;
            device = from.device;
        }

        /** {@code auto} (where it is not given), {@code kl}, {@code ls}, {@code classifier}, or the name of a divergence. */
        public Builder method(String value) {
            method = UsageException.given("method", value);
            return this;
        }

        /** Of the Gaussian kernel, on scaled columns; null, chosen by the data, where it is not given. */
        public Builder bandwidth(Bandwidth value) {
            bandwidth = value;
            return this;
        }

        /**
         * As {@link Bandwidth#parse} reads it, or {@code auto}.
         *
         * @throws UsageException if it reads nothing
         */
        public Builder bandwidth(String value) {
            try {
                return bandwidth(UsageException.given("bandwidth", value).equals("auto") ? null : Bandwidth.parse(value));
            } catch (UsageException e) {
                throw UsageException.of("bandwidth", e.getMessage().replace("give diw:Q", "give auto, diw:Q"), e);
            }
        }

        /** Of {@code ls}, at least 0: how much large coefficients are held back; chosen by the data where it is not given. */
        public Builder lambda(float value) {
            if (!(value >= 0 && Float.isFinite(value))) {
                throw UsageException.of("lambda", "lambda must be at least 0, not " + value);
            }
            lambda = value;
            return this;
        }

        /** Most centers of kernel models, drawn from the validation rows, at least 1; {@link DensityRatio#CENTERS} where not given. */
        public Builder centers(int value) {
            centers = UsageException.atLeast("centers", 1, value);
            return this;
        }

        /**
         * Whether columns are divided by their standard deviation or, where a few rows make that, taken as asinh of their distance from
         * the median; they are where it is not given.
         */
        public Builder standardize(boolean value) {
            standardize = value;
            return this;
        }

        /** Whether weights are divided by their mean over the training rows; they are where it is not given. */
        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        /**
         * The largest r before it is divided by the mean, at least 1. Where it is not given: none for {@code kl}, {@code ls} and
         * {@code classifier}; the settings' for divergences.
         */
        public Builder upperBound(float value) {
            if (!(value >= 1 && Float.isFinite(value))) {
                throw UsageException.of("upperBound", "upperBound must be at least 1, not " + value);
            }
            upperBound = value;
            return this;
        }

        /** Step size, ridge, momentum and projections of the divergences that take steps; their bandwidth and steps have no part. */
        public Builder settings(EstimationSettings value) {
            settings = UsageException.given("settings", value);
            return this;
        }

        /** Of everything that is drawn; 1 where it is not given. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Names of the columns, as many as a row has, for notices, diagnostics and the file; two may have the same; {@code column 0}, ...
         * where not given.
         */
        public Builder columns(List<String> value) {
            if (UsageException.given("columns", value).stream().anyMatch(Objects::isNull)) {
                throw UsageException.of("columns", "columns must be names, and one of " + value + " is null");
            }
            columns = List.copyOf(value);
            return this;
        }

        /**
         * A text that is saved with the ratio, and {@link DensityRatio#properties} gives back.
         *
         * @throws UsageException if the file needs a text of this name itself
         */
        public Builder property(String name, String value) {
            UsageException.given("property", value);
            if (UsageException.given("property", name).equals(RatioFile.KEY)) {
                throw UsageException.of("property", "property " + name + " is what the file calls the ratio itself: choose another name");
            }
            properties.put(name, value);
            return this;
        }

        /** Hears how it goes on, and may stop it. */
        public Builder listener(FitListener value) {
            listener = UsageException.given("listener", value);
            return this;
        }

        /** Where to compute, by the thread that fits; null, on a GPU if one is usable, else on the processor, where it is not given. */
        public Builder device(Device value) {
            device = value;
            return this;
        }

        /**
         * Fits.
         *
         * @param train      {@code [n, d]}, row-major, finite
         * @param validation {@code [m, d]}, row-major, finite
         * @param d          columns, at least 1
         * @throws UsageException        if the lengths are no multiples of d, a number is not finite, or there is no such method
         * @throws FitCancelledException if the listener stopped it before there were any weights
         * @throws AdiwException         if no method gives a ratio
         */
        public DensityRatio fit(float[] train, float[] validation, int d) {
            return fit(Rows.of(UsageException.given("train", train), d), Rows.of(UsageException.given("validation", validation), d));
        }

        /** As {@link #fit(float[], float[], int)}, of buffers from their position to their limit, direct or not. */
        public DensityRatio fit(FloatBuffer train, FloatBuffer validation, int d) {
            return fit(Rows.of(UsageException.given("train", train), d), Rows.of(UsageException.given("validation", validation), d));
        }

        /** As {@link #fit(float[], float[], int)}, of rows wherever they lie. */
        public DensityRatio fit(Rows train, Rows validation) {
            UsageException.given("train", train);
            UsageException.given("validation", validation);
            if (device != null) {
                return fit(train, validation, device);
            }
            try (Device own = Devices.open("auto")) {
                return fit(train, validation, own);
            }
        }

        /**
         * Chooses everything by a sample of the training rows, to be fitted to all of them, wherever they lie. Where the sample is all of
         * them the ratio is the one that {@link #fit(Rows, Rows)} gives.
         *
         * @param sample     {@code [n, d]}, finite
         * @param validation {@code [m, d]}, finite; all that there will be
         * @throws UsageException as {@link #fit(Rows, Rows)}, and if the method gives weights of the training rows alone
         * @throws AdiwException  if no method gives a ratio of the sample
         */
        public RatioChoice choose(Rows sample, Rows validation) {
            if (!RATIO_METHODS.contains(method)) {
                throw UsageException.of("method", "method must be one of " + String.join(", ", RATIO_METHODS)
                    + " for a ratio that is fitted to more rows than it was chosen by, not " + method);
            }
            UsageException.given("sample", sample);
            UsageException.given("validation", validation);
            if (device != null) {
                return choose(sample, validation, device);
            }
            try (Device own = Devices.open("auto")) {
                return choose(sample, validation, own);
            }
        }

        private RatioChoice choose(Rows sample, Rows validation, Device on) {
            RatioFit fit = prepared(sample, validation, on);
            return new RatioChoice(fit, fit.run(), device);
        }

        private DensityRatio fit(Rows train, Rows validation, Device on) {
            return prepared(train, validation, on).run();
        }

        private RatioFit prepared(Rows train, Rows validation, Device on) {
            int d = train.columns();
            if (validation.columns() != d) {
                throw UsageException.of("validation", "validation rows have " + validation.columns() + " columns, and training rows " + d);
            }
            if (train.rows() == 0 || validation.rows() == 0) {
                throw new UsageException("there must be at least one row of each sample, not " + train.rows() + " training rows and "
                    + validation.rows() + " validation rows");
            }
            List<String> names = columns == null ? IntStream.range(0, d).mapToObj(k -> "column " + k).toList() : columns;
            if (names.size() != d) {
                throw UsageException.of("columns", "columns has " + names.size() + " names, and rows have " + d + " columns");
            }
            FitContext context = new FitContext(on, bandwidth, lambda, centers, seed, listener);
            return new RatioFit(new Builder(this), context, train, validation, names);
        }

        String method() {
            return method;
        }

        boolean standardize() {
            return standardize;
        }

        boolean normalize() {
            return normalize;
        }

        Float upperBound() {
            return upperBound;
        }

        EstimationSettings settings() {
            return settings;
        }

        Map<String, String> properties() {
            return properties;
        }
    }
}
