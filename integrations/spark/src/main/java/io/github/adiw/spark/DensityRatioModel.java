package io.github.adiw.spark;

import io.github.adiw.ratio.DensityRatio;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Adds the ratio of densities as a column of weights, of mean 1 over the training rows. Where there is a column {@code domainCol}, rows of
 * the world (1) get the weight 1; where there is none, as in rows that are new, all are taken for training rows. Weights are computed row
 * by row, in double precision, without a native library.
 */
public final class DensityRatioModel extends Model<DensityRatioModel> implements MLWritable {
    private static final long serialVersionUID = 1;
    private final String uid;
    private final DensityRatio ratio;
    private final transient DensityRatioSummary summary;
    private final Param<String> featuresCol;
    private final Param<String> domainCol;
    private final Param<String> weightCol;

    DensityRatioModel(String uid, DensityRatio ratio, DensityRatioSummary summary) {
        this.uid = uid;
        this.ratio = ratio;
        this.summary = summary;
        featuresCol = new Param<>(this, "featuresCol", "column of vectors");
        domainCol = new Param<>(this, "domainCol", "column, if it is there, that is 0 for training rows and 1 for rows of the world");
        weightCol = new Param<>(this, "weightCol",
            "column that is added: the weights, of mean 1 over the training rows; 1 for rows of the world");
        setDefault(featuresCol, "features");
        setDefault(domainCol, "domain");
        setDefault(weightCol, "weight");
    }

    /** For Spark, which looks for the class by one without a ratio: it adds no weights. */
    public DensityRatioModel() {
        this(Identifiable.randomUID("densityRatio"), null, null);
    }

    /**
     * One that was fitted on a single machine, by {@link DensityRatio.Builder#fit} or from a file.
     *
     * @throws io.github.adiw.UsageException if its method gives weights of the training rows alone
     */
    public DensityRatioModel(DensityRatio local) {
        this(Identifiable.randomUID("densityRatio"), local.dividedBy(1), null);
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

    public DensityRatioModel setFeaturesCol(String value) {
        set(featuresCol, value);
        return this;
    }

    /** The column, if it is there, that is 0 for training rows and 1 for rows of the world; {@code domain} where it is not set. */
    public Param<String> domainCol() {
        return domainCol;
    }

    public String getDomainCol() {
        return getOrDefault(domainCol);
    }

    public DensityRatioModel setDomainCol(String value) {
        set(domainCol, value);
        return this;
    }

    /** The column that is added, {@code weight} where it is not set. */
    public Param<String> weightCol() {
        return weightCol;
    }

    public String getWeightCol() {
        return getOrDefault(weightCol);
    }

    public DensityRatioModel setWeightCol(String value) {
        set(weightCol, value);
        return this;
    }

    /** The ratio, without Spark: to be scored and saved by the library alone. Has neither weights nor diagnostics. */
    public DensityRatio toLocal() {
        if (ratio == null) {
            throw new IllegalStateException("a model that was made without a ratio has none: fit or load one");
        }
        return ratio;
    }

    /**
     * The weight of one row.
     *
     * @throws IllegalArgumentException if it has another length than the training rows, or a number is not finite
     */
    public double score(Vector features) {
        return toLocal().scoreRow(Columns.numbers(features, getFeaturesCol()));
    }

    /** Whether there is a summary: not of a model that was loaded, or fitted elsewhere. */
    public boolean hasSummary() {
        return summary != null;
    }

    /**
     * What was chosen, and how good the weights are.
     *
     * @throws IllegalStateException if there is none
     */
    public DensityRatioSummary summary() {
        if (summary == null) {
            throw new IllegalStateException(
                "a model that was loaded, or fitted elsewhere, has no summary: it belongs to the rows of a fit");
        }
        return summary;
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        DensityRatio fitted = toLocal();
        String column = getFeaturesCol();
        Column features = dataset.col(column);
        Column weights;
        if (Columns.has(dataset.schema(), getDomainCol())) {
            String domain = getDomainCol();
            UserDefinedFunction weight = functions.udf((UDF2<Vector, Double, Double>) (x, of) -> Columns.domain(of, domain) == Columns.WORLD
                ? 1 : fitted.scoreRow(Columns.numbers(x, column)), DataTypes.DoubleType);
            weights = weight.asNonNullable().apply(features, Columns.domains(dataset, domain));
        } else {
            UserDefinedFunction weight = functions.udf((UDF1<Vector, Double>) x -> fitted.scoreRow(Columns.numbers(x, column)),
                DataTypes.DoubleType);
            weights = weight.asNonNullable().apply(features);
        }
        return dataset.withColumn(getWeightCol(), weights);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        Columns.requireVectors(schema, getFeaturesCol());
        if (Columns.has(schema, getDomainCol())) {
            Columns.requireDomains(schema, getDomainCol());
        }
        return Columns.withWeights(schema, getWeightCol());
    }

    @Override
    public DensityRatioModel copy(ParamMap extra) {
        return copyValues(new DensityRatioModel(uid, ratio, summary), extra).setParent(parent());
    }

    @Override
    public MLWriter write() {
        return StageFiles.writer(this, path -> StageFiles.saveRatio(toLocal(), path));
    }

    /** Reads one that was saved. */
    public static MLReader<DensityRatioModel> read() {
        return StageFiles.reader(DensityRatioModel.class, (uid, path) -> new DensityRatioModel(uid, StageFiles.loadRatio(path), null));
    }

    /** One that was saved. */
    public static DensityRatioModel load(String path) {
        return read().load(path);
    }
}
