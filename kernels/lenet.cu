// LeNet-5 (LeCun et al. 1998, with ReLU and max-pool) on images of 28 x 28, a network of so little work that launches would be most of it:
// forward in two, backward in three. Any other shape goes layer by layer (conv.cu, gemm.cu).
//
//   x [28, 28]  conv1 6 of 5 x 5, padding 2  pool  a1 [6, 14, 14]  conv2 16 of 5 x 5  pool  a2 [400]  fc1  h1 [120]  fc2  h2 [84]  fc3  l
//
// lenet_convolutions           a1, a2, and which of its four pixels a pool has chosen, 4 if none is positive; a block an image, which lies
//                              in shared memory until a2 is there. a1 and the choices are kept of the first `trained` images alone.
//                              714,000 operations, 12,100 bytes an image
// lenet_linear                 h1, h2, l = fc1, fc2, fc3; a block four rows, which share what is read of the weights; h1 of the first
//                              `trained` rows alone. Unless labels is null, then also what cross_entropy makes of l or, where weights is
//                              null, cross_entropy_forward (loss.cu). 117,840 operations a row, 235,000 bytes a block
// lenet_linear_backward        dz2, dz1: gradients before the ReLU of fc2 and fc1; da2; a block two rows. Unless p is null, dl is first
//                              made of it as by cross_entropy_backward (loss.cu). 117,840 operations a row
// lenet_convolutions_backward  partials[b] = gradients of an image b: conv1's weights, its biases, conv2's weights, its biases. The pools'
//                              chosen pixels alone are visited: of 400 x 150 products for the weights of conv2, and as many for a1
// lenet_gradients              gradients of all parameters: sums over the images. Blocks are columns of partials, dz1, dz2, dl, 32 each
//                              (conv1, conv2, biases), then tiles of 4 x 128 of the weights of fc1, fc2, fc3. Every sum has eight parts
//                              of every eighth row, which are added in their order. 117,840 operations an image
// lenet_sgd, lenet_adam        lenet_gradients, and what sgd and adam (optimizer.cu) do with them: theta, b, m, v are laid out as all
//                              gradients, `grad`, among which those of the parameters lie
#include "columns.cuh"
#include "loss.cuh"
#include "optimizer.cuh"

namespace lenet {
constexpr int image = 28, padding = 2, padded = image + 2 * padding, window = 5, taps = window * window;
constexpr int filters1 = 6, side1 = image / 2, plane1 = side1 * side1, size1 = filters1 * plane1;
constexpr int filters2 = 16, side2 = (side1 - window + 1) / 2, plane2 = side2 * side2, size2 = filters2 * plane2;
constexpr int weights1 = filters1 * taps, weights2 = filters2 * filters1 * taps;
constexpr int partial = weights1 + filters1 + weights2 + filters2;
constexpr int hidden1 = 120, hidden2 = 84, most_classes = hidden1;
constexpr int forward_rows = 4, backward_rows = 2, depth = 40, slices = 8, columns = 32, tile_rows = 4, tile_columns = 4 * columns;
}

DEVICE int lenet_tiles(int n, int size) { return (n + size - 1) / size; }

/// The image with zeros around it, [32, 32]. A barrier must follow.
DEVICE void padded_image(const float* RESTRICT x, float* shared) {
    using namespace lenet;
    FOR_THREADS(i, padded * padded) {
        int y = i / padded - padding, column = i % padded - padding;
        shared[i] = y >= 0 && y < image && column >= 0 && column < image ? x[y * image + column] : 0.0f;
    }
}

/// sums of the four pixels of a pool's window += those of one channel: in its 6 x 6 pixels from `corner` on, under `weight` [5, 5].
DEVICE void window_sums(const float* corner, int step, const float* weight, float (&sum)[4]) {
    using namespace lenet;
    float pixel[window + 1][window + 1];
#pragma unroll
    for (int r = 0; r <= window; r++)
#pragma unroll
        for (int s = 0; s <= window; s++) pixel[r][s] = corner[r * step + s];
#pragma unroll
    for (int r = 0; r < window; r++)
#pragma unroll
        for (int s = 0; s < window; s++) {
            float w = weight[r * window + s];
#pragma unroll
            for (int q = 0; q < 4; q++) sum[q] = fmaf(w, pixel[r + (q >> 1)][s + (q & 1)], sum[q]);
        }
}

