package io.github.adiw.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.examples.LogisticRegressionExample.Comparison;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogisticRegressionExampleTest {
    private final List<String[]> people;

    LogisticRegressionExampleTest() throws IOException {
        people = LogisticRegressionExample.read(Path.of("../data/adult-8000.data.gz"));
    }

    @Test
    void weightsHelpAModelThatKnowsLittle() {
        Comparison comparison = LogisticRegressionExample.compare(people, List.of("education", "hours"));
        assertThat(people).hasSize(8000);
        float[] weights = comparison.ratio().weights();
        assertThat(IntStream.range(0, weights.length).mapToDouble(i -> weights[i]).average().orElseThrow()).isCloseTo(1, within(1e-5));
        assertThat(Comparison.logLoss(comparison.uniform())).as("scikit-learn's").isCloseTo(0.6545, within(0.0005));
        assertThat(Comparison.accuracy(comparison.uniform())).as("scikit-learn's").isCloseTo(0.6901, within(0.002));
        assertThat(comparison.difference()).isBetween(-0.01, -2 * comparison.standardError());
    }

    /** The page says so. */
    @Test
    void weightsCostAModelThatKnowsMore() {
        Comparison comparison = LogisticRegressionExample.compare(people, List.of("education", "hours", "gain", "loss", "male", "married"));
        assertThat(Comparison.logLoss(comparison.uniform())).as("scikit-learn's").isCloseTo(0.4653, within(0.0005));
        assertThat(Comparison.accuracy(comparison.uniform())).as("scikit-learn's").isCloseTo(0.7791, within(0.002));
        assertThat(comparison.difference()).isBetween(0.0, 0.015);
    }
}
