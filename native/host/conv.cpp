// 2-D convolution on the processor, direct: no im2col in memory. One image at a time lies in cache as a padded, channel-last
// scratch x[y][x][c], so that a row of the kernel window, `run` = kernel * channels floats, is contiguous.
//
// forward        many filters: filters in lanes, the window's values by broadcast, two output rows of pixels as accumulators;
//                few filters: output pixels in lanes, the weights by broadcast, filters x two rows as accumulators
// fused forward  the same, then bias, ReLU and 2 x 2 max-pool of two rows while they are in registers or L1
// backward       walks over gradients (pixel, filter, value) that are not zero; after pooling and ReLU that is at most one
//                in four. Weights: acc[window] += g x[window]; data: acc[window] += g w[window], then dx[window] += acc.
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
    long image() const { return (long) channels * height * width; }
    long output() const { return (long) filters * oh * ow; }
    int weights() const { return filters * channels * kernel * kernel; }
    /// Floats of the scratch of one image, with room for vectors that read past its end.
    long scratch() const { return round_up(padded_h * row + 4 * lanes, 16); }
    int window(int y, int x) const { return y * stride * row + x * stride * channels; }
};

void* carve(char*& memory, size_t bytes) {
    void* start = memory;
    memory += (bytes + 63) / 64 * 64;
    return start;
}

/// x [channels, height, width] to scratch [padded_h, padded_w, channels], zero around.
void spread(const Shape& s, const float* x, float* out) {
    memset(out, 0, sizeof(float) * s.scratch());
    for (int c = 0; c < s.channels; c++)
        for (int y = 0; y < s.height; y++) {
            const float* from = x + ((long) c * s.height + y) * s.width;
            float* to = out + (y + s.padding) * s.row + s.padding * s.channels + c;
            for (int i = 0; i < s.width; i++) to[i * s.channels] = from[i];
        }
}

/// The inverse: the inner part of the scratch to dx [channels, height, width].
void gather(const Shape& s, const float* in, float* dx) {
    for (int c = 0; c < s.channels; c++)
        for (int y = 0; y < s.height; y++) {
            float* to = dx + ((long) c * s.height + y) * s.width;
            const float* from = in + (y + s.padding) * s.row + s.padding * s.channels + c;
            for (int i = 0; i < s.width; i++) to[i] = from[i * s.channels];
        }
}

// ---------------------------------------------------------------------------------------------- forward

/// weight [filters, channels, kernel, kernel] to [kernel][kernel * channels][filters rounded up to lanes].
void filters_last(const Shape& s, const float* weight, float* out) {
    int width = round_up(s.filters, lanes);
    memset(out, 0, sizeof(float) * s.kernel * s.run * width);
    for (int f = 0; f < s.filters; f++)
        for (int c = 0; c < s.channels; c++)
            for (int r = 0; r < s.kernel; r++)
                for (int t = 0; t < s.kernel; t++)
                    out[(r * s.run + t * s.channels + c) * width + f] = weight[((f * s.channels + c) * s.kernel + r) * s.kernel + t];
}

/// weight to [kernel][kernel * channels][filters].
void filters_near(const Shape& s, const float* weight, float* out) {
    for (int f = 0; f < s.filters; f++)
        for (int c = 0; c < s.channels; c++)
            for (int r = 0; r < s.kernel; r++)
                for (int t = 0; t < s.kernel; t++)
                    out[(r * s.run + t * s.channels + c) * s.filters + f] = weight[((f * s.channels + c) * s.kernel + r) * s.kernel + t];
}

/// Filters in lanes: `pixels` neighbouring outputs of each of two rows, one vector of filters; out [2][pixels][lanes].
template<int pixels> void filter_lanes(const Shape& s, const float* top, const float* bottom, const float* w, int width, vec bias, float* out) {
    vec acc[2][pixels];
#pragma GCC unroll 16
    for (int p = 0; p < pixels; p++) acc[0][p] = acc[1][p] = bias;
    int step = s.stride * s.channels;
    for (int r = 0; r < s.kernel; r++) {
        for (int i = 0; i < s.run; i++, w += width) {
            vec f = load(w);
#pragma GCC unroll 16
            for (int p = 0; p < pixels; p++) acc[0][p] += top[i + p * step] * f;
#pragma GCC unroll 16
            for (int p = 0; p < pixels; p++) acc[1][p] += bottom[i + p * step] * f;
        }
        top += s.row;
        bottom += s.row;
    }
#pragma GCC unroll 16
    for (int p = 0; p < pixels; p++) {
        store(out + p * lanes, acc[0][p]);
        store(out + (pixels + p) * lanes, acc[1][p]);
    }
}

