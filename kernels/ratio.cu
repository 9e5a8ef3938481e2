// Basis functions at rows, K [rows, columns] in single precision, and what a density ratio on a data set needs of them, summed in double
// precision: least squares (uLSIF; Kanamori, Hido, Sugiyama, JMLR 2009), mixtures (KLIEP; Sugiyama et al. 2008), logistic regression.
// Where rows are summed, parts of part_rows rows each have a sum of their own, and the sums are added in their order, so that a result
// depends on shapes alone. All are a row a block (blockIdx.x); panels are 256 columns.
//
// gaussian_features     K_il = exp(-gamma |x_i - c_l|^2); x [rows, d], centers by columns [d, columns]; 4 bytes an element
// feature_products      product = K v
// feature_sums          partial[part, l] = sum_i u_i K_il over the part's rows, u = 1 where it is null; a block a part and panel
// sum_of_parts          sum[e] = sum_part partial[part, e], e < length; a block 256 elements
// feature_moments       partial[part, a, b] = sum_i u_i K_ia K_ib for b >= a, of the columns `chosen` [count], or the first count where it
//                       is null; a block a part, eight a and a panel; 2 operations an element and row, K from a cache
// moments_of_parts      the sum of the parts, both triangles; a block an a
// feature_transform     product = K W for the rows from .. from + rows - 1, W [columns, width]; a block eight rows and a panel
// leave_one_out         losses of uLSIF's fits that leave out x_i and y_i (below); a block a pair
#include "gaussian.cuh"

KERNEL(gaussian_features, const float* RESTRICT x, const float* RESTRICT centers, float* RESTRICT K, int columns, int d, float gamma) {
    SHARED(float, value, 256);
    const float* RESTRICT point = x + (long) blockIdx.x * d;
    for (int start = 0; start < columns; start += 256) {
        int length = min_of(256, columns - start);
        gaussian_chunk(point, 1, centers, columns, d, start, length, gamma, value);
        float* RESTRICT row = K + (long) blockIdx.x * columns + start;
        FOR_THREADS(c, length) row[c] = value[c];
    }
}

KERNEL(feature_products, const float* RESTRICT K, const double* RESTRICT v, double* RESTRICT product, int columns) {
    const float* RESTRICT row = K + (long) blockIdx.x * columns;
    double sum = 0;
    FOR_THREADS(c, columns) sum += row[c] * v[c];
    sum = block_sum(sum);
    if (threadIdx.x == 0) product[blockIdx.x] = sum;
}

KERNEL(feature_sums, const float* RESTRICT K, const double* RESTRICT u, double* RESTRICT partial, int columns, int from, int to,
       int part_rows) {
    SHARED(double, sum, 256);
    int panels = (columns + 255) / 256, part = blockIdx.x / panels, start = (int) (blockIdx.x % panels) * 256;
    int i = from + part * part_rows, end = min_of(i + part_rows, to), length = min_of(256, columns - start);
    FOR_THREADS(c, length) sum[c] = 0;
    for (; i < end; i += 4) {
        int i1 = min_of(i + 1, end - 1), i2 = min_of(i + 2, end - 1), i3 = min_of(i + 3, end - 1);
        const float *RESTRICT x0 = K + (long) i * columns + start, *RESTRICT x1 = K + (long) i1 * columns + start,
                              *RESTRICT x2 = K + (long) i2 * columns + start, *RESTRICT x3 = K + (long) i3 * columns + start;
        double u0 = u ? u[i] : 1, u1 = i + 1 < end ? (u ? u[i1] : 1) : 0, u2 = i + 2 < end ? (u ? u[i2] : 1) : 0,
               u3 = i + 3 < end ? (u ? u[i3] : 1) : 0;
        FOR_THREADS(c, length) sum[c] += (u0 * x0[c] + u1 * x1[c]) + (u2 * x2[c] + u3 * x3[c]);
    }
    double* RESTRICT out = partial + (long) part * columns + start;
    FOR_THREADS(c, length) out[c] = sum[c];
}