/// ReLU and pool; the first maximum's position, or 4 if it is not positive.
DEVICE float pooled(const float (&sum)[4], float bias, int* where) {
    float best = sum[0];
    *where = 0;
#pragma unroll
    for (int q = 1; q < 4; q++)
        if (sum[q] > best) {
            best = sum[q];
            *where = q;
        }
    best += bias;
    if (!(best > 0)) *where = 4;
    return best < 0 ? 0 : best;
}

KERNEL(lenet_convolutions, const float* RESTRICT x, const float* RESTRICT weight1, const float* RESTRICT bias1,
       const float* RESTRICT weight2, const float* RESTRICT bias2, float* RESTRICT a1, unsigned char* RESTRICT choice1, float* RESTRICT a2,
       unsigned char* RESTRICT choice2, int trained) {
    using namespace lenet;
    SHARED(float, pixels, padded * padded);
    SHARED(float, w1, weights1);
    SHARED(float, w2, weights2);
    SHARED(float, first, size1);
    long b = blockIdx.x;
    bool kept = b < trained;
    padded_image(x + b * image * image, pixels);
    FOR_THREADS(i, weights1) w1[i] = weight1[i];
    FOR_THREADS(i, weights2) w2[i] = weight2[i];
    __syncthreads();
    FOR_THREADS(p, plane1) {
        const float* corner = pixels + p / side1 * 2 * padded + p % side1 * 2;
        for (int f = 0; f < filters1; f++) {
            float sum[4] = {};
            int where, at = f * plane1 + p;
            window_sums(corner, padded, w1 + f * taps, sum);
            float y = pooled(sum, bias1[f], &where);
            first[at] = y;
            if (kept) {
                a1[b * size1 + at] = y;
                choice1[b * size1 + at] = (unsigned char) where;
            }
        }
    }
    __syncthreads();
    FOR_THREADS(i, size2) {
        int f = i / plane2, p = i % plane2, where;
        const float* corner = first + p / side2 * 2 * side1 + p % side2 * 2;
        float sum[4] = {};
        for (int c = 0; c < filters1; c++) window_sums(corner + c * plane1, side1, w2 + (f * filters1 + c) * taps, sum);
        a2[b * size2 + i] = pooled(sum, bias2[f], &where);
        if (kept) choice2[b * size2 + i] = (unsigned char) where;
    }
}

/// out = in W' + bias, ReLU last if wanted, of the block's rows: in [rows][inputs], out [rows][outputs] in shared memory. Ends behind a
/// barrier; one before it must have made `in` known.
DEVICE void linear_rows(const float* in, int inputs, const float* RESTRICT weight, const float* RESTRICT bias, int outputs, bool relu,
                        float* out, float* slice) {
    using namespace lenet;
    constexpr int step = depth + 1;      // so that neighbouring outputs lie in different banks
    for (int k0 = 0; k0 < inputs; k0 += depth) {
        int width = min_of(depth, inputs - k0);
        FOR_THREADS(e, outputs * depth) {
            int j = e / depth, k = e % depth;
            slice[j * step + k] = k < width ? weight[(long) j * inputs + k0 + k] : 0.0f;
        }
        __syncthreads();
        FOR_THREADS(item, outputs * (forward_rows / 2)) {
            int pair = item / outputs, j = item - pair * outputs;
            const float *w = slice + j * step, *x0 = in + 2 * pair * inputs + k0, *x1 = x0 + inputs;
            float *y0 = out + 2 * pair * outputs + j, *y1 = y0 + outputs;
            float s0 = k0 > 0 ? *y0 : 0, s1 = k0 > 0 ? *y1 : 0;
#pragma unroll 4
            for (int k = 0; k < width; k++) {
                s0 = fmaf(w[k], x0[k], s0);
                s1 = fmaf(w[k], x1[k], s1);
            }
            if (k0 + depth >= inputs) {
                s0 += bias[j];
                s1 += bias[j];
                if (relu) {
                    s0 = s0 < 0 ? 0 : s0;
                    s1 = s1 < 0 ? 0 : s1;
                }
            }
            *y0 = s0;
            *y1 = s1;
        }
        __syncthreads();
    }
}

/// The block's rows from shared to device memory, those before `end`.
DEVICE void store_rows(const float* from, float* RESTRICT to, long first, int size, long end) {
    FOR_THREADS(i, lenet::forward_rows * size)
        if (first + i / size < end) to[first * size + i] = from[i];
}

