// 2-D convolution on the processor, direct: no im2col in memory.
//
// Dense passes put images in the lanes (image_lanes.h). They go down the images in bands of rows that stay in the second-level cache with
// what is made of them; inside one, registers hold a tile of accumulators:
//   forward           outputs x 4 pixels (of a pooling window, or neighbours), weights by broadcast
//   backward data     the same of the gradient, with the kernel turned round; a stride makes it stride^2 convolutions, one for every
//                     remainder of the row and column of a pixel, each with its own part of the kernel
//   backward weights  filters x taps, summed over pixels in the lanes, over the lanes at the end; a block of filters and channels whose
//                     sums stay in the cache at a time
// After pooling at most one gradient in four is not zero: conv_sparse.h.
#include "host/call_host.h"
#include "host/conv_sparse.h"
#include "host/image_lanes.h"

namespace {
using adiw::Pool;

enum Flags { relu = 2 };

#if defined(__AVX512F__)
constexpr int most_outputs = 6, most_filters = 4;
#elif defined(__AVX2__)
constexpr int most_outputs = 3, most_filters = 2;
#else
constexpr int most_outputs = 2, most_filters = 2;
#endif
constexpr int most_taps = 5;

// Bytes of a band and its results, and of a block of sums: shares of a second-level cache of 1 MiB where vectors are the widest.
constexpr long band_bytes = 40960l * lanes, sum_bytes = 24576l * lanes;

/// Along one side of images: outputs first, first + step, ..., `count` of them, the i-th of inputs i stride + origin + 0 .. taps - 1, with
/// kernel elements kernel_first, kernel_first + kernel_step, ...
struct Axis {
    int first, step, count, stride, origin, taps, kernel_first, kernel_step;
};

/// Correlations over images in lanes, and where their results go.
struct Sweep {
    Shape shape;
    bool backward;
    Window window;
    int inputs, outputs, height, width, steps;      // of the results; residues of their rows and columns
    int flags;
    const float* bias;                  // [outputs] or null
    int band;                           // rows of the results that are made at a time
    float* weights;                     // of every pair of residues: the outputs in parts, each [inputs][row taps][column taps][part]
    float* out;                         // [outputs][band][width][lanes]; pooled [outputs][band / 2][width / 2][lanes]
    int* choice;                        // as out, if pooled
    int top;                            // the first row of the band
    int tiles;                          // of the fast algorithm that are transformed together; 0 where it is not taken
    float *transformed, *products;      // 16 slices [inputs][tiles][lanes], [outputs][tiles][lanes]
    const char* next;                   // memory written after the sweep, asked for in advance at the pace at which tiles are made
    long next_bytes;