KERNEL(sum_of_parts, const double* RESTRICT partial, double* RESTRICT sum, int parts, int length) {
    SHARED(double, total, 256);
    int start = blockIdx.x * 256, own = min_of(256, length - start);
    FOR_THREADS(e, own) total[e] = 0;
    for (int part = 0; part < parts; part++) {
        const double* RESTRICT x = partial + (long) part * length + start;
        FOR_THREADS(e, own) total[e] += x[e];
    }
    FOR_THREADS(e, own) sum[start + e] = total[e];
}

/// sum[r][j] += sum_k left[k][r] right[k][j] for r < 8, k < known <= 8, j < length <= 256; left [8][8] is 0 from known on; rows of right
/// are stride apart. Each thread reads and writes the j of its own FOR_THREADS loop. Two r at once share what they read of right.
DEVICE void add_outer_products(const double* RESTRICT left, const double* RESTRICT right, long stride, int known, double* RESTRICT sum,
                               int length) {
    const double *RESTRICT b0 = right, *RESTRICT b1 = right + min_of(1, known - 1) * stride,
                           *RESTRICT b2 = right + min_of(2, known - 1) * stride, *RESTRICT b3 = right + min_of(3, known - 1) * stride,
                           *RESTRICT b4 = right + min_of(4, known - 1) * stride, *RESTRICT b5 = right + min_of(5, known - 1) * stride,
                           *RESTRICT b6 = right + min_of(6, known - 1) * stride, *RESTRICT b7 = right + min_of(7, known - 1) * stride;
    for (int r = 0; r < 8; r += 2) {
        const double* RESTRICT a = left + r;
        double *RESTRICT s = sum + r * 256, *RESTRICT t = s + 256;
        double a0 = a[0], a1 = a[8], a2 = a[16], a3 = a[24], a4 = a[32], a5 = a[40], a6 = a[48], a7 = a[56];
        double c0 = a[1], c1 = a[9], c2 = a[17], c3 = a[25], c4 = a[33], c5 = a[41], c6 = a[49], c7 = a[57];
        FOR_THREADS(j, length) {
            double x0 = b0[j], x1 = b1[j], x2 = b2[j], x3 = b3[j], x4 = b4[j], x5 = b5[j], x6 = b6[j], x7 = b7[j];
            s[j] += ((a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3)) + ((a4 * x4 + a5 * x5) + (a6 * x6 + a7 * x7));
            t[j] += ((c0 * x0 + c1 * x1) + (c2 * x2 + c3 * x3)) + ((c4 * x4 + c5 * x5) + (c6 * x6 + c7 * x7));
        }
    }
}

KERNEL(feature_moments, const float* RESTRICT K, const double* RESTRICT u, const int* RESTRICT chosen, double* RESTRICT partial,
       int columns, int count, int from, int to, int part_rows) {
    SHARED(double, sum, 8 * 256);
    SHARED(double, right, 8 * 256);
    SHARED(double, left, 8 * 8);
    int strips = (count + 7) / 8, panels = (count + 255) / 256, at = blockIdx.x;
    int panel = at % panels * 256, a = at / panels % strips * 8, part = at / panels / strips;
    int start = max_of(panel, a), length = min_of(panel + 256, count) - start;
    if (length <= 0) return;      // below the diagonal
    int i = from + part * part_rows, end = min_of(i + part_rows, to);
    for (int r = 0; r < 8; r++)
        FOR_THREADS(j, length) sum[r * 256 + j] = 0;
    for (; i < end; i += 8) {
        for (int k = 0; k < 8; k++) {
            int row = min_of(i + k, end - 1);
            const float* RESTRICT x = K + (long) row * columns;
            double* RESTRICT copy = right + k * 256;
            if (chosen)
                FOR_THREADS(j, length) copy[j] = x[chosen[start + j]];
            else
                FOR_THREADS(j, length) copy[j] = x[start + j];
            double weight = i + k >= end ? 0 : u ? u[row] : 1;
            FOR_THREADS(r, 8) left[k * 8 + r] = a + r < count ? weight * x[chosen ? chosen[a + r] : a + r] : 0;
        }
        __syncthreads();
        add_outer_products(left, right, 256, 8, sum, length);
        __syncthreads();
    }
    for (int r = 0; r < min_of(8, count - a); r++) {
        double* RESTRICT out = partial + ((long) part * count + a + r) * count + start;
        FOR_THREADS(j, length) out[j] = sum[r * 256 + j];
    }
}

