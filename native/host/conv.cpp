// 2-D convolution on the processor, direct: no im2col in memory.
//
// Dense passes put images in the lanes. A group of `lanes` images lies in scratch as planes [channel][y][x][image], padded,
// so that every load is aligned to a vector, nothing is wasted at the edges whatever the shape, and pooling is a maximum of
// whole vectors. Registers hold a tile of accumulators:
//   forward           outputs x 4 pixels (of a pooling window, or neighbours), weights by broadcast
//   backward data     the forward pass of the gradient, spread apart by the stride, with the kernel turned round
//   backward weights  filters x taps, summed over pixels in the lanes, over the lanes at the end of a group
// After pooling at most one gradient in four is not zero. Where a row of the kernel window (kernel * channels floats, one
// image channel-last) fills its vectors, walking over those gradients alone is less work than the dense pass:
//   pooled backward data     acc[window] += g weight[filter], then dx[window] += acc
//   pooled backward weights  acc[filter] += g x[window]
#include "host/call_host.h"
#include "host/vector.h"

namespace {
using adiw::Pool;

enum Flags { relu = 2 };
constexpr unsigned char dead = 4;

struct Shape {
    int batch, channels, height, width, filters, kernel, stride, padding;
    int oh, ow, padded_h, padded_w, run, row;
    Shape(int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding)
        : batch(batch), channels(channels), height(height), width(width), filters(filters), kernel(kernel), stride(stride),
          padding(padding), oh((height + 2 * padding - kernel) / stride + 1), ow((width + 2 * padding - kernel) / stride + 1),
          padded_h(height + 2 * padding), padded_w(width + 2 * padding), run(kernel * channels), row(padded_w * channels) {}
    int image() const { return channels * height * width; }
    int output() const { return filters * oh * ow; }
    int pooled() const { return filters * (oh / 2) * (ow / 2); }
    int taps() const { return channels * kernel * kernel; }
    int weights() const { return filters * taps(); }
    /// Floats of one image channel-last, with room for vectors that read past its end.
    long scratch() const { return round_up(padded_h * row + 4 * lanes, 16); }
    int window(int y, int x) const { return y * stride * row + x * stride * channels; }
};

inline size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }
template<class T> T* carve(char*& memory, size_t count) {
    T* start = (T*) memory;
    memory += rounded(count * sizeof(T));
    return start;
}

// ---------------------------------------------------------------------------------------------- images in lanes

/// `count` 32-bit words of each of n <= lanes images, `stride` bytes apart, to vectors [where[i]] (-1: nowhere; null: i) of
/// out; lanes without an image are zero. The last word may have `bytes` % 4 bytes alone.
void to_lanes(const void* from, long stride, long bytes, int n, const int* where, float* out) {
    int count = (int) ((bytes + 3) / 4);
    for (int i = 0; i < count; i += lanes) {
        vec a[lanes];
        if (bytes - 4l * i >= 4 * lanes && n == lanes) {
#pragma GCC unroll 16
            for (int l = 0; l < lanes; l++) a[l] = load((const char*) from + l * stride + 4l * i);
        } else {
            long part = bytes - 4l * i < 4 * lanes ? bytes - 4l * i : 4 * lanes;
            alignas(64) float rows[lanes][lanes] = {};
            for (int l = 0; l < n; l++) memcpy(rows[l], (const char*) from + l * stride + 4l * i, part);
            for (int l = 0; l < lanes; l++) a[l] = load(rows[l]);
        }
        transpose(a);
        if (!where && count - i >= lanes) {
#pragma GCC unroll 16
            for (int j = 0; j < lanes; j++) store(out + (long) (i + j) * lanes, a[j]);
        } else if (count - i >= lanes) {
#pragma GCC unroll 16
            for (int j = 0; j < lanes; j++)
                if (where[i + j] >= 0) store(out + (long) where[i + j] * lanes, a[j]);
        } else {
            alignas(64) float rows[lanes][lanes];
            for (int j = 0; j < lanes; j++) store(rows[j], a[j]);
            for (int j = 0; j < count - i; j++) {
                int at = where ? where[i + j] : i + j;
                if (at >= 0) store(out + (long) at * lanes, load(rows[j]));
            }
        }
    }
}

