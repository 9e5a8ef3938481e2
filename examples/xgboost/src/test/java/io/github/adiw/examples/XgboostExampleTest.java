package io.github.adiw.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.examples.XgboostExample.Comparison;
import java.io.IOException;
import java.nio.file.Path;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class XgboostExampleTest {
    private static XgboostExample example;

    @BeforeAll
    static void fit() throws IOException {
        example = new XgboostExample(XgboostExample.read(Path.of("../data/adult-8000.data.gz")));
        assertThat(example.ratio().weights()).hasSize(4496);
        assertThat(example.ratio().diagnostics().warnings()).isEmpty();
    }

    @Test
    void weightsHelpSmallTrees() throws XGBoostError {
        Comparison comparison = example.compare(30, 1);
        assertThat(comparison.uniform()).hasSize(1752);
        assertThat(Comparison.logLoss(comparison.uniform())).isCloseTo(0.5016, within(0.003));
        assertThat(comparison.difference()).isBetween(-0.015, -comparison.standardError());
    }

    /** The page says so. */
    @Test
    void weightsChangeNothingForLargeOnes() throws XGBoostError {
        Comparison comparison = example.compare(100, 6);
        assertThat(Comparison.logLoss(comparison.uniform())).isCloseTo(0.4515, within(0.01));
        assertThat(Comparison.accuracy(comparison.uniform())).isBetween(0.77, 0.82);
        assertThat(Math.abs(comparison.difference())).isLessThan(2 * comparison.standardError());
    }
}
