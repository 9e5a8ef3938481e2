package io.github.adiw.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.apache.spark.TaskContext;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two executors, processes of their own with the packaged jar, one of which is lost in every stage that reads rows. */
class LostExecutorIT {
    private static final int ROWS = 30_000;
    @TempDir
    Path marks;
    private SparkSession session;

    @BeforeEach
    void open() {
        session = SparkSession.builder().master("local-cluster[2,1,700]").config("spark.executor.memory", "600m")
            .config("spark.ui.enabled", false).config("spark.sql.shuffle.partitions", 2).config("spark.driver.host", "localhost")
            .config("spark.jars", System.getProperty("adiw.spark.jar"))
            .config("spark.executor.extraClassPath", Path.of("target/test-classes").toAbsolutePath().toString()).getOrCreate();
    }

    @AfterEach
    void close() {
        session.stop();
    }

    /** One row in ten is of the world. Once a stage the reader of a row takes its process with it. */
    private static Vector row(long id, String marks) {
        TaskContext task = TaskContext.get();
        if (marks != null && id == ROWS / 4 && task != null) {
            try {
                Files.createFile(Path.of(marks, "stage-" + task.stageId()));
                Runtime.getRuntime().halt(1);
            } catch (FileAlreadyExistsException e) {
                // This stage has lost its executor: now it goes on.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Random random = new Random(id * 7919);
        boolean world = id % 10 == 0;
        return Vectors.dense((world ? 0.6 : 0) + (world ? 0.8 : 1) * random.nextGaussian(), random.nextGaussian());
    }

    private Dataset<Row> rows(String killing) {
        return session.range(0, ROWS, 1, 6).select(functions.col("id"), functions.expr("IF(id % 10 = 0, 1, 0)").as("domain"),
            functions.udf((UDF1<Long, Vector>) id -> row(id, killing), SQLDataTypes.VectorType()).apply(functions.col("id"))
                .as("features"));
    }

    private long killed() throws IOException {
        try (var files = Files.list(marks)) {
            return files.count();
        }
    }

    @Test
    void changesNothingButTheTime() throws IOException {
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod("ls").setCenters(50).setSelectionRows(1000);
        double[] expected = Session.weights(estimator.fit(rows(null)).transform(rows(null)));
        DensityRatioModel model = estimator.fit(rows(marks.toString()));
        long inFit = killed();
        assertThat(inFit).isGreaterThanOrEqualTo(3);
        double[] found = Session.weights(model.transform(rows(marks.toString())));
        assertThat(killed()).isGreaterThan(inFit);
        for (int i = 0; i < ROWS; i++) {
            assertThat(found[i]).isCloseTo(expected[i], within(1e-6));
        }
    }
}