/// The inverse, vectors 0.. of `in` to `bytes` bytes of each of n images. `in` is read to a multiple of `lanes` vectors.
void from_lanes(const float* in, void* to, long stride, long bytes, int n) {
    for (long i = 0; 4 * i < bytes; i += lanes) {
        vec a[lanes];
#pragma GCC unroll 16
        for (int l = 0; l < lanes; l++) a[l] = load(in + (i + l) * lanes);
        transpose(a);
        char* out = (char*) to + 4 * i;
        if (bytes - 4 * i >= 4 * lanes && n == lanes) {
#pragma GCC unroll 16
            for (int l = 0; l < lanes; l++) store(out + l * stride, a[l]);
        } else {
            long part = bytes - 4 * i < 4 * lanes ? bytes - 4 * i : 4 * lanes;
            alignas(64) float rows[lanes][lanes];
            for (int l = 0; l < lanes; l++) store(rows[l], a[l]);
            for (int l = 0; l < n; l++) memcpy(out + l * stride, rows[l], part);
        }
    }
}

/// Planes [channels][height][width][lanes] of which rows top.. and columns left.. alone hold data, zero around and between.
struct Planes {
    int channels, height, width, top, bottom, left, right;
    long size() const { return (long) channels * height * width * lanes; }
};

/// Where word (c, y, x) of an image [channels, height, width] goes: position offset + step * (y, x), -1 if outside.
void positions(const Planes& p, int height, int width, int offset, int step, int* where) {
    for (int c = 0; c < p.channels; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                int py = offset + step * y, px = offset + step * x;
                bool inside = py >= 0 && py < p.height && px >= 0 && px < p.width;
                *where++ = inside ? (c * p.height + py) * p.width + px : -1;
            }
}

#if defined(__AVX512F__)
constexpr int most_outputs = 6, most_filters = 4;
#elif defined(__AVX2__)
constexpr int most_outputs = 3, most_filters = 2;
#else
constexpr int most_outputs = 2, most_filters = 2;
#endif
constexpr int most_taps = 5;

/// `count` things in parts of at most `most`, as even as can be: the size of the part that starts at `first`.
inline int part_of(int count, int most, int first) {
    int parts = (count - first + most - 1) / most;
    return (count - first + parts - 1) / parts;
}

