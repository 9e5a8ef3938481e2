package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Precision;
import java.util.Locale;

/** Launches of matrix products and convolutions: the tiles of {@code kernels/gemm.cu} and {@code kernels/conv.cu}. */
public final class MatrixKernels {
    /** Flag: the result is added to what is there. */
    public static final int ACCUMULATE = 1;
    /** Flag: ReLU last. */
    public static final int RELU = 2;
    // The tiles of kernels/gemm.cu (64 x 64) and kernels/conv.cu (128 x 16).
    private static final int GEMM_TILE = 64;
    private static final int CONVOLUTION_ROWS = 128;
    private static final int CONVOLUTION_COLUMNS = 16;
    private static final int MOST_SPLITS = 64;
    /** Floats of partial sums: convolutions of many weights have enough tiles without many splits. */
    private static final int MOST_PARTIALS = 1 << 24;

    private MatrixKernels() {}

    /** c [m, n] = op(a) [m, k] op(b) [k, n] + bias [n] (may be null), row-major. */
    public static void gemm(Device device, Precision precision, Buffer a, Buffer b, Buffer c, Buffer bias, int m, int n, int k,
                            boolean transposeA, boolean transposeB, int flags) {
        device.launch(kernel(precision, "gemm"), Launch.tiles(tiles(n, GEMM_TILE), tiles(m, GEMM_TILE), 1), a, b, c, bias, m, n, k,
            transposeA ? 1 : 0, transposeB ? 1 : 0, flags);
    }

    /** Floats of the partial sums that the weight gradients need. */
    public static long partials(Device device, Convolution s) {
        return (long) splits(device, s) * (s.weights() + s.filters());
    }

    /** The kernel of that name for a precision: {@code gemm_fp32}, {@code gemm_tf32}. */
    private static String kernel(Precision precision, String name) {
        return name + "_" + precision.name().toLowerCase(Locale.ROOT);
    }

    private static int splits(Device device, Convolution s) {
        int most = Math.max(1, Math.min(MOST_SPLITS, MOST_PARTIALS / (s.weights() + s.filters())));
        return Math.min(tiles(s.batch(), device.samplesTogether()), most);
    }

    private static int tiles(long n, int size) {
        return Math.toIntExact((n + size - 1) / size);
    }

    private static Launch over(long rows, int columns) {
        return Launch.tiles(tiles(rows, CONVOLUTION_ROWS), tiles(columns, CONVOLUTION_COLUMNS), 1);
    }

    static void conv2dForward(Device device, Precision precision, Convolution s, Buffer x, Buffer weight, Buffer bias, Buffer y,
                              boolean relu) {
        device.launch(kernel(precision, "conv2d_forward"), over((long) s.batch() * s.outputHeight() * s.outputWidth(), s.filters()),
            x, weight, bias, y, s.batch(), s.channels(), s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding(),
            relu ? RELU : 0);
    }

    static void conv2dBackwardData(Device device, Precision precision, Convolution s, Buffer dy, Buffer weight, Buffer dx) {
        device.launch(kernel(precision, "conv2d_backward_data"), over((long) s.batch() * s.height() * s.width(), s.channels()),
            dy, weight, dx, s.batch(), s.channels(), s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding());
    }

    static void conv2dBackwardWeights(Device device, Precision precision, Convolution s, Buffer x, Buffer dy, Buffer partials,
                                      Buffer dw, Buffer db) {
        device.launch(kernel(precision, "conv2d_backward_weights"), weightTiles(device, s), x, dy, partials, s.batch(), s.channels(),
            s.height(),
            s.width(), s.filters(), s.kernel(), s.stride(), s.padding(), splits(device, s));
        sum(device, s, partials, dw, db);
    }

    static void conv2dReluPoolForward(Device device, Precision precision, Convolution s, Buffer x, Buffer weight, Buffer bias, Buffer y,
                                      Buffer choice) {
        device.launch(kernel(precision, "conv2d_relu_pool_forward"),
            over((long) s.batch() * s.outputHeight() * s.outputWidth(), s.filters()),
            x, weight, bias, y, choice, s.batch(), s.channels(), s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding());
    }

    static void conv2dReluPoolBackwardData(Device device, Precision precision, Convolution s, Buffer dy, Buffer choice, Buffer weight,
                                           Buffer dx) {
        device.launch(kernel(precision, "conv2d_relu_pool_backward_data"), over((long) s.batch() * s.height() * s.width(), s.channels()),
            dy, choice, weight, dx, s.batch(), s.channels(), s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding());
    }

    static void conv2dReluPoolBackwardWeights(Device device, Precision precision, Convolution s, Buffer x, Buffer dy, Buffer choice,
                                              Buffer partials, Buffer dw, Buffer db) {
        device.launch(kernel(precision, "conv2d_relu_pool_backward_weights"), weightTiles(device, s), x, dy, choice, partials, s.batch(),
            s.channels(), s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding(), splits(device, s));
        sum(device, s, partials, dw, db);
    }

    private static Launch weightTiles(Device device, Convolution s) {
        return Launch.tiles(tiles(s.channels() * s.kernel() * s.kernel() + 1, CONVOLUTION_ROWS), tiles(s.filters(), CONVOLUTION_COLUMNS),
            splits(device, s));
    }

    private static void sum(Device device, Convolution s, Buffer partials, Buffer dw, Buffer db) {
        device.launch("sum_partials", Launch.elements(s.weights() + s.filters()), partials, dw, db, splits(device, s), s.weights(),
            s.filters());
    }
}