    Sweep(const Shape& s, bool backward)
        : shape(s), backward(backward), window(), inputs(backward ? s.filters : s.channels), outputs(backward ? s.channels : s.filters),
          height(backward ? s.height : s.oh), width(backward ? s.width : s.ow), steps(backward ? s.stride : 1), flags(0), bias(nullptr),
          band(height), weights(nullptr), out(nullptr), choice(nullptr), top(0), tiles(0), transformed(nullptr), products(nullptr),
          next(nullptr), next_bytes(0) {
        window.channels = inputs;
        window.height = backward ? s.oh : s.height;
        window.width = backward ? s.ow : s.width;
    }
    /// Of a side of `size` results; backward of those of one residue, to which the kernel elements belong that lead there from an output.
    Axis axis(int size, int residue) const {
        const Shape& s = shape;
        if (!backward) return {0, 1, size, s.stride, -s.padding, s.kernel, 0, 1};
        int least = (residue + s.padding) % s.stride, taps = least < s.kernel ? (s.kernel - least + s.stride - 1) / s.stride : 0;
        int count = residue < size ? (size - residue + s.stride - 1) / s.stride : 0;
        return {residue,  s.stride, count, 1, (residue + s.padding - least) / s.stride - (taps - 1), taps, least + s.stride * (taps - 1),
                -s.stride};
    }
    Axis rows(int residue) const { return axis(height, residue); }
    Axis columns(int residue) const { return axis(width, residue); }
    /// Floats of all weights: every kernel element belongs to one pair of residues.
    long packed() const { return tiles ? 16 * weight_slice() : shape.weights(); }
    /// Input rows from low(y) to high(y) - 1 are what results from row y on, and up to row y - 1, are made of.
    int low(int y) const {
        int least = window.height;
        for (int r = 0; r < steps; r++) {
            Axis a = rows(r);
            if (a.taps) least = smaller(least, larger(0, y - a.first + steps - 1) / steps * a.stride + a.origin);
        }
        return least;
    }
    int high(int y) const {
        int most = low(0);
        for (int r = 0; r < steps; r++) {
            Axis a = rows(r);
            if (a.taps && y > a.first) most = larger(most, (y - 1 - a.first) / steps * a.stride + a.origin + a.taps);
        }
        return most;
    }
    /// Input rows that a band needs.
    int band_rows() const {
        int most = 1;
        for (int y = 0; y < height; y += band) most = larger(most, high(smaller(height, y + band)) - low(y));
        return most;
    }
    /// Chooses the band: all rows, or as many as stay in the cache with their inputs, but some.
    void plan(bool whole) {
        int right = 0;
        for (int r = 0; r < steps; r++) {
            Axis a = columns(r);
            if (!a.taps || !a.count) continue;
            window.left = larger(window.left, -a.origin);
            right = larger(right, (a.count - 1) * a.stride + a.origin + a.taps);
        }
        window.padded = window.left + larger(window.width, right);
        Axis a = rows(0);
        window.stride = backward ? 1 : a.stride;
        window.taps = backward ? 1 : a.taps;
        window.origin = a.origin;
        const int unit = steps % 2 ? 2 * steps : steps;
        for (int bands = 1; !whole && band > unit; bands++) {
            band = round_up((height + bands - 1) / bands, unit);
            long floats = (long) inputs * band_rows() * window.padded + (long) outputs * band * width;
            if (4 * lanes * floats <= band_bytes || band * width <= 64) break;
        }
        band = smaller(band, height);
        window.rows = band_rows();
        if (!whole && shape.kernel == 3 && shape.stride == 1 && smaller(inputs, outputs) >= 8) {
            tiles = larger(4, 512 / (inputs + outputs) / 4 * 4);
            window.rows = round_up(band, 2) + 2;
            window.padded = larger(window.padded, round_up(width, 2) + 2);
        }
    }
    /// Floats from a slice to the next of `transformed`, `products`, and of weights: not a power of two, which would have all 16 vectors
    /// of a tile compete for the same lines of a cache.
    long slice(int count) const { return ((long) count * tiles + 1) * lanes; }
    long weight_slice() const { return (long) inputs * outputs + 16; }
};

/// acc[o][p] += sum over channels, rows r0.. and columns t0.. of the kernel of w[c][r][t][o] pixel_p[c][r][t].
template<int outputs> ALWAYS_INLINE void correlate(const Window& window, int rows, int columns, const float* const pixel[4], int r0, int r1,
                                                   int t0, int t1, const float* w, vec acc[outputs][4]) {
    const float *p0 = pixel[0], *p1 = pixel[1], *p2 = pixel[2], *p3 = pixel[3];
    const long plane = window.plane(), row = (long) window.padded * lanes, kernel_row = (long) columns * outputs;
    long start = r0 * row + t0 * lanes;
    w += r0 * kernel_row + t0 * outputs;
    for (int c = 0; c < window.channels; c++, start += plane, w += rows * kernel_row) {
        long line = start;
        const float* kernel_line = w;
        for (int r = r0; r < r1; r++, line += row, kernel_line += kernel_row) {
            long at = line;
            const float* wt = kernel_line;
            for (int t = t0; t < t1; t++, at += lanes, wt += outputs) {
                vec v[outputs];
#pragma GCC unroll 8
                for (int o = 0; o < outputs; o++) v[o] = splat(wt[o]);
#pragma GCC unroll 4
                for (int p = 0; p < 4; p++) {
                    vec x = load((p == 0 ? p0 : p == 1 ? p1 : p == 2 ? p2 : p3) + at);
#pragma GCC unroll 8
                    for (int o = 0; o < outputs; o++) multiply_add(acc[o][p], v[o], x);
                }
            }
        }
    }
}

/// ReLU and maximum of a window of four, lane by lane; position 0..3 of the first maximum, `dead` if it is not positive.
ALWAYS_INLINE void pool_window(const vec window[4], float* most, int* position) {
    ivec right = window[1] > window[0], lower_right = window[3] > window[2];
    vec upper = right ? window[1] : window[0], lower = lower_right ? window[3] : window[2];
    ivec below = lower > upper;
    vec best = below ? lower : upper;
    ivec where = below ? 2 - lower_right : -right;
    store(most, best < 0 ? vec{} : best);
    *(ivec*) position = best > 0 ? where : ivec{} + dead;
}

/// A row of results of one residue, or two that are pooled: its first pixels in the window, and where they go.
struct Line {
    Axis columns;
    const float* pixels;
    long below;            // floats from the first row's pixels to the second's
    int rows, r0, r1;      // of the kernel: how many, and those that meet rows of the images
    long out, plane;       // vectors before the first result, and from one output's to the next one's
};

/// Outputs first.. of four pixels: the pooling window at column j, or four neighbours from there on, the last repeated at the edge.
template<int outputs, bool pooled> NEVER_INLINE void tile(const Sweep& s, const Line& line, const float* weights, int first, int j) {
    const Axis& columns = line.columns;
    const int last = smaller(j + (pooled ? 1 : 3), columns.count - 1), column = j * columns.stride + columns.origin,
              last_column = last * columns.stride + columns.origin;
    const long step = (long) columns.stride * lanes;
    const float* pixel[4];
    for (int p = 0; p < 4; p++)
        pixel[p] = line.pixels + (pooled ? j + p % 2 : smaller(j + p, last)) * step + (pooled && p >= 2 ? line.below : 0);
    vec acc[outputs][4];
#pragma GCC unroll 8
    for (int o = 0; o < outputs; o++) acc[o][0] = acc[o][1] = acc[o][2] = acc[o][3] = splat(s.bias ? s.bias[first + o] : 0);
    correlate<outputs>(s.window, line.rows, columns.taps, pixel, line.r0, line.r1, larger(0, -last_column),
                       smaller(columns.taps, s.window.width - column), weights, acc);
    if (pooled) {
        const long at = line.out + first * line.plane + j / 2;
#pragma GCC unroll 8
        for (int o = 0; o < outputs; o++)
            pool_window(acc[o], s.out + (at + o * line.plane) * lanes, s.choice + (at + o * line.plane) * lanes);
        return;
    }
    float* out = s.out + (line.out + first * line.plane + columns.first + j * columns.step) * lanes;
    const long right = (long) columns.step * lanes, plane = line.plane * lanes;
    const bool positive = s.flags & relu;
#pragma GCC unroll 8
    for (int o = 0; o < outputs; o++, out += plane)
#pragma GCC unroll 4
        for (int p = 0; p < 4; p++) {
            vec v = acc[o][p];
            if (positive) v = v < 0 ? vec{} : v;
            if (j + p <= last) store(out + p * right, v);
        }
}

template<bool pooled, int outputs = most_outputs>
void tile_of(const Sweep& s, const Line& line, const float* weights, int first, int part, int j) {
    if (part == outputs) tile<outputs, pooled>(s, line, weights, first, j);
    else if constexpr (outputs > 1) tile_of<pooled, outputs - 1>(s, line, weights, first, part, j);
}

/// Results of rows top .. bottom - 1. Where the inputs of one row fit into a cache, all its pixels are made with a part of the weights
/// before the next part's; else all outputs of four pixels.
template<bool pooled> void sweep(const Sweep& s, int bottom) {
    const float* weights = s.weights;
    long asked = 0;
    bool by_pixel = 4l * s.inputs * s.shape.kernel * s.window.padded * lanes > band_bytes;
    for (int a = 0; a < s.steps; a++)
        for (int b = 0; b < s.steps; b++) {
            const Axis rows = s.rows(a), columns = s.columns(b);
            long taps = (long) s.inputs * rows.taps * columns.taps;
            int begin = (larger(0, s.top - rows.first) + s.steps - 1) / s.steps, end = (bottom - rows.first + s.steps - 1) / s.steps;
            Line line = {columns, nullptr, (long) rows.stride * s.window.padded * lanes, rows.taps, 0, 0, 0, 0};
            line.plane = pooled ? (long) (s.band / 2) * (s.width / 2) : (long) s.band * s.width;
            for (int i = begin; i < end; i += pooled ? 2 : 1) {
                const int row = i * rows.stride + rows.origin, last_row = row + (pooled ? rows.stride : 0),
                          y = rows.first + i * rows.step - s.top;
                line.pixels = s.window.at(0, row, columns.origin);
                line.r0 = larger(0, -last_row);
                line.r1 = smaller(rows.taps, s.window.height - row);
                line.out = pooled ? (long) (y / 2) * (s.width / 2) : (long) y * s.width;
                for (int j0 = 0; j0 < columns.count; j0 += by_pixel ? 4 : columns.count)
                    for (int first = 0, part; first < s.outputs; first += part) {
                        part = part_of(s.outputs, most_outputs, first);
                        const long made = (long) part * (pooled ? 1 : 4) * lanes * sizeof(float);
                        const int end_j = by_pixel ? smaller(j0 + 4, columns.count) : columns.count;
                        for (int j = j0; j < end_j; j += pooled ? 2 : 4) {
                            for (long stop = asked + made; asked < stop && asked < s.next_bytes; asked += 64)
                                __builtin_prefetch(s.next + asked, 1, 2);
                            tile_of<pooled>(s, line, weights + first * taps, first, part, j);
                        }
                    }
            }
            weights += taps * s.outputs;
        }
}

// Convolutions of 3 x 3 windows by fewer multiplications: F(2 x 2, 3 x 3) of Lavin and Gray (CVPR 2016). A tile of 2 x 2 results is made of
// 4 x 4 inputs d and the window g as A'[(G g G') * (B' d B)]A, 16 products where there are 36. One step along a side:
//   B'd = (d0 - d2, d1 + d2, d2 - d1, d1 - d3), Gg = (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2), A'm = (m0 + m1 + m2, m1 - m2 - m3)
// A result depends on the inputs under its window alone, whatever lies in the others of the tile.

/// B'd of four vectors `step` apart.
ALWAYS_INLINE void transform_inputs(const vec* d, int step, vec* out) {
    const vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    out[0] = d0 - d2;
    out[step] = d1 + d2;
    out[2 * step] = d2 - d1;
    out[3 * step] = d1 - d3;
}

/// The tile whose first input is at d, to 16 vectors `step` floats apart.
NEVER_INLINE void transform_tile(const float* d, long row, float* out, long step) {
    vec a[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) a[i] = load(d + i / 4 * row + i % 4 * lanes);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) transform_inputs(a + i, 4, a + i);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) transform_inputs(a + 4 * i, 1, a + 4 * i);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) store(out + i * step, a[i]);
}

