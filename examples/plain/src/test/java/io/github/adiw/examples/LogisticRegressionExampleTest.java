package io.github.adiw.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
        var comparison = LogisticRegressionExample.compare(people, List.of("education", "hours"));
        assertThat(people).hasSize(8000);
        float[] weights = comparison.ratio().weights();
        assertThat(IntStream.range(0, weights.length).mapToDouble(i -> weights[i]).average().orElseThrow()).isCloseTo(1, within(1e-5));
        assertThat(comparison.uniform().logLoss()).isCloseTo(0.654, within(0.002));
        assertThat(comparison.weighted().logLoss())
            .isLessThan(comparison.uniform().logLoss() - 2 * comparison.weighted().standardErrorOfDifference(comparison.uniform()));
    }

    /** The page says so. */
    @Test
    void weightsAreACostToAModelThatKnowsMore() {
        var comparison = LogisticRegressionExample.compare(people, List.of("education", "hours", "gain", "loss", "male", "married"));
        assertThat(comparison.uniform().logLoss()).isCloseTo(0.465, within(0.003));
        assertThat(comparison.uniform().accuracy()).isCloseTo(0.779, within(0.01));
        assertThat(comparison.weighted().logLoss()).isBetween(comparison.uniform().logLoss(), comparison.uniform().logLoss() + 0.015);
    }
}
