// 2-D convolution, NCHW, square kernels, as implicit GEMM over the tiles of tile.cuh. oh = (height + 2 padding - kernel) / stride + 1.
// Tiles have 128 rows and 32 columns, or 16 where there are no more.
//
// conv2d_forward            y[b,f,y,x] = bias_f + sum_crs w[f,c,r,s] x[b,c,y stride + r - padding,x stride + s - padding]; ReLU if
//                           flags & 2
//                           rows: output pixels; columns: filters; k: c, r, s
// conv2d_relu_pool_forward  y = max over 2 x 2 windows of max(0, conv), choice = the first maximum's position 0..3, or 4 if none is
//                           positive; rows are ordered so that the four pixels of a window are neighbours
// conv2d_backward_data      dx = the transposed convolution of dy; rows: input pixels; columns: channels; k: f, r, s. A stride is
//                           stride^2 convolutions, of pixels (y0 + stride i, x0 + stride j) with the part of the kernel that reaches them.
//                           Grid: tiles of batch ceil(height / stride) ceil(width / stride) pixels, tiles of channels, stride^2
// conv2d_backward_weights   partials[split] = gradient of the weights [filters, channels, kernel, kernel], then of the biases
//                           [filters], over samples split batch / splits ..; rows: c, r, s; columns: filters; k: output pixels. The
//                           biases' gradients are sums of what the columns load, exact in TF32 too. Where there are at most 32 rows, tiles
//                           are 32 x 16, with four groups of threads for the pixels.
//                           Grid: tiles of rows, tiles of columns, splits
// sum_partials              dweight_i = sum_s partials[s, i], dbias_f = sum_s partials[s, weights + f]; partials [splits, weights +
//                           biases]; without dbias if that is null; over elements, or, of more than 64 splits, a block for 16 of them
//                           4 splits (weights + biases) bytes
//
// 2 batch filters oh ow channels kernel^2 operations each; every x, w, dy is read kernel^2 times from cache, once from memory.
//
// Nothing is divided in a slice: a row is decoded once, and k is three digits (c, r, s or b, y, x) that go on by the slice's depth with a
// carry. Some threads do that for all, which find what a step of k adds to an address and to a pixel's place in shared memory; so
// every window and stride takes as long. A load outside of the image is predicated, since a branch would keep loads from overlapping.
#include "columns.cuh"
#include "conv_shape.cuh"
#include "tile.cuh"

/// What a product needs of index k: offsets from a row's place and from a column's, and where in the image the row's element lies.
struct Step {
    int a, y, x, b;
};

/// Offsets are linear in the digits of k.
struct StepPlan {
    int middles, lows;
    int a_high, a_middle, a_low, y_middle, x_low, b_high, b_middle, b_low;
    KERNEL_MEMBER Step step(Digits d) const {
        return Step{d.high * a_high + d.middle * a_middle + d.low * a_low, d.middle * y_middle, d.low * x_low,
                    d.high * b_high + d.middle * b_middle + d.low * b_low};
    }
};

/// This thread's row of a tile: the element of step k is `at` + k.a if (y + k.y, x + k.x) lies in the image, else 0.
/// Without the choice of `at` the compiler would work it out anew for every element.
struct GatheredRow {
    const float* at;
    int y, x;
    KERNEL_MEMBER GatheredRow(bool exists, const float* images, long place, int y, int x)
        : at(exists ? images + place : images), y(exists ? y : -2 * outside), x(x) {}
};

