package io.github.adiw.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.data.Rows;
import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.ratio.RatioChoice;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spark's ratio against the library's on one machine, and what is refused. */
class DensityRatioEstimatorTest {
    private static final int D = 3;
    private static final int N = 1500;
    private final double[] training = Session.normal(1, N, D, 0, 1);
    private final double[] world = Session.normal(2, 300, D, 0.7, 0.8);

    private static void close(double[] found, float[] expected, double tolerance) {
        double most = 0;
        for (float x : expected) {
            most = Math.max(most, x);
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("weight %d", i).isCloseTo(expected[i], within(tolerance * most));
        }
    }

    /** The same bandwidth and, since the driver has all rows of the world, centers; a sample of 200 rows only centres the columns. */
    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls"})
    void allRowsAreFittedToAsOnOneMachine(String method) {
        DensityRatio local = DensityRatio.builder().method(method).bandwidth("gamma:0.3").lambda(0.05f).centers(60).standardize(false)
            .fit(Rows.of(training, D), Rows.of(world, D));
        DensityRatioModel model = new DensityRatioEstimator().setMethod(method).setBandwidth("gamma:0.3").setLambda(0.05).setCenters(60)
            .setStandardize(false).setSelectionRows(300).fit(Session.frame(training, world, D).repartition(3));
        double[] weights = Session.weights(model.transform(Session.frame(training, world, D)));
        close(Arrays.copyOf(weights, N), local.weights(), 1e-4);
        assertThat(Arrays.stream(weights, 0, N).average().orElseThrow()).isCloseTo(1, within(1e-5));
        assertThat(Arrays.copyOfRange(weights, N, weights.length)).containsOnly(1);
        assertThat(model.summary().trainingRows()).isEqualTo(N);
        assertThat(model.summary().worldRows()).isEqualTo(300);
        assertThat(model.summary().diagnostics().trainRows()).isEqualTo(300);
        assertThat(model.summary().method()).isEqualTo(method);
        assertThat(model.summary().gamma()).isCloseTo(0.3, within(1e-7));
    }

    /** Where the driver has all rows, in an order of their own, it chooses and fits as the library does. */
    @ParameterizedTest
    @CsvSource({"auto,", "kl,", "ls, 2", "classifier, 2"})
    void withFewRowsItIsTheLibrarysOwnChoice(String method, Float bound) {
        DensityRatio.Builder builder = DensityRatio.builder().method(method).centers(50);
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod(method).setCenters(50);
        if (bound != null) {
            builder.upperBound(bound);
            estimator.setUpperBound(bound);
        }
        DensityRatio local = builder.fit(Rows.of(training, D), Rows.of(world, D));
        DensityRatioModel model = estimator.fit(Session.frame(training, world, D).repartition(4));
        assertThat(model.summary().method()).isEqualTo(local.method());
        assertThat(model.summary().gamma()).isEqualTo(local.gamma(), within(1e-9));
        assertThat(model.summary().diagnostics().paretoK()).isCloseTo(local.diagnostics().paretoK(), within(1e-3));
        close(Session.weights(model.transform(Session.frame(training, world, D))), local.weights(), 1e-4);
    }

    /** A classifier is fitted to more rows than it was chosen by: as the library's, given the same strength, to all of them. */
    @Test
    void aClassifierIsFittedToMoreThanItWasChosenBy() {
        Dataset<Row> frame = Session.frame(training, world, D);
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod("classifier").setStandardize(false);
        DensityRatioModel all = estimator.fit(frame);
        DensityRatioModel sampled = estimator.setSelectionRows(300).fit(frame.repartition(3));
        assertThat(sampled.summary().diagnostics().trainRows()).isEqualTo(300);
        double[] expected = Session.weights(all.transform(frame));
        double[] found = Session.weights(sampled.transform(frame));
        DensityRatio ofSample = DensityRatio.builder().method("classifier").standardize(false)
            .fit(Rows.of(Arrays.copyOf(training, 300 * D), D), Rows.of(world, D));
        double off = 0;
        double offOfSample = 0;
        for (int i = 0; i < N; i++) {
            off += Math.abs(found[i] - expected[i]) / N;
            offOfSample += Math.abs(ofSample.scoreRow(Arrays.copyOfRange(training, i * D, (i + 1) * D)) - expected[i]) / N;
        }
        assertThat(off).isLessThan(0.03).isLessThan(offOfSample / 3);
    }

