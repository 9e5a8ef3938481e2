// 2-D convolution, NCHW, square kernels, as implicit GEMM over the tiles of tile.cuh. oh = (height + 2 padding - kernel) / stride + 1.
//
// conv2d_forward                  y[b,f,y,x] = bias_f + sum_crs w[f,c,r,s] x[b,c,y stride + r - padding,x stride + s - padding]; ReLU if
//                                 flags & 2
//                                 rows: output pixels; columns: filters; k: c, r, s. Grid: ceil(batch oh ow / 128), ceil(filters / 16)
// conv2d_backward_data            dx = the transposed convolution of dy; rows: input pixels; columns: channels; k: f, r, s.
//                                 Grid: ceil(batch height width / 128), ceil(channels / 16)
// conv2d_backward_weights         partials[split] = gradient of the weights [filters, channels, kernel, kernel], then of the biases
//                                 [filters], over samples split batch / splits ..; rows: c, r, s and one row of ones (in TF32 the
//                                 biases are summed apart, exactly); columns: filters; k: output pixels.
//                                 Grid: ceil((channels kernel^2 + 1) / 128), ceil(filters / 16), splits
// conv2d_relu_pool_forward        y = max over 2 x 2 windows of max(0, conv), choice = the first maximum's position 0..3, or 4 if none is
//                                 positive;
//                                 rows are ordered so that the four pixels of a window are neighbours
// conv2d_relu_pool_backward_*     the same as above, of the gradient that choice spreads: dy [batch, filters, oh / 2, ow / 2]
// sum_partials                    dweight_i = sum_s partials[s, i], dbias_f = sum_s partials[s, weights + f]; partials [splits, weights +
//                                 biases];
//                                 without dbias if that is null
//                                 4 splits (weights + biases) bytes
//
// 2 batch filters oh ow channels kernel^2 operations each; every x, w, dy is read kernel^2 times from cache, once from memory.
#include "tile.cuh"

struct ConvShape {
    int batch, channels, height, width, filters, kernel, stride, padding, oh, ow;
};

