// Max-pool of 2 x 2 windows, stride 2; a last odd row or column is left out, as PyTorch does.
//
// max_pool_forward   y = max over the window; choice = its first maximum, 0..3 = 2 row + column
//                    x [planes, height, width], y and choice [planes, height / 2, width / 2]; 21 bytes an output
// max_pool_backward  dx = dy where choice points, else 0; dx is zeroed before by the caller
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
