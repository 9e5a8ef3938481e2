package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products and moments against plain loops in double precision. */
class RowMatrixTest {
    private final Random random = new Random(3);

    private Matrix matrix(int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Matrix(values, rows, columns);
    }

    private static void check(double[] found, double[] expected, String what) {
        double most = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        assertThat(found).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).as(what + " " + i).isCloseTo(expected[i], within(1e-12 * most));
        }
    }

    private static double[] sums(Matrix matrix, double[] u, int from, int to) {
        double[] sums = new double[matrix.columns()];
        for (int i = from; i < to; i++) {
            for (int c = 0; c < sums.length; c++) {
                sums[c] += (u == null ? 1 : u[i]) * matrix.at(i, c);
            }
        }
        return sums;
    }

    private static double[] moments(Matrix matrix, double[] u, int from, int to, int[] chosen) {
        int count = chosen.length;
        double[] moments = new double[count * count];
        for (int i = from; i < to; i++) {
            for (int a = 0; a < count; a++) {
                for (int b = 0; b < count; b++) {
                    moments[a * count + b] += (u == null ? 1 : u[i]) * matrix.at(i, chosen[a]) * matrix.at(i, chosen[b]);
                }
            }
        }
        return moments;
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "7, 3", "270, 8", "530, 17", "40, 261", "9, 523"})
    void sumsOfRows(int rows, int columns) {
        Matrix matrix = matrix(rows, columns);
        double[] u = random.doubles(rows, -1, 3).toArray();
        double[] v = random.doubles(columns, -1, 3).toArray();
        int[] all = IntStream.range(0, columns).toArray();
        int[] some = IntStream.range(0, columns).filter(c -> c % 3 != 1).toArray();
        try (Device device = DeviceMatrix.open(); RowMatrix found = RowMatrix.of(device, matrix)) {
            double[] product = new double[rows];
            for (int i = 0; i < rows; i++) {
                for (int c = 0; c < columns; c++) {
                    product[i] += matrix.at(i, c) * v[c];
                }
            }
            check(found.products(v), product, "product");
            int from = rows / 5;
            int to = rows - rows / 7;
            check(found.transposedProducts(null, 0, rows), sums(matrix, null, 0, rows), "sum");
            check(found.transposedProducts(u, from, to), sums(matrix, u, from, to), "weighted sum");
            check(found.transposedProducts(u, 0, 0), new double[columns], "sum of no row");
            check(found.moments(null, 0, rows), moments(matrix, null, 0, rows, all), "moments");
            check(found.moments(u, from, to), moments(matrix, u, from, to, all), "weighted moments");
            check(found.moments(u, from, to, some), moments(matrix, u, from, to, some), "moments of chosen columns");
            check(found.moments(u, rows, rows), new double[columns * columns], "moments of no row");
            assertThat(found.values()).isEqualTo(matrix.values());
        }
    }

    @Test
    void gaussianFunctions() {
        for (int d : new int[] {1, 3, 6, 16}) {
            Matrix points = matrix(31, d);
            Matrix centers = matrix(270, d);
            double gamma = 0.7 / d;
            try (Device device = DeviceMatrix.open(); RowMatrix found = RowMatrix.gaussian(device, points, centers, gamma)) {
                assertThat(found.rows()).isEqualTo(31);
                assertThat(found.columns()).isEqualTo(270);
                float[] values = found.values();
                for (int i = 0; i < 31; i++) {
                    for (int l = 0; l < 270; l++) {
                        double square = 0;
                        for (int k = 0; k < d; k++) {
                            square += Math.pow((double) points.at(i, k) - centers.at(l, k), 2);
                        }
                        assertThat((double) values[i * 270 + l]).isCloseTo(Math.exp(-gamma * square), within(1e-6));
                    }
                }
            }
        }
    }

    @Test
    void theNumberOfThreadsDoesNotShow() {
        Matrix matrix = matrix(3000, 30);
        double[] u = random.doubles(3000, -1, 3).toArray();
        double[][] results = new double[3][];
        for (int threads = 1; threads <= 3; threads++) {
            try (Device device = Devices.open("host", threads); RowMatrix found = RowMatrix.of(device, matrix)) {
                results[threads - 1] = found.moments(u, 0, 3000);
            }
        }
        assertThat(results[1]).isEqualTo(results[0]);
        assertThat(results[2]).isEqualTo(results[0]);
    }

    @Test
    void rowsThatThereAreNot() {
        try (Device device = DeviceMatrix.open(); RowMatrix found = RowMatrix.of(device, matrix(4, 2))) {
            assertThatThrownBy(() -> found.moments(null, 2, 5)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> found.transposedProducts(null, -1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void moreProductsThanAnArrayHolds() {
        try (Device device = DeviceMatrix.open(); RowMatrix matrix = RowMatrix.of(device, new Matrix(new float[46_341], 1, 46_341))) {
            assertThatThrownBy(() -> matrix.moments(null, 0, 1)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("products of 46,341 columns, and 46,340 are the most");
        }
        assertThat(LogisticFunction.terms(65_536, true)).isEqualTo(65_536L * 65_537 / 2 + 65_537);
    }
}
