// Gradients of a convolution that ReLU and a pool follow, by walking over those that the pool chose: at most one in four is not zero.
// Where a row of the kernel window (kernel * channels floats, one image channel-last) fills its vectors, that is less work than the
// dense pass:
//   pooled backward data     acc[window] += g weight[filter], then dx[window] += acc
//   pooled backward weights  acc[filter] += g x[window]
#pragma once
#include "host/conv_shape.h"
#include "host/registry.h"

namespace {
using adiw::Pool;

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
}
