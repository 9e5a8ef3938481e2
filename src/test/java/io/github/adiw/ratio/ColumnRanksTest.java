package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How many numbers are below each, as counting says. */
class ColumnRanksTest {
    private static final double[] SPECIAL = {0, -0.0, Double.MIN_VALUE, -Double.MIN_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE, 1e-300,
        -1e-300,
        256, 255, -256, 1 + 0x1p-52, 1};

    private static int[] counted(double[] column) {
        return Arrays.stream(column).mapToInt(x -> (int) Arrays.stream(column).filter(y -> y < x).count()).toArray();
    }

    private static int[] ranks(ColumnRanks ranks, double[] column) {
        int[] found = new int[column.length];
        Arrays.fill(found, -1);
        double[] given = column.clone();
        ranks.visit(given, (row, below) -> found[row] = below);
        assertThat(given).as("not changed").containsExactly(column);
        return found;
    }

    /** Columns of all kinds after each other, so that nothing is left over from one in the next. */
    @Test
    void areThoseOfCounting() {
        Random random = new Random(1);
        int count = 500;
        ColumnRanks ranks = new ColumnRanks(count);
        for (int kind = 0; kind < 12; kind++) {
            double[] column = new double[count];
            for (int i = 0; i < count; i++) {
                column[i] = switch (kind % 6) {
                    case 0 -> random.nextGaussian();
                    case 1 -> (float) random.nextGaussian() * 1e-3f;
                    case 2 -> random.nextInt(5) - 2;
                    case 3 -> 7;
                    case 4 -> 1e9 + random.nextGaussian() * 1e-6;
                    default -> SPECIAL[random.nextInt(SPECIAL.length)];
                };
            }
            assertThat(ranks(ranks, column)).as("kind %d", kind).isEqualTo(counted(column));
        }
    }

    @Test
    void fewRows() {
        assertThat(ranks(new ColumnRanks(0), new double[0])).isEmpty();
        assertThat(ranks(new ColumnRanks(1), new double[] {-3})).containsExactly(0);
        assertThat(ranks(new ColumnRanks(2), new double[] {-3, -4})).containsExactly(1, 0);
    }
}
