package io.github.adiw.nn.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.nn.Precision;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The host's convolutions against the definition in double precision, where its paths part: images of one band and of several, sides
 * that tiles do not divide, batches that lanes do not, strides that leave kernel elements out, blocks of filters and channels.
 */
class HostConvolutionTest {
    static Stream<Convolution> sizes() {
        return Stream.of(
            // 3 x 3 at stride 1: tiles of 2 x 2, of even and odd sides, with and without padding, one band and several
            new Convolution(17, 8, 6, 6, 8, 3, 1, 1), new Convolution(3, 9, 7, 5, 13, 3, 1, 1), new Convolution(2, 11, 9, 8, 10, 3, 1, 0),
            new Convolution(2, 16, 33, 31, 17, 3, 1, 1), new Convolution(1, 70, 29, 30, 9, 3, 1, 2),
            new Convolution(2, 8, 3, 3, 12, 3, 1, 0),
            new Convolution(1, 300, 5, 4, 260, 3, 1, 1),
            // fewer channels, which tiles do not pay for
            new Convolution(5, 3, 40, 41, 16, 3, 1, 1), new Convolution(33, 5, 6, 9, 7, 3, 1, 1),
            // strides, of which some leave rows and columns of the input out, or reach beyond the kernel
            new Convolution(4, 16, 32, 32, 32, 3, 2, 1), new Convolution(3, 9, 15, 13, 7, 3, 2, 1),
            new Convolution(2, 12, 56, 55, 20, 1, 2, 0),
            new Convolution(2, 6, 17, 19, 5, 2, 3, 0), new Convolution(2, 3, 37, 40, 10, 7, 2, 3),
            new Convolution(2, 4, 11, 12, 3, 5, 3, 2),
            new Convolution(2, 3, 9, 9, 4, 1, 4, 0),
            // 1 x 1, narrow and wide
            new Convolution(2, 130, 14, 14, 40, 1, 1, 0), new Convolution(1, 1000, 7, 7, 30, 1, 1, 0),
            new Convolution(18, 1, 1, 1, 1, 1, 1, 0));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void isTheDefinition(Convolution s) {
        Random random = new Random(7);
        float[] x = floats(random, s.batch() * s.channels() * s.height() * s.width());
        float[] weight = floats(random, s.weights());
        float[] bias = floats(random, s.filters());
        float[] dy = floats(random, s.batch() * s.filters() * s.outputHeight() * s.outputWidth());
        double[] y = new double[dy.length];
        double[] dx = new double[x.length];
        double[] dw = new double[weight.length];
        double[] db = new double[bias.length];
        for (int at = 0; at < dy.length; at++) {
            int column = at % s.outputWidth();
            int row = at / s.outputWidth() % s.outputHeight();
            int f = at / s.outputWidth() / s.outputHeight() % s.filters();
            int b = at / s.outputWidth() / s.outputHeight() / s.filters();
            y[at] = bias[f];
            db[f] += dy[at];
            for (int k = 0; k < s.channels() * s.kernel() * s.kernel(); k++) {
                int c = k / s.kernel() / s.kernel();
                int v = row * s.stride() - s.padding() + k / s.kernel() % s.kernel();
                int u = column * s.stride() - s.padding() + k % s.kernel();
                if (v >= 0 && v < s.height() && u >= 0 && u < s.width()) {
                    int from = ((b * s.channels() + c) * s.height() + v) * s.width() + u;
                    int w = f * s.channels() * s.kernel() * s.kernel() + k;
                    y[at] += (double) x[from] * weight[w];
                    dx[from] += (double) dy[at] * weight[w];
                    dw[w] += (double) dy[at] * x[from];
                }
            }
        }
        try (Device device = Devices.open("host", 2)) {
            Buffer given = device.floats(x);
            Buffer weights = device.floats(weight);
            Buffer gradient = device.floats(dy);
            Buffer made = device.allocate(ElementType.FLOAT32, dy.length);
            MatrixKernels.conv2dForward(device, Precision.FP32, s, given, weights, device.floats(bias), made, false);
            near(made, y, "output");
            MatrixKernels.conv2dForward(device, Precision.FP32, s, given, weights, device.floats(bias), made, true);
            for (int i = 0; i < y.length; i++) {
                y[i] = Math.max(0, y[i]);
            }
            near(made, y, "output after ReLU");
            Buffer back = device.allocate(ElementType.FLOAT32, x.length);
            MatrixKernels.conv2dBackwardData(device, Precision.FP32, s, gradient, weights, back);
            near(back, dx, "input gradient");
            Buffer weightGradient = device.allocate(ElementType.FLOAT32, weight.length);
            Buffer biasGradient = device.allocate(ElementType.FLOAT32, bias.length);
            Buffer partials = device.allocate(ElementType.FLOAT32, MatrixKernels.partials(device, s));
            MatrixKernels.conv2dBackwardWeights(device, Precision.FP32, s, given, gradient, partials, weightGradient, biasGradient);
            near(weightGradient, dw, "weight gradient");
            near(biasGradient, db, "bias gradient");
        }
    }

    private static void near(Buffer made, double[] expected, String what) {
        double largest = 0;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        float[] values = made.toFloats();
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i]).as("%s at %d", what, i).isCloseTo(expected[i], within(1e-5 * largest));
        }
    }

    private static float[] floats(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return values;
    }
}