#if defined(__AVX512F__)
constexpr int most_pixels = 10;
#else
constexpr int most_pixels = 6;
#endif

/// One output row pair, filters in lanes. Calls each(first filter, first pixel, pixels, out), out [2][pixels][lanes]; pixels
/// is even but for the last of an odd row. The bottom row may repeat the top one.
template<class F> void rows_by_filters(const Shape& s, const float* scratch, int top, int bottom, const float* w, const float* bias, F&& each) {
    int width = round_up(s.filters, lanes);
    alignas(64) float out[2 * most_pixels * lanes];
    for (int f0 = 0; f0 < s.filters; f0 += lanes) {
        alignas(64) float biases[lanes] = {};
        if (bias) for (int f = f0; f < s.filters && f < f0 + lanes; f++) biases[f - f0] = bias[f];
        for (int x = 0; x < s.ow; ) {
            int left = s.ow - x, pixels = left >= most_pixels ? most_pixels : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            const float* a = scratch + s.window(top, x);
            const float* b = scratch + s.window(bottom, x);
            vec bv = load(biases);
            switch (pixels) {
                case 1: filter_lanes<1>(s, a, b, w + f0, width, bv, out); break;
                case 2: filter_lanes<2>(s, a, b, w + f0, width, bv, out); break;
                case 4: filter_lanes<4>(s, a, b, w + f0, width, bv, out); break;
                default: filter_lanes<most_pixels>(s, a, b, w + f0, width, bv, out); break;
            }
            each(f0, x, pixels, out);
            x += pixels;
        }
    }
}

/// Pixels in lanes: two vectors of neighbouring outputs of each of two rows, `count` filters; stride 1, one channel a plane.
template<int count> void pixel_lanes(const Shape& s, const float* top, const float* bottom, long plane, int line, const float* w,
                                     const float* bias, float* out) {
    vec acc[count][4];
#pragma GCC unroll 8
    for (int f = 0; f < count; f++) acc[f][0] = acc[f][1] = acc[f][2] = acc[f][3] = splat(bias ? bias[f] : 0);
    for (int c = 0; c < s.channels; c++)
        for (int r = 0; r < s.kernel; r++) {
            const float* a = top + c * plane + r * line;
            const float* b = bottom + c * plane + r * line;
            for (int t = 0; t < s.kernel; t++) {
                const float* wt = w + (r * s.run + t * s.channels + c) * s.filters;
                vec a0 = load(a + t), a1 = load(a + t + lanes), b0 = load(b + t), b1 = load(b + t + lanes);
#pragma GCC unroll 8
                for (int f = 0; f < count; f++) {
                    vec v = splat(wt[f]);
                    acc[f][0] += v * a0;
                    acc[f][1] += v * a1;
                    acc[f][2] += v * b0;
                    acc[f][3] += v * b1;
                }
            }
        }
#pragma GCC unroll 8
    for (int f = 0; f < count; f++) {
        store(out + (f * 4) * lanes, acc[f][0]);
        store(out + (f * 4 + 1) * lanes, acc[f][1]);
        store(out + (f * 4 + 2) * lanes, acc[f][2]);
        store(out + (f * 4 + 3) * lanes, acc[f][3]);
    }
}

#if defined(__AVX512F__)
constexpr int most_filters = 6;
#else
constexpr int most_filters = 2;
#endif