/// products[o][p] = sum over channels of weights[c][o] transformed[c][p], of up to four tiles p.
template<int outputs>
NEVER_INLINE void product_tile(const float* transformed, const float* weights, float* products, int channels, long step, int tiles) {
    vec acc[outputs][4] = {};
    const long at1 = smaller(1, tiles - 1) * lanes, at2 = smaller(2, tiles - 1) * lanes, at3 = smaller(3, tiles - 1) * lanes;
    for (int c = 0; c < channels; c++, transformed += step, weights += outputs) {
        vec v[outputs];
#pragma GCC unroll 8
        for (int o = 0; o < outputs; o++) v[o] = splat(weights[o]);
#pragma GCC unroll 4
        for (int p = 0; p < 4; p++) {
            vec x = load(transformed + (p == 0 ? 0 : p == 1 ? at1 : p == 2 ? at2 : at3));
#pragma GCC unroll 8
            for (int o = 0; o < outputs; o++) multiply_add(acc[o][p], v[o], x);
        }
    }
#pragma GCC unroll 8
    for (int o = 0; o < outputs; o++)
#pragma GCC unroll 4
        for (int p = 0; p < 4; p++)
            if (p < tiles) store(products + o * step + p * lanes, acc[o][p]);
}

template<int outputs = most_outputs>
void product_tile_of(const float* transformed, const float* weights, float* products, int channels, long step, int tiles, int part) {
    if (part == outputs) product_tile<outputs>(transformed, weights, products, channels, step, tiles);
    else if constexpr (outputs > 1) product_tile_of<outputs - 1>(transformed, weights, products, channels, step, tiles, part);
}