KERNEL(lenet_linear, const float* RESTRICT a2, const float* RESTRICT weight1, const float* RESTRICT bias1, const float* RESTRICT weight2,
       const float* RESTRICT bias2, const float* RESTRICT weight3, const float* RESTRICT bias3, float* RESTRICT h1, float* RESTRICT h2,
       float* RESTRICT logits, int rows, int trained, int classes, const int* RESTRICT labels, const float* RESTRICT weights, float scale,
       float* RESTRICT loss, int* RESTRICT correct, float* RESTRICT p, float* RESTRICT dlogits) {
    using namespace lenet;
    SHARED(float, slice, hidden1*(depth + 1));
    SHARED(float, in, forward_rows* size2);
    SHARED(float, first, forward_rows* hidden1);
    SHARED(float, second, forward_rows* hidden2);
    SHARED(float, last, forward_rows* most_classes);
    long row = (long) blockIdx.x * forward_rows;
    FOR_THREADS(i, forward_rows * size2) in[i] = row + i / size2 < rows ? a2[row * size2 + i] : 0.0f;
    __syncthreads();
    linear_rows(in, size2, weight1, bias1, hidden1, true, first, slice);
    linear_rows(first, hidden1, weight2, bias2, hidden2, true, second, slice);
    linear_rows(second, hidden2, weight3, bias3, classes, false, last, slice);
    store_rows(first, h1, row, hidden1, trained);
    store_rows(second, h2, row, hidden2, rows);
    store_rows(last, logits, row, classes, rows);
    if (labels)
        FOR_THREADS(r, forward_rows) {
            long i = row + r;
            const float* l = last + r * classes;
            if (i >= rows) continue;
            loss[i] = weights ? row_loss_and_gradient(l, labels[i], classes, i, weights, scale, dlogits, trained, correct + i)
                              : row_loss(l, labels[i], classes, p + i * classes, correct + i);
        }
}

/// dx = dy W of the block's rows, 0 where a ReLU's output y is not positive (y null: everywhere as it is); dy [rows][outputs] in shared
/// memory, dx [rows][inputs] in device memory and, if not null, in shared memory. A barrier must follow.
DEVICE void linear_rows_backward(const float* dy, int outputs, const float* RESTRICT weight, int inputs, const float* RESTRICT y,
                                 float* RESTRICT dx, float* shared, int rows) {
    using namespace lenet;
    FOR_THREADS(k, inputs) {
        float sum[backward_rows] = {};
#pragma unroll 12      // as many loads at once: both hidden layers have a multiple of it
        for (int j = 0; j < outputs; j++) {
            float w = weight[(long) j * inputs + k];
#pragma unroll
            for (int r = 0; r < backward_rows; r++) sum[r] = fmaf(dy[r * outputs + j], w, sum[r]);
        }
#pragma unroll
        for (int r = 0; r < backward_rows; r++) {
            bool there = r < rows;
            float v = there && (!y || y[r * inputs + k] > 0) ? sum[r] : 0;
            if (there) dx[r * inputs + k] = v;
            if (shared) shared[r * inputs + k] = v;
        }
    }
}

KERNEL(lenet_linear_backward, const float* RESTRICT p, const int* RESTRICT labels, const float* RESTRICT weights, float scale,
       float* RESTRICT dlogits, const float* RESTRICT weight1, const float* RESTRICT weight2, const float* RESTRICT weight3,
       const float* RESTRICT h1, const float* RESTRICT h2, float* RESTRICT dz2, float* RESTRICT dz1, float* RESTRICT da2, int trained,
       int classes) {
    using namespace lenet;
    SHARED(float, last, backward_rows* most_classes);
    SHARED(float, second, backward_rows* hidden2);
    SHARED(float, first, backward_rows* hidden1);
    long row = (long) blockIdx.x * backward_rows;
    int rows = (int) min_of((long) backward_rows, trained - row);
    FOR_THREADS(i, backward_rows * classes) {
        long r = row + i / classes, at = row * classes + i;
        bool there = r < trained;
        if (p && there) dlogits[at] = logit_gradient(p[at], labels[r] == i % classes, scale * weights[r]);
        last[i] = there ? dlogits[at] : 0.0f;
    }
    __syncthreads();
    linear_rows_backward(last, classes, weight3, hidden2, h2 + row * hidden2, dz2 + row * hidden2, second, rows);
    __syncthreads();
    linear_rows_backward(second, hidden2, weight2, hidden1, h1 + row * hidden1, dz1 + row * hidden1, first, rows);
    __syncthreads();
    linear_rows_backward(first, hidden1, weight1, size2, (const float*) 0, da2 + row * size2, (float*) 0, rows);
}

