// Values of the Gaussian kernel k(a, b) = exp(-gamma |a - b|^2) between one point and a chunk of others, in single precision. The others
// lie by columns: coordinate k of point j is b[k stride + j]. Values are numbers for all finite points: a square beyond a float's range is
// as far as any.
#pragma once
#include "prelude.cuh"

/// The squared distance that counts for all that are larger. Below exp(-80) no number is normal for long, and a processor takes many times
/// longer.
DEVICE float farthest(float gamma) { return min_of(80 / gamma, 3.402823466e38f); }

/// value[c] = k(point, b_(start + c)) for c < length <= 256; coordinate k of the point is point[k point_stride]. Each thread fills, and may
/// read, the elements of its own FOR_THREADS loop.
DEVICE void gaussian_chunk(const float* RESTRICT point, long point_stride, const float* RESTRICT b, long stride, int d, int start,
                           int length, float gamma, float* RESTRICT value) {
    const float* RESTRICT column = b + start;
    int k = (d - 1) % 4 + 1;      // the rest by fours, which spares reading and writing what is summed
    float x = point[0];
    FOR_THREADS(c, length) value[c] = (column[c] - x) * (column[c] - x);
    for (int l = 1; l < k; l++) {
        const float* RESTRICT next = column + l * stride;
        float y = point[l * point_stride];
        FOR_THREADS(c, length) value[c] += (next[c] - y) * (next[c] - y);
    }
    for (; k < d; k += 4) {
        const float *RESTRICT c0 = column + k * stride, *RESTRICT c1 = c0 + stride, *RESTRICT c2 = c1 + stride, *RESTRICT c3 = c2 + stride;
        const float* RESTRICT p = point + k * point_stride;
        float x0 = p[0], x1 = p[point_stride], x2 = p[2 * point_stride], x3 = p[3 * point_stride];
        FOR_THREADS(c, length) {
            float left = (c0[c] - x0) * (c0[c] - x0) + (c1[c] - x1) * (c1[c] - x1);
            value[c] += left + ((c2[c] - x2) * (c2[c] - x2) + (c3[c] - x3) * (c3[c] - x3));
        }
    }
    float most = farthest(gamma);
    FOR_THREADS(c, length) value[c] = expf(min_of(value[c], most) * -gamma);
}

/// As gaussian_chunk, of squared distances [length] that are known.
DEVICE void gaussian_of(const float* RESTRICT square, int length, float gamma, float* RESTRICT value) {
    float most = farthest(gamma);
    FOR_THREADS(c, length) value[c] = expf(min_of(square[c], most) * -gamma);
}