/// The operands of convolutions: a is gathered from images, b read from where a column's steps lie.
template<class T, bool SUMS> struct Gathered {
    static constexpr int row_steps = tile_threads / T::ROWS, column_steps = tile_threads / T::depth;
    GatheredRow row;
    int height, width;        // of the image
    const float* column;      // this thread's first; its others lie column_steps further
    int column_step, columns, k_end;
    StepPlan plan;
    Step* steps;      // shared, of two slices
    Digits next, by;
    int turn = 0;
    float sum[T::held_b] = {};      // of the columns, this thread's steps

    /// @param first of `columns` columns, whose elements lie column_step apart
    KERNEL_MEMBER Gathered(GatheredRow row, int height, int width, const float* first, int column_step, int columns, int k_end,
                           const StepPlan& plan, Step* steps)
        : row(row), height(height), width(width), column(first + (long) (threadIdx.x / T::depth) * column_step), column_step(column_step),
          columns(columns - threadIdx.x / T::depth), k_end(k_end), plan(plan), steps(steps),
          next(digits(threadIdx.x, plan.middles, plan.lows)), by(digits(T::depth, plan.middles, plan.lows)) {}
    KERNEL_MEMBER void announce(int k) {
        turn ^= T::depth;
        int t = threadIdx.x;
        if (t >= T::depth) return;
        steps[turn + t] = k + t < k_end ? plan.step(next) : Step{0, outside, outside, 0};
        next = sum_of_digits(next, by, plan.middles, plan.lows);
    }
    KERNEL_MEMBER void load(int k, float (&a)[T::held_a], float (&b)[T::held_b]) const {
#pragma unroll
        for (int e = 0; e < T::held_a; e++) {
            Step s = steps[turn + threadIdx.x / T::ROWS + e * row_steps];
            bool inside = ((unsigned) (row.y + s.y) < (unsigned) height) & ((unsigned) (row.x + s.x) < (unsigned) width);
            a[e] = inside ? row.at[s.a] : 0.0f;
        }
        int p = threadIdx.x % T::depth, there = k + p < k_end ? columns : 0;
        const float* from = column + steps[turn + p].b;
#pragma unroll
        for (int e = 0; e < T::held_b; e++) b[e] = e * column_steps < there ? from[e * column_steps * column_step] : 0.0f;
    }
    KERNEL_MEMBER int a_at(int e) const { return (threadIdx.x / T::ROWS + e * row_steps) * T::a_step + threadIdx.x % T::ROWS; }
    KERNEL_MEMBER int b_at(int e) const { return threadIdx.x % T::depth * T::b_step + threadIdx.x / T::depth + e * column_steps; }
    KERNEL_MEMBER void keep(const float (&b)[T::held_b]) {
        if constexpr (SUMS) {
#pragma unroll
            for (int e = 0; e < T::held_b; e++) sum[e] += b[e];
        }
    }
};

/// An output pixel.
struct Pixel {
    int b, y, x;
    bool exists;
};

/// Output pixel i in order, or the pixel i & 3 of pooled pixel i >> 2.
DEVICE Pixel output_pixel(const ConvShape& s, bool pooled, int i) {
    int ow = pooled ? s.ow / 2 : s.ow, oh = pooled ? s.oh / 2 : s.oh;
    Digits d = digits(pooled ? i >> 2 : i, oh, ow);
    Pixel p = {d.high, d.middle, d.low, d.high < s.batch};
    if (pooled) {
        p.y = 2 * p.y + (i >> 1 & 1);
        p.x = 2 * p.x + (i & 1);
    }
    return p;
}

/// The product of a forward pass for the pixel of this thread's row.
template<class T>
DEVICE void forward_product(const ConvShape& s, Pixel p, int f0, const float* x, const float* weight, float* memory, Step* steps) {
    int image = s.height * s.width, window = s.kernel * s.kernel, k = s.channels * window;
    int y = p.y * s.stride - s.padding, left = p.x * s.stride - s.padding;
    GatheredRow row(p.exists, x, (long) p.b * s.channels * image + y * s.width + left, y, left);
    StepPlan plan = {s.kernel, s.kernel, image, s.width, 1, 1, 1, window, s.kernel, 1};
    Gathered<T, false> operand(row, s.height, s.width, weight + (long) f0 * k, k, s.filters - f0, k, plan, steps);
    tile_product<T>(operand, 0, k, memory);
}

template<class T> DEVICE void dense_forward(int bx, int by, const ConvShape& s, const float* x, const float* weight, const float* bias,
                                            float* y, int flags, float* memory, Step* steps) {
    int f0 = by * T::COLUMNS, i = threadIdx.x % T::ROWS;
    Pixel p = output_pixel(s, false, bx * T::ROWS + i);
    forward_product<T>(s, p, f0, x, weight, memory, steps);
    if (!p.exists) return;
    float* out = y + (((long) p.b * s.filters + f0) * s.oh + p.y) * s.ow + p.x;
    for (int f = threadIdx.x / T::ROWS; f < T::COLUMNS && f0 + f < s.filters; f += tile_threads / T::ROWS) {
        float v = tile_sum<T>(memory, i, f) + (bias ? bias[f0 + f] : 0);
        out[(long) f * s.oh * s.ow] = flags & 2 && v < 0 ? 0 : v;
    }
}