KERNEL(lenet_convolutions_backward, const float* RESTRICT x, const float* RESTRICT a1, const unsigned char* RESTRICT choice1,
       const unsigned char* RESTRICT choice2, const float* RESTRICT da2, const float* RESTRICT weight2, float* RESTRICT partials) {
    using namespace lenet;
    constexpr int group = 8;                // the six channels' weights of a tap, side by side
    constexpr int outputs1 = taps + 1;      // a filter's weights and its bias
    SHARED(float, pixels, padded * padded);
    SHARED(float, first, size1);
    SHARED(float, w2, filters2* taps* group);
    SHARED(float, gradient2, size2);
    SHARED(int, place2, size2);      // row and column of the chosen pixel, 16 row + column; -1 if there is none
    SHARED(float, gradient1, size1);
    SHARED(int, place1, size1);      // of the chosen pixel in the padded image; -1 if there is none
    SHARED(float, parts, slices* filters1* outputs1);
    long b = blockIdx.x;
    float* out = partials + b * partial;
    padded_image(x + b * image * image, pixels);
    FOR_THREADS(i, size1) first[i] = a1[b * size1 + i];
    FOR_THREADS(i, weights2) {
        int f = i / (filters1 * taps), c = i / taps % filters1, tap = i % taps;
        w2[(f * taps + tap) * group + c] = weight2[i];
    }
    FOR_THREADS(i, size2) {
        int p = i % plane2, q = choice2[b * size2 + i];
        gradient2[i] = da2[b * size2 + i];
        place2[i] = q == 4 ? -1 : (p / side2 * 2 + (q >> 1)) * 16 + p % side2 * 2 + (q & 1);
    }
    __syncthreads();

    FOR_THREADS(i, filters2 * filters1 * window) {      // a row of taps of conv2's weights
        int f = i / (filters1 * window), c = i / window % filters1, r = i % window;
        float sum[window] = {};
        for (int p = f * plane2; p < (f + 1) * plane2; p++) {
            int at = place2[p];
            if (at < 0) continue;
            const float *line = first + c * plane1 + ((at >> 4) + r) * side1 + (at & 15), g = gradient2[p];
#pragma unroll
            for (int s = 0; s < window; s++) sum[s] = fmaf(g, line[s], sum[s]);
        }
#pragma unroll
        for (int s = 0; s < window; s++) out[weights1 + filters1 + i * window + s] = sum[s];
    }
    FOR_THREADS(f, filters2) {
        float sum = 0;
        for (int p = f * plane2; p < (f + 1) * plane2; p++)
            if (place2[p] >= 0) sum += gradient2[p];
        out[weights1 + filters1 + weights2 + f] = sum;
    }
    FOR_THREADS(p, plane1) {      // a pixel of a1 in all channels: windows of conv2's pool whose chosen pixel may reach it
        int y = p / side1, column = p % side1;
        int top = max_of(0, (y - window + 1) >> 1), bottom = min_of(side2 - 1, y >> 1);
        int left = max_of(0, (column - window + 1) >> 1), right = min_of(side2 - 1, column >> 1);
        float sum[filters1] = {};
        for (int f = 0; f < filters2; f++)
            for (int row = top; row <= bottom; row++)
                for (int at = f * plane2 + row * side2 + left; at <= f * plane2 + row * side2 + right; at++) {
                    int place = place2[at], r = y - (place >> 4), s = column - (place & 15);
                    if (place < 0 || r < 0 || r >= window || s < 0 || s >= window) continue;
                    const float *w = w2 + (f * taps + r * window + s) * group, g = gradient2[at];
#pragma unroll
                    for (int c = 0; c < filters1; c++) sum[c] = fmaf(g, w[c], sum[c]);
                }
#pragma unroll
        for (int c = 0; c < filters1; c++) {
            int at = c * plane1 + p, q = choice1[b * size1 + at];
            gradient1[at] = sum[c];
            place1[at] = q == 4 ? -1 : (2 * y + (q >> 1)) * padded + 2 * column + (q & 1);
        }
    }
    __syncthreads();

    FOR_THREADS(i, slices * filters1 * window) {      // a row of taps of conv1's weights, over every eighth pixel; the first has the bias
        int slice = i / (filters1 * window), f = i / window % filters1, r = i % window;
        float sum[window] = {}, all = 0;
        for (int p = f * plane1 + slice; p < (f + 1) * plane1; p += slices) {
            int at = place1[p];
            if (at < 0) continue;
            const float *line = pixels + at + r * padded, g = gradient1[p];
            all += g;
#pragma unroll
            for (int s = 0; s < window; s++) sum[s] = fmaf(g, line[s], sum[s]);
        }
        float* part = parts + (slice * filters1 + f) * outputs1;
#pragma unroll
        for (int s = 0; s < window; s++) part[r * window + s] = sum[s];
        if (r == 0) part[taps] = all;
    }
    __syncthreads();
    FOR_THREADS(i, filters1 * outputs1) {
        int f = i / outputs1, k = i % outputs1;
        float sum = 0;
#pragma unroll
        for (int s = 0; s < slices; s++) sum += parts[s * filters1 * outputs1 + i];
        out[k < taps ? f * taps + k : weights1 + f] = sum;
    }
}

