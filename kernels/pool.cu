// Pooling of planes. max_pool_* have windows of 2 x 2 and stride 2; a last odd row or column is left out, as PyTorch does.
//
// max_pool_forward   y = max over the window; choice = its first maximum, 0..3 = 2 row + column
//                    x [planes, height, width], y and choice [planes, height / 2, width / 2]; 21 bytes an output
// max_pool_backward  dx = dy where choice points, else 0; dx is zeroed before by the caller
// window_max_forward   the same of windows of any side, which may overlap and reach into a padding that is never the maximum:
//                      y [planes, oh, ow], oh = (height + 2 padding - kernel) / stride + 1; choice = kernel row + column
// window_max_backward  dx = the sum of dy over the windows whose choice it was; all of dx is written
// mean_pool_forward    y_p = sum of plane p / pixels; x [planes, pixels], y [planes]; a block a plane
// mean_pool_backward   dx = dy_p / pixels; a block a plane
#include "prelude.cuh"

/// Where the window of output i begins in x.
DEVICE unsigned corner(unsigned i, int height, int width) {
    unsigned ph = height / 2, pw = width / 2, line = i / pw, column = i - line * pw, plane = line / ph, row = line - plane * ph;
    return (plane * height + 2 * row) * width + 2 * column;
}

KERNEL(max_pool_forward, const float* RESTRICT x, float* RESTRICT y, unsigned char* RESTRICT choice, int planes, int height, int width) {
    int ph = height / 2, pw = width / 2;
    FOR_ELEMENTS(i, planes * ph * pw) {
        const float* window = x + corner((unsigned) i, height, width);
        float p = window[0], q = window[1], r = window[width], s = window[width + 1];
        float most = max_of(max_of(p, q), max_of(r, s));
        bool broken = (p != p) | (q != q) | (r != r) | (s != s);      // NaN stays NaN; arithmetic, since branches on data cost more
        y[i] = broken ? p + q + r + s : most;
        choice[i] = (unsigned char) ((p != most) * (1 + (q != most) * (1 + (r != most))));
    }
}

KERNEL(max_pool_backward, const float* RESTRICT dy, const unsigned char* RESTRICT choice, float* RESTRICT dx, int planes, int height,
       int width) {
    int ph = height / 2, pw = width / 2;
    FOR_ELEMENTS(i, planes * ph * pw) {
        int q = choice[i];
        dx[corner((unsigned) i, height, width) + (q >> 1) * width + (q & 1)] = dy[i];
    }
}

struct Windows {
    int height, width, kernel, stride, padding, oh, ow;
};

DEVICE Windows windows(int height, int width, int kernel, int stride, int padding) {
    Windows w = {
        height, width, kernel, stride, padding, (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1};
    return w;
}

KERNEL(window_max_forward, const float* RESTRICT x, float* RESTRICT y, unsigned char* RESTRICT choice, int planes, int height, int width,
       int kernel, int stride, int padding) {
    Windows w = windows(height, width, kernel, stride, padding);
    FOR_ELEMENTS(i, (long) planes * w.oh * w.ow) {
        int column = (int) (i % w.ow), row = (int) (i / w.ow % w.oh);
        const float* plane = x + i / w.ow / w.oh * height * width;
        int top = row * stride - padding, left = column * stride - padding, where = -1;
        float most = 0;
        for (int r = max_of(0, -top); r < min_of(kernel, height - top); r++)
            for (int t = max_of(0, -left); t < min_of(kernel, width - left); t++) {
                float v = plane[(top + r) * width + left + t];
                if (where < 0 || v > most || v != v) {      // NaN stays NaN
                    most = v;
                    where = r * kernel + t;
                }
            }
        y[i] = most;
        choice[i] = (unsigned char) where;
    }
}

KERNEL(window_max_backward, const float* RESTRICT dy, const unsigned char* RESTRICT choice, float* RESTRICT dx, int planes, int height,
       int width, int kernel, int stride, int padding) {
    Windows w = windows(height, width, kernel, stride, padding);
    FOR_ELEMENTS(i, (long) planes * height * width) {
        int column = (int) (i % width) + padding, row = (int) (i / width % height) + padding;
        long first = i / width / height * w.oh * w.ow;
        float sum = 0;
        for (int p = max_of(0, (row - kernel + stride) / stride); p <= min_of(w.oh - 1, row / stride); p++)
            for (int q = max_of(0, (column - kernel + stride) / stride); q <= min_of(w.ow - 1, column / stride); q++) {
                long at = first + p * w.ow + q;
                if (choice[at] == (row - p * stride) * kernel + column - q * stride) sum += dy[at];
            }
        dx[i] = sum;
    }
}

KERNEL(mean_pool_forward, const float* RESTRICT x, float* RESTRICT y, int pixels) {
    const float* plane = x + (long) blockIdx.x * pixels;
    sum_t sum = 0;
    FOR_THREADS(p, pixels) sum += plane[p];
    sum = block_sum(sum);
    if (threadIdx.x == 0) y[blockIdx.x] = (float) sum / pixels;
}

KERNEL(mean_pool_backward, const float* RESTRICT dy, float* RESTRICT dx, int pixels) {
    float* plane = dx + (long) blockIdx.x * pixels;
    float share = dy[blockIdx.x] / pixels;
    FOR_THREADS(p, pixels) plane[p] = share;
}