/// One output row pair, pixels in lanes: lines [2][filters][ow], from planes [channels][padded_h][line].
void rows_by_pixels(const Shape& s, const float* planes, int line, int top, int bottom, const float* w, const float* bias, float* lines) {
    alignas(64) float out[most_filters * 4 * lanes];
    long plane = (long) s.padded_h * line;
    for (int f0 = 0; f0 < s.filters; ) {
        int count = s.filters - f0 >= most_filters ? most_filters : 1;
        for (int x = 0; x < s.ow; x += 2 * lanes) {
            const float* a = planes + top * line + x;
            const float* b = planes + bottom * line + x;
            if (count == 1) pixel_lanes<1>(s, a, b, plane, line, w + f0, bias ? bias + f0 : nullptr, out);
            else pixel_lanes<most_filters>(s, a, b, plane, line, w + f0, bias ? bias + f0 : nullptr, out);
            int width = s.ow - x < 2 * lanes ? s.ow - x : 2 * lanes;
            for (int f = 0; f < count; f++)
                for (int q = 0; q < 2; q++) {
                    float* to = lines + (q * s.filters + f0 + f) * s.ow + x;
                    const float* from = out + (f * 4 + q * 2) * lanes;
                    store_first(to, load(from), width < lanes ? width : lanes);
                    store_first(to + lanes, load(from + lanes), width < lanes ? 0 : width - lanes);
                }
        }
        f0 += count;
    }
}

/// ReLU and maximum of four neighbours, lane by lane; position 0..3 of the first maximum, `dead` if it is not positive.
inline __attribute__((always_inline)) void pool(vec a, vec b, vec c, vec d, float* most, int* position) {
    ivec right = b > a, lower_right = d > c;
    vec upper = right ? b : a, lower = lower_right ? d : c;
    ivec below = lower > upper;
    vec best = below ? lower : upper;
    ivec where = below ? 2 + (lower_right & 1) : (right & 1);
    *(vec*) most = best < 0 ? vec{} : best;
    *(ivec*) position = best > 0 ? where : ivec{} + dead;
}

/// Two output rows of one filter to one pooled row; reads up to 2 * lanes floats past the rows' ends.
void pool_line(const float* upper, const float* lower, int pw, float* y, unsigned char* choice) {
    ivec even, odd;
    for (int i = 0; i < lanes; i++) even[i] = 2 * i, odd[i] = 2 * i + 1;
    for (int x = 0; x < pw; x += lanes) {
        vec a0 = load(upper + 2 * x), a1 = load(upper + 2 * x + lanes), b0 = load(lower + 2 * x), b1 = load(lower + 2 * x + lanes);
        alignas(64) float most[lanes];
        alignas(64) int position[lanes];
        pool(__builtin_shuffle(a0, a1, even), __builtin_shuffle(a0, a1, odd), __builtin_shuffle(b0, b1, even),
             __builtin_shuffle(b0, b1, odd), most, position);
        int width = pw - x < lanes ? pw - x : lanes;
        store_first(y + x, load(most), width);
        store_bytes(choice + x, *(const ivec*) position, width);
    }
}

