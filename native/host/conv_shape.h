// What all convolutions of the processor share: sizes, and pieces of scratch memory.
#pragma once
#include "host/vector.h"

namespace {
/// `count` things in parts of at most `most`, as even as can be: the size of the part that starts at `first`.
inline int part_of(int count, int most, int first) {
    int parts = (count - first + most - 1) / most;
    return (count - first + parts - 1) / parts;
}

constexpr unsigned char dead = 4;      // the choice of a pool whose maximum is not positive

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
}