    /**
     * A sample for a classifier: drawn from the known rows where these are all or most of the different ones, else from more; by the mean
     * of five seeds it is less than this share as far from the weights that are fitted to all rows as the first is.
     */
    @ParameterizedTest
    @CsvSource({"0.5, 4000, 15000, 15000, 0.6", "0.5, 2000, 12000, 12000, 0.6", "0.2, 2000, 8000, 5000, 1",
        "0.0001, 2000, 20000, 19500, 0.6", "0.5, 500, 40000, 40000, 0.001"})
    void aLargerSampleIsNoWorse(double step, int selectionRows, int most, int least, double share) {
        int n = 40_000;
        double[] rows = Arrays.stream(Session.normal(3, n, D, 0, 1)).map(x -> step * Math.rint(x / step)).toArray();
        JavaRDD<double[]> all = JavaSparkContext.fromSparkContext(Session.open().sparkContext())
            .parallelize(IntStream.range(0, n).mapToObj(i -> Arrays.copyOfRange(rows, i * D, (i + 1) * D)).toList(), 3);
        double off = 0;
        double offOfFirst = 0;
        for (int seed = 1; seed <= 5; seed++) {
            DensityRatioEstimator.Sample ours = new DensityRatioEstimator().setSelectionRows(selectionRows).setSeed(seed)
                .sample(all, "training rows");
            double[] larger = ours.larger(most, all);
            assertThat(larger.length / D).isBetween(least, most);
            RatioChoice choice = DensityRatio.builder().method("classifier").choose(Rows.of(ours.rows(), D), Rows.of(world, D));
            double[] expected = weights(choice.fit(Rows.of(rows, D)), rows);
            offOfFirst += distance(weights(choice.fit(), rows), expected);
            off += distance(weights(choice.fit(Rows.of(larger, D)), rows), expected);
        }
        assertThat(off).isLessThan(share * offOfFirst);
    }

    /** Of mean 1 over these rows. */
    private static double[] weights(DensityRatio ratio, double[] rows) {
        double[] weights = IntStream.range(0, rows.length / D)
            .mapToDouble(i -> ratio.scoreRow(Arrays.copyOfRange(rows, i * D, (i + 1) * D))).toArray();
        double mean = Arrays.stream(weights).average().orElseThrow();
        return Arrays.stream(weights).map(weight -> weight / mean).toArray();
    }

    /** The mean difference. */
    private static double distance(double[] one, double[] other) {
        return IntStream.range(0, one.length).mapToDouble(i -> Math.abs(one[i] - other[i])).average().orElseThrow();
    }

    /** More rows than are collected to choose by, many of them equal: neither their order nor the partitions have a part. */
    @ParameterizedTest
    @ValueSource(strings = {"ls", "classifier"})
    void partitionsHaveNoPart(String method) {
        double[] rounded = Arrays.stream(training).map(x -> Math.rint(2 * x) / 2).toArray();
        double[] expected = null;
        for (int partitions : new int[] {1, 7, 200}) {
            Dataset<Row> frame = Session.frame(rounded, world, D).orderBy(functions.rand(partitions)).repartition(partitions);
            DensityRatioModel model = new DensityRatioEstimator().setMethod(method).setCenters(40).setSelectionRows(250).fit(frame);
            double[] weights = Session.weights(model.transform(Session.frame(rounded, world, D)));
            expected = expected == null ? weights : expected;
            for (int i = 0; i < weights.length; i++) {
                assertThat(weights[i]).isCloseTo(expected[i], within(1e-5));
            }
        }
    }

