package io.github.adiw.spark;

import io.github.adiw.data.Rows;
import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.ratio.RatioChoice;
import io.github.adiw.ratio.TrainingSums;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.attribute.Attribute;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * Fits the ratio of the densities of rows of the world and training rows ({@link DensityRatio}), and gives a model that adds it as a column
 * of weights.
 *
 * <p>Everything is chosen by the library on the driver, by at most {@code selectionRows} training rows and as many of the world, which are
 * drawn by a hash of what they hold and the seed. {@code kl} and {@code ls} are then fitted to all training rows in one pass; the
 * {@code classifier} is fitted to a sample of up to a million of them, which the driver collects where these are clearly
 * more different ones than it has; one more pass finds the mean of its weights. No other row leaves its executor, and none is shuffled. A
 * frame is read three times, or more often: cache it where that is dear, and where two readings could give other rows.
 */
public final class DensityRatioEstimator extends Estimator<DensityRatioModel> implements MLWritable {
    private static final long serialVersionUID = 1;
    private static final int DEPTH = 2;
    /** Training rows that a classifier is fitted to, at most. */
    private static final int MOST_CLASSIFIER_ROWS = 1_000_000;
    /** Numbers of these rows that the driver collects, at most: 128 MiB. */
    private static final int MOST_COLLECTED = 1 << 24;

    private final String uid;
    private final Param<String> featuresCol;
    private final Param<String> domainCol;
    private final Param<String> weightCol;
    private final Param<String> method;
    private final Param<String> bandwidth;
    private final DoubleParam lambda;
    private final IntParam centers;
    private final DoubleParam upperBound;
    private final BooleanParam standardize;
    private final LongParam seed;
    private final IntParam selectionRows;

    /** One with a name of its own. */
    public DensityRatioEstimator() {
        this(Identifiable.randomUID("densityRatio"));
    }

    /** One with this name. */
    public DensityRatioEstimator(String uid) {
        this.uid = uid;
        featuresCol = new Param<>(this, "featuresCol", "column of vectors");
        domainCol = new Param<>(this, "domainCol", "column that is 0 for training rows and 1 for rows of the world");
        weightCol = new Param<>(this, "weightCol",
            "column that is added: the weights, of mean 1 over the training rows; 1 for rows of the world");
        method = new Param<>(this, "method", "how to fit: " + String.join(", ", DensityRatio.RATIO_METHODS),
            ParamValidators.inArray(DensityRatio.RATIO_METHODS));
        bandwidth = new Param<>(this, "bandwidth", "of the Gaussian kernel, on scaled columns: auto, median, or gamma:X");
        lambda = new DoubleParam(this, "lambda",
            "of ls, at least 0: how much large coefficients are held back; chosen by the data if not set",
            ParamValidators.gtEq(0));
        centers = new IntParam(this, "centers", "centers of kl and ls, at most", ParamValidators.gtEq(1));
        upperBound = new DoubleParam(this, "upperBound", "the largest ratio, before it is divided by the mean, at least 1; none if not set",
            ParamValidators.gtEq(1));
        standardize = new BooleanParam(this, "standardize", "whether columns are divided by their standard deviation");
        seed = new LongParam(this, "seed", "of everything that is drawn");
        selectionRows = new IntParam(this, "selectionRows",
            "training rows, and rows of the world, that the driver collects to choose by, at most",
            ParamValidators.gtEq(2));
        setDefault(featuresCol, "features");
        setDefault(domainCol, "domain");
        setDefault(weightCol, "weight");
        setDefault(method, "auto");
        setDefault(bandwidth, "auto");
        setDefault(centers, 500);
        setDefault(standardize, true);
        setDefault(seed, 1L);
        setDefault(selectionRows, 20_000);
    }

    @Override
    public String uid() {
        return uid;
    }

    /** The column of vectors, {@code features} where it is not set. */
    public Param<String> featuresCol() {
        return featuresCol;
    }

    public String getFeaturesCol() {
        return getOrDefault(featuresCol);
    }

    public DensityRatioEstimator setFeaturesCol(String value) {
        set(featuresCol, value);
        return this;
    }

    /** The column that is 0 for training rows and 1 for rows of the world, {@code domain} where it is not set. */
    public Param<String> domainCol() {
        return domainCol;
    }

    public String getDomainCol() {
        return getOrDefault(domainCol);
    }

    public DensityRatioEstimator setDomainCol(String value) {
        set(domainCol, value);
        return this;
    }

    /** The column that the model adds, {@code weight} where it is not set. */
    public Param<String> weightCol() {
        return weightCol;
    }

    public String getWeightCol() {
        return getOrDefault(weightCol);
    }

