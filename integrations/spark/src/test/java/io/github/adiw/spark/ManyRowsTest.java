package io.github.adiw.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ten columns of as many rows as {@code -Dadiw.long.rows} says, made as they are read, in the heap that the build gives. */
@Tag("long")
class ManyRowsTest {
    private static final int D = 10;
    private static final long ROWS = Long.getLong("adiw.long.rows", 1_000_000);
    private static final long MOST_SECONDS = 300;

    /** Normal columns; the first three have another mean. */
    private static Dataset<Row> rows(long count, long seed, double mean) {
        Column[] columns = IntStream.range(0, D).mapToObj(k -> functions.randn(seed + k).plus(k < 3 ? mean : 0).as("x" + k))
            .toArray(Column[]::new);
        return new VectorAssembler().setInputCols(IntStream.range(0, D).mapToObj(k -> "x" + k).toArray(String[]::new))
            .setOutputCol("features")
            .transform(Session.open().range(0, count, 1, 8).select(columns)).select("features");
    }

    /** For which processors have worked for this program. */
    private static double processorSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
    }

    @ParameterizedTest
    @CsvSource({"kl, gamma:0.05", "ls, gamma:0.05", "auto, auto"})
    void isDoneInMinutes(String method, String bandwidth) {
        Dataset<Row> training = rows(ROWS, 1, 0);
        DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod(method).setBandwidth(bandwidth);
        double busy = processorSeconds();
        long start = System.nanoTime();
        DensityRatioModel model = estimator.fit(training, rows(2000, 100, 0.4));
        double fit = (System.nanoTime() - start) / 1e9;
        double busyFit = processorSeconds() - busy;
        double mean = model.transform(training).agg(functions.avg("weight")).first().getDouble(0);
        double all = (System.nanoTime() - start) / 1e9;
        System.out.printf(Locale.ROOT, "%,d rows, %s: fit %.1f s, sum of the weights %.1f s, of the processor %.1f and %.1f s, chosen %s%n",
            ROWS, method, fit, all - fit, busyFit, processorSeconds() - busy - busyFit, model.summary().method());
        assertThat(mean).isCloseTo(1, within(1e-4));
        assertThat(model.summary().trainingRows()).isEqualTo(ROWS);
        assertThat(all).isLessThan(MOST_SECONDS);
    }
}