/// What becomes of a gradient: it is stored;
struct Stored {
    KERNEL_MEMBER void take(float* gradient, float value) const { *gradient = value; }
};

/// and its parameter moved, by stochastic gradient descent
struct MovedBySgd {
    float *theta, *grad, *buffer;
    float rate, momentum, decay;
    bool nesterov, halted;
    KERNEL_MEMBER void take(float* gradient, float value) const {
        *gradient = value;
        if (halted) return;
        long i = gradient - grad;
        float g = value + decay * theta[i], b = buffer ? buffer[i] : 0;
        theta[i] = sgd_moved(theta[i], g, b, rate, momentum, nesterov);
        if (buffer) buffer[i] = b;
    }
};

/// or by Adam.
struct MovedByAdam {
    float *theta, *grad, *m, *v;
    AdamStep step;
    bool halted;
    KERNEL_MEMBER void take(float* gradient, float value) const {
        *gradient = value;
        if (halted) return;
        long i = gradient - grad;
        float mi = m[i], vi = v[i];
        theta[i] = step.moved(theta[i], value, mi, vi);
        m[i] = mi;
        v[i] = vi;
    }
};

/// A tile of the gradient dW [outputs, inputs] = dz' h of a linear layer: four outputs, 128 inputs.
template<class Update> DEVICE void weight_tile(int tile, const float* RESTRICT dz, int outputs, const float* RESTRICT h, int inputs,
                                               int rows, float* gradient, float* parts, const Update& update) {
    using namespace lenet;
    constexpr int each = tile_rows * tile_columns;
    int across = lenet_tiles(inputs, tile_columns), i0 = tile / across * tile_rows, j0 = tile % across * tile_columns;
    FOR_THREADS(t, slices * columns) {
        int lane = t % columns;
        float sum[tile_rows][4] = {};
        for (int b = t / columns; b < rows; b += slices) {
            float left[tile_rows], right[4];
#pragma unroll
            for (int i = 0; i < tile_rows; i++) left[i] = i0 + i < outputs ? dz[(long) b * outputs + i0 + i] : 0.0f;
#pragma unroll
            for (int q = 0; q < 4; q++) {
                int j = j0 + lane + q * columns;
                right[q] = j < inputs ? h[(long) b * inputs + j] : 0.0f;
            }
#pragma unroll
            for (int i = 0; i < tile_rows; i++)
#pragma unroll
                for (int q = 0; q < 4; q++) sum[i][q] = fmaf(left[i], right[q], sum[i][q]);
        }
#pragma unroll
        for (int i = 0; i < tile_rows; i++)
#pragma unroll
            for (int q = 0; q < 4; q++) parts[t / columns * each + i * tile_columns + q * columns + lane] = sum[i][q];
    }
    __syncthreads();
    FOR_THREADS(e, each) {
        int i = i0 + e / tile_columns, j = j0 + e % tile_columns;
        float sum = 0;
#pragma unroll
        for (int k = 0; k < slices; k++) sum += parts[k * each + e];
        if (i < outputs && j < inputs) update.take(gradient + (long) i * inputs + j, sum);
    }
}