    public DensityRatioEstimator setWeightCol(String value) {
        set(weightCol, value);
        return this;
    }

    /** {@code auto}, where it is not set, {@code kl}, {@code ls} or {@code classifier}. */
    public Param<String> method() {
        return method;
    }

    public String getMethod() {
        return getOrDefault(method);
    }

    public DensityRatioEstimator setMethod(String value) {
        set(method, value);
        return this;
    }

    /** {@code auto}, where it is not set, {@code median} or {@code gamma:X}. */
    public Param<String> bandwidth() {
        return bandwidth;
    }

    public String getBandwidth() {
        return getOrDefault(bandwidth);
    }

    public DensityRatioEstimator setBandwidth(String value) {
        set(bandwidth, value);
        return this;
    }

    /** Of {@code ls}, at least 0; chosen by the data where it is not set. */
    public DoubleParam lambda() {
        return lambda;
    }

    public double getLambda() {
        return (Double) getOrDefault(lambda);
    }

    public DensityRatioEstimator setLambda(double value) {
        set(lambda, value);
        return this;
    }

    /** Of {@code kl} and {@code ls}, at most; 500 where it is not set. */
    public IntParam centers() {
        return centers;
    }

    public int getCenters() {
        return (Integer) getOrDefault(centers);
    }

    public DensityRatioEstimator setCenters(int value) {
        set(centers, value);
        return this;
    }

    /** The largest ratio before it is divided by the mean, at least 1; none where it is not set. */
    public DoubleParam upperBound() {
        return upperBound;
    }

    public double getUpperBound() {
        return (Double) getOrDefault(upperBound);
    }

    public DensityRatioEstimator setUpperBound(double value) {
        set(upperBound, value);
        return this;
    }

    /** Whether columns are divided by their standard deviation; true where it is not set. */
    public BooleanParam standardize() {
        return standardize;
    }

    public boolean getStandardize() {
        return (Boolean) getOrDefault(standardize);
    }

    public DensityRatioEstimator setStandardize(boolean value) {
        set(standardize, value);
        return this;
    }

    /** Of everything that is drawn; 1 where it is not set. */
    public LongParam seed() {
        return seed;
    }

    public long getSeed() {
        return (Long) getOrDefault(seed);
    }

    public DensityRatioEstimator setSeed(long value) {
        set(seed, value);
        return this;
    }

    /** Training rows, and rows of the world, that the driver collects to choose by, at most; 20,000 where it is not set. */
    public IntParam selectionRows() {
        return selectionRows;
    }

    public int getSelectionRows() {
        return (Integer) getOrDefault(selectionRows);
    }

    public DensityRatioEstimator setSelectionRows(int value) {
        set(selectionRows, value);
        return this;
    }

    /**
     * Fits to the rows of a frame, which {@code domainCol} tells apart.
     *
     * @throws IllegalArgumentException if a column is missing or of another type, or there are no rows of one of the two
     */
    @Override
    public DensityRatioModel fit(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        return fit(dataset.schema(), Columns.rows(dataset, getFeaturesCol(), getDomainCol(), Columns.TRAINING),
            Columns.rows(dataset, getFeaturesCol(), getDomainCol(), Columns.WORLD));
    }

    /**
     * Fits to the rows of two frames; {@code domainCol} has no part.
     *
     * @param training the rows that the model will weight
     * @param world    rows of where they are to be as good as
     * @throws IllegalArgumentException as {@link #fit(Dataset)}
     */
    public DensityRatioModel fit(Dataset<?> training, Dataset<?> world) {
        Columns.requireVectors(training.schema(), getFeaturesCol());
        Columns.requireVectors(world.schema(), getFeaturesCol());
        return fit(training.schema(), Columns.rows(training, getFeaturesCol()), Columns.rows(world, getFeaturesCol()));
    }

