// Gram matrices of kernel mean matching (Huang et al. 2006; Fang et al., NeurIPS 2020, eq. 5). Points lie by columns: coordinate k of
// training point i is z[k stride + i], of validation point j zv[k stride + j]; with d = 1 these are the data as they come.
//
// gram_rows          K_ij = exp(-gamma |z_i - z_j|^2) + ridge [i = j],  row_sum_i = sum_j K_ij,  product_i = sum_j K_ij w_j,
//                    kappa_i = (n / m) sum_j exp(-gamma |z_i - z'_j|^2); a row a block; 4 n^2 bytes, n (n + m) exponentials
// transpose_columns  columns[k stride + first + i] = z[i, k]; z [n, d]
#include "prelude.cuh"

/// square[c] = |z_i - z_(start + c)|^2 for c < length <= 256; z_i is given by the pointer to its first coordinate. Each thread fills,
/// and may read, the elements of its own FOR_THREADS loop.
DEVICE void squared_distances(const float* RESTRICT point, const float* RESTRICT columns, long stride, int d, int start, int length,
                              float* RESTRICT square) {
    FOR_THREADS(c, length) square[c] = 0;
    for (int k = 0; k < d; k++) {
        const float* RESTRICT column = columns + k * stride + start;
        float a = point[k * stride];
        FOR_THREADS(c, length) square[c] += (column[c] - a) * (column[c] - a);
    }
}

KERNEL(gram_rows, const float* RESTRICT z, const float* RESTRICT zv, const double* RESTRICT gamma, const float* RESTRICT w,
       float* RESTRICT K, float* RESTRICT row_sum, float* RESTRICT kappa, float* RESTRICT product, long stride, int n, int m, int d, float ridge) {
    SHARED(float, square, 256);
    int i = blockIdx.x;
    float g = -(float) gamma[0];
    float* RESTRICT row = K + (long) i * n;
    sum_t total = 0, weighted = 0, match = 0;
    for (int start = 0; start < n; start += 256) {      // short sums in single precision, their sum in sum_t
        int length = min_of(256, n - start);
        float some = 0, some_weighted = 0;
        if (d == 1) {
            float a = z[i];
            FOR_THREADS(c, length) {
                float difference = a - z[start + c];
                float k = expf(difference * difference * g);
                row[start + c] = k;
                some += k;
                some_weighted += k * w[start + c];
            }
        } else {
            squared_distances(z + i, z, stride, d, start, length, square);
            FOR_THREADS(c, length) {
                float k = expf(square[c] * g);
                row[start + c] = k;
                some += k;
                some_weighted += k * w[start + c];
            }
        }
        total += some;
        weighted += some_weighted;
    }
    for (int start = 0; start < m; start += 256) {
        int length = min_of(256, m - start);
        float some = 0;
        if (d == 1) {
            float a = z[i];
            FOR_THREADS(c, length) {
                float difference = a - zv[start + c];
                some += expf(difference * difference * g);
            }
        } else {
            squared_distances(z + i, zv, stride, d, start, length, square);
            FOR_THREADS(c, length) some += expf(square[c] * g);
        }
        match += some;
    }
    total = block_sum(total);
    weighted = block_sum(weighted);
    match = block_sum(match);
    if (threadIdx.x == 0) {
        row[i] += ridge;
        row_sum[i] = (float) (total + ridge);
        product[i] = (float) (weighted + ridge * w[i]);
        kappa[i] = (float) (match * n / m);
    }
}

KERNEL(transpose_columns, const float* RESTRICT z, float* RESTRICT columns, int n, int d, long stride, int first) {
    FOR_ELEMENTS(p, (long) n * d) {
        long k = p / n, i = p % n;
        columns[k * stride + first + i] = z[i * d + k];
    }
}
