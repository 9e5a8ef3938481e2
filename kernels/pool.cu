// Max-pool of 2 x 2 windows, stride 2; a last odd row or column is left out, as PyTorch does.
//
// max_pool_forward   y = max over the window; choice = its first maximum, 0..3 = 2 row + column
//                    x [planes, height, width], y and choice [planes, height / 2, width / 2]; 21 bytes an output
// max_pool_backward  dx = dy where choice points, else 0; dx is zeroed before by the caller
#include "prelude.cuh"

KERNEL(max_pool_forward, const float* RESTRICT x, float* RESTRICT y, unsigned char* RESTRICT choice, int planes, int height, int width) {
    int ph = height / 2, pw = width / 2;
    FOR_ELEMENTS(i, (long) planes * ph * pw) {
        long plane = i / (ph * pw);
        int row = (int) (i / pw % ph), column = (int) (i % pw);
        const float* window = x + (plane * height + 2 * row) * width + 2 * column;
        float best = window[0];
        int where = 0;
        for (int q = 1; q < 4; q++) {
            float v = window[(q >> 1) * width + (q & 1)];
            if (v > best || v != v) {
                best = v;
                where = q;
            }
        }
        y[i] = best;
        choice[i] = (unsigned char) where;
    }
}

KERNEL(max_pool_backward, const float* RESTRICT dy, const unsigned char* RESTRICT choice, float* RESTRICT dx, int planes, int height, int width) {
    int ph = height / 2, pw = width / 2;
    FOR_ELEMENTS(i, (long) planes * ph * pw) {
        long plane = i / (ph * pw);
        int row = (int) (i / pw % ph), column = (int) (i % pw), q = choice[i];
        dx[(plane * height + 2 * row + (q >> 1)) * width + 2 * column + (q & 1)] = dy[i];
    }
}