/// Results of a tile from its products, `step` floats apart: those of `rows` rows and `columns` columns.
NEVER_INLINE void result_tile(const float* products, long step, float bias, bool positive, float* out, long row, int rows, int columns) {
    vec a[8];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const vec m0 = load(products + i * step), m1 = load(products + (4 + i) * step), m2 = load(products + (8 + i) * step),
                  m3 = load(products + (12 + i) * step);
        a[i] = m0 + m1 + m2;
        a[4 + i] = m1 - m2 - m3;
    }
#pragma GCC unroll 2
    for (int y = 0; y < 2; y++) {
        const vec* m = a + 4 * y;
        vec left = m[0] + m[1] + m[2] + bias, right = m[1] - m[2] - m[3] + bias;
        if (positive) left = left < 0 ? vec{} : left, right = right < 0 ? vec{} : right;
        if (y >= rows) return;
        store(out + y * row, left);
        if (columns > 1) store(out + y * row + lanes, right);
    }
}

/// Results of rows top .. bottom - 1, as many tiles at a time as stay in the cache with their products.
void fast_sweep(const Sweep& s, int bottom) {
    const int across = (s.width + 1) / 2, all = (bottom - s.top + 1) / 2 * across;
    const long row = (long) s.window.padded * lanes, step = (long) s.tiles * lanes, plane = s.window.plane(),
               out_row = (long) s.width * lanes;
    const long in_slice = s.slice(s.inputs), out_slice = s.slice(s.outputs);
    const float* corner = s.window.at(0, s.window.first, s.columns(0).origin);
    for (int t0 = 0; t0 < all; t0 += s.tiles) {
        const int count = smaller(s.tiles, all - t0), y0 = t0 / across, x0 = t0 % across;
        for (int c = 0; c < s.inputs; c++)
            for (int t = 0, y = y0, x = x0; t < count; t++, ++x == across ? x = 0, y++ : 0)
                transform_tile(corner + c * plane + 2 * (y * row + x * lanes), row, s.transformed + c * step + t * lanes, in_slice);
        for (int k = 0; k < 16; k++)
            for (int first = 0, part; first < s.outputs; first += part) {
                part = part_of(s.outputs, most_outputs, first);
                for (int t = 0; t < count; t += 4)
                    product_tile_of(s.transformed + k * in_slice + t * lanes, s.weights + k * s.weight_slice() + (long) first * s.inputs,
                                    s.products + k * out_slice + first * step + t * lanes, s.inputs, step, smaller(4, count - t), part);
            }
        for (int o = 0; o < s.outputs; o++)
            for (int t = 0, y = y0, x = x0; t < count; t++, ++x == across ? x = 0, y++ : 0)
                result_tile(s.products + o * step + t * lanes, out_slice, s.bias ? s.bias[o] : 0, s.flags & relu,
                            s.out + (long) o * s.band * out_row + 2 * (y * out_row + x * lanes), out_row, bottom - s.top - 2 * y,
                            s.width - 2 * x);
    }
}

/// G g G' of weights [filters, channels, 3, 3], in the order of the sweep: of each of 16 products, the outputs in parts [inputs][part].
void transform_weights(Pool& pool, const Sweep& s, const float* weight) {
    const long output_step = s.backward ? 9 : 9l * s.inputs, input_step = s.backward ? 9l * s.outputs : 9;
    pool.each(s.inputs, 1 + (1 << 10) / s.outputs, [&](long begin, long end, int) {
        for (int first = 0, part; first < s.outputs; first += part) {
            part = part_of(s.outputs, most_outputs, first);
            for (long i = begin; i < end; i++)
                for (int o = 0; o < part; o++) {
                    const float* g = weight + (first + o) * output_step + i * input_step;
                    float a[12];
                    for (int t = 0; t < 3; t++) {
                        const int at = s.backward ? 8 - t : t, down = s.backward ? -3 : 3;
                        const float g0 = g[at], g1 = g[at + down], g2 = g[at + 2 * down];
                        a[t] = g0;
                        a[3 + t] = (g0 + g1 + g2) / 2;
                        a[6 + t] = (g0 - g1 + g2) / 2;
                        a[9 + t] = g2;
                    }
                    float* out = s.weights + (long) first * s.inputs + i * part + o;
                    const long step = s.weight_slice();
                    for (int k = 0; k < 4; k++, out += 4 * step) {
                        const float g0 = a[3 * k], g1 = a[3 * k + 1], g2 = a[3 * k + 2];
                        out[0] = g0;
                        out[step] = (g0 + g1 + g2) / 2;
                        out[2 * step] = (g0 - g1 + g2) / 2;
                        out[3 * step] = g2;
                    }
                }
        }
    });
}

