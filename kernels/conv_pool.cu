// The backward pass of conv2d_relu_pool_forward (conv.cu): of the four output pixels of a pool only the chosen one has a gradient, dy
// [batch, filters, oh / 2, ow / 2], at the position choice = 0..3, and none has one where choice is 4. The chosen pixels alone are visited.
// Both kernels are exact single precision, in TF32 too.
//
// conv2d_relu_pool_backward_data     dx[b,c,y,x] = the sum of w[f,c,y + padding - stride v,x + padding - stride u] dy[f,v,u] over
//                                    filters and chosen pixels (v, u) whose window reaches (y, x). A thread has eight channels of an
//                                    input pixel, and every second filter; the weights of some filters lie in shared memory, channels
//                                    behind each other. Grid: ceil(batch height width / 128), ceil(channels / 8)
//                                    2 batch filters channels height width (kernel / (2 stride) + 1)^2 operations
// conv2d_relu_pool_backward_weights  partials[split] = gradient of the weights [filters, channels, kernel, kernel], then of the biases
//                                    [filters], over samples split batch / splits ..; chosen pixels of a filter are listed in shared
//                                    memory, 256 at a time, an eighth of the list for each warp, whose lanes have four weights each.
//                                    Grid: ceil(channels kernel^2 / 128), filters, splits
//                                    2 batch filters (oh / 2) (ow / 2) channels kernel^2 operations
#include "conv_shape.cuh"

constexpr int data_pixels = 128, data_channels = 8, staged_floats = 4096;

/// A filter's weights of some channels: staged in shared memory as [kernel^2][data_channels], or, where the window is too large for
/// that, as they lie in device memory.
template<bool STAGED> struct ChannelWeights {
    const float* at;
    int window, channels;
    KERNEL_MEMBER void add(float (&sum)[data_channels], float g, int tap) const {
#pragma unroll
        for (int c = 0; c < data_channels; c++)
            sum[c] = fmaf(g, STAGED ? at[tap * data_channels + c] : c < channels ? at[c * window + tap] : 0, sum[c]);
    }
};

/// KERNEL: of stride 1; 0 for any kernel and stride.
template<int KERNEL, bool STAGED> DEVICE void pooled_data(int bx, int by, const ConvShape& s, const float* dy, const unsigned char* choice,
                                                          const float* weight, float* dx, float* memory) {
    const int kernel = KERNEL ? KERNEL : s.kernel, stride = KERNEL ? 1 : s.stride, window = kernel * kernel;
    const int c0 = by * data_channels, channels = min_of(data_channels, s.channels - c0), image = s.height * s.width;
    const int ph = s.oh / 2, pw = s.ow / 2, half = threadIdx.x / data_pixels, i = threadIdx.x % data_pixels;
    const int filters = STAGED ? max_of(2, staged_floats / (window * data_channels) / 2 * 2) : s.filters;      // that are staged together
    Digits pixel = digits(bx * data_pixels + i, s.height, s.width);
    bool exists = pixel.high < s.batch;
    // Pools from (y0, x0) to (y1, x1) have output pixels whose window reaches this pixel.
    int bottom = pixel.middle + s.padding, right = pixel.low + s.padding;
    int y0 = max_of(0, bottom - kernel + stride) / stride / 2, y1 = exists ? min_of(bottom / stride / 2, ph - 1) : -1;
    int x0 = max_of(0, right - kernel + stride) / stride / 2, x1 = min_of(right / stride / 2, pw - 1);
    const int lefts = KERNEL ? KERNEL / 2 + 1 : x1 - x0 + 1;
    long place = exists ? ((long) pixel.high * s.filters * ph + y0) * pw + x0 : 0;
    float sum[data_channels] = {};
    for (int f0 = 0; f0 < s.filters; f0 += filters) {
        if (STAGED) {
            __syncthreads();
            FOR_THREADS(at, filters * window * data_channels) {
                int c = at / window % data_channels, f = at / window / data_channels, tap = at % window;
                memory[(f * window + tap) * data_channels + c] =
                    f0 + f < s.filters && c < channels ? weight[((long) (f0 + f) * s.channels + c0 + c) * window + tap] : 0;
            }
            __syncthreads();
        }
        for (int f = f0 + half; f < min_of(f0 + filters, s.filters); f += 2) {
            ChannelWeights<STAGED> weights = {
                STAGED ? memory + (f - f0) * window * data_channels : weight + ((long) f * s.channels + c0) * window, window, channels};
            long row = place + (long) f * ph * pw;
#pragma unroll 1
            for (int y = y0; y <= y1; y++, row += pw)
#pragma unroll
                for (int u = 0; u < lefts; u++) {
                    bool inside = x0 + u <= x1;
                    int q = inside ? choice[row + u] : 4;
                    int r = bottom - (2 * y + (q >> 1)) * stride, t = right - (2 * (x0 + u) + (q & 1)) * stride;
                    bool reaches = (q < 4) & ((unsigned) r < (unsigned) kernel) & ((unsigned) t < (unsigned) kernel);
                    weights.add(sum, reaches ? dy[row + u] : 0.0f, reaches ? r * kernel + t : 0);
                }
        }
    }
    __syncthreads();
    if (half == 1) {
#pragma unroll
        for (int c = 0; c < data_channels; c++) memory[c * data_pixels + i] = sum[c];
    }
    __syncthreads();
    if (half == 1 || !exists) return;
    float* out = dx + ((long) pixel.high * s.channels + c0) * image + pixel.middle * s.width + pixel.low;
#pragma unroll
    for (int c = 0; c < data_channels; c++)
        if (c < channels) out[(long) c * image] = sum[c] + memory[c * data_pixels + i];
}

