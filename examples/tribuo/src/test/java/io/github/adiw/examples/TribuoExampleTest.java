package io.github.adiw.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.examples.TribuoExample.Comparison;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TribuoExampleTest {
    @TempDir
    static Path folder;
    private static Path people;

    @BeforeAll
    static void unpack() throws IOException {
        people = folder.resolve("adult.data");
        try (InputStream lines = new GZIPInputStream(Files.newInputStream(Path.of("../data/adult-8000.data.gz")))) {
            Files.copy(lines, people);
        }
    }

    @Test
    void weightsHelpAModelThatKnowsLittle() {
        Comparison comparison = TribuoExample.compare(people, TribuoExample.FEW);
        assertThat(comparison.features()).isEqualTo(2);
        assertThat(comparison.ratio().weights()).hasSize(4496);
        assertThat(comparison.uniform()).hasSize(1752);
        assertThat(Comparison.logLoss(comparison.uniform())).as("scikit-learn has 0.6545").isCloseTo(0.6545, within(0.002));
        assertThat(comparison.difference()).isBetween(-0.01, -3 * comparison.standardError());
    }

    @Test
    void weightsHelpALittleWhereAllIsKnown() {
        Comparison comparison = TribuoExample.compare(people, TribuoExample.ALL);
        assertThat(comparison.features()).isEqualTo(47);
        assertThat(Comparison.logLoss(comparison.uniform())).as("scikit-learn has 0.444, at C = 0.1").isCloseTo(0.444, within(0.005));
        assertThat(Comparison.accuracy(comparison.uniform())).isCloseTo(0.797, within(0.01));
        assertThat(comparison.difference()).isBetween(-0.01, 0.0);
    }
}