/// Weights [filters, channels, kernel, kernel] in the order of the sweep.
void pack_weights(Pool& pool, const Sweep& s, const float* weight) {
    const long kernel = s.shape.kernel, square = kernel * kernel, output_step = s.backward ? square : s.inputs * square,
               input_step = s.backward ? s.outputs * square : square;
    long done = 0;
    for (int a = 0; a < s.steps; a++)
        for (int b = 0; b < s.steps; b++) {
            const Axis rows = s.rows(a), columns = s.columns(b);
            const long taps = (long) s.inputs * rows.taps * columns.taps;
            float* to = s.weights + done;
            done += taps * s.outputs;
            pool.each((s.outputs + most_outputs - 1) / most_outputs, 1 + (1 << 14) / (most_outputs * (taps + 1)),
                      [&](long p0, long p1, int) {
                          int first = 0, part;
                          for (long p = 0; p < p1; p++, first += part) {
                              part = part_of(s.outputs, most_outputs, first);
                              if (p < p0) continue;
                              float* out = to + first * taps;
                              for (int i = 0; i < s.inputs; i++)
                                  for (int r = 0; r < rows.taps; r++)
                                      for (int t = 0; t < columns.taps; t++) {
                                          const float* from = weight + first * output_step + i * input_step
                                                              + (rows.kernel_first + r * rows.kernel_step) * kernel + columns.kernel_first
                                                              + t * columns.kernel_step;
                                          for (int o = 0; o < part; o++) *out++ = from[o * output_step];
                                      }
                          }
                      });
        }
}

/// Four neighbouring positions to the bytes of one word; in place.
void pack_choice(int* choice, long count) {
    for (long i = 0; 4 * i < count; i++) {
        const int* c = choice + 4 * i * lanes;
        ivec a = *(const ivec*) c, b = *(const ivec*) (c + lanes), d = *(const ivec*) (c + 2 * lanes), e = *(const ivec*) (c + 3 * lanes);
        *(ivec*) (choice + i * lanes) = a | b << 8 | d << 16 | e << 24;
    }
}

/// Pooled gradients of a group of images and where they go: g [pooled][lanes], choice bytes four to a word [pooled / 4][lanes].
struct Pooled {
    float* g;
    float* choice;
    static size_t bytes(const Shape& s) {
        return rounded(4 * lanes * (size_t) s.pooled()) + rounded(4 * lanes * (size_t) (s.pooled() / 4 + 1));
    }
    Pooled(const Shape& s, char* memory)
        : g(carve<float>(memory, (size_t) s.pooled() * lanes)), choice(carve<float>(memory, (size_t) (s.pooled() / 4 + 1) * lanes)) {}
    void read(const Shape& s, const float* dy, const unsigned char* from, long b, int n) {
        to_lanes(dy + b * s.pooled(), 4l * s.pooled(), 4l * s.pooled(), n, nullptr, g);
        to_lanes(from + b * s.pooled(), s.pooled(), s.pooled(), n, nullptr, choice);
    }
    /// All of them to a window as high as the images.
    void spread_all(const Shape& s, const float* dy, const unsigned char* from, long b, int n, Window& window) {
        read(s, dy, from, b, n);
        long i = 0;
        for (int f = 0; f < s.filters; f++)
            for (int py = 0; py < s.oh / 2; py++)
                for (int px = 0; px < s.ow / 2; px++) spread(i++, window.at(f, 2 * py, 2 * px), (long) window.padded * lanes);
    }
    ivec position(long i) const { return *(const ivec*) (choice + i / 4 * lanes) >> (int) (i % 4 * 8) & 255; }
    /// The four gradients of a window, of which three are zero, to pixels (0, 0), (0, 1), (1, 0), (1, 1); rows are `row` floats apart.
    void spread(long i, float* to, long row) const {
        vec gradient = load(g + i * lanes);
        ivec where = position(i);
        store(to, where == 0 ? gradient : vec{});
        store(to + lanes, where == 1 ? gradient : vec{});
        store(to + row, where == 2 ? gradient : vec{});
        store(to + row + lanes, where == 3 ? gradient : vec{});
    }
};