/// acc[o][p] += sum over channels, rows r0.. and columns t0.. of the kernel of w[c][r][t][o] pixel_p[c][r][t].
template<int outputs> ALWAYS_INLINE void correlate(const Planes& planes, int kernel, const float* const pixel[4], int r0, int r1, int t0,
                                                   int t1, const float* w, vec acc[outputs][4]) {
    const float *p0 = pixel[0], *p1 = pixel[1], *p2 = pixel[2], *p3 = pixel[3];
    for (int c = 0; c < planes.channels; c++)
        for (int r = r0; r < r1; r++) {
            long at = (((long) c * planes.height + r) * planes.width + t0) * lanes;
            const float* wt = w + (long) ((c * kernel + r) * kernel + t0) * outputs;
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

/// A correlation over planes and where its results go.
struct Sweep {
    Planes planes;
    int kernel, stride, outputs, oh, ow, flags;
    const float* bias;         // [outputs] or null
    const float* weights;      // the outputs in parts, one after another, each [channels][kernel][kernel][part]
    const float* data;         // the planes
    float* out;                // [outputs][oh][ow][lanes]; pooled [outputs][oh / 2][ow / 2][lanes]
    int* choice;               // as out, if pooled
    const char* next;          // memory written after the sweep, asked for in advance at the pace at which tiles are made
    long next_bytes;
    long packed() const { return (long) outputs * planes.channels * kernel * kernel; }
};

/// Outputs first.. of four pixels: the pooling window at (y, x), or four neighbours from (y, x) on, the last repeated at the edge.
template<int outputs, bool pooled> void tile(const Sweep& s, int first, int y, int x) {
    int y1 = pooled ? y + 1 : y, x1 = smaller(x + (pooled ? 1 : 3), s.ow - 1);
    const float* pixel[4];
    for (int p = 0; p < 4; p++) {
        int py = pooled ? y + p / 2 : y, px = pooled ? x + p % 2 : smaller(x + p, x1);
        pixel[p] = s.data + ((long) py * s.planes.width + px) * s.stride * lanes;
    }
    vec acc[outputs][4];
#pragma GCC unroll 8
    for (int o = 0; o < outputs; o++) acc[o][0] = acc[o][1] = acc[o][2] = acc[o][3] = splat(s.bias ? s.bias[first + o] : 0);
    correlate<outputs>(s.planes, s.kernel, pixel, larger(0, s.planes.top - y1 * s.stride),
                       smaller(s.kernel, s.planes.bottom - y * s.stride), larger(0, s.planes.left - x1 * s.stride),
                       smaller(s.kernel, s.planes.right - x * s.stride), s.weights + (long) first * s.planes.channels * s.kernel * s.kernel,
                       acc);
    if (pooled) {
        long at = ((long) first * (s.oh / 2) + y / 2) * (s.ow / 2) + x / 2, step = (long) (s.oh / 2) * (s.ow / 2);
#pragma GCC unroll 8
        for (int o = 0; o < outputs; o++) pool_window(acc[o], s.out + (at + o * step) * lanes, s.choice + (at + o * step) * lanes);
        return;
    }
    float* out = s.out + (((long) first * s.oh + y) * s.ow + x) * lanes;
#pragma GCC unroll 8
    for (int o = 0; o < outputs; o++, out += (long) s.oh * s.ow * lanes)
#pragma GCC unroll 4
        for (int p = 0; p < 4; p++) {
            vec v = acc[o][p];
            if (s.flags & relu) v = v < 0 ? vec{} : v;
            if (x + p <= x1) store(out + p * lanes, v);
        }
}

template<bool pooled, int outputs = most_outputs> void tile_of(const Sweep& s, int first, int part, int y, int x) {
    if (part == outputs) tile<outputs, pooled>(s, first, y, x);
    else if constexpr (outputs > 1) tile_of<pooled, outputs - 1>(s, first, part, y, x);
}

template<bool pooled> void sweep(const Sweep& s) {
    long asked = 0;
    for (int y = 0; y < s.oh; y += pooled ? 2 : 1)
        for (int first = 0, part; first < s.outputs; first += part) {
            part = part_of(s.outputs, most_outputs, first);
            long made = (long) part * (pooled ? 1 : 4) * lanes * sizeof(float);
            for (int x = 0; x < s.ow; x += pooled ? 2 : 4) {
                for (long end = asked + made; asked < end && asked < s.next_bytes; asked += 64) __builtin_prefetch(s.next + asked, 1, 2);
                tile_of<pooled>(s, first, part, y, x);
            }
        }
}

/// Weights [filters, channels, kernel, kernel] in the order of a sweep over channels to filters; turned round, over filters to channels.
void pack_weights(const Shape& s, const float* weight, bool turned, float* out) {
    int outputs = turned ? s.channels : s.filters, inputs = turned ? s.filters : s.channels, square = s.kernel * s.kernel;
    for (int first = 0, part; first < outputs; first += part) {
        part = part_of(outputs, most_outputs, first);
        for (int i = 0; i < inputs; i++)
            for (int k = 0; k < square; k++)
                for (int o = 0; o < part; o++)
                    *out++ = turned ? weight[((long) i * s.channels + first + o) * square + square - 1 - k]
                                    : weight[((long) (first + o) * s.channels + i) * square + k];
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

void forward(Pool& pool, const Shape& s, const float* x, const float* weight, const float* bias, float* y, unsigned char* choice,
             int flags) {
    Sweep model = {{s.channels, s.padded_h, s.padded_w, s.padding, s.padding + s.height, s.padding, s.padding + s.width},
                   s.kernel,
                   s.stride,
                   s.filters,
                   s.oh,
                   s.ow,
                   flags,
                   bias,
                   nullptr,
                   nullptr,
                   nullptr,
                   nullptr,
                   nullptr,
                   0};
    int results = choice ? s.pooled() : s.output();
    long room = (long) round_up(results, 4 * lanes) * lanes;
    size_t shared = rounded(sizeof(float) * model.packed()) + rounded(sizeof(int) * s.image());
    size_t bytes = shared + rounded(sizeof(float) * model.planes.size()) + (choice ? 2 : 1) * rounded(sizeof(float) * room);
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    float* weights = carve<float>(common, model.packed());
    int* where = carve<int>(common, s.image());
    pack_weights(s, weight, false, weights);
    positions(model.planes, s.height, s.width, s.padding, 1, where);
    model.weights = weights;
    pool.each((s.batch + lanes - 1) / lanes, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        Sweep sweeping = model;
        float* data = carve<float>(memory, model.planes.size());
        sweeping.data = data;
        sweeping.out = carve<float>(memory, room);
        sweeping.choice = (int*) memory;
        if (s.padding) memset(data, 0, sizeof(float) * model.planes.size());
        for (long group = begin; group < end; group++) {
            long b = group * lanes;
            int n = smaller(lanes, (int) (s.batch - b));
            to_lanes(x + b * s.image(), 4l * s.image(), 4l * s.image(), n, where, data);
            sweeping.next = (const char*) (y + b * results);
            sweeping.next_bytes = 4l * results * n;
            if (choice) {
                sweep<true>(sweeping);
                pack_choice(sweeping.choice, results);
                from_lanes((const float*) sweeping.choice, choice + b * results, results, results, n);
            } else sweep<false>(sweeping);
            from_lanes(sweeping.out, y + b * results, 4l * results, 4l * results, n);
        }
    });
}

/// Pooled gradients of a group of images and where they go: g [pooled][lanes], choice bytes four to a word [pooled / 4][lanes].
struct Pooled {
    float* g;
    float* choice;
    static size_t bytes(const Shape& s) {
        return rounded(4 * lanes * (size_t) s.pooled()) + rounded(4 * lanes * (size_t) (s.pooled() / 4 + 1));
    }
    Pooled(const Shape& s, char*& memory)
        : g(carve<float>(memory, (size_t) s.pooled() * lanes)), choice(carve<float>(memory, (size_t) (s.pooled() / 4 + 1) * lanes)) {}
    void read(const Shape& s, const float* dy, const unsigned char* from, long b, int n) {
        to_lanes(dy + b * s.pooled(), 4l * s.pooled(), 4l * s.pooled(), n, nullptr, g);
        to_lanes(from + b * s.pooled(), s.pooled(), s.pooled(), n, nullptr, choice);
    }
    ivec position(long i) const { return *(const ivec*) (choice + i / 4 * lanes) >> (int) (i % 4 * 8) & 255; }
};

/// dx by a sweep over the gradient, spread apart by the stride.
void dense_backward_data(Pool& pool, const Shape& s, const float* dy, const unsigned char* choice, const float* weight, float* dx) {
    int offset = s.kernel - 1 - s.padding, height = s.height + s.kernel - 1, width = s.width + s.kernel - 1;
    Planes planes = {s.filters,
                     height,
                     width,
                     larger(0, offset),
                     smaller(height, offset + (s.oh - 1) * s.stride + 1),
                     larger(0, offset),
                     smaller(width, offset + (s.ow - 1) * s.stride + 1)};
    Sweep model = {planes, s.kernel, 1, s.channels, s.height, s.width, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 0};
    long room = (long) round_up(s.image(), lanes) * lanes;
    size_t shared = rounded(sizeof(float) * model.packed()) + rounded(sizeof(int) * s.output());
    size_t bytes = shared + rounded(sizeof(float) * planes.size()) + rounded(sizeof(float) * room) + (choice ? Pooled::bytes(s) : 0);
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    float* weights = carve<float>(common, model.packed());
    int* where = carve<int>(common, s.output());
    pack_weights(s, weight, true, weights);
    positions(planes, s.oh, s.ow, offset, s.stride, where);
    model.weights = weights;
    pool.each((s.batch + lanes - 1) / lanes, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        Sweep sweeping = model;
        float* data = carve<float>(memory, planes.size());
        sweeping.data = data;
        sweeping.out = carve<float>(memory, room);
        memset(data, 0, sizeof(float) * planes.size());
        for (long group = begin; group < end; group++) {
            long b = group * lanes;
            int n = smaller(lanes, (int) (s.batch - b));
            if (choice) {
                char* rest = memory;
                Pooled gradient(s, rest);
                gradient.read(s, dy, choice, b, n);
                int ph = s.oh / 2, pw = s.ow / 2;
                for (long i = 0; i < s.pooled(); i++) {
                    vec g = load(gradient.g + i * lanes);
                    ivec position = gradient.position(i);
                    const int* target = where + (i / pw / ph * s.oh + i / pw % ph * 2) * s.ow + i % pw * 2;
                    for (int q = 0; q < 4; q++) {
                        int at = target[q / 2 * s.ow + q % 2];
                        if (at >= 0) store(data + (long) at * lanes, position == q ? g : vec{});
                    }
                }
            } else to_lanes(dy + b * s.output(), 4l * s.output(), 4l * s.output(), n, where, data);
            sweep<false>(sweeping);
            from_lanes(sweeping.out, dx + b * s.image(), 4l * s.image(), 4l * s.image(), n);
        }
    });
}

/// A band of rows of the gradient: dy [filters][rows][ow][lanes], filters `step` floats apart, and the data under its first pixel.
struct Band {
    const float* x;
    const float* dy;
    long step;
    int rows, ow;
    long x_row, x_step;
};

/// sums[filter][tap] += sum over the band of dy x[tap], lane by lane; sums of neighbouring filters are sums_step floats apart.
template<int filters, int taps> void weight_tile(const Band& band, const int* tap, float* sums, long sums_step) {
    vec acc[filters][taps];
    long at[taps];
#pragma GCC unroll 8
    for (int j = 0; j < taps; j++) at[j] = tap[j];
#pragma GCC unroll 8
    for (int f = 0; f < filters; f++)
#pragma GCC unroll 8
        for (int j = 0; j < taps; j++) acc[f][j] = load(sums + f * sums_step + j * lanes);
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

void add_band(const Shape& s, int filters, Band band, const int* tap, float* sums) {
    long sums_step = (long) s.taps() * lanes;
    for (int f = 0, part; f < filters; f += part, band.dy += part * band.step) {
        part = part_of(filters, most_filters, f);
        for (int j = 0, taps; j < s.taps(); j += taps) {
            taps = part_of(s.taps(), most_taps, j);
            weight_tile_of(band, part, taps, tap + j, sums + f * sums_step + j * lanes, sums_step);
        }
    }
}

/// Filters whose sums, a vector for every weight, are kept at a time: all of them where there are few weights.
int filters_together(const Shape& s) {
    constexpr long most_sums = 1 << 20;      // floats
    long fit = most_sums / ((long) (s.taps() + 1) * lanes);
    if (fit >= s.filters) return s.filters;
    return fit < most_filters ? smaller(most_filters, s.filters) : (int) (fit / most_filters * most_filters);
}

/// sums [count][lanes] over lanes from .. to - 1, to out [count]. `sums` is read to a multiple of `lanes` vectors.
void add_lanes(const float* sums, int count, long from, long to, float* out) {
    for (int i = 0; i < count; i += lanes) {
        vec a[lanes];
#pragma GCC unroll 16
        for (int l = 0; l < lanes; l++) a[l] = load(sums + (long) (i + l) * lanes);
        transpose(a);
        alignas(64) float rows[lanes][lanes];
        for (int l = 0; l < lanes; l++) store(rows[l], a[l]);
        vec sum = {};
        for (long l = from; l < to; l++) sum += load(rows[l]);
        store_first(out + i, sum, smaller(lanes, count - i));
    }
}

/// Splits of few images share a group: the lanes of each are added up apart.
void dense_backward_weights(Pool& pool, const Shape& s, const float* x, const float* dy, const unsigned char* choice, float* partials,
                            int splits) {
    Planes planes = {s.channels, s.padded_h, s.padded_w, 0, 0, 0, 0};
    int most = (s.batch + splits - 1) / splits, together = larger(1, lanes / larger(1, most));
    int block = filters_together(s), blocks = (s.filters + block - 1) / block;
    // A band's gradients of one tile of filters stay in the first-level cache while the taps pass over them.
    int rows = larger(1, smaller(s.oh, 28000 / (smaller(most_filters, s.filters) * s.ow * lanes * 4)));
    if (choice) rows = round_up(rows, 2);
    size_t shared = rounded(sizeof(int) * s.image()) + rounded(sizeof(int) * s.taps());
    long room = ((long) block * s.taps() + round_up(block, lanes)) * lanes;
    size_t bytes = shared + rounded(sizeof(float) * planes.size()) + rounded(sizeof(float) * room)
                   + (choice ? Pooled::bytes(s) + rounded(sizeof(float) * block * rows * s.ow * lanes)
                             : rounded(sizeof(float) * block * s.oh * s.ow * lanes));
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    int* where = carve<int>(common, s.image());
    int* tap = carve<int>(common, s.taps());
    positions(planes, s.height, s.width, s.padding, 1, where);
    for (int i = 0; i < s.taps(); i++) {
        int c = i / (s.kernel * s.kernel), r = i / s.kernel % s.kernel, t = i % s.kernel;
        tap[i] = ((c * s.padded_h + r) * s.padded_w + t) * lanes;
    }
    pool.each((long) (splits + together - 1) / together * blocks, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        float* data = carve<float>(memory, planes.size());
        float* sums = carve<float>(memory, room);
        if (s.padding) memset(data, 0, sizeof(float) * planes.size());
        for (long unit = begin; unit < end; unit++) {
            int f0 = (int) (unit % blocks) * block, filters = smaller(block, s.filters - f0);
            long first_split = unit / blocks * together, last_split = first_split + together < splits ? first_split + together : splits;
            long first = first_split * s.batch / splits, last = last_split * s.batch / splits;
            memset(sums, 0, sizeof(float) * room);
            float* bias = sums + (long) filters * s.taps() * lanes;
            for (long b = first; b < last; b += lanes) {
                int n = smaller(lanes, (int) (last - b));
                to_lanes(x + b * s.image(), 4l * s.image(), 4l * s.image(), n, where, data);
                char* rest = memory;
                if (choice) {
                    Pooled gradient(s, rest);
                    float* dense = (float*) rest;
                    gradient.read(s, dy, choice, b, n);
                    int pw = s.ow / 2;
                    for (int y = 0; y < s.oh; y += rows) {
                        int here = smaller(rows, s.oh - y);
                        Band band = {data + (long) y * s.stride * s.padded_w * lanes,
                                     dense,
                                     (long) here * s.ow * lanes,
                                     here,
                                     s.ow,
                                     (long) s.stride * s.padded_w * lanes,
                                     (long) s.stride * lanes};
                        for (int f = 0; f < filters; f++) {
                            vec sum = load(bias + f * lanes);
                            for (int py = 0; py < here / 2; py++) {
                                long i = ((long) (f0 + f) * (s.oh / 2) + y / 2 + py) * pw;
                                float* to = dense + f * band.step + (long) 2 * py * s.ow * lanes;
                                for (int px = 0; px < pw; px++, i++, to += 2 * lanes) {
                                    vec g = load(gradient.g + i * lanes);
                                    ivec position = gradient.position(i);
                                    sum += position == dead ? vec{} : g;
                                    store(to, position == 0 ? g : vec{});
                                    store(to + lanes, position == 1 ? g : vec{});
                                    store(to + (long) s.ow * lanes, position == 2 ? g : vec{});
                                    store(to + (long) (s.ow + 1) * lanes, position == 3 ? g : vec{});
                                }
                            }
                            store(bias + f * lanes, sum);
                        }
                        add_band(s, filters, band, tap, sums);
                    }
                } else {
                    float* dense = (float*) rest;
                    int pixels = s.oh * s.ow;
                    to_lanes(dy + b * s.output() + (long) f0 * pixels, 4l * s.output(), 4l * filters * pixels, n, nullptr, dense);
                    for (int f = 0; f < filters; f++) {
                        vec sum = load(bias + f * lanes);
                        for (long i = (long) f * pixels; i < (long) (f + 1) * pixels; i++) sum += load(dense + i * lanes);
                        store(bias + f * lanes, sum);
                    }
                    for (int y = 0; y < s.oh; y += rows) {
                        Band band = {data + (long) y * s.stride * s.padded_w * lanes,
                                     dense + (long) y * s.ow * lanes,
                                     (long) s.oh * s.ow * lanes,
                                     smaller(rows, s.oh - y),
                                     s.ow,
                                     (long) s.stride * s.padded_w * lanes,
                                     (long) s.stride * lanes};
                        add_band(s, filters, band, tap, sums);
                    }
                }
            }
            for (long split = first_split; split < last_split; split++) {
                long from = together > 1 ? split * s.batch / splits - first : 0,
                     to = together > 1 ? (split + 1) * s.batch / splits - first : lanes;
                float* out = partials + split * (s.weights() + s.filters);
                add_lanes(sums, filters * s.taps(), from, to, out + (long) f0 * s.taps());
                add_lanes(bias, filters, from, to, out + s.weights() + f0);
            }
        }
    });
}

// ---------------------------------------------------------------------------------------------- sparse after pooling

/// x [channels, height, width] to scratch [padded_h, padded_w, channels], whose border is zero already.
void spread(const Shape& s, const float* __restrict__ x, float* __restrict__ out) {
    const int channels = s.channels, width = s.width;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < s.height; y++, x += width) {
            float* __restrict__ to = out + (y + s.padding) * s.row + s.padding * channels + c;
#pragma GCC unroll 4
            for (int i = 0; i < width; i++, to += channels) *to = x[i];
        }
}

/// The inverse: the inner part of the scratch to dx [channels, height, width].
void gather(const Shape& s, const float* __restrict__ in, float* __restrict__ dx) {
    const int channels = s.channels, width = s.width;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < s.height; y++, dx += width) {
            const float* __restrict__ from = in + (y + s.padding) * s.row + s.padding * channels + c;
#pragma GCC unroll 4
            for (int i = 0; i < width; i++, from += channels) dx[i] = *from;
        }
}

