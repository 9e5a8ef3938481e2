// Sums of the columns of a matrix that has many rows, in a fixed order.
#pragma once
#include "prelude.cuh"

/// write(j, sum_i x_ij) for `width` columns from `first` on, x [rows, columns]; each in slices of rows, so that neighbours read neighbours,
/// whose sums are left in parts [slices, width].
template<int width, int slices, class Sum, class Write>
DEVICE void sum_columns(int first, const float* x, int rows, int columns, Sum* parts, const Write& write) {
    FOR_THREADS(t, width * slices) {
        int j = first + t % width;
        Sum sum = 0;
        if (j < columns)
            for (int i = t / width; i < rows; i += slices) sum += x[(long) i * columns + j];
        parts[t] = sum;
    }
    __syncthreads();
    FOR_THREADS(c, width) {
        Sum sum = 0;
#pragma unroll
        for (int s = 0; s < slices; s++) sum += parts[s * width + c];
        if (first + c < columns) write(first + c, (float) sum);
    }
}

/// The same for the 16 columns of a block, in sum_t.
template<class Write> DEVICE void sum_columns(int block, const float* x, int rows, int columns, const Write& write) {
    const int width = 16, slices = 16;
    SHARED(sum_t, parts, width * slices);
    sum_columns<width, slices>(block * width, x, rows, columns, parts, write);
}