/// A planned sweep over all groups of images x [batch, inputs, ...], which are gradients after a pool if there are choices of it. Results
/// go to y, and to `choice` those of a pool of two.
template<bool pooled> void sweep_all(Pool& pool, Sweep& model, const float* x, const unsigned char* chosen, const float* weight, float* y,
                                     unsigned char* choice) {
    constexpr int q = pooled ? 2 : 1;
    const int batch = model.shape.batch, plane = model.height / q * (model.width / q), size = model.outputs * plane;
    const long image = (long) model.inputs * model.window.height * model.window.width;
    const long room = ((long) model.outputs * (model.band / q) * (model.width / q) + 5 * lanes) * lanes;
    const size_t shared = rounded(sizeof(float) * model.packed()) + rounded(sizeof(int) * model.window.table_size());
    const size_t bytes = shared + rounded(sizeof(float) * model.window.size()) + q * rounded(sizeof(float) * room)
                         + rounded(64 * model.slice(model.inputs)) + rounded(64 * model.slice(model.outputs))
                         + (chosen ? Pooled::bytes(model.shape) : 0);
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    model.weights = carve<float>(common, model.packed());
    int* table = carve<int>(common, model.window.table_size());
    if (model.tiles) transform_weights(pool, model, weight);
    else pack_weights(pool, model, weight);
    model.window.positions(table);
    pool.each((batch + lanes - 1) / lanes, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        Sweep s = model;
        s.window.start(carve<float>(memory, s.window.size()), chosen);
        s.out = carve<float>(memory, room);
        if (pooled) s.choice = carve<int>(memory, room);
        s.transformed = carve<float>(memory, 16 * model.slice(model.inputs));
        s.products = carve<float>(memory, 16 * model.slice(model.outputs));
        for (long group = begin; group < end; group++) {
            const long b = group * lanes;
            const int n = smaller(lanes, (int) (batch - b));
            for (s.top = 0; s.top < s.height; s.top += s.band) {
                const int bottom = smaller(s.height, s.top + s.band);
                if (chosen) {
                    s.window.first = s.low(0);
                    Pooled(model.shape, memory).spread_all(model.shape, x, chosen, b, n, s.window);
                } else
                    s.window.move(x + b * image, image, n, table, s.low(s.top),
                                  s.tiles ? s.low(s.top) + round_up(bottom - s.top, 2) + 2 : s.high(bottom), s.top == 0);
                float* out = y + b * size + (long) s.top / q * (s.width / q);
                if (s.band >= s.height) {
                    s.next = (const char*) out;
                    s.next_bytes = 4l * size * n;
                }
                if (s.tiles) fast_sweep(s, bottom);
                else sweep<pooled>(s, bottom);
                const int rows = (bottom - s.top) / q;
                if (pooled) {
                    pack_choice(s.choice, size);
                    from_lanes((const float*) s.choice, choice + b * size, size, size, n);
                }
                if (s.band >= s.height) from_lanes(s.out, out, 4l * size, 4l * size, n);
                else
                    for (int o = 0; o < s.outputs; o++)
                        from_lanes(s.out + (long) o * s.band * s.width * lanes, out + (long) o * plane, 4l * size, 4l * rows * s.width, n);
            }
        }
    });
}

void forward(Pool& pool, const Shape& s, const float* x, const float* weight, const float* bias, float* y, unsigned char* choice,
             int flags) {
    Sweep model(s, false);
    model.flags = flags;
    model.bias = bias;
    model.plan(choice != nullptr);
    if (choice) sweep_all<true>(pool, model, x, nullptr, weight, y, choice);
    else sweep_all<false>(pool, model, x, nullptr, weight, y, nullptr);
}

void dense_backward_data(Pool& pool, const Shape& s, const float* dy, const unsigned char* choice, const float* weight, float* dx) {
    Sweep model(s, true);
    model.plan(choice != nullptr);
    sweep_all<false>(pool, model, dy, choice, weight, dx, nullptr);
}

/// A band of rows of the gradient: dy [filters][rows][ow][lanes], filters `step` floats apart, and the data under its first pixel.
struct Band {
    const float* x;
    const float* dy;
    long step;
    int rows, ow;
    long x_row, x_step;
    bool fresh;      // the first band: there are no sums yet
};

/// sums[filter][tap] += sum over the band of dy x[tap], lane by lane; sums of neighbouring filters are sums_step floats apart.
template<int filters, int taps> NEVER_INLINE void weight_tile(const Band& band, const int* tap, float* sums, long sums_step) {
    vec acc[filters][taps];
    long at[taps];
#pragma GCC unroll 8
    for (int j = 0; j < taps; j++) at[j] = tap[j];
#pragma GCC unroll 8
    for (int f = 0; f < filters; f++)
#pragma GCC unroll 8
        for (int j = 0; j < taps; j++) acc[f][j] = band.fresh ? vec{} : load(sums + f * sums_step + j * lanes);
    const float* dy = band.dy;
    for (int y = 0; y < band.rows; y++) {
        const float* x = band.x + y * band.x_row;
        for (int i = 0; i < band.ow; i++, x += band.x_step, dy += lanes) {
            vec g[filters];
#pragma GCC unroll 8
            for (int f = 0; f < filters; f++) g[f] = load(dy + f * band.step);
#pragma GCC unroll 8
            for (int j = 0; j < taps; j++) {
                vec v = load(x + at[j]);
#pragma GCC unroll 8
                for (int f = 0; f < filters; f++) multiply_add(acc[f][j], g[f], v);
            }
        }
    }
#pragma GCC unroll 8
    for (int f = 0; f < filters; f++)
#pragma GCC unroll 8
        for (int j = 0; j < taps; j++) store(sums + f * sums_step + j * lanes, acc[f][j]);
}

template<int filters = most_filters, int taps = most_taps>
void weight_tile_of(const Band& band, int filter_part, int tap_part, const int* tap, float* sums, long sums_step) {
    if (filter_part == filters && tap_part == taps) weight_tile<filters, taps>(band, tap, sums, sums_step);
    else if (filter_part < filters) {
        if constexpr (filters > 1) weight_tile_of<filters - 1, taps>(band, filter_part, tap_part, tap, sums, sums_step);
    } else if constexpr (taps > 1) weight_tile_of<filters, taps - 1>(band, filter_part, tap_part, tap, sums, sums_step);
}