/// Whether a row of the kernel window fills its vectors well enough that one window in four costs less than all of them.
bool sparse_pays(const Shape& s) { return 2 * s.run > round_up(s.run, lanes); }

#if defined(__AVX512F__)
constexpr int most_vectors = 4;
#else
constexpr int most_vectors = 2;
#endif
constexpr int most_rows = 5;

/// Gradients that are not zero: `at` is where a gradient's window starts in the scratch, or its filter's weights.
struct Entries {
    int* at;
    float* g;
    int count;
};

/// sums[r][v] += sum_e g_e values[at_e][r][v] over `rows` rows of `vectors` vectors.
template<int rows, int vectors> void entry_tile(const float* values, long row, const Entries& list, float* sums, long sums_row) {
    vec acc[rows][vectors];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) acc[r][v] = load(sums + r * sums_row + v * lanes);
    for (int e = 0; e < list.count; e++) {
        vec g = splat(list.g[e]);
        const float* from = values + list.at[e];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) multiply_add(acc[r][v], g, load(from + r * row + v * lanes));
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) store(sums + r * sums_row + v * lanes, acc[r][v]);
}

typedef void (*EntryTile)(const float* values, long row, const Entries& list, float* sums, long sums_row);
template<int rows = most_rows, int vectors = most_vectors> EntryTile entry_tile_of(int row_part, int vector_part) {
    if constexpr (rows > 1)
        if (row_part < rows) return entry_tile_of<rows - 1, vectors>(row_part, vector_part);
    if constexpr (vectors > 1)
        if (vector_part < vectors) return entry_tile_of<rows, vectors - 1>(row_part, vector_part);
    return entry_tile<rows, vectors>;
}

