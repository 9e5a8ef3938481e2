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
    // The tiles of kernels/conv.cu: 128 x 32, or 128 x 16 where there are no more columns; 32 x 16 for weights of no more rows.
    private static final int CONVOLUTION_ROWS = 128;
    private static final int CONVOLUTION_COLUMNS = 32;
    private static final int FEW_COLUMNS = 16;
    private static final int FEW_ROWS = 32;
    // Those of kernels/conv_pool.cu: 128 pixels of 8 channels, and 128 weights of one filter.
    private static final int POOLED_CHANNELS = 8;
    /** A thread adds up as many; of more, a block of {@code sum_many_partials} adds up some elements. */
    private static final int FEW_SPLITS = 64;
    private static final int SUMMED_COLUMNS = 16;
    /** Parts of a batch where blocks are not counted: a core has one at least. */
    private static final int HOST_SPLITS = 64;
    /** Blocks that a multiprocessor should have: one computes where the other waits. */
    static final long BLOCKS = 2;
    /** Floats of partial sums: convolutions of many weights have enough tiles without many splits. */
    static final int MOST_PARTIALS = 1 << 24;

    private MatrixKernels() {}

    /** c [m, n] = op(a) [m, k] op(b) [k, n] + bias [n] (may be null), row-major. */
    public static void gemm(Device device, Precision precision, Buffer a, Buffer b, Buffer c, Buffer bias, int m, int n, int k,
                            boolean transposeA, boolean transposeB, int flags) {
        device.launch(kernel(precision, "gemm"), Launch.product(device, m, n), a, b, c, bias, m, n, k, transposeA ? 1 : 0,
            transposeB ? 1 : 0, flags);
    }

    /** As the other, split over k where that fills the device; the memory was made for this size, too. */
    static void gemm(Device device, Precision precision, SplitMemory memory, Buffer a, Buffer b, Buffer c, Buffer bias, ProductSize size,
                     boolean transposeA, boolean transposeB, int flags) {
        int splits = size.splits(device);
        if (splits == 1) {
            gemm(device, precision, a, b, c, bias, size.m(), size.n(), size.k(), transposeA, transposeB, flags);
        } else {
            device.launch(kernel(precision, "gemm_split"), Launch.tiles(size.columnTiles(), Math.toIntExact(size.rowTiles()), splits), a, b,
                c, bias, size.m(), size.n(), size.k(), transposeA ? 1 : 0, transposeB ? 1 : 0, flags, memory.partials(), memory.done());
        }
    }

    /** The kernel of that name for a precision: {@code gemm_fp32}, {@code gemm_tf32}. */
    private static String kernel(Precision precision, String name) {
        return name + "_" + precision.name().toLowerCase(Locale.ROOT);
    }

    private static int tiles(long n, int size) {
        return Math.toIntExact((n + size - 1) / size);
    }

    /** Floats of the partial sums that the weight gradients of a convolution need. */
    public static long partials(Device device, Convolution s) {
        return partials(s, weightTiles(device, s));
    }

    /** As {@link #partials}, of a convolution whose gradient is spread by a pool. */
    public static long pooledPartials(Device device, Convolution s) {
        return partials(s, pooledWeightTiles(device, s));
    }

    private static long partials(Convolution s, Launch tiles) {
        return (long) tiles.z() * (s.weights() + s.filters());
    }

    private static Launch weightTiles(Device device, Convolution s) {
        return s.taps() <= FEW_ROWS ? split(device, s, 1, tiles(s.filters(), FEW_COLUMNS))
            : split(device, s, tiles(s.taps(), CONVOLUTION_ROWS), columnTiles(s.filters()));
    }

    private static Launch pooledWeightTiles(Device device, Convolution s) {
        return split(device, s, tiles(s.taps(), CONVOLUTION_ROWS), s.filters());
    }

    /** So many tiles of weights, each for parts of the batch, in which a kernel counts elements by int. */
    private static Launch split(Device device, Convolution s, int x, int y) {
        int wanted = device.multiprocessors() == 0 ? HOST_SPLITS : tiles(BLOCKS * device.multiprocessors(), x * y);
        int most = Math.max(1, Math.min(wanted, MOST_PARTIALS / (s.weights() + s.filters())));
        int least = tiles(s.batch() * s.largestImage(), 1 << 30);
        return Launch.tiles(x, y, Math.max(least, Math.min(tiles(s.batch(), device.samplesTogether()), most)));
    }

    private static int columnTiles(int columns) {
        return columns <= FEW_COLUMNS ? 1 : tiles(columns, CONVOLUTION_COLUMNS);
    }

    private static Launch forwardTiles(Convolution s) {
        return Launch.tiles(tiles((long) s.batch() * s.outputHeight() * s.outputWidth(), CONVOLUTION_ROWS), columnTiles(s.filters()), 1);
    }

    static void conv2dForward(Device device, Precision precision, Convolution s, Buffer x, Buffer weight, Buffer bias, Buffer y,
                              boolean relu) {
        device.launch(kernel(precision, "conv2d_forward"), forwardTiles(s), x, weight, bias, y, s.batch(), s.channels(), s.height(),
            s.width(), s.filters(), s.kernel(), s.stride(), s.padding(), relu ? RELU : 0);
    }

    static void conv2dBackwardData(Device device, Precision precision, Convolution s, Buffer dy, Buffer weight, Buffer dx) {
        long pixels = (long) s.batch() * tiles(s.height(), s.stride()) * tiles(s.width(), s.stride());
        Launch tiles = Launch.tiles(tiles(pixels, CONVOLUTION_ROWS), columnTiles(s.channels()), s.stride() * s.stride());
        device.launch(kernel(precision, "conv2d_backward_data"), tiles, dy, weight, dx, s.batch(), s.channels(), s.height(), s.width(),
            s.filters(), s.kernel(), s.stride(), s.padding());
    }

    static void conv2dBackwardWeights(Device device, Precision precision, Convolution s, Buffer x, Buffer dy, Buffer partials,
                                      Buffer dw, Buffer db) {
        Launch tiles = weightTiles(device, s);
        device.launch(kernel(precision, "conv2d_backward_weights"), tiles, x, dy, partials, s.batch(), s.channels(), s.height(), s.width(),
            s.filters(), s.kernel(), s.stride(), s.padding(), tiles.z());
        sum(device, s, partials, dw, db, tiles.z());
    }

    /**
     * Enqueues a convolution, its ReLU and a 2 x 2 max-pool.
     *
     * @param bias   float32 {@code [filters]}; may be null
     * @param y      float32, what the pool makes
     * @param choice uint8, as long as {@code y}: where in its window each value was, for the passes backward
     */
    public static void conv2dReluPoolForward(Device device, Precision precision, Convolution s, Buffer x, Buffer weight, Buffer bias,
                                             Buffer y, Buffer choice) {
        device.launch(kernel(precision, "conv2d_relu_pool_forward"), forwardTiles(s), x, weight, bias, y, choice, s.batch(), s.channels(),
            s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding());
    }

    /** Enqueues the gradient of the input of these three, {@code dx}, from that of the output. */
    public static void conv2dReluPoolBackwardData(Device device, Precision precision, Convolution s, Buffer dy, Buffer choice,
                                                  Buffer weight, Buffer dx) {
        long pixels = (long) s.batch() * s.height() * s.width();
        device.launch(kernel(precision, "conv2d_relu_pool_backward_data"),
            Launch.tiles(tiles(pixels, CONVOLUTION_ROWS), tiles(s.channels(), POOLED_CHANNELS), 1), dy, choice, weight, dx, s.batch(),
            s.channels(), s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding());
    }

    /**
     * Enqueues the gradients of weights and biases of these three.
     *
     * @param partials float32, {@link #pooledPartials}
     * @param db       may be null
     */
    public static void conv2dReluPoolBackwardWeights(Device device, Precision precision, Convolution s, Buffer x, Buffer dy, Buffer choice,
                                                     Buffer partials, Buffer dw, Buffer db) {
        Launch tiles = pooledWeightTiles(device, s);
        device.launch(kernel(precision, "conv2d_relu_pool_backward_weights"), tiles, x, dy, choice, partials, s.batch(), s.channels(),
            s.height(), s.width(), s.filters(), s.kernel(), s.stride(), s.padding(), tiles.z());
        sum(device, s, partials, dw, db, tiles.z());
    }

    private static void sum(Device device, Convolution s, Buffer partials, Buffer dw, Buffer db, int splits) {
        int count = s.weights() + s.filters();
        boolean many = splits > FEW_SPLITS;
        device.launch(many ? "sum_many_partials" : "sum_partials",
            many ? Launch.rows(tiles(count, SUMMED_COLUMNS)) : Launch.elements(count), partials, dw, db, splits, s.weights(), s.filters());
    }
}