DEVICE ConvShape conv_shape(int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding) {
    // clang-format off
    ConvShape s = {batch, channels, height, width, filters, kernel, stride, padding,
                   (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1};
    // clang-format on
    return s;
}

/// x at a place of the padded image; zero outside.
DEVICE float image_pixel(const ConvShape& s, const float* x, int b, int c, int y, int column) {
    bool inside = y >= 0 && y < s.height && column >= 0 && column < s.width;
    return inside ? x[(((long) b * s.channels + c) * s.height + y) * s.width + column] : 0.0f;
}

/// The gradient at output pixel (y, x): dense, or spread from the pooled gradient by choice.
DEVICE float output_gradient(const ConvShape& s, const float* dy, const unsigned char* choice, int b, int f, int y, int x) {
    if (!choice) return dy[(((long) b * s.filters + f) * s.oh + y) * s.ow + x];
    long at = (((long) b * s.filters + f) * (s.oh / 2) + y / 2) * (s.ow / 2) + x / 2;
    return choice[at] == (y & 1) * 2 + (x & 1) ? dy[at] : 0.0f;
}

struct ForwardOperand {
    ConvShape s;
    const float* x;
    const float* weight;
    int pooled;
    /// Row i: output pixel i in order, or the pixel i & 3 of pooled pixel i >> 2.
    KERNEL_MEMBER void place(int i, int* b, int* y, int* column) const {
        int ow = pooled ? s.ow / 2 : s.ow, oh = pooled ? s.oh / 2 : s.oh, p = pooled ? i >> 2 : i;
        *column = p % ow;
        *y = p / ow % oh;
        *b = p / ow / oh;
        if (pooled) {
            *column = 2 * *column + (i & 1);
            *y = 2 * *y + (i >> 1 & 1);
        }
    }
    KERNEL_MEMBER float a(int i, int k) const {
        int b, y, column, window = s.kernel * s.kernel;
        place(i, &b, &y, &column);
        if (b >= s.batch) return 0.0f;
        int c = k / window, r = k % window / s.kernel, t = k % s.kernel;
        return image_pixel(s, x, b, c, y * s.stride + r - s.padding, column * s.stride + t - s.padding);
    }
    KERNEL_MEMBER float b(int k, int f) const { return f < s.filters ? weight[(long) f * s.channels * s.kernel * s.kernel + k] : 0.0f; }
    KERNEL_MEMBER bool a_k_fast() const { return false; }
    KERNEL_MEMBER bool b_k_fast() const { return true; }
};

struct DataOperand {
    ConvShape s;
    const float* dy;
    const unsigned char* choice;
    const float* weight;
    KERNEL_MEMBER float a(int i, int k) const {
        int column = i % s.width, y = i / s.width % s.height, b = i / s.width / s.height, window = s.kernel * s.kernel;
        if (b >= s.batch) return 0.0f;
        int f = k / window, up = y + s.padding - k % window / s.kernel, left = column + s.padding - k % s.kernel;
        if (up < 0 || left < 0 || up % s.stride || left % s.stride) return 0.0f;
        up /= s.stride;
        left /= s.stride;
        return up < s.oh && left < s.ow ? output_gradient(s, dy, choice, b, f, up, left) : 0.0f;
    }
    KERNEL_MEMBER float b(int k, int c) const {
        int window = s.kernel * s.kernel;
        return c < s.channels ? weight[((long) (k / window) * s.channels + c) * window + k % window] : 0.0f;
    }
    KERNEL_MEMBER bool a_k_fast() const { return false; }
    KERNEL_MEMBER bool b_k_fast() const { return true; }
};

struct WeightOperand {
    ConvShape s;
    const float* x;
    const float* dy;
    const unsigned char* choice;
    KERNEL_MEMBER float a(int i, int k) const {
        int window = s.kernel * s.kernel;
        if (i >= s.channels * window) return i == s.channels * window ? 1.0f : 0.0f;
        int column = k % s.ow, y = k / s.ow % s.oh, b = k / s.ow / s.oh;
        return image_pixel(s, x, b, i / window, y * s.stride + i % window / s.kernel - s.padding,
                           column * s.stride + i % s.kernel - s.padding);
    }
    KERNEL_MEMBER float b(int k, int f) const {
        return f < s.filters ? output_gradient(s, dy, choice, k / s.ow / s.oh, f, k / s.ow % s.oh, k % s.ow) : 0.0f;
    }
    KERNEL_MEMBER bool a_k_fast() const { return true; }
    KERNEL_MEMBER bool b_k_fast() const { return true; }
};

template<bool TF32>
DEVICE void dense_forward(int bx, int by, const ConvShape& s, const float* x, const float* weight, const float* bias, float* y, int flags) {
    SHARED(float, memory, (TileMemory<128, 16>::floats));
    ForwardOperand operand = {s, x, weight, 0};
    int row0 = bx * 128, f0 = by * 16;
    tile_product<128, 16, TF32>(operand, row0, f0, 0, s.channels * s.kernel * s.kernel, memory);
    FOR_THREADS(at, 128 * 16) {
        int i = at % 128, f = at / 128, b, row, column;
        operand.place(row0 + i, &b, &row, &column);
        if (b < s.batch && f0 + f < s.filters) {
            float v = memory[i * 17 + f] + (bias ? bias[f0 + f] : 0);
            y[(((long) b * s.filters + f0 + f) * s.oh + row) * s.ow + column] = flags & 2 && v < 0 ? 0 : v;
        }
    }
}

template<bool TF32> DEVICE void pooled_forward(int bx, int by, const ConvShape& s, const float* x, const float* weight, const float* bias,
                                               float* y, unsigned char* choice) {
    SHARED(float, memory, (TileMemory<128, 16>::floats));
    ForwardOperand operand = {s, x, weight, 1};
    int row0 = bx * 128, f0 = by * 16, ph = s.oh / 2, pw = s.ow / 2;
    tile_product<128, 16, TF32>(operand, row0, f0, 0, s.channels * s.kernel * s.kernel, memory);
    FOR_THREADS(at, 32 * 16) {
        int i = at % 32, f = at / 32;
        long p = row0 / 4 + i, b = p / pw / ph;
        if (b < s.batch && f0 + f < s.filters) {
            float best = memory[4 * i * 17 + f];
            int where = 0;
            for (int q = 1; q < 4; q++) {
                float v = memory[(4 * i + q) * 17 + f];
                if (v > best) {
                    best = v;
                    where = q;
                }
            }
            best += bias ? bias[f0 + f] : 0;
            long out = ((b * s.filters + f0 + f) * ph + p / pw % ph) * pw + p % pw;
            y[out] = best < 0 ? 0 : best;
            choice[out] = (unsigned char) (best > 0 ? where : 4);
        }
    }
}

template<bool TF32> DEVICE void backward_data(int bx, int by, const ConvShape& s, const float* dy, const unsigned char* choice,
                                              const float* weight, float* dx) {
    SHARED(float, memory, (TileMemory<128, 16>::floats));
    int row0 = bx * 128, c0 = by * 16;
    tile_product<128, 16, TF32>(DataOperand{s, dy, choice, weight}, row0, c0, 0, s.filters * s.kernel * s.kernel, memory);
    FOR_THREADS(at, 128 * 16) {
        int i = row0 + at % 128, c = c0 + at / 128, image = s.height * s.width;
        if (i / image < s.batch && c < s.channels)
            dx[((long) (i / image) * s.channels + c) * image + i % image] = memory[at % 128 * 17 + at / 128];
    }
}

template<bool TF32> DEVICE void backward_weights(int bx, int by, int split, const ConvShape& s, const float* x, const float* dy,
                                                 const unsigned char* choice, float* partials, int splits) {
    SHARED(float, memory, (TileMemory<128, 16>::floats));
    int row0 = bx * 128, f0 = by * 16, window = s.channels * s.kernel * s.kernel, pixels = s.oh * s.ow;
    int first = (int) ((long) split * s.batch / splits), last = (int) ((long) (split + 1) * s.batch / splits);
    tile_product<128, 16, TF32>(WeightOperand{s, x, dy, choice}, row0, f0, first * pixels, last * pixels, memory);
    float* out = partials + (long) split * s.filters * (window + 1);
    FOR_THREADS(at, 128 * 16) {
        int i = row0 + at % 128, f = f0 + at / 128;
        if (i < window + (TF32 ? 0 : 1) && f < s.filters)
            out[i < window ? (long) f * window + i : (long) s.filters * window + f] = memory[at % 128 * 17 + at / 128];
    }
    if (TF32 && bx == 0) {      // the row of ones would round the gradients to TF32: the biases' gradients are summed exactly
        __syncthreads();
        int f = threadIdx.x % 16, stripe = threadIdx.x / 16;
        float sum = 0;
        if (f0 + f < s.filters)
            for (int k = first * pixels + stripe; k < last * pixels; k += 16)
                sum += output_gradient(s, dy, choice, k / pixels, f0 + f, k / s.ow % s.oh, k % s.ow);
        memory[threadIdx.x] = sum;
        __syncthreads();
        if (stripe == 0 && f0 + f < s.filters) {
            for (int t = 1; t < 16; t++) sum += memory[t * 16 + f];
            out[(long) s.filters * window + f0 + f] = sum;
        }
    }
}

#define DIMENSIONS int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding
#define SHAPE conv_shape(batch, channels, height, width, filters, kernel, stride, padding)
#define CONVOLUTIONS(precision, tf32) \
    KERNEL_FIXED(256, conv2d_forward_##precision, const float* x, const float* weight, const float* bias, float* y, DIMENSIONS, \
                 int flags) { \
        dense_forward<tf32>(blockIdx.x, blockIdx.y, SHAPE, x, weight, bias, y, flags); \
    } \
    KERNEL_FIXED(256, conv2d_backward_data_##precision, const float* dy, const float* weight, float* dx, DIMENSIONS) { \
        backward_data<tf32>(blockIdx.x, blockIdx.y, SHAPE, dy, (const unsigned char*) 0, weight, dx); \
    } \
    KERNEL_FIXED(256, conv2d_backward_weights_##precision, const float* x, const float* dy, float* partials, DIMENSIONS, int splits) { \
        backward_weights<tf32>(blockIdx.x, blockIdx.y, blockIdx.z, SHAPE, x, dy, (const unsigned char*) 0, partials, splits); \
    } \
    KERNEL_FIXED(256, conv2d_relu_pool_forward_##precision, const float* x, const float* weight, const float* bias, float* y, \
                 unsigned char* choice, DIMENSIONS) { \
        pooled_forward<tf32>(blockIdx.x, blockIdx.y, SHAPE, x, weight, bias, y, choice); \
    } \
    KERNEL_FIXED(256, conv2d_relu_pool_backward_data_##precision, const float* dy, const unsigned char* choice, const float* weight, \
                 float* dx, DIMENSIONS) { \
        backward_data<tf32>(blockIdx.x, blockIdx.y, SHAPE, dy, choice, weight, dx); \
    } \
    KERNEL_FIXED(256, conv2d_relu_pool_backward_weights_##precision, const float* x, const float* dy, const unsigned char* choice, \
                 float* partials, DIMENSIONS, int splits) { \
        backward_weights<tf32>(blockIdx.x, blockIdx.y, blockIdx.z, SHAPE, x, dy, choice, partials, splits); \
    }
CONVOLUTIONS(fp32, false)
CONVOLUTIONS(tf32, true)

KERNEL(sum_partials, const float* RESTRICT partials, float* RESTRICT dweight, float* RESTRICT dbias, int splits, int weights, int biases) {
    int count = weights + biases;
    FOR_ELEMENTS(i, count) {
        sum_t sum = 0;
        for (int s = 0; s < splits; s++) sum += partials[(long) s * count + i];
        if (i < weights) dweight[i] = (float) sum;
        else if (dbias) dbias[i - weights] = (float) sum;
    }
}