/// A part of the kernel window that fits into registers.
struct WindowPart {
    int row, column;
    EntryTile add;
};

int most_parts(const Shape& s) { return ((s.run + lanes - 1) / lanes) * s.kernel; }
int window_parts(const Shape& s, WindowPart* parts) {
    int count = 0, vectors = (s.run + lanes - 1) / lanes;
    for (int v = 0, vector_part; v < vectors; v += vector_part) {
        vector_part = part_of(vectors, most_vectors, v);
        for (int r = 0, row_part; r < s.kernel; r += row_part) {
            row_part = part_of(s.kernel, most_rows, r);
            parts[count++] = {r, v * lanes, entry_tile_of(row_part, vector_part)};
        }
    }
    return count;
}

void add_entries(const WindowPart* parts, int count, const float* values, long row, const Entries& list, float* sums, long sums_row) {
    for (int i = 0; i < count; i++)
        parts[i].add(values + parts[i].row * row + parts[i].column, row, list, sums + parts[i].row * sums_row + parts[i].column, sums_row);
}

void sparse_backward_weights(Pool& pool, const Shape& s, const float* x, const float* dy, const unsigned char* choice, float* partials,
                             int splits) {
    long sums_row = round_up(s.run, lanes), wide = s.kernel * sums_row;
    int ph = s.oh / 2, pw = s.ow / 2, plane = ph * pw, room = plane + 2 * lanes;
    size_t shared = rounded(sizeof(WindowPart) * most_parts(s)) + rounded(sizeof(int) * room);
    size_t bytes = shared + rounded(sizeof(float) * s.scratch()) + 2 * rounded(sizeof(int) * room)
                   + rounded(sizeof(float) * lanes * s.filters) + rounded(sizeof(float) * wide * s.filters);
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    WindowPart* parts = carve<WindowPart>(common, most_parts(s));
    int* start = carve<int>(common, room);
    const int part_count = window_parts(s, parts), right = s.window(0, 1), below = s.window(1, 0);
    for (int i = 0; i < plane; i++) start[i] = s.window(i / pw * 2, i % pw * 2);
    pool.each(splits, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        float* image = carve<float>(memory, s.scratch());
        Entries list = {carve<int>(memory, room), carve<float>(memory, room), 0};
        float* bias = carve<float>(memory, (size_t) lanes * s.filters);
        float* sums = (float*) memory;
        memset(image, 0, sizeof(float) * s.scratch());
        for (long split = begin; split < end; split++) {
            memset(bias, 0, sizeof(float) * lanes * s.filters);
            memset(sums, 0, sizeof(float) * wide * s.filters);
            long last = (split + 1) * s.batch / splits;
            for (long b = split * s.batch / splits; b < last; b++) {
                spread(s, x + b * s.image(), image);
                const float* gradient = dy + b * s.pooled();
                const unsigned char* position = choice + b * s.pooled();
                for (int f = 0; f < s.filters; f++, gradient += plane, position += plane) {
                    vec sum = load(bias + f * lanes);
                    list.count = 0;
                    for (int i = 0; i < plane; i += lanes) {
                        int width = smaller(lanes, plane - i);
                        vec g = load_first(gradient + i, width);
                        ivec q = load_bytes(position + i, width, dead), alive = q != dead;
                        ivec at = *(const ivec*) (start + i) + (q & 1) * right + (q >> 1) * below;
                        sum += alive ? g : vec{};
                        list.count += append(at, g, alive, list.at + list.count, list.g + list.count);
                    }
                    store(bias + f * lanes, sum);
                    add_entries(parts, part_count, image, s.row, list, sums + f * wide, sums_row);
                }
            }
            float* out = partials + split * (s.weights() + s.filters);
            for (int f = 0; f < s.filters; f++)
                for (int c = 0; c < s.channels; c++)
                    for (int r = 0; r < s.kernel; r++)
                        for (int t = 0; t < s.kernel; t++) *out++ = sums[f * wide + r * sums_row + t * s.channels + c];
            for (int f = 0; f < s.filters; f++) {
                float sum = 0;
                for (int l = 0; l < lanes; l++) sum += bias[f * lanes + l];
                *out++ = sum;
            }
        }
    });
}