/// Everything that a worker needs to convolve images one after another.
struct Forward {
    const Shape& s;
    const bool by_pixels;
    const int line;             // floats of a padded row of a plane
    const float* bias;
    float* weights;
    static bool pixels_pay(const Shape& s) { return s.stride == 1 && s.filters * 2 <= lanes + 4 && s.ow >= lanes; }
    Forward(const Shape& s, const float* bias) : s(s), by_pixels(pixels_pay(s)), line(round_up(s.padded_w, 16) + 16), bias(bias), weights(nullptr) {}
    size_t weight_bytes() const { return sizeof(float) * s.kernel * s.run * round_up(s.filters, lanes); }
    size_t image_bytes() const { return sizeof(float) * (by_pixels ? (long) s.channels * s.padded_h * line + 4 * lanes : s.scratch()); }
    size_t line_bytes() const { return sizeof(float) * (2 * s.filters * s.ow + 2 * lanes); }
    void prepare(const float* weight) { if (by_pixels) filters_near(s, weight, weights); else filters_last(s, weight, weights); }
    void place(const float* x, float* image) const {
        if (!by_pixels) { spread(s, x, image); return; }
        memset(image, 0, image_bytes());
        for (int c = 0; c < s.channels; c++)
            for (int y = 0; y < s.height; y++)
                memcpy(image + ((long) c * s.padded_h + y + s.padding) * line + s.padding, x + ((long) c * s.height + y) * s.width, sizeof(float) * s.width);
    }
    /// Output rows top and bottom of all filters: lines [2][filters][ow].
    void rows(const float* image, int top, int bottom, float* lines) const {
        if (by_pixels) {
            rows_by_pixels(s, image, line, top, bottom, weights, bias, lines);
            return;
        }
        rows_by_filters(s, image, top, bottom, weights, bias, [&](int f0, int x, int pixels, const float* out) {
            for (int f = f0; f < s.filters && f < f0 + lanes; f++)
                for (int q = 0; q < 2; q++)
                    for (int p = 0; p < pixels; p++)
                        lines[(q * s.filters + f) * s.ow + x + p] = out[(q * pixels + p) * lanes + f - f0];
        });
    }
    /// The pooled row py of all filters, into y and choice of this image, [filters, oh / 2, ow / 2].
    void pooled_row(const float* image, int py, float* lines, float* y, unsigned char* choice) const {
        int pw = s.ow / 2, plane = s.oh / 2 * pw;
        y += py * pw;
        choice += py * pw;
        if (by_pixels) {
            rows(image, 2 * py, 2 * py + 1, lines);
            for (int f = 0; f < s.filters; f++)
                pool_line(lines + f * s.ow, lines + (s.filters + f) * s.ow, pw, y + f * plane, choice + f * plane);
            return;
        }
        rows_by_filters(s, image, 2 * py, 2 * py + 1, weights, bias, [&](int f0, int x, int pixels, const float* out) {
            for (int p = 0; p < pixels; p += 2) {
                alignas(64) float most[lanes];
                alignas(64) int position[lanes];
                const float* upper = out + p * lanes;
                const float* lower = out + (pixels + p) * lanes;
                pool(load(upper), load(upper + lanes), load(lower), load(lower + lanes), most, position);
                int at = f0 * plane + (x + p) / 2;
                for (int f = 0; f < lanes && f0 + f < s.filters; f++, at += plane) {
                    y[at] = most[f];
                    choice[at] = (unsigned char) position[f];
                }
            }
        });
    }
};

/// Runs each(image number, its placed scratch, lines) over the batch; lines is room for two output rows of all filters.
template<class F> void over_images(Pool& pool, Forward& forward, const float* x, const float* weight, F&& each) {
    const Shape& s = forward.s;
    size_t shared = (forward.weight_bytes() + 63) / 64 * 64;
    size_t own = (forward.image_bytes() + 63) / 64 * 64 + (forward.line_bytes() + 63) / 64 * 64;
    forward.weights = (float*) pool.scratch(0, shared + own);
    forward.prepare(weight);
    pool.each(s.batch, 4, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, shared + own) + shared;
        float* image = (float*) carve(memory, forward.image_bytes());
        float* lines = (float*) carve(memory, forward.line_bytes());
        for (long b = begin; b < end; b++) {
            forward.place(x + b * s.image(), image);
            each(b, image, lines);
        }
    });
}

void conv2d_forward(Pool& pool, const float* x, const float* weight, const float* bias, float* y, int batch, int channels,
                    int height, int width, int filters, int kernel, int stride, int padding, int flags) {
    Shape s(batch, channels, height, width, filters, kernel, stride, padding);
    Forward forward(s, bias);
    over_images(pool, forward, x, weight, [&](long b, const float* image, float* lines) {
        for (int oy = 0; oy < s.oh; oy += 2) {
            int bottom = oy + 1 < s.oh ? oy + 1 : oy;
            forward.rows(image, oy, bottom, lines);
            for (int q = 0; q <= bottom - oy; q++)
                for (int f = 0; f < s.filters; f++) {
                    const float* from = lines + (q * s.filters + f) * s.ow;
                    float* to = y + b * s.output() + ((long) f * s.oh + oy + q) * s.ow;
                    if (flags & relu) for (int i = 0; i < s.ow; i++) to[i] = from[i] < 0 ? 0 : from[i];
                    else memcpy(to, from, sizeof(float) * s.ow);
                }
        }
    });
}