KERNEL(moments_of_parts, const double* RESTRICT partial, double* RESTRICT moments, int parts, int count) {
    SHARED(double, total, 256);
    int a = blockIdx.x;
    for (int start = a; start < count; start += 256) {
        int length = min_of(256, count - start);
        FOR_THREADS(j, length) total[j] = 0;
        for (int part = 0; part < parts; part++) {
            const double* RESTRICT x = partial + ((long) part * count + a) * count + start;
            FOR_THREADS(j, length) total[j] += x[j];
        }
        FOR_THREADS(j, length) {
            moments[(long) a * count + start + j] = total[j];
            moments[(long) (start + j) * count + a] = total[j];
        }
    }
}

KERNEL(feature_transform, const float* RESTRICT K, const double* RESTRICT W, double* RESTRICT product, int from, int rows, int columns,
       int width) {
    SHARED(double, sum, 8 * 256);
    SHARED(double, left, 8 * 8);
    int panels = (width + 255) / 256, first = (int) (blockIdx.x / panels) * 8, start = (int) (blockIdx.x % panels) * 256;
    int own = min_of(8, rows - first), length = min_of(256, width - start);
    for (int r = 0; r < 8; r++)
        FOR_THREADS(j, length) sum[r * 256 + j] = 0;
    for (int l = 0; l < columns; l += 8) {
        FOR_THREADS(e, 64) {
            int k = e / 8, r = e % 8;
            left[e] = r < own && l + k < columns ? K[(long) (from + first + r) * columns + l + k] : 0;
        }
        __syncthreads();
        add_outer_products(left, W + (long) l * width + start, width, min_of(8, columns - l), sum, length);
        __syncthreads();
    }
    for (int r = 0; r < own; r++) {
        double* RESTRICT out = product + (long) (first + r) * width + start;
        FOR_THREADS(j, length) out[j] = sum[r * 256 + j];
    }
}

// With H = (1/n) sum_i x_i x_i', h = (1/m) sum_j y_j (x_i and y_j the rows of K at training and validation samples), the fit without the
// pair i is a = (H_i + lambda I)^-1 h_i, H_i = (n H - x x')/(n - 1), h_i = (m h - y)/(m - 1). With B = H + lambda (n - 1)/n I, p = B^-1 x,
// q = B^-1 y, c = B^-1 h and the formula of Sherman and Morrison
//     a = (n - 1)/(n (m - 1)) (m c - q + p x'(m c - q)/(n - x'p)),
// cut at 0; its loss on the pair is (x'a)^2/2 - y'a.
KERNEL(leave_one_out, const float* RESTRICT training, const float* RESTRICT validation, const double* RESTRICT p_rows,
       const double* RESTRICT q_rows, const double* RESTRICT c, double* RESTRICT loss, int columns, int n, int m) {
    long first = (long) blockIdx.x * columns;
    const float *RESTRICT x = training + first, *RESTRICT y = validation + first;
    const double *RESTRICT p = p_rows + first, *RESTRICT q = q_rows + first;
    double x_p = 0, x_rest = 0;
    FOR_THREADS(l, columns) {
        x_p += x[l] * p[l];
        x_rest += x[l] * (m * c[l] - q[l]);
    }
    block_sums(x_p, x_rest);
    double scale = (n - 1.0) / ((double) n * (m - 1.0)), share = x_rest / (n - x_p), at_x = 0, at_y = 0;
    FOR_THREADS(l, columns) {
        double a = max_of(0.0, scale * (m * c[l] - q[l] + share * p[l]));
        at_x += x[l] * a;
        at_y += y[l] * a;
    }
    at_x = block_sum(at_x);
    at_y = block_sum(at_y);
    if (threadIdx.x == 0) loss[blockIdx.x] = at_x * at_x / 2 - at_y;
}