void add_band(int all_taps, int filters, Band band, const int* tap, float* sums) {
    long sums_step = (long) all_taps * lanes;
    for (int f = 0, part; f < filters; f += part, band.dy += part * band.step) {
        part = part_of(filters, most_filters, f);
        for (int j = 0, taps; j < all_taps; j += taps) {
            taps = part_of(all_taps, most_taps, j);
            weight_tile_of(band, part, taps, tap + j, sums + f * sums_step + j * lanes, sums_step);
        }
    }
}

/// sums [count][lanes] over lanes from .. to - 1, to out [count]. `sums` is read to a multiple of `lanes` vectors.
void add_lanes(const float* sums, int count, long from, long to, float* out) {
    ivec low, high, lane;
    for (int i = 0; i < lanes; i++) low[i] = i / 2 + i % 2 * lanes, high[i] = low[i] + lanes / 2, lane[i] = i;
    const ivec counts = (lane >= (int) from) & (lane < (int) to);
    for (int i = 0; i < count; i += lanes) {
        vec a[lanes];
#pragma GCC unroll 16
        for (int l = 0; l < lanes; l++) a[l] = (vec) ((ivec) load(sums + (long) (i + l) * lanes) & counts);
            // As a transposition, but what meets in a lane is added: vector l becomes lane l.
#pragma GCC unroll 4
        for (int half = lanes / 2; half > 0; half /= 2)
#pragma GCC unroll 8
            for (int l = 0; l < half; l++) a[l] = __builtin_shuffle(a[l], a[l + half], low) + __builtin_shuffle(a[l], a[l + half], high);
        store_first(out + i, a[0], smaller(lanes, count - i));
    }
}

/// The sum of `count` vectors.
vec sum_of(const float* from, long count) {
    vec sums[4] = {};
    long i = 0;
    for (; i + 4 <= count; i += 4)
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) sums[k] += load(from + (i + k) * lanes);
    for (; i < count; i++) sums[0] += load(from + i * lanes);
    return sums[0] + sums[1] + (sums[2] + sums[3]);
}

/// Splits of few images share a group: the lanes of each are added up apart.
void dense_backward_weights(Pool& pool, const Shape& s, const float* x, const float* dy, const unsigned char* choice, float* partials,
                            int splits) {
    const int most = (s.batch + splits - 1) / splits, together = larger(1, lanes / larger(1, most));
    const int square = s.kernel * s.kernel;
    // Filters and channels whose sums are kept at a time, a vector for every weight.
    const long fit = larger(1, (int) (sum_bytes / (4l * lanes) / square));
    int filters_most = larger(1, (int) (fit / s.channels));
    while ((filters_most + most_filters) * (filters_most + most_filters) <= fit) filters_most += most_filters;
    filters_most = smaller(s.filters, round_up(filters_most, most_filters));
    const int channels_most = smaller(s.channels, larger(1, (int) (fit / filters_most)));
    const int filter_blocks = (s.filters + filters_most - 1) / filters_most,
              channel_blocks = (s.channels + channels_most - 1) / channels_most;
    const int block = round_up((s.filters + filter_blocks - 1) / filter_blocks, s.filters < most_filters ? 1 : most_filters);
    const int channels_block = (s.channels + channel_blocks - 1) / channel_blocks;
    // A band's gradients of one tile of filters stay in the first-level cache while the taps pass over them.
    int rows = larger(1, smaller(s.oh, 28000 / (smaller(most_filters, s.filters) * s.ow * lanes * 4)));
    if (choice) rows = smaller(s.oh, round_up(rows, 2));
    Window model = {channels_block, s.height,   s.width,  larger((rows - 1) * s.stride + s.kernel, 0),
                    s.padding,      s.padded_w, s.stride, s.kernel,
                    -s.padding,     nullptr,    0,        0};
    const size_t shared = rounded(sizeof(int) * model.table_size()) + rounded(sizeof(int) * channels_block * square);
    const long room = ((long) block * channels_block * square + round_up(block, lanes) + lanes) * lanes;
    const size_t bytes = shared + rounded(sizeof(float) * model.size()) + rounded(sizeof(float) * room)
                         + rounded(sizeof(float) * block * rows * s.ow * lanes) + (choice ? Pooled::bytes(s) : 0);
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    int* table = carve<int>(common, model.table_size());
    int* tap = carve<int>(common, channels_block * square);
    model.positions(table);
    for (int i = 0; i < channels_block * square; i++)
        tap[i] = ((i / square * model.rows + i / s.kernel % s.kernel) * s.padded_w + i % s.kernel) * lanes;
    pool.each((long) (splits + together - 1) / together * filter_blocks * channel_blocks, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        Window window = model;
        window.start(carve<float>(memory, model.size()), false);
        float* sums = carve<float>(memory, room);
        float* dense = carve<float>(memory, (long) block * rows * s.ow * lanes);
        for (long unit = begin; unit < end; unit++) {
            const int f0 = (int) (unit % filter_blocks) * block, c0 = (int) (unit / filter_blocks % channel_blocks) * channels_block;
            const int filters = smaller(block, s.filters - f0), channels = smaller(channels_block, s.channels - c0),
                      taps = channels * square;
            if (filters <= 0 || channels <= 0) continue;
            const long first_split = unit / filter_blocks / channel_blocks * together,
                       last_split = first_split + together < splits ? first_split + together : splits;
            const long first = first_split * s.batch / splits, last = last_split * s.batch / splits;
            float* bias = sums + (long) filters * taps * lanes;
            window.channels = channels;
            for (long b = first; b < last; b += lanes) {
                const int n = smaller(lanes, (int) (last - b));
                Pooled gradient(s, memory);
                if (choice) gradient.read(s, dy, choice, b, n);
                for (int y = 0; y < s.oh; y += rows) {
                    const int here = smaller(rows, s.oh - y), from = y * s.stride - s.padding;
                    window.move(x + b * s.image() + (long) c0 * s.height * s.width, s.image(), n, table, from,
                                from + (here - 1) * s.stride + s.kernel, y == 0);
                    const Band band = {window.data,
                                       dense,
                                       (long) here * s.ow * lanes,
                                       here,
                                       s.ow,
                                       (long) s.stride * s.padded_w * lanes,
                                       (long) s.stride * lanes,
                                       b == first && y == 0};
                    for (int f = 0; choice && f < filters; f++)
                        for (int py = 0; py < here / 2; py++)
                            for (int px = 0; px < s.ow / 2; px++)
                                gradient.spread(((long) (f0 + f) * (s.oh / 2) + y / 2 + py) * (s.ow / 2) + px,
                                                dense + f * band.step + (long) 2 * (py * s.ow + px) * lanes, (long) s.ow * lanes);
                    const float* from_dy = dy + b * s.output() + ((long) f0 * s.oh + y) * s.ow;
                    if (!choice && here == s.oh) to_lanes(from_dy, 4l * s.output(), 4l * filters * here * s.ow, n, nullptr, dense);
                    else
                        for (int f = 0; !choice && f < filters; f++)
                            to_lanes(from_dy + (long) f * s.oh * s.ow, 4l * s.output(), 4l * here * s.ow, n, nullptr,
                                     dense + f * band.step);
                    for (int f = 0; c0 == 0 && f < filters; f++) {
                        vec sum = sum_of(dense + f * band.step, (long) here * s.ow);
                        store(bias + f * lanes, band.fresh ? sum : load(bias + f * lanes) + sum);
                    }
                    add_band(taps, filters, band, tap, sums);
                }
            }
            for (long split = first_split; split < last_split; split++) {
                const long from = together > 1 ? split * s.batch / splits - first : 0,
                           to = together > 1 ? (split + 1) * s.batch / splits - first : lanes;
                float* out = partials + split * (s.weights() + s.filters);
                for (int f = 0; f < filters; f++)
                    add_lanes(sums + (long) f * taps * lanes, taps, from, to, out + ((long) (f0 + f) * s.channels + c0) * square);
                if (c0 == 0) add_lanes(bias, filters, from, to, out + s.weights() + f0);
            }
        }
    });
}