/// Gradients and positions of one image, [filters, plane], to [plane rounded up][filters rounded up].
void filters_last(const Shape& s, const float* g, const unsigned char* position, float* g_out, int* position_out) {
    int plane = s.oh / 2 * (s.ow / 2), filters = round_up(s.filters, lanes);
    for (int f = 0; f < s.filters; f += lanes)
        for (int i = 0; i < plane; i += lanes) {
            int width = smaller(lanes, plane - i);
            vec a[lanes], b[lanes];
            for (int l = 0; l < lanes; l++) {
                bool inside = f + l < s.filters;
                long at = inside ? (long) (f + l) * plane + i : 0;
                a[l] = load_first(g + at, inside ? width : 0);
                b[l] = (vec) load_bytes(position + at, inside ? width : 0, dead);
            }
            transpose(a);
            transpose(b);
            for (int l = 0; l < lanes; l++) {
                store(g_out + (long) (i + l) * filters + f, a[l]);
                store(position_out + (long) (i + l) * filters + f, b[l]);
            }
        }
}

void sparse_backward_data(Pool& pool, const Shape& s, const float* dy, const unsigned char* choice, const float* weight, float* dx) {
    long row = round_up(s.run, lanes), wide = s.kernel * row;
    int ph = s.oh / 2, pw = s.ow / 2, filters = round_up(s.filters, lanes), room = filters + lanes;
    long transposed = (long) round_up(ph * pw, lanes) * filters;
    size_t shared =
        rounded(sizeof(float) * wide * s.filters) + rounded(sizeof(WindowPart) * most_parts(s)) + rounded(sizeof(int) * filters);
    size_t bytes = shared + rounded(sizeof(float) * s.scratch()) + 2 * rounded(sizeof(int) * room) + 2 * rounded(sizeof(int) * transposed);
    char* common = (char*) pool.reserve(bytes);
    if (!common) return;
    float* w = carve<float>(common, wide * s.filters);
    WindowPart* parts = carve<WindowPart>(common, most_parts(s));
    int* start = carve<int>(common, filters);
    const int part_count = window_parts(s, parts);
    for (int f = 0; f < filters; f++) start[f] = (int) (f * wide);
    memset(w, 0, sizeof(float) * wide * s.filters);
    for (int f = 0; f < s.filters; f++)
        for (int c = 0; c < s.channels; c++)
            for (int r = 0; r < s.kernel; r++)
                for (int t = 0; t < s.kernel; t++) w[f * wide + r * row + t * s.channels + c] = *weight++;
    // A window that overlaps the one stored just before would wait for it: go down the image in steps that clear the kernel.
    const int step = (s.kernel + 2 * s.stride - 1) / (2 * s.stride);
    pool.each(s.batch, 4, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        float* image = carve<float>(memory, s.scratch());
        Entries list = {carve<int>(memory, room), carve<float>(memory, room), 0};
        float* g = carve<float>(memory, transposed);
        int* position = carve<int>(memory, transposed);
        for (long b = begin; b < end; b++) {
            memset(image, 0, sizeof(float) * s.scratch());
            filters_last(s, dy + b * s.pooled(), choice + b * s.pooled(), g, position);
            for (int x = 0; x < pw; x++)
                for (int q = 0; q < 4; q++)
                    for (int y0 = 0; y0 < step; y0++)
                        for (int y = y0; y < ph; y += step) {
                            long first = (long) (y * pw + x) * filters;
                            list.count = 0;
                            for (int f = 0; f < filters; f += lanes)
                                list.count += append(*(const ivec*) (start + f), load(g + first + f),
                                                     *(const ivec*) (position + first + f) == q, list.at + list.count, list.g + list.count);
                            if (list.count)
                                add_entries(parts, part_count, w, row, list, image + s.window(2 * y + q / 2, 2 * x + q % 2), s.row);
                        }
            gather(s, image, dx + b * s.image());
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