    private DensityRatioModel fit(StructType schema, JavaRDD<double[]> training, JavaRDD<double[]> world) {
        Sample ours = sample(training, "training rows");
        Sample theirs = sample(world, "rows of the world");
        if (ours.columns() != theirs.columns()) {
            throw new IllegalArgumentException(
                "column " + getFeaturesCol() + " has vectors of " + ours.columns() + " numbers in training rows, "
                    + "and of " + theirs.columns() + " in rows of the world: both must have the same");
        }
        int columns = ours.columns();
        RatioChoice choice = builder(schema, columns).choose(Rows.of(ours.rows(), columns), Rows.of(theirs.rows(), columns));
        DensityRatio ratio = choice.fit();
        int most = Math.min(Math.min(MOST_CLASSIFIER_ROWS, choice.mostRows()), MOST_COLLECTED / columns);
        boolean more = !ours.isAll() && !choice.isConstant();
        if (more && choice.isSummed()) {
            TrainingSums sums = training.mapPartitions(new SummingTask(choice.sums(), columns, getFeaturesCol()))
                .treeAggregate(new Sent<>(choice.sums()), Sent.merging(TrainingSums::add), Sent.merging(TrainingSums::add), DEPTH).value();
            ratio = choice.fit(sums);
        } else if (more && most > ours.rows().length / columns) {
            ratio = choice.fit(Rows.of(ours.larger(most, training), columns));
        }
        DensityRatioSummary summary = new DensityRatioSummary(ratio, ours.count(), theirs.count());
        if (more && (!choice.isSummed() || isSet(upperBound))) {
            DensityRatio unscaled = ratio.dividedBy(1);
            ratio = unscaled.dividedBy(training.mapToDouble(unscaled::scoreRow).mean());
        }
        return copyValues(new DensityRatioModel(uid, ratio.dividedBy(1), summary), ParamMap.empty()).setParent(this);
    }

    /**
     * What the driver collected.
     *
     * @param recounted null where nothing was
     * @param rows      {@code [n, columns]}
     */
    record Sample(RowSample sample, RowSample.Recount recounted, double[] rows) {
        int columns() {
            return sample.columns();
        }

        long count() {
            return sample.count();
        }

        boolean isAll() {
            return count() * columns() == rows.length;
        }

        /**
         * A larger sample, {@code [n, columns]}, with more different rows if these are clearly more.
         *
         * @param most rows of it
         * @param all  those that this is a sample of
         */
        double[] larger(int most, JavaRDD<double[]> all) {
            if (!sample.isOutdoneBy(most)) {
                return sample.rows(most, recounted);
            }
            LargerSample larger = sample.larger(most, recounted);
            return larger.rows(all.mapPartitions(larger).collect().stream().map(Sent::value).toList());
        }
    }

    /** A sample of at most {@code selectionRows}. */
    Sample sample(JavaRDD<double[]> rows, String kind) {
        String column = getFeaturesCol();
        RowSample sample = rows.treeAggregate(new Sent<>(new RowSample(getSelectionRows(), getSeed(), column)),
            Sent.<RowSample, double[]>adding(RowSample::add), Sent.<RowSample>merging(RowSample::add), DEPTH).value();
        if (sample.count() == 0) {
            throw new IllegalArgumentException("there are no " + kind + ": a ratio needs rows of both");
        }
        RowSample.Recount recount = sample.recount();
        RowSample.Recount recounted = recount == null ? null
            : rows.treeAggregate(new Sent<>(recount), Sent.<RowSample.Recount, double[]>adding(RowSample.Recount::add),
                Sent.<RowSample.Recount>merging(RowSample.Recount::add), DEPTH).value();
        return new Sample(sample, recounted, sample.rows(recounted));
    }

    private DensityRatio.Builder builder(StructType schema, int columns) {
        DensityRatio.Builder builder = DensityRatio.builder().method(getMethod()).bandwidth(getBandwidth()).centers(getCenters())
            .standardize(getStandardize()).seed(getSeed());
        if (isSet(lambda)) {
            builder.lambda((float) getLambda());
        }
        if (isSet(upperBound)) {
            builder.upperBound((float) getUpperBound());
        }
        List<String> names = names(Columns.field(schema, getFeaturesCol()));
        return names.size() == columns ? builder.columns(names) : builder;
    }

    /** Of the numbers of a vector, as a VectorAssembler leaves them; empty where it did not. */
    private static List<String> names(StructField features) {
        Option<Attribute[]> attributes = AttributeGroup.fromStructField(features).attributes();
        if (attributes.isEmpty() || !Arrays.stream(attributes.get()).allMatch(attribute -> attribute.name().isDefined())) {
            return List.of();
        }
        return Arrays.stream(attributes.get()).map(attribute -> attribute.name().get()).toList();
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Columns.requireVectors(schema, getFeaturesCol());
        Columns.requireDomains(schema, getDomainCol());
        return Columns.withWeights(schema, getWeightCol());
    }

    @Override
    public DensityRatioEstimator copy(ParamMap extra) {
        return copyValues(new DensityRatioEstimator(uid), extra);
    }

    @Override
    public MLWriter write() {
        return StageFiles.writer(this, path -> {});
    }

    /** Reads one that was saved. */
    public static MLReader<DensityRatioEstimator> read() {
        return StageFiles.reader(DensityRatioEstimator.class, (uid, path) -> new DensityRatioEstimator(uid));
    }

    /** One that was saved. */
    public static DensityRatioEstimator load(String path) {
        return read().load(path);
    }
}