void conv2d_relu_pool_forward(Pool& pool, const float* x, const float* weight, const float* bias, float* y, unsigned char* choice,
                              int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding) {
    Shape s(batch, channels, height, width, filters, kernel, stride, padding);
    Forward forward(s, bias);
    int ph = s.oh / 2, pw = s.ow / 2;
    over_images(pool, forward, x, weight, [&](long b, const float* image, float* lines) {
        long at = b * s.filters * ph * pw;
        for (int py = 0; py < ph; py++) forward.pooled_row(image, py, lines, y + at, choice + at);
    });
}

// ---------------------------------------------------------------------------------------------- backward

/// A gradient that is not zero: where its window starts in the scratch, and its value.
struct Entry { int window; float g; };

/// The entries of filter f of image b: dense from dy [batch, filters, oh, ow], or where `choice` points after pooling.
int entries(const Shape& s, const float* dy, const unsigned char* choice, long b, int f, Entry* list) {
    int count = 0;
    if (choice) {
        int ph = s.oh / 2, pw = s.ow / 2;
        const float* g = dy + (b * s.filters + f) * ph * pw;
        const unsigned char* c = choice + (b * s.filters + f) * ph * pw;
        for (int y = 0; y < ph; y++)
            for (int x = 0; x < pw; x++, g++, c++) {
                list[count] = {s.window(2 * y + (*c >> 1), 2 * x + (*c & 1)), *g};
                count += *c != dead;
            }
    } else {
        const float* g = dy + b * s.output() + (long) f * s.oh * s.ow;
        for (int y = 0; y < s.oh; y++)
            for (int x = 0; x < s.ow; x++, g++) {
                list[count] = {s.window(y, x), *g};
                count += *g != 0;
            }
    }
    return count;
}

/// sum_e g_e x[window_e], a kernel row in `vectors` vectors, `rows` kernel rows from `first` on; into sums [kernel][vectors * lanes].
template<int rows, int vectors> void windows(const Shape& s, const float* image, const Entry* list, int count, int first, float* sums) {
    vec acc[rows][vectors];
    for (int r = 0; r < rows; r++) for (int v = 0; v < vectors; v++) acc[r][v] = load(sums + ((first + r) * vectors + v) * lanes);
    for (int e = 0; e < count; e++) {
        vec g = splat(list[e].g);
        const float* x = image + list[e].window + first * s.row;
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) acc[r][v] += g * load(x + r * s.row + v * lanes);
    }
    for (int r = 0; r < rows; r++) for (int v = 0; v < vectors; v++) store(sums + ((first + r) * vectors + v) * lanes, acc[r][v]);
}

template<int vectors> void all_windows(const Shape& s, const float* image, const Entry* list, int count, float* sums) {
    int r = 0;
    for (; r + 5 <= s.kernel; r += 5) windows<5, vectors>(s, image, list, count, r, sums);
    for (; r + 3 <= s.kernel; r += 3) windows<3, vectors>(s, image, list, count, r, sums);
    for (; r < s.kernel; r++) windows<1, vectors>(s, image, list, count, r, sums);
}

/// Any width of run: kernel rows one after another, the run in memory.
void wide_windows(const Shape& s, const float* image, const Entry* list, int count, int vectors, float* sums) {
    for (int e = 0; e < count; e++)
        for (int r = 0; r < s.kernel; r++) {
            const float* x = image + list[e].window + r * s.row;
            float* out = sums + (long) r * vectors * lanes;
            float g = list[e].g;
            for (int i = 0; i < s.run; i++) out[i] += g * x[i];
        }
}

void add_windows(const Shape& s, const float* image, const Entry* list, int count, int vectors, float* sums) {
    switch (vectors) {
        case 1: all_windows<1>(s, image, list, count, sums); break;
        case 2: all_windows<2>(s, image, list, count, sums); break;
        case 3: all_windows<3>(s, image, list, count, sums); break;
        case 4: all_windows<4>(s, image, list, count, sums); break;
        default: wide_windows(s, image, list, count, vectors, sums);
    }
}

