// Images in the lanes of vectors: `lanes` images at a time lie as planes [channel][row][column][image], so that whatever the shape of an
// image, every load is a whole vector and nothing is wasted at edges.
#pragma once
#include "host/conv_shape.h"

namespace {
/// `count` 32-bit words of each of n <= lanes images, `stride` bytes apart, to vectors [where[i]] of out (null: i); lanes without an image
/// are zero. The last word may have `bytes` % 4 bytes alone.
void to_lanes(const void* from, long stride, long bytes, int n, const int* where, float* out) {
    int count = (int) ((bytes + 3) / 4);
    for (int i = 0; i < count; i += lanes) {
        vec a[lanes];
        const char* column = (const char*) from + 4l * i;
        long left = bytes - 4l * i;
        if (left >= 4 * lanes && n == lanes) {
#pragma GCC unroll 16
            for (int l = 0; l < lanes; l++) a[l] = load(column + l * stride);
        } else if (left % 4 == 0) {
            int width = smaller(lanes, (int) (left / 4));
            for (int l = 0; l < lanes; l++) a[l] = l < n ? load_first((const float*) (column + l * stride), width) : vec{};
        } else {
            alignas(64) float rows[lanes][lanes] = {};
            for (int l = 0; l < n; l++) memcpy(rows[l], column + l * stride, left < 4 * lanes ? left : 4 * lanes);
            for (int l = 0; l < lanes; l++) a[l] = load(rows[l]);
        }
        transpose(a);
        if (count - i >= lanes) {
#pragma GCC unroll 16
            for (int j = 0; j < lanes; j++) store(out + (long) (where ? where[i + j] : i + j) * lanes, a[j]);
        } else {
            alignas(64) float rows[lanes][lanes];
            for (int j = 0; j < lanes; j++) store(rows[j], a[j]);
            for (int j = 0; j < count - i; j++) store(out + (long) (where ? where[i + j] : i + j) * lanes, load(rows[j]));
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
        long left = bytes - 4 * i;
        if (left >= 4 * lanes && n == lanes) {
#pragma GCC unroll 16
            for (int l = 0; l < lanes; l++) store(out + l * stride, a[l]);
        } else {
            alignas(64) float rows[lanes][lanes];
#pragma GCC unroll 16
            for (int l = 0; l < lanes; l++) store(rows[l], a[l]);
            if (left % 4 == 0)
                for (int l = 0; l < n; l++) store_first((float*) (out + l * stride), load(rows[l]), smaller(lanes, (int) (left / 4)));
            else
                for (int l = 0; l < n; l++) memcpy(out + l * stride, rows[l], left < 4 * lanes ? left : 4 * lanes);
        }
    }
}

/// A band of rows of images in lanes, [channels][rows][padded][lanes], with columns of zeros on both sides and rows of zeros above and
/// below the images. It moves down the images; rows that stay are kept. Without memory it is a plan, from which others are copied.
struct Window {
    int channels, height, width;      // of what is read
    int rows, left, padded;           // of the band: rows, columns of zeros on the left, columns
    int stride, taps;                 // rows that are needed: `taps` from every `stride`-th on, counted from row `origin`
    int origin;
    float* data;
    int first, end;      // rows of the images that the band holds
    long size() const { return (long) channels * rows * padded * lanes; }
    long plane() const { return (long) rows * padded * lanes; }
    /// Numbers of its table of positions.
    int table_size() const { return whole() ? channels * height * width : rows * width; }
    /// Whether the band is as high as images.
    bool whole() const { return rows >= height; }
    /// Where the words of all planes go, or where bands are less than images, those of a band's rows.
    void positions(int* table) const {
        for (int c = 0; c < (whole() ? channels : 1); c++)
            for (int y = 0; y < (whole() ? height : rows); y++)
                for (int x = 0; x < width; x++) *table++ = (c * rows + y) * padded + x;
    }
    /// Memory for the band; the band is empty. Columns beside the images are zero from now on, and if `all` is, everything is.
    void start(float* memory, bool all) {
        data = memory;
        if (all || padded > width) memset(data, 0, sizeof(float) * size());
        first = end = 0;
    }
    float* at(int channel, int row, int column) const {
        return data + ((long) (channel * rows + row - first) * padded + left + column) * lanes;
    }
    bool needed(int row) const { return taps >= stride || (row - origin) % stride < taps; }
    /// Holds rows from .. to - 1 of n images, `image` floats apart; those outside the images are zero. Bands of one group of images come
    /// from above to below; `fresh` begins with another group.
    void move(const float* x, long image, int n, const int* table, int from, int to, bool fresh) {
        int kept = fresh ? 0 : larger(0, end - from);
        if (kept && from > first)
            for (int c = 0; c < channels; c++) {
                float* plane = data + c * this->plane();
                memmove(plane, plane + (long) (from - first) * padded * lanes, sizeof(float) * kept * padded * lanes);
            }
        first = from;
        end = to;
        int begin = larger(0, from + kept), stop = smaller(height, to);
        for (int row = from + kept; row < to; row++)
            if (row < 0 || row >= height)
                for (int c = 0; c < channels; c++) memset(at(c, row, 0), 0, sizeof(float) * width * lanes);
        if (begin == 0 && stop == height && whole()) to_lanes(x, 4 * image, 4l * channels * height * width, n, table, at(0, 0, 0));
        else
            for (int c = 0; c < channels; c++, x += (long) height * width)
                for (int row = begin, run; row < stop; row += run) {
                    run = taps >= stride ? stop - row : 1;
                    if (needed(row)) to_lanes(x + (long) row * width, 4 * image, 4l * run * width, n, table, at(c, row, 0));
                }
    }
};
}
