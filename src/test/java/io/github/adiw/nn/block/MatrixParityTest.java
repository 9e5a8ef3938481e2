package io.github.adiw.nn.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.KernelParity;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.nn.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Matrix products and convolutions, at their declared blocks: the host's results on the device, whatever the thread order. */
class MatrixParityTest {
    private static double tolerance(Precision precision) {
        return precision == Precision.FP32 ? 1e-5 : 1e-3;
    }

    private static float[] floats(Random random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void products(Precision precision) {
        products(precision, 70, 37, 45);
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void productsOfManyTiles(Precision precision) {
        products(precision, 132, 129, 75);
    }

    private static void products(Precision precision, int m, int n, int k) {
        KernelParity.check(tolerance(precision), device -> {
            Random random = new Random(3);
            Buffer a = device.floats(floats(random, m * k));
            Buffer b = device.floats(floats(random, k * n));
            Buffer bias = device.floats(floats(random, n));
            List<float[]> results = new ArrayList<>();
            for (int layout = 0; layout < 4; layout++) {
                Buffer c = device.floats(floats(random, m * n));
                MatrixKernels.gemm(device, precision, a, b, c, layout == 1 ? null : bias, m, n, k, (layout & 1) != 0, (layout & 2) != 0,
                    layout == 0 ? MatrixKernels.RELU : layout == 3 ? MatrixKernels.ACCUMULATE : 0);
                results.add(c.toFloats());
            }
            return results;
        });
    }

    /** Twice with the same memory, which a launch must leave as it found it. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void splitProducts(Precision precision) {
        ProductSize size = new ProductSize(40, 30, 1030);
        KernelParity.check(tolerance(precision), device -> {
            Random random = new Random(6);
            assertThat(size.splits(device)).isEqualTo(device.multiprocessors() == 0 ? 1 : 4);
            SplitMemory memory = SplitMemory.of(device, device::allocate, size, new ProductSize(3, 4, 5));
            Buffer a = device.floats(floats(random, size.m() * size.k()));
            Buffer b = device.floats(floats(random, size.k() * size.n()));
            Buffer bias = device.floats(floats(random, size.n()));
            List<float[]> results = new ArrayList<>();
            for (boolean transposed : new boolean[] {false, true}) {
                Buffer c = device.floats(floats(random, size.m() * size.n()));
                MatrixKernels.gemm(device, precision, memory, a, b, c, bias, size, transposed, !transposed,
                    transposed ? MatrixKernels.ACCUMULATE : MatrixKernels.RELU);
                results.add(c.toFloats());
            }
            return results;
        });
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void convolutions(Precision precision) {
        for (Convolution s : new Convolution[] {new Convolution(3, 2, 12, 10, 5, 5, 1, 2), new Convolution(2, 3, 9, 9, 17, 3, 2, 1),
            new Convolution(5, 18, 5, 7, 33, 3, 1, 1), new Convolution(2, 40, 4, 5, 20, 1, 1, 0), new Convolution(3, 4, 6, 7, 5, 1, 2, 0),
            new Convolution(2, 3, 15, 14, 6, 7, 2, 3), new Convolution(2, 2, 11, 8, 3, 2, 3, 0)}) {
            KernelParity.check(tolerance(precision), device -> {
                Random random = new Random(4);
                int outputs = s.batch() * s.filters() * s.outputHeight() * s.outputWidth();
                Buffer x = device.floats(floats(random, s.batch() * s.channels() * s.height() * s.width()));
                Buffer weight = device.floats(floats(random, s.weights()));
                Buffer bias = device.floats(floats(random, s.filters()));
                Buffer dy = device.floats(floats(random, outputs));
                Buffer y = device.floats(new float[outputs]);
                Buffer dx = device.floats(new float[(int) x.length()]);
                MatrixKernels.conv2dForward(device, precision, s, x, weight, bias, y, true);
                MatrixKernels.conv2dBackwardData(device, precision, s, dy, weight, dx);
                Gradients g = new Gradients(device, s, MatrixKernels.partials(device, s));
                MatrixKernels.conv2dBackwardWeights(device, precision, s, x, dy, g.partials, g.weight, g.bias);
                return List.of(y.toFloats(), dx.toFloats(), g.weight.toFloats(), g.bias.toFloats());
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void pooledConvolutions(Precision precision) {
        for (Convolution s : new Convolution[] {new Convolution(3, 2, 12, 8, 6, 5, 1, 2), new Convolution(2, 9, 8, 6, 25, 3, 1, 1),
            new Convolution(9, 6, 14, 14, 5, 5, 1, 0), new Convolution(2, 1, 9, 13, 3, 4, 2, 1),
            new Convolution(2, 2, 6, 8, 3, 23, 1, 11)}) {
            pooledConvolution(precision, s);
        }
    }

    private static void pooledConvolution(Precision precision, Convolution s) {
        KernelParity.check(tolerance(precision), device -> {
            Random random = new Random(5);
            int pooled = s.batch() * s.filters() * s.outputHeight() * s.outputWidth() / 4;
            Buffer x = device.floats(floats(random, s.batch() * s.channels() * s.height() * s.width()));
            Buffer weight = device.floats(floats(random, s.weights()));
            Buffer bias = device.floats(floats(random, s.filters()));
            Buffer dy = device.floats(floats(random, pooled));
            Buffer y = device.floats(new float[pooled]);
            Buffer choice = device.allocate(ElementType.UINT8, pooled);
            Buffer dx = device.floats(new float[(int) x.length()]);
            MatrixKernels.conv2dReluPoolForward(device, precision, s, x, weight, bias, y, choice);
            byte[] given = new byte[pooled];
            for (int i = 0; i < pooled; i++) {
                given[i] = (byte) random.nextInt(5);
            }
            choice.upload(given);
            MatrixKernels.conv2dReluPoolBackwardData(device, precision, s, dy, choice, weight, dx);
            Gradients g = new Gradients(device, s, MatrixKernels.pooledPartials(device, s));
            MatrixKernels.conv2dReluPoolBackwardWeights(device, precision, s, x, dy, choice, g.partials, g.weight, g.bias);
            return List.of(y.toFloats(), dx.toFloats(), g.weight.toFloats(), g.bias.toFloats());
        });
    }

    private static final class Gradients {
        final Buffer partials;
        final Buffer weight;
        final Buffer bias;

        Gradients(Device device, Convolution s, long floats) {
            partials = device.allocate(ElementType.FLOAT32, floats);
            weight = device.allocate(ElementType.FLOAT32, s.weights());
            bias = device.allocate(ElementType.FLOAT32, s.filters());
        }
    }
}