void backward_weights(Pool& pool, const float* x, const float* dy, const unsigned char* choice, float* partials, const Shape& s, int splits) {
    int vectors = (s.run + lanes - 1) / lanes;
    size_t image_bytes = (sizeof(float) * s.scratch() + 63) / 64 * 64, list_bytes = sizeof(Entry) * (s.oh * s.ow + 1);
    size_t sums_count = (size_t) s.kernel * vectors * lanes;
    size_t bytes = image_bytes + (list_bytes + 63) / 64 * 64 + sizeof(float) * sums_count * s.filters;
    pool.each(splits, 1, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes);
        float* image = (float*) carve(memory, image_bytes);
        Entry* list = (Entry*) carve(memory, list_bytes);
        float* sums = (float*) memory;
        for (long split = begin; split < end; split++) {
            float* out = partials + split * (s.weights() + s.filters);
            float* bias = out + s.weights();
            memset(sums, 0, sizeof(float) * sums_count * s.filters);
            memset(bias, 0, sizeof(float) * s.filters);
            long last = (split + 1) * s.batch / splits;
            for (long b = split * s.batch / splits; b < last; b++) {
                spread(s, x + b * s.image(), image);
                for (int f = 0; f < s.filters; f++) {
                    int count = entries(s, dy, choice, b, f, list);
                    float sum = 0;
                    for (int e = 0; e < count; e++) sum += list[e].g;
                    bias[f] += sum;
                    add_windows(s, image, list, count, vectors, sums + f * sums_count);
                }
            }
            for (int f = 0; f < s.filters; f++)
                for (int c = 0; c < s.channels; c++)
                    for (int r = 0; r < s.kernel; r++)
                        for (int t = 0; t < s.kernel; t++)
                            out[((f * s.channels + c) * s.kernel + r) * s.kernel + t] =
                                sums[f * sums_count + (size_t) r * vectors * lanes + t * s.channels + c];
        }
    });
}

/// sum over filters of g w[f] at one window, then dx[window] += that; w is [filters][kernel][vectors * lanes], zero past the run.
template<int vectors> void scatter(const Shape& s, const float* w, const int* filters, const float* g, int count, float* dx) {
    for (int r = 0; r < s.kernel; r++) {
        vec acc[vectors];
        for (int v = 0; v < vectors; v++) acc[v] = load(dx + r * s.row + v * lanes);
        for (int e = 0; e < count; e++) {
            const float* from = w + ((long) filters[e] * s.kernel + r) * vectors * lanes;
            for (int v = 0; v < vectors; v++) acc[v] += g[e] * load(from + v * lanes);
        }
        for (int v = 0; v < vectors; v++) store(dx + r * s.row + v * lanes, acc[v]);
    }
}

void wide_scatter(const Shape& s, const float* w, const int* filters, const float* g, int count, int vectors, float* dx) {
    for (int r = 0; r < s.kernel; r++)
        for (int e = 0; e < count; e++) {
            const float* from = w + ((long) filters[e] * s.kernel + r) * vectors * lanes;
            float* to = dx + r * s.row;
            for (int i = 0; i < s.run; i++) to[i] += g[e] * from[i];
        }
}

void scatter_window(const Shape& s, const float* w, const int* filters, const float* g, int count, int vectors, float* dx) {
    switch (vectors) {
        case 1: scatter<1>(s, w, filters, g, count, dx); break;
        case 2: scatter<2>(s, w, filters, g, count, dx); break;
        case 3: scatter<3>(s, w, filters, g, count, dx); break;
        case 4: scatter<4>(s, w, filters, g, count, dx); break;
        default: wide_scatter(s, w, filters, g, count, vectors, dx);
    }
}

