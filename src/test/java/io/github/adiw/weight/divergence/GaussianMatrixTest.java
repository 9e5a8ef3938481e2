package io.github.adiw.weight.divergence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.SegmentedBatch;
import io.github.adiw.weight.divergence.GaussianMatrix.Side;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Kernel matrices against plain Java in double precision: stored, stored in part, not stored. */
class GaussianMatrixTest {
    private static final int N = 37, M = 19;
    private static final double GAMMA = 0.3;
    private final Random random = new Random(5);

    private float[] numbers(int count) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static double[] product(float[] a, float[] b, int d, float[] v, double ridge) {
        double[] product = new double[a.length / d];
        for (int i = 0; i < product.length; i++) {
            for (int j = 0; j < b.length / d; j++) {
                double square = 0;
                for (int k = 0; k < d; k++) {
                    square += Math.pow((double) a[i * d + k] - b[j * d + k], 2);
                }
                product[i] += (Math.exp(-GAMMA * square) + (i == j ? ridge : 0)) * (v == null ? 1 : v[j]);
            }
        }
        return product;
    }

    private static void check(double[] expected, Buffer found, String what) {
        float[] x = found.toFloats();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) x[i]).as(what + " " + i).isCloseTo(expected[i], within(1e-5 * Math.max(1, Math.abs(expected[i]))));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0, 5", "18, 3", "37, 1", "399, 4", "400, 7", "703, 8", "1000000, 2"})
    void storedOrNot(long mostStored, int d) {
        float[] z = numbers(N * d);
        float[] validation = numbers(M * d);
        float[] v = numbers(N);
        EstimationSettings settings = EstimationSettings.builder().bandwidth("gamma:" + GAMMA).eta(1f).build();
        try (Device device = DeviceMatrix.open(); Buffer zBuffer = device.floats(z); Buffer validationBuffer = device.floats(validation);
             Buffer vBuffer = device.floats(v); Buffer out = device.floats(new float[M]);
             Buffer indices = device.ints(new int[N]); Buffer validationIndices = device.ints(new int[M]);
             SegmentedBatch batch = SegmentedBatch.create(device, new BatchShape(N, M, N, M, d), settings, null);
             GaussianMatrix matrix = GaussianMatrix.create(batch, Side.VALIDATION, Side.TRAINING, mostStored);
             GramMatrix gram = GramMatrix.create(batch, mostStored)) {
            batch.set(indices, validationIndices, zBuffer, validationBuffer);
            matrix.compute();
            check(product(validation, z, d, null, 0), matrix.rowSums(), "row sum");
            matrix.multiply(vBuffer, out);
            check(product(validation, z, d, v, 0), out, "product");

            gram.compute(vBuffer);
            check(product(z, z, d, null, GramMatrix.RIDGE), gram.rowSums(), "row sum of the Gram matrix");
            check(product(z, z, d, v, GramMatrix.RIDGE), gram.product(), "first product");
            float[] ones = new float[M];
            Arrays.fill(ones, (float) N / M);
            check(product(z, validation, d, ones, 0), gram.kappa(), "kappa");
            v[3] += 1;
            vBuffer.upload(v);
            gram.multiply(vBuffer);
            check(product(z, z, d, v, GramMatrix.RIDGE), gram.product(), "next product");
        }
    }
}