    /** Whatever is fitted to a sample alone, or bounded, has the mean 1 over all training rows. */
    @ParameterizedTest
    @CsvSource({"classifier,", "classifier, 1.5", "kl, 1.5"})
    void weightsHaveTheMeanOne(String method, Double bound) {
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod(method).setBandwidth("median").setCenters(30)
            .setSelectionRows(300);
        if (bound != null) {
            estimator.setUpperBound(bound);
        }
        Dataset<Row> frame = Session.frame(training, world, D);
        double[] weights = Session.weights(estimator.fit(frame).transform(frame));
        assertThat(Arrays.stream(weights, 0, N).average().orElseThrow()).isCloseTo(1, within(1e-9));
    }

    @Test
    void twoFramesAreAsOneAndSparseVectorsAsDenseOnes() {
        Dataset<Row> frame = Session.frame(training, world, D);
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod("kl").setBandwidth("median").setCenters(30);
        double[] expected = Session.weights(estimator.fit(frame).transform(frame));
        Dataset<Row> sparse = frame.withColumn("features", functions.udf((Vector x) -> x.toSparse(),
            org.apache.spark.ml.linalg.SQLDataTypes.VectorType()).apply(frame.col("features")));
        DensityRatioModel model = estimator.fit(sparse.filter("domain = 0").drop("domain"), sparse.filter("domain = 1").drop("domain"));
        assertThat(Session.weights(model.transform(sparse))).isEqualTo(expected);
        // Without a column of domains all rows are weighted.
        double[] all = Session.weights(model.transform(sparse.drop("domain")));
        assertThat(Arrays.copyOf(all, N)).isEqualTo(Arrays.copyOf(expected, N));
        assertThat(all[N]).isEqualTo(model.score(Session.vector(world, 0, D))).isNotEqualTo(1);
    }

    @Test
    void constantColumnsAreLeftOut() {
        double[] constant = {5, 5, 5, 5, 5, 5, 5, 5};
        Dataset<Row> frame = Session.frame(constant, constant, 2);
        assertThat(Session.weights(new DensityRatioEstimator().fit(frame).transform(frame))).containsOnly(1);
        double[] half = training.clone();
        double[] other = world.clone();
        for (double[] rows : new double[][] {half, other}) {
            for (int i = 1; i < rows.length; i += D) {
                rows[i] = 7;
            }
        }
        frame = Session.frame(half, other, D);
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod("ls").setBandwidth("median").setCenters(30);
        assertThat(Session.weights(estimator.fit(frame).transform(frame))).doesNotContain(Double.NaN);
    }

    private static Dataset<Row> with(Dataset<Row> frame, Vector features, Integer domain) {
        return frame.union(Session.open().createDataFrame(List.of(RowFactory.create(-1, features, domain)), Session.SCHEMA));
    }

    @Test
    void refusesWhatItCannotUse() {
        Dataset<Row> frame = Session.frame(training, world, D);
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod("kl").setBandwidth("gamma:1").setCenters(10);
        DensityRatioModel model = estimator.fit(frame);
        assertThatThrownBy(() -> estimator.fit(frame.filter("domain = 0"))).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("there are no rows of the world");
        assertThatThrownBy(() -> estimator.fit(frame.filter("domain = 1"))).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("there are no training rows");
        Object[][] broken = {{null, 0, "column features has a null"},
            {Vectors.dense(1, Double.NaN, 1), 0, "column features has NaN in place 1"},
            {Vectors.dense(1, 1, Double.POSITIVE_INFINITY), 0, "column features has Infinity in place 2"},
            {Vectors.dense(1, 1, 1), null, "column domain has a null"}, {Vectors.dense(1, 1, 1), 2, "column domain has the value 2.0"},
            {Vectors.dense(1, 1), 0, "numbers: all must have the same", "rows have 2 columns, and the ratio was fitted to 3"}};
        for (Object[] row : broken) {
            Dataset<Row> bad = with(frame, (Vector) row[0], (Integer) row[1]);
            assertThatThrownBy(() -> estimator.fit(bad)).hasStackTraceContaining((String) row[2]);
            assertThatThrownBy(() -> model.transform(bad).collectAsList()).hasStackTraceContaining((String) row[row.length - 1]);
        }
        assertThatThrownBy(() -> estimator.fit(frame.drop("features"))).isInstanceOf(IllegalArgumentException.class)
            .hasMessage("there is no column features: there are id, domain");
        assertThatThrownBy(() -> estimator.fit(frame.drop("domain"))).hasMessageContaining("there is no column domain");
        assertThatThrownBy(() -> estimator.transformSchema(frame.withColumn("weight", functions.lit(1)).schema()))
            .hasMessageContaining("there is a column weight already");
        assertThatThrownBy(() -> model.transform(frame.withColumn("features", functions.lit(1))))
            .hasMessageContaining("column features must have vectors, not int");
        assertThatThrownBy(() -> estimator.fit(frame.withColumn("domain", functions.lit("a")))).hasMessageContaining("not string");
        assertThatThrownBy(() -> new DensityRatioEstimator().setMethod("km")).hasMessageContaining("km");
        assertThatThrownBy(() -> new DensityRatioEstimator().setCenters(0)).hasMessageContaining("centers");
        assertThatThrownBy(() -> new DensityRatioModel().transform(frame)).isInstanceOf(IllegalStateException.class);
    }

