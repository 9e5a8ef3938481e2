// Gaussian kernel matrices K_ij = k(a_i, b_j) = exp(-gamma |a_i - b_j|^2) of two sets of points, and products with them; stored where
// they are small, and beyond that computed anew for every product. Points lie by columns: coordinate k of point i is a[k stride + i]; with d = 1
// these are the data as they come. A row a block; rows columns exponentials.
//
// gram_rows             K = k(z, z) + ridge I, row_sum = K 1, product = K w, kappa_i = (n/m) sum_j k(z_i, z'_j): what kernel mean
//                       matching needs (Huang et al. 2006; Fang et al., NeurIPS 2020, eq. 5), in one pass; 4 n bytes a row
// gaussian_rows         K, row_sum = K 1; 4 columns bytes a row
// gaussian_product      product = scale (K v + ridge v) for the rows begin .. rows - 1, v = 1 where it is null; K is not stored; eight rows a block
// gaussian_product_f64  product = K v in double precision; eight rows a block
// matrix_product        product = K v for K stored; 4 rows columns bytes, 2 rows columns operations
// transpose_columns     columns[k stride + first + i] = z[i, k]; z [n, d]
#include "prelude.cuh"

/// value[c] = k(point, b_(start + c)) for c < length <= 256; point is given by the address of its first coordinate. Each thread fills, and
/// may read, the elements of its own FOR_THREADS loop.
DEVICE void gaussian_chunk(const float* RESTRICT point, const float* RESTRICT b, long stride, int d, int start, int length, float gamma,
                           float* RESTRICT value) {
    const float* RESTRICT column = b + start;
    int k = (d - 1) % 4 + 1;                    // the rest by fours, which spares reading and writing what is summed
    float x = point[0];
    FOR_THREADS(c, length) value[c] = (column[c] - x) * (column[c] - x);
    for (int l = 1; l < k; l++) {
        const float* RESTRICT next = column + l * stride;
        float y = point[l * stride];
        FOR_THREADS(c, length) value[c] += (next[c] - y) * (next[c] - y);
    }
    for (; k < d; k += 4) {
        const float *RESTRICT c0 = column + k * stride, *RESTRICT c1 = c0 + stride, *RESTRICT c2 = c1 + stride, *RESTRICT c3 = c2 + stride;
        float x0 = point[k * stride], x1 = point[(k + 1) * stride], x2 = point[(k + 2) * stride], x3 = point[(k + 3) * stride];
        FOR_THREADS(c, length) {
            float left = (c0[c] - x0) * (c0[c] - x0) + (c1[c] - x1) * (c1[c] - x1);
            value[c] += left + ((c2[c] - x2) * (c2[c] - x2) + (c3[c] - x3) * (c3[c] - x3));
        }
    }
    float most = 80 / gamma;            // below exp(-80) no number is normal for long, and a processor takes many times longer
    FOR_THREADS(c, length) value[c] = expf(min_of(value[c], most) * -gamma);
}

KERNEL(gram_rows, const float* RESTRICT z, const float* RESTRICT zv, const double* RESTRICT gamma, const float* RESTRICT w,
       float* RESTRICT K, float* RESTRICT row_sum, float* RESTRICT kappa, float* RESTRICT product, long stride, int n, int m, int d, float ridge) {
    SHARED(float, value, 256);
    int i = blockIdx.x;
    float g = (float) gamma[0];
    sum_t total = 0, weighted = 0, match = 0;
    for (int start = 0; start < n; start += 256) {      // short sums in single precision, their sum in sum_t
        int length = min_of(256, n - start);
        float some = 0, some_weighted = 0;
        gaussian_chunk(z + i, z, stride, d, start, length, g, value);
        FOR_THREADS(c, length) {
            some += value[c];
            some_weighted += value[c] * w[start + c];
        }
        float* RESTRICT row = K + (long) i * n + start;
        FOR_THREADS(c, length) row[c] = value[c];
        total += some;
        weighted += some_weighted;
    }
    for (int start = 0; start < m; start += 256) {
        int length = min_of(256, m - start);
        float some = 0;
        gaussian_chunk(z + i, zv, stride, d, start, length, g, value);
        FOR_THREADS(c, length) some += value[c];
        match += some;
    }
    total = block_sum(total);
    weighted = block_sum(weighted);
    match = block_sum(match);
    if (threadIdx.x == 0) {
        K[(long) i * n + i] += ridge;
        row_sum[i] = (float) (total + ridge);
        product[i] = (float) (weighted + ridge * w[i]);
        kappa[i] = (float) (match * n / m);
    }
}

