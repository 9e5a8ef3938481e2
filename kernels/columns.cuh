// Sums of the columns of a matrix that has many rows, in a fixed order.
#pragma once
#include "prelude.cuh"

/// write(j, sum_i x_ij) for the 16 columns of a block, x [rows, columns]; each in 16 slices of rows, so that neighbours read neighbours.
template<class Write> DEVICE void sum_columns(int block, const float* x, int rows, int columns, const Write& write) {
    const int width = 16, slices = 16;
    SHARED(sum_t, parts, width * slices);
    int first = block * width;
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
        if (first + c < columns) write(first + c, (float) sum);
    }
}