    /** As Spark looks for columns: whatever the case of their letters, unless it is told otherwise. */
    @Test
    void findsColumnsAsSparkDoes() {
        Dataset<Row> frame = Session.frame(training, world, D).withColumnRenamed("domain", "Domain");
        DensityRatioModel model = new DensityRatioEstimator().setMethod("classifier").setFeaturesCol("Features").fit(frame);
        double[] weights = Session.weights(model.transform(frame));
        assertThat(Arrays.copyOfRange(weights, N, weights.length)).containsOnly(1);
        assertThatThrownBy(() -> model.transform(frame.withColumn("Weight", functions.lit(1))))
            .hasMessageContaining("there is a column Weight already");
        Session.open().conf().set("spark.sql.caseSensitive", "true");
        try {
            assertThatThrownBy(() -> new DensityRatioEstimator().fit(frame)).hasMessageContaining("there is no column domain");
            model.setFeaturesCol("features");
            assertThat(model.transform(frame.withColumn("Weight", functions.lit(1))).columns()).contains("Weight", "weight");
        } finally {
            Session.open().conf().unset("spark.sql.caseSensitive");
        }
    }

    @Test
    void isAStageAsSparksOwn() {
        DensityRatioEstimator estimator = new DensityRatioEstimator();
        assertThat(estimator.explainParams().lines()).hasSize(11).anyMatch(line -> line.startsWith("centers") && line.contains("500"));
        DensityRatioEstimator copy = estimator.setWeightCol("w").copy(new ParamMap().put(estimator.centers().w(7)));
        assertThat(copy.uid()).isEqualTo(estimator.uid());
        assertThat(copy.getWeightCol()).isEqualTo("w");
        assertThat(copy.getCenters()).isEqualTo(7);
        assertThat(estimator.getCenters()).isEqualTo(500);
        Dataset<Row> frame = Session.frame(training, world, D);
        assertThat(estimator.transformSchema(frame.schema()).fieldNames()).containsExactly("id", "features", "domain", "w");
        DensityRatioModel model = estimator.setMethod("classifier").fit(frame);
        assertThat(model.parent()).isSameAs(estimator);
        assertThat(model.copy(ParamMap.empty()).parent()).isSameAs(estimator);
        assertThat(model.copy(ParamMap.empty()).summary()).isSameAs(model.summary());
        assertThat(model.transform(frame).schema()).isEqualTo(model.transformSchema(frame.schema()));
        assertThat(ServiceLoader.load(Estimator.class).stream().map(ServiceLoader.Provider::type))
            .contains(DensityRatioEstimator.class);
        assertThat(ServiceLoader.load(Transformer.class).stream().map(ServiceLoader.Provider::type)).contains(DensityRatioModel.class);
    }
}