KERNEL(gaussian_rows, const float* RESTRICT a, const float* RESTRICT b, const double* RESTRICT gamma, float* RESTRICT K,
       float* RESTRICT row_sum, long stride, int columns, int d) {
    SHARED(float, value, 256);
    sum_t total = 0;
    for (int start = 0; start < columns; start += 256) {
        int length = min_of(256, columns - start);
        float some = 0;
        gaussian_chunk(a + blockIdx.x, b, stride, d, start, length, (float) gamma[0], value);
        FOR_THREADS(c, length) some += value[c];
        float* RESTRICT row = K + (long) blockIdx.x * columns + start;
        FOR_THREADS(c, length) row[c] = value[c];
        total += some;
    }
    total = block_sum(total);
    if (threadIdx.x == 0) row_sum[blockIdx.x] = (float) total;
}

KERNEL(gaussian_product, const float* RESTRICT a, const float* RESTRICT b, const double* RESTRICT gamma, const float* RESTRICT v,
       float* RESTRICT product, long stride, int begin, int rows, int columns, int d, float ridge, float scale) {
    SHARED(float, value, 256);
    int first = begin + blockIdx.x * 8, own = min_of(8, rows - first);      // rows that share the columns that a cache holds
    sum_t total[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int start = 0; start < columns; start += 256) {
        int length = min_of(256, columns - start);
        for (int r = 0; r < own; r++) {
            float some = 0;
            gaussian_chunk(a + first + r, b, stride, d, start, length, (float) gamma[0], value);
            if (v) FOR_THREADS(c, length) some += value[c] * v[start + c];
            else FOR_THREADS(c, length) some += value[c];
            total[r] += some;
        }
    }
    for (int r = 0; r < own; r++) {
        sum_t sum = block_sum(total[r]);
        if (threadIdx.x == 0) product[first + r] = (float) (ridge == 0 ? sum * scale : (sum + ridge * (v ? v[first + r] : 1)) * scale);
    }
}

KERNEL(gaussian_product_f64, const float* RESTRICT a, const float* RESTRICT b, const double* RESTRICT gamma, const double* RESTRICT v,
       double* RESTRICT product, long stride, int rows, int columns, int d) {
    SHARED(double, value, 256);
    int first = blockIdx.x * 8, own = min_of(8, rows - first);
    double g = -gamma[0], most = 700 / gamma[0], total[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int start = 0; start < columns; start += 256) {
        int length = min_of(256, columns - start);
        for (int r = 0; r < own; r++) {
            const float* point = a + first + r;
            FOR_THREADS(c, length) value[c] = 0;
            for (int k = 0; k < d; k++) {
                const float* RESTRICT column = b + k * stride + start;
                double x = point[k * stride];
                FOR_THREADS(c, length) value[c] += (column[c] - x) * (column[c] - x);
            }
            double some = 0;
            FOR_THREADS(c, length) some += exp(min_of(value[c], most) * g) * v[start + c];
            total[r] += some;
        }
    }
    for (int r = 0; r < own; r++) {
        double sum = block_sum(total[r]);
        if (threadIdx.x == 0) product[first + r] = sum;
    }
}

KERNEL(matrix_product, const float* RESTRICT K, const float* RESTRICT v, float* RESTRICT product, int columns) {
    const float* RESTRICT row = K + (long) blockIdx.x * columns;
    sum_t sum = 0;
    for (int start = 0; start < columns; start += 1024) {
        float some = 0;
        FOR_THREADS(c, min_of(1024, columns - start)) some += row[start + c] * v[start + c];
        sum += some;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) product[blockIdx.x] = (float) sum;
}

KERNEL(transpose_columns, const float* RESTRICT z, float* RESTRICT columns, int n, int d, long stride, int first) {
    FOR_ELEMENTS(p, (long) n * d) {
        long k = p / n, i = p % n;
        columns[k * stride + first + i] = z[i * d + k];
    }
}