template<class T> DEVICE void pooled_forward(int bx, int by, const ConvShape& s, const float* x, const float* weight, const float* bias,
                                             float* y, unsigned char* choice, float* memory, Step* steps) {
    constexpr int pools = T::ROWS / 4;
    int f0 = by * T::COLUMNS, row0 = bx * T::ROWS, i = threadIdx.x % pools, pw = s.ow / 2, ph = s.oh / 2;
    forward_product<T>(s, output_pixel(s, true, row0 + (int) threadIdx.x % T::ROWS), f0, x, weight, memory, steps);
    Digits p = digits(row0 / 4 + i, ph, pw);
    if (p.high >= s.batch) return;
    long at = (((long) p.high * s.filters + f0) * ph + p.middle) * pw + p.low;
    for (int f = threadIdx.x / pools; f < T::COLUMNS && f0 + f < s.filters; f += tile_threads / pools) {
        float best = tile_sum<T>(memory, 4 * i, f);
        int where = 0;
#pragma unroll
        for (int q = 1; q < 4; q++) {
            float v = tile_sum<T>(memory, 4 * i + q, f);
            where = v > best ? q : where;
            best = v > best ? v : best;
        }
        best += bias ? bias[f0 + f] : 0;
        long out = at + (long) f * ph * pw;
        y[out] = best < 0 ? 0 : best;
        choice[out] = (unsigned char) (best > 0 ? where : 4);
    }
}

template<class T> DEVICE void backward_data(int bx, int by, int phase, const ConvShape& s, const float* dy, const float* weight, float* dx,
                                            float* memory, Step* steps) {
    int c0 = by * T::COLUMNS, i = threadIdx.x % T::ROWS, image = s.height * s.width, output = s.oh * s.ow;
    // Pixels y0, y0 + stride, .. are reached by rows r0, r0 + stride, .. of the window.
    int y0 = phase / s.stride, x0 = phase % s.stride, r0 = (y0 + s.padding) % s.stride, s0 = (x0 + s.padding) % s.stride;
    int rows = s.kernel > r0 ? (s.kernel - r0 + s.stride - 1) / s.stride : 0,
        lefts = s.kernel > s0 ? (s.kernel - s0 + s.stride - 1) / s.stride : 0;
    int heights = (s.height - y0 + s.stride - 1) / s.stride, widths = (s.width - x0 + s.stride - 1) / s.stride;
    if (heights <= 0 || widths <= 0) return;
    Digits p = digits(bx * T::ROWS + i, heights, widths);
    bool exists = p.high < s.batch;
    int y = y0 + p.middle * s.stride, x = x0 + p.low * s.stride, up = (y + s.padding) / s.stride, left = (x + s.padding) / s.stride;
    int window = s.kernel * s.kernel, k = s.filters * rows * lefts;
    GatheredRow row(exists, dy, (long) p.high * s.filters * output + up * s.ow + left, up, left);
    StepPlan plan = {rows > 0 ? rows : 1, lefts > 0 ? lefts : 1, output,  -s.ow, -1, -1, -1,
                     s.channels * window, s.stride * s.kernel,   s.stride};
    Gathered<T, false> operand(row, s.oh, s.ow, weight + (long) c0 * window + r0 * s.kernel + s0, window, s.channels - c0, k, plan, steps);
    tile_product<T>(operand, 0, k, memory);
    if (!exists) return;
    float* out = dx + ((long) p.high * s.channels + c0) * image + y * s.width + x;
    for (int c = threadIdx.x / T::ROWS; c < T::COLUMNS && c0 + c < s.channels; c += tile_threads / T::ROWS)
        out[(long) c * image] = tile_sum<T>(memory, i, c);
}

template<class T> DEVICE void backward_weights(int bx, int by, int split, const ConvShape& s, const float* x, const float* dy,
                                               float* partials, int splits, float* memory, Step* steps) {
    int row0 = bx * T::ROWS, f0 = by * T::COLUMNS;
    int image = s.height * s.width, output = s.oh * s.ow, window = s.channels * s.kernel * s.kernel;
    int first = (int) ((long) split * s.batch / splits), last = (int) ((long) (split + 1) * s.batch / splits), k = (last - first) * output;
    int i = row0 + threadIdx.x % T::ROWS;
    Digits tap = digits(i, s.kernel, s.kernel);
    int y = tap.middle - s.padding, left = tap.low - s.padding;
    GatheredRow row(i < window, x, ((long) first * s.channels + tap.high) * image + y * s.width + left, y, left);
    // clang-format off
    StepPlan plan = {s.oh, s.ow, s.channels * image, s.stride * s.width, s.stride, s.stride, s.stride, s.filters * output, s.ow, 1};
    // clang-format on
    Gathered<T, true> operand(row, s.height, s.width, dy + ((long) first * s.filters + f0) * output, output, s.filters - f0, k, plan,
                              steps);
    tile_product<T>(operand, 0, k, memory);
    float* out = partials + (long) split * s.filters * (window + 1);
    FOR_THREADS(at, T::ROWS * T::COLUMNS) {
        int t = row0 + at % T::ROWS, f = f0 + at / T::ROWS;
        if (t < window && f < s.filters) out[(long) f * window + t] = tile_sum<T>(memory, at % T::ROWS, at / T::ROWS);
    }
    if (bx > 0) return;
    __syncthreads();
#pragma unroll
    for (int e = 0; e < T::held_b; e++)
        memory[threadIdx.x % T::depth * T::COLUMNS + threadIdx.x / T::depth + e * (tile_threads / T::depth)] = operand.sum[e];
    __syncthreads();
    FOR_THREADS(f, T::COLUMNS) {
        float sum = 0;
        for (int k = 0; k < T::depth; k++) sum += memory[k * T::COLUMNS + f];
        if (f0 + f < s.filters) out[(long) s.filters * window + f0 + f] = sum;
    }
}

