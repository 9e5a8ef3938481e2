package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FoldsTest {
    @ParameterizedTest
    @CsvSource({"1, 1", "5, 5", "7, 3", "1000, 5", "1003, 5"})
    void areEvenAndSeeded(int rows, int folds) {
        int[] fold = Folds.of(rows, folds, 3);
        int[] counts = new int[folds];
        for (int of : fold) {
            counts[of]++;
        }
        assertThat(Arrays.stream(counts).max().getAsInt() - Arrays.stream(counts).min().getAsInt()).isLessThanOrEqualTo(1);
        assertThat(Folds.of(rows, folds, 3)).containsExactly(fold);
        if (rows >= 1000) {
            assertThat(Folds.of(rows, folds, 4)).isNotEqualTo(fold);
        }
    }
}