// ---------------------------------------------------------------------------------------------- calls

void conv2d_forward(Pool& pool, const float* x, const float* weight, const float* bias, float* y, int batch, int channels, int height,
                    int width, int filters, int kernel, int stride, int padding, int flags) {
    forward(pool, Shape(batch, channels, height, width, filters, kernel, stride, padding), x, weight, bias, y, nullptr, flags);
}

void conv2d_backward_data(Pool& pool, const float* dy, const float* weight, float* dx, int batch, int channels, int height, int width,
                          int filters, int kernel, int stride, int padding) {
    dense_backward_data(pool, Shape(batch, channels, height, width, filters, kernel, stride, padding), dy, nullptr, weight, dx);
}

void conv2d_backward_weights(Pool& pool, const float* x, const float* dy, float* partials, int batch, int channels, int height, int width,
                             int filters, int kernel, int stride, int padding, int splits) {
    dense_backward_weights(pool, Shape(batch, channels, height, width, filters, kernel, stride, padding), x, dy, nullptr, partials, splits);
}

void conv2d_relu_pool_forward(Pool& pool, const float* x, const float* weight, const float* bias, float* y, unsigned char* choice,
                              int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding) {
    forward(pool, Shape(batch, channels, height, width, filters, kernel, stride, padding), x, weight, bias, y, choice, 0);
}

void conv2d_relu_pool_backward_data(Pool& pool, const float* dy, const unsigned char* choice, const float* weight, float* dx, int batch,
                                    int channels, int height, int width, int filters, int kernel, int stride, int padding) {
    Shape s(batch, channels, height, width, filters, kernel, stride, padding);
    if (sparse_pays(s)) sparse_backward_data(pool, s, dy, choice, weight, dx);
    else dense_backward_data(pool, s, dy, choice, weight, dx);
}

void conv2d_relu_pool_backward_weights(Pool& pool, const float* x, const float* dy, const unsigned char* choice, float* partials, int batch,
                                       int channels, int height, int width, int filters, int kernel, int stride, int padding, int splits) {
    Shape s(batch, channels, height, width, filters, kernel, stride, padding);
    if (sparse_pays(s)) sparse_backward_weights(pool, s, x, dy, choice, partials, splits);
    else dense_backward_weights(pool, s, x, dy, choice, partials, splits);
}
}

// On the processor TF32 is FP32: there is nothing to gain from less.
#define BOTH(name) \
    HOST_CALL(name##_fp32, name); \
    HOST_CALL(name##_tf32, name)
BOTH(conv2d_forward);
BOTH(conv2d_backward_data);
BOTH(conv2d_backward_weights);
BOTH(conv2d_relu_pool_forward);
BOTH(conv2d_relu_pool_backward_data);
BOTH(conv2d_relu_pool_backward_weights);
