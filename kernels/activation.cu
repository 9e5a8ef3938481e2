// Activations and bias gradients.
//
// relu_forward   y_i = max(0, x_i)                            x, y [n]; 8 n bytes
// relu_backward  dx_i = dy_i if y_i > 0, else 0; dx may be dy  12 n bytes
// column_sum     out_j = sum_i x_ij                            x [rows, columns]; 4 rows columns bytes; a block for 16 columns
#include "columns.cuh"

KERNEL(relu_forward, const float* x, float* y, int n) {
    FOR_ELEMENTS(i, n) y[i] = x[i] < 0 ? 0 : x[i];
}

KERNEL(relu_backward, float* dy, const float* RESTRICT y, float* dx, int n) {
    FOR_ELEMENTS(i, n) dx[i] = y[i] > 0 ? dy[i] : 0;
}

KERNEL(column_sum, const float* RESTRICT x, float* RESTRICT out, int rows, int columns) {
    sum_columns(blockIdx.x, x, rows, columns, [=](int j, float sum) { out[j] = sum; });
}
