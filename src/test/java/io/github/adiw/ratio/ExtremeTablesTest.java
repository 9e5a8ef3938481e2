package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two samples of finite numbers of any size have finite weights of mean 1, or the reason why not is one sentence. */
class ExtremeTablesTest {
    private static final float[] VALUES = {0, Float.MIN_VALUE, 1e-38f, 1e-30f, 1, 1e10f, 1e30f, -1e30f};

    private static float[] column(int rows, Random random) {
        float value = VALUES[random.nextInt(VALUES.length)];
        float[] x = new float[rows];
        int kind = random.nextInt(5);
        for (int i = 0; i < rows; i++) {
            x[i] = switch (kind) {
                case 0 -> value;
                case 1 -> random.nextBoolean() ? value : -value;
                case 2 -> value * (float) random.nextGaussian();
                case 3 -> i == 0 ? value : (float) random.nextGaussian();
                default -> VALUES[random.nextInt(VALUES.length)];
            };
        }
        return x;
    }

    /** Whose mean, as a sum of many numbers, is not the number. */
    @ParameterizedTest
    @ValueSource(doubles = {1, 0.1, 1234.5})
    void aConstantOfManyRowsIsConstant(double constant) {
        Random random = new Random(1);
        double[] x = IntStream.range(0, 2 * 1_000_000).mapToDouble(i -> i % 2 == 0 ? constant : random.nextGaussian()).toArray();
        Standardization scaling = Standardization.of(Rows.of(x, 2), Rows.of(Arrays.copyOf(x, 200), 2), true, look -> {});
        assertThat(scaling.dropped(2)).containsExactly(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls", "classifier", "km", "auto"})
    void weightsOrASentence(String method) {
        Random random = new Random(method.hashCode());
        int fitted = 0;
        int cases = DeviceMatrix.slow() ? 6 : method.equals("auto") ? 15 : 40;
        try (Device device = DeviceMatrix.open()) {
            for (int i = 0; i < cases; i++) {
                int d = 1 + random.nextInt(3);
                int n = i % 8 == 0 ? 1 + random.nextInt(3) : 30;
                int m = i % 8 == 1 ? 1 + random.nextInt(3) : 24;
                float[] all = new float[(n + m) * d];
                for (int k = 0; k < d; k++) {
                    float[] x = column(n + m, random);
                    for (int row = 0; row < n + m; row++) {
                        all[row * d + k] = x[row];
                    }
                }
                float[] train = Arrays.copyOf(all, n * d);
                float[] validation = Arrays.copyOfRange(all, n * d, all.length);
                try {
                    DensityRatio ratio = DensityRatio.builder().method(method).standardize(random.nextInt(4) > 0).device(device).fit(train,
                        validation, d);
                    double sum = 0;
                    for (float w : ratio.weights()) {
                        assertThat(w).isFinite().isNotNegative();
                        sum += w;
                    }
                    assertThat(sum).isCloseTo(n, org.assertj.core.data.Offset.offset(1e-3 * n));
                    fitted++;
                } catch (UsageException e) {
                    assertThat(e.getMessage()).as(Arrays.toString(all)).isNotBlank();
                } catch (AdiwException e) {
                    assertThat(e.getMessage()).as(Arrays.toString(all)).contains(" ").doesNotContain("Exception");
                }
            }
        }
        assertThat(fitted).as("fits that gave weights").isGreaterThan(cases / 3);
    }

    /** A table of a file may have more numbers than an array: that is a sentence, before anything is read. */
    @Test
    void moreNumbersThanAnArrayHolds() {
        int columns = 4096;
        Rows unread = new Rows() {
            @Override
            public int rows() {
                return 1 << 20;
            }

            @Override
            public int columns() {
                return columns;
            }

            @Override
            public void read(int from, int count, double[] into) {
                throw new AssertionError("read");
            }
        };
        Standardization scaling = new Standardization(IntStream.range(0, columns).toArray(), new double[columns], new double[columns],
            new boolean[columns]);
        assertThatThrownBy(() -> scaling.apply(unread, 0, unread.rows())).isInstanceOf(AdiwException.class)
            .hasMessage(
                "1,048,576 rows of 4,096 columns are more numbers than an array holds: give at most 524,287 rows, or fewer columns");
    }
}
