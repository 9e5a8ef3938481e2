package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.UsageException;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Plain matrix products through JCublas, over a stand-in for cuBLAS that refuses matrices whose layout does not fit. */
class CublasProductsTest {
    @BeforeEach
    void needsTheStandInDriver() {
        assumeTrue(DeviceMatrix.name().equals("simt"), "a stand-in for cuBLAS needs the stand-in driver (-Dadiw.test.device=simt)");
    }

    @AfterEach
    void leaveTheChoiceOpen() {
        System.clearProperty(CudaDevice.PRODUCTS_PROPERTY);
    }

    @Test
    void refusesAChoiceThatIsNone() {
        System.setProperty(CudaDevice.PRODUCTS_PROPERTY, "both");
        assertThatThrownBy(DeviceMatrix::open).isInstanceOf(UsageException.class).hasMessageContaining("choose auto, kernel or cublas");
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void productsOfEveryLayout() throws IOException, InterruptedException {
        System.setProperty(CudaDevice.PRODUCTS_PROPERTY, "cublas");
        if (!HostRuntime.finds("libcublas.so.12")) {
            assertThatThrownBy(DeviceMatrix::open).isInstanceOf(AdiwException.class).hasMessageContaining("libcublas.so.12 is not found");
            StandInControl.make("cublas");
            System.load(StandInControl.BUILT.resolve("simt/libcublas.so.12").toAbsolutePath().toString());
        }
        try (Device device = DeviceMatrix.open()) {
            assertThat(device.description()).contains("plain matrix products by cuBLAS 12.6.4");
            everyLayout(device);
        }
        System.setProperty(CudaDevice.PRODUCTS_PROPERTY, "kernel");
        try (Device device = DeviceMatrix.open()) {
            assertThat(device.description()).contains("plain matrix products by the kernels");
        }
    }

    static void everyLayout(Device device) {
        for (int layout = 0; layout < 4; layout++) {
            for (String kernel : CublasProducts.KERNELS) {
                products(device, kernel, (layout & 1) != 0, (layout & 2) != 0);
            }
        }
    }

    /** At once, recorded, and as one that is split; plain, added to what is there, and with a bias, which the kernels make. */
    private static void products(Device device, String kernel, boolean transposeA, boolean transposeB) {
        int m = 70;
        int n = 37;
        int k = 21;
        Random random = new Random(5);
        double tolerance = kernel.equals("gemm_tf32") ? 3e-2 : 3e-5;
        float[] a = numbers(random, m * k);
        float[] b = numbers(random, k * n);
        float[] bias = numbers(random, n);
        try (Buffer x = device.floats(a); Buffer y = device.floats(b); Buffer z = device.floats(new float[m * n]);
             Buffer shift = device.floats(bias); Buffer partials = device.floats(new float[2 * 3 * 2 * 32 * 32]);
             Buffer done = device.ints(new int[3 * 2])) {
            Launch tiles = Launch.product(device, m, n);
            device.launch(kernel, tiles, x, y, z, null, m, n, k, transposeA ? 1 : 0, transposeB ? 1 : 0, 0);
            check(z, a, b, null, 1, m, n, k, transposeA, transposeB, tolerance);
            try (Graph graph = device
                .record(() -> device.launch(kernel, tiles, x, y, z, null, m, n, k, transposeA ? 1 : 0, transposeB ? 1 : 0, 1))) {
                graph.replay();
                graph.replay();
            }
            check(z, a, b, null, 3, m, n, k, transposeA, transposeB, tolerance);
            device.launch(kernel, tiles, x, y, z, shift, m, n, k, transposeA ? 1 : 0, transposeB ? 1 : 0, 0);
            check(z, a, b, bias, 1, m, n, k, transposeA, transposeB, tolerance);
            for (Buffer added : new Buffer[] {null, shift}) {
                device.launch(kernel.replace("gemm", "gemm_split"), Launch.tiles(2, 3, 2), x, y, z, added, m, n, k, transposeA ? 1 : 0,
                    transposeB ? 1 : 0, 0, partials, done);
                check(z, a, b, added == null ? null : bias, 1, m, n, k, transposeA, transposeB, tolerance);
            }
        }
    }

    private static void check(Buffer z, float[] a, float[] b, float[] bias, int times, int m, int n, int k, boolean transposeA,
                              boolean transposeB,
                              double tolerance) {
        float[] c = z.toFloats();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += (double) a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
                }
                assertThat((double) c[i * n + j]).as("element %d, %d", i, j).isCloseTo(times * sum + (bias == null ? 0 : bias[j]),
                    within(tolerance));
            }
        }
    }

    private static float[] numbers(Random random, int count) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
