// Activations and bias gradients.
//
// relu_forward   y_i = max(0, x_i)                            x, y [n]; 8 n bytes
// relu_backward  dx_i = dy_i if y_i > 0, else 0; dx may be dy  12 n bytes
// column_sum     out_j = sum_i x_ij                            x [rows, columns]; 4 rows columns bytes
#include "prelude.cuh"

KERNEL(relu_forward, const float* x, float* y, int n) {
    FOR_ELEMENTS(i, n) y[i] = x[i] < 0 ? 0 : x[i];
}

KERNEL(relu_backward, const float* dy, const float* RESTRICT y, float* dx, int n) {
    FOR_ELEMENTS(i, n) dx[i] = y[i] > 0 ? dy[i] : 0;
}

KERNEL(column_sum, const float* RESTRICT x, float* RESTRICT out, int rows, int columns) {
    FOR_ELEMENTS(j, columns) {
        sum_t even = 0, odd = 0;
        int i = 0;
        for (; i + 1 < rows; i += 2) {
            even += x[(long) i * columns + j];
            odd += x[(long) (i + 1) * columns + j];
        }
        if (i < rows) even += x[(long) i * columns + j];
        out[j] = (float) (even + odd);
    }
}
