// Activations and bias gradients.
//
// relu_forward   y_i = max(0, x_i)                            x, y [n]; 8 n bytes
// relu_backward  dx_i = dy_i if y_i > 0, else 0; dx may be dy  12 n bytes
// column_sum     out_j = sum_i x_ij                            x [rows, columns]; 4 rows columns bytes; a block for 16 columns,
//                                                              each in 16 slices of rows, so that neighbours read neighbours
#include "prelude.cuh"

KERNEL(relu_forward, const float* x, float* y, int n) {
    FOR_ELEMENTS(i, n) y[i] = x[i] < 0 ? 0 : x[i];
}

KERNEL(relu_backward, float* dy, const float* RESTRICT y, float* dx, int n) {
    FOR_ELEMENTS(i, n) dx[i] = y[i] > 0 ? dy[i] : 0;
}

KERNEL(column_sum, const float* RESTRICT x, float* RESTRICT out, int rows, int columns) {
    const int width = 16, slices = 16;
    SHARED(sum_t, parts, width * slices);
    int first = blockIdx.x * width;
    FOR_THREADS(t, width * slices) {
        int j = first + t % width;
        sum_t sum = 0;
        if (j < columns)
            for (int i = t / width; i < rows; i += slices) sum += x[(long) i * columns + j];
        parts[t] = sum;
    }
    __syncthreads();
    FOR_THREADS(c, width) {
        sum_t sum = 0;
        for (int s = 0; s < slices; s++) sum += parts[s * width + c];
        if (first + c < columns) out[first + c] = (float) sum;
    }
}