/// The chosen pixel of a pool: its gradient, the first pixel of its window, and where that lies in the images of the split. y is `outside`
/// if no pixel is chosen, and `within` if no part of the window is outside of the image, and y and x need not be looked at.
struct Chosen {
    float gradient;
    int y, x, at;
};
constexpr int within = outside - 1;
constexpr int listed = 256, warps = listed / 32, lane_taps = 4, block_taps = 32 * lane_taps;

DEVICE void pooled_weights(int bx, int f, int split, const ConvShape& s, const float* x, const float* dy, const unsigned char* choice,
                           float* partials, int splits, Chosen* list, float* memory) {
    const int image = s.height * s.width, ph = s.oh / 2, pw = s.ow / 2, pools = ph * pw, window = s.channels * s.kernel * s.kernel;
    const int first = (int) ((long) split * s.batch / splits), last = (int) ((long) (split + 1) * s.batch / splits);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, count = (last - first) * pools;
    const float* images = x + (long) first * s.channels * image;
    const float* from[lane_taps];      // chosen where they are made: else the compiler would work them out anew for every pixel
    int row[lane_taps], left[lane_taps];
    float sum[lane_taps] = {}, bias = 0;
#pragma unroll
    for (int e = 0; e < lane_taps; e++) {
        int tap = bx * block_taps + e * 32 + lane;
        Digits d = digits(tap, s.kernel, s.kernel);
        from[e] = tap < window ? images + d.high * image + d.middle * s.width + d.low : images;
        row[e] = tap < window ? d.middle : -2 * outside;
        left[e] = d.low;
    }
    const long start = ((long) first * s.filters + f) * pools;
    Digits pool = digits(threadIdx.x, ph, pw), by = digits(listed, ph, pw);
    for (int k0 = 0; k0 < count; k0 += listed) {
        bool exists = k0 + (int) threadIdx.x < count;
        long at = start + (exists ? (long) pool.high * s.filters * pools + pool.middle * pw + pool.low : 0);
        int q = exists ? choice[at] : 4;
        float g = q < 4 ? dy[at] : 0;
        bias += g;
        int y = (2 * pool.middle + (q >> 1)) * s.stride - s.padding, x0 = (2 * pool.low + (q & 1)) * s.stride - s.padding;
        bool whole = y >= 0 && x0 >= 0 && y + s.kernel <= s.height && x0 + s.kernel <= s.width;
        __syncthreads();
        list[threadIdx.x] = Chosen{g, q == 4 ? outside : whole ? within : y, x0, pool.high * s.channels * image + y * s.width + x0};
        pool = sum_of_digits(pool, by, ph, pw);
        __syncthreads();
#pragma unroll 4
        for (int l = 0; l < listed / warps; l++) {
            Chosen c = list[warp * (listed / warps) + l];
            if (c.y == outside) continue;      // this and the next are the same for all of the warp
            if (c.y == within) {
#pragma unroll
                for (int e = 0; e < lane_taps; e++) sum[e] = fmaf(c.gradient, from[e][c.at], sum[e]);
            } else {
#pragma unroll
                for (int e = 0; e < lane_taps; e++) {
                    bool inside = ((unsigned) (c.y + row[e]) < (unsigned) s.height) & ((unsigned) (c.x + left[e]) < (unsigned) s.width);
                    float v = inside ? from[e][c.at] : 0.0f;
                    sum[e] = fmaf(c.gradient, v, sum[e]);
                }
            }
        }
    }
    __syncthreads();
#pragma unroll
    for (int e = 0; e < lane_taps; e++) memory[warp * block_taps + e * 32 + lane] = sum[e];
    __syncthreads();
    float* out = partials + (long) split * s.filters * (window + 1);
    FOR_THREADS(t, block_taps) {
        float all = 0;
        for (int w = 0; w < warps; w++) all += memory[w * block_taps + t];
        int tap = bx * block_taps + t;
        if (tap < window) out[(long) f * window + tap] = all;
    }
    if (bx > 0) return;
    bias = block_sum(bias);
    if (threadIdx.x == 0) out[(long) s.filters * window + f] = bias;
}

// clang-format off
#define POOLED(precision) \
    KERNEL_FIXED(256, conv2d_relu_pool_backward_data_##precision, const float* dy, const unsigned char* choice, const float* weight, \
                 float* dx, DIMENSIONS) { \
        SHARED(float, memory, staged_floats); \
        ConvShape s = SHAPE; \
        if (kernel == 5 && stride == 1) pooled_data<5, true>(blockIdx.x, blockIdx.y, s, dy, choice, weight, dx, memory); \
        else if (kernel == 3 && stride == 1) pooled_data<3, true>(blockIdx.x, blockIdx.y, s, dy, choice, weight, dx, memory); \
        else if (2 * kernel * kernel * data_channels <= staged_floats) \
            pooled_data<0, true>(blockIdx.x, blockIdx.y, s, dy, choice, weight, dx, memory); \
        else pooled_data<0, false>(blockIdx.x, blockIdx.y, s, dy, choice, weight, dx, memory); \
    } \
    KERNEL_FIXED(256, conv2d_relu_pool_backward_weights_##precision, const float* x, const float* dy, const unsigned char* choice, \
                 float* partials, DIMENSIONS, int splits) { \
        SHARED(Chosen, list, listed); \
        SHARED(float, memory, warps * block_taps); \
        pooled_weights(blockIdx.x, blockIdx.y, blockIdx.z, SHAPE, x, dy, choice, partials, splits, list, memory); \
    }
// clang-format on
POOLED(fp32)
POOLED(tf32)