void backward_data(Pool& pool, const float* dy, const unsigned char* choice, const float* weight, float* dx, const Shape& s) {
    int vectors = (s.run + lanes - 1) / lanes;
    size_t wide = (size_t) s.kernel * vectors * lanes;
    size_t shared = (sizeof(float) * wide * s.filters + 63) / 64 * 64, image_bytes = (sizeof(float) * s.scratch() + 63) / 64 * 64;
    size_t list_bytes = 4 * (sizeof(int) + sizeof(float)) * s.filters, bytes = shared + image_bytes + (list_bytes + 63) / 64 * 64;
    float* w = (float*) pool.scratch(0, bytes);
    memset(w, 0, shared);
    for (int f = 0; f < s.filters; f++)
        for (int c = 0; c < s.channels; c++)
            for (int r = 0; r < s.kernel; r++)
                for (int t = 0; t < s.kernel; t++)
                    w[f * wide + (size_t) r * vectors * lanes + t * s.channels + c] = weight[((f * s.channels + c) * s.kernel + r) * s.kernel + t];
    int ph = choice ? s.oh / 2 : s.oh, pw = choice ? s.ow / 2 : s.ow, positions = choice ? 4 : 1;
    pool.each(s.batch, 4, [&](long begin, long end, int worker) {
        char* memory = (char*) pool.scratch(worker, bytes) + shared;
        float* image = (float*) carve(memory, image_bytes);
        int* filters = (int*) memory;
        float* g = (float*) (filters + 4 * s.filters);
        for (long b = begin; b < end; b++) {
            memset(image, 0, image_bytes);
            const float* d = dy + b * s.filters * ph * pw;
            const unsigned char* c = choice ? choice + b * s.filters * ph * pw : nullptr;
            for (int y = 0; y < ph; y++)
                for (int x = 0; x < pw; x++) {
                    int counts[5] = {0, 0, 0, 0, 0};
                    for (int f = 0; f < s.filters; f++) {
                        long at = ((long) f * ph + y) * pw + x;
                        int position = c ? c[at] : 0;
                        if (position == dead || d[at] == 0) continue;
                        int slot = position * s.filters + counts[position]++;
                        filters[slot] = f;
                        g[slot] = d[at];
                    }
                    for (int p = 0; p < positions; p++)
                        if (counts[p]) {
                            int window = choice ? s.window(2 * y + (p >> 1), 2 * x + (p & 1)) : s.window(y, x);
                            scatter_window(s, w, filters + p * s.filters, g + p * s.filters, counts[p], vectors, image + window);
                        }
                }
            gather(s, image, dx + b * s.image());
        }
    });
}

void conv2d_backward_data(Pool& pool, const float* dy, const float* weight, float* dx, int batch, int channels, int height, int width,
                          int filters, int kernel, int stride, int padding) {
    backward_data(pool, dy, nullptr, weight, dx, Shape(batch, channels, height, width, filters, kernel, stride, padding));
}

void conv2d_backward_weights(Pool& pool, const float* x, const float* dy, float* partials, int batch, int channels, int height,
                             int width, int filters, int kernel, int stride, int padding, int splits) {
    backward_weights(pool, x, dy, nullptr, partials, Shape(batch, channels, height, width, filters, kernel, stride, padding), splits);
}

void conv2d_relu_pool_backward_data(Pool& pool, const float* dy, const unsigned char* choice, const float* weight, float* dx, int batch,
                                    int channels, int height, int width, int filters, int kernel, int stride, int padding) {
    backward_data(pool, dy, choice, weight, dx, Shape(batch, channels, height, width, filters, kernel, stride, padding));
}

void conv2d_relu_pool_backward_weights(Pool& pool, const float* x, const float* dy, const unsigned char* choice, float* partials, int batch,
                                       int channels, int height, int width, int filters, int kernel, int stride, int padding, int splits) {
    backward_weights(pool, x, dy, choice, partials, Shape(batch, channels, height, width, filters, kernel, stride, padding), splits);
}
}

// On the processor TF32 is FP32: there is nothing to gain from less.
#define BOTH(name) HOST_CALL(name##_fp32, name); HOST_CALL(name##_tf32, name)
BOTH(conv2d_forward);
BOTH(conv2d_backward_data);
BOTH(conv2d_backward_weights);
BOTH(conv2d_relu_pool_forward);
BOTH(conv2d_relu_pool_backward_data);
BOTH(conv2d_relu_pool_backward_weights);