#define TILE blockIdx.x, blockIdx.y
#define CONVOLUTIONS(precision, tf32) \
    KERNEL_FIXED(256, conv2d_forward_##precision, const float* x, const float* weight, const float* bias, float* y, DIMENSIONS, \
                 int flags) { \
        SHARED(float, memory, (Tile<128, 32, 1, tf32>::floats)); \
        SHARED(Step, steps, 32); \
        if (filters <= 16) dense_forward<Tile<128, 16, 1, tf32>>(TILE, SHAPE, x, weight, bias, y, flags, memory, steps); \
        else dense_forward<Tile<128, 32, 1, tf32>>(TILE, SHAPE, x, weight, bias, y, flags, memory, steps); \
    } \
    KERNEL_FIXED(256, conv2d_relu_pool_forward_##precision, const float* x, const float* weight, const float* bias, float* y, \
                 unsigned char* choice, DIMENSIONS) { \
        SHARED(float, memory, (Tile<128, 32, 1, tf32>::floats)); \
        SHARED(Step, steps, 32); \
        if (filters <= 16) pooled_forward<Tile<128, 16, 1, tf32>>(TILE, SHAPE, x, weight, bias, y, choice, memory, steps); \
        else pooled_forward<Tile<128, 32, 1, tf32>>(TILE, SHAPE, x, weight, bias, y, choice, memory, steps); \
    } \
    KERNEL_FIXED(256, conv2d_backward_data_##precision, const float* dy, const float* weight, float* dx, DIMENSIONS) { \
        SHARED(float, memory, (Tile<128, 32, 1, tf32>::floats)); \
        SHARED(Step, steps, 32); \
        if (channels <= 16) backward_data<Tile<128, 16, 1, tf32>>(TILE, blockIdx.z, SHAPE, dy, weight, dx, memory, steps); \
        else backward_data<Tile<128, 32, 1, tf32>>(TILE, blockIdx.z, SHAPE, dy, weight, dx, memory, steps); \
    } \
    KERNEL_FIXED(256, conv2d_backward_weights_##precision, const float* x, const float* dy, float* partials, DIMENSIONS, int splits) { \
        SHARED(float, memory, (Tile<32, 16, 4, tf32>::floats)); \
        SHARED(Step, steps, 128); \
        if (channels * kernel * kernel <= 32) \
            backward_weights<Tile<32, 16, 4, tf32>>(TILE, blockIdx.z, SHAPE, x, dy, partials, splits, memory, steps); \
        else if (filters <= 16) backward_weights<Tile<128, 16, 1, tf32>>(TILE, blockIdx.z, SHAPE, x, dy, partials, splits, memory, steps); \
        else backward_weights<Tile<128, 32, 1, tf32>>(TILE, blockIdx.z, SHAPE, x, dy, partials, splits, memory, steps); \
    }
CONVOLUTIONS(fp32, false)
CONVOLUTIONS(tf32, true)

KERNEL(sum_partials, const float* RESTRICT partials, float* RESTRICT dweight, float* RESTRICT dbias, int splits, int weights, int biases) {
    int count = weights + biases;
    auto write = [=](long i, float sum) {
        if (i < weights) dweight[i] = sum;
        else if (dbias) dbias[i - weights] = sum;
    };
    if (splits > 64) sum_columns(blockIdx.x, partials, splits, count, write);
    else {
        FOR_ELEMENTS(i, count) {
            sum_t sum = 0;
#pragma unroll 16
            for (int s = 0; s < splits; s++) sum += partials[(long) s * count + i];
            write(i, (float) sum);
        }
    }
}
