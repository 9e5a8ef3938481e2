// Sizes of a convolution, numbers of digits, and what the kernels of convolutions have for parameters.
#pragma once
#include "prelude.cuh"

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

/// A number of three digits; the first has no bound.
struct Digits {
    int high, middle, low;
};
DEVICE Digits digits(int k, int middles, int lows) { return Digits{k / lows / middles, k / lows % middles, k % lows}; }
DEVICE Digits sum_of_digits(Digits a, Digits b, int middles, int lows) {
    int low = a.low + b.low, middle = a.middle + b.middle, high = a.high + b.high;
    int carry = low >= lows;
    low -= carry ? lows : 0;
    middle += carry;
    carry = middle >= middles;
    middle -= carry ? middles : 0;
    return Digits{high + carry, middle, low};
}

constexpr int outside = 1 << 29;      // the row of an image that no window reaches; what does not exist has -2 outside

#define DIMENSIONS int batch, int channels, int height, int width, int filters, int kernel, int stride, int padding
#define SHAPE conv_shape(batch, channels, height, width, filters, kernel, stride, padding)