/// What the gradients are made of, of a number of rows, and where they go.
struct Gradients {
    const float *partials, *a2, *dz1, *h1, *dz2, *h2, *dlogits;
    float *conv1_weight, *conv1_bias, *conv2_weight, *conv2_bias, *fc1_weight, *fc1_bias, *fc2_weight, *fc2_bias, *fc3_weight, *fc3_bias;
    int rows, classes;
};

template<class Update> DEVICE void all_gradients(int block, const Gradients& g, const Update& update) {
    using namespace lenet;
    SHARED(float, parts, slices* tile_rows* tile_columns);
    int count = lenet_tiles(partial, columns);
    if (block < count) {
        sum_columns<columns, slices>(block * columns, g.partials, g.rows, partial, parts, [&](int j, float sum) {
            if (j < weights1) update.take(g.conv1_weight + j, sum);
            else if ((j -= weights1) < filters1) update.take(g.conv1_bias + j, sum);
            else if ((j -= filters1) < weights2) update.take(g.conv2_weight + j, sum);
            else update.take(g.conv2_bias + (j - weights2), sum);
        });
        return;
    }
    block -= count;
    for (int layer = 1; layer <= 3; layer++) {
        const float* dz = layer == 1 ? g.dz1 : layer == 2 ? g.dz2 : g.dlogits;
        float* bias = layer == 1 ? g.fc1_bias : layer == 2 ? g.fc2_bias : g.fc3_bias;
        int width = layer == 1 ? hidden1 : layer == 2 ? hidden2 : g.classes;
        count = lenet_tiles(width, columns);
        if (block < count) {
            sum_columns<columns, slices>(block * columns, dz, g.rows, width, parts, [&](int j, float sum) { update.take(bias + j, sum); });
            return;
        }
        block -= count;
    }
    for (int layer = 1; layer <= 3; layer++) {
        const float *dz = layer == 1 ? g.dz1 : layer == 2 ? g.dz2 : g.dlogits, *h = layer == 1 ? g.a2 : layer == 2 ? g.h1 : g.h2;
        float* weight = layer == 1 ? g.fc1_weight : layer == 2 ? g.fc2_weight : g.fc3_weight;
        int outputs = layer == 1 ? hidden1 : layer == 2 ? hidden2 : g.classes;
        int inputs = layer == 1 ? size2 : layer == 2 ? hidden1 : hidden2;
        count = lenet_tiles(outputs, tile_rows) * lenet_tiles(inputs, tile_columns);
        if (block < count) {
            weight_tile(block, dz, outputs, h, inputs, g.rows, weight, parts, update);
            return;
        }
        block -= count;
    }
}

#define GRADIENTS \
    const float *RESTRICT partials, const float *RESTRICT a2, const float *RESTRICT dz1, const float *RESTRICT h1, \
        const float *RESTRICT dz2, const float *RESTRICT h2, const float *RESTRICT dlogits, float *conv1_weight, float *conv1_bias, \
        float *conv2_weight, float *conv2_bias, float *fc1_weight, float *fc1_bias, float *fc2_weight, float *fc2_bias, float *fc3_weight, \
        float *fc3_bias, int rows, int classes
#define GIVEN \
    Gradients { \
        partials, a2, dz1, h1, dz2, h2, dlogits, conv1_weight, conv1_bias, conv2_weight, conv2_bias, fc1_weight, fc1_bias, fc2_weight, \
            fc2_bias, fc3_weight, fc3_bias, rows, classes \
    }

KERNEL(lenet_gradients, GRADIENTS) { all_gradients(blockIdx.x, GIVEN, Stored()); }

KERNEL(lenet_sgd, GRADIENTS, float* theta, float* grad, float* buffer, const float* RESTRICT rate, const int* RESTRICT halted,
       float momentum, int nesterov, float decay) {
    MovedBySgd update = {theta, grad, buffer, *rate, momentum, decay, nesterov != 0, *halted != 0};
    all_gradients(blockIdx.x, GIVEN, update);
}

KERNEL(lenet_adam, GRADIENTS, float* theta, float* grad, float* m, float* v, const float* RESTRICT rate, const long* RESTRICT step,
       const int* RESTRICT halted, double beta1, double beta2, float eps, float decay) {
    MovedByAdam update = {theta, grad, m, v, adam_step(*rate, *step, beta1, beta2, eps, decay), *halted != 0};
    all_gradients(blockIdx.x, GIVEN, update);
}
