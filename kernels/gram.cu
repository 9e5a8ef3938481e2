// Gaussian kernel matrices K_ij = k(a_i, b_j) = exp(-gamma_c |a_i - b_j|^2) between rows of the same segment c (segments.cuh), and products
// with them; stored where they are small, and beyond that computed anew for every product. Points lie by columns: coordinate k of point i
// is a[k stride + i], stride n + m; with d = 1 and one segment these are the data as they come. A row a block; nothing is done in
// degenerate segments. The rows of a matrix are the training rows (of, distances from row 0 on) or the validation rows (of and distances
// from row n on); its columns, `training` says: training rows (1) or validation rows (0). distances [known, n + m]: squared, as
// segment_distances gives them; rows beyond the known are computed.
//
// gram_rows             K = k(z, z) + ridge I, row_sum = K 1, product = K w, kappa_i = (n_c / m_c) sum_j k(z_i, z'_j): what kernel mean
//                       matching needs (Huang et al. 2006; Fang et al., NeurIPS 2020, eq. 5), in one pass; 4 n_c bytes a row
// gaussian_rows         K, row_sum = K 1; 4 bytes an element
// gaussian_product      product = K v + ridge v for the rows begin .. rows - 1, v = 1 where it is null, times n_c / m_c if `ratio`; K is
//                       not stored; eight rows a block
// gaussian_product_f64  product = K v in double precision, of one segment; eight rows a block
// matrix_product        product = K v for K stored, [rows, columns]; 4 bytes and 2 operations an element; where table is null, all columns;
//                       of degenerate segments it has no meaning
// transpose_columns     columns[k stride + first + i] = z[i, k]; z [n, d]
#include "gaussian.cuh"
#include "segments.cuh"

/// The columns of a matrix that belong to a segment: from begin on, count of them.
struct Columns {
    int begin, count;
};
DEVICE Columns columns_of(Segment s, int training) {
    Columns c = {training ? s.first : s.other, training ? s.n : s.m};
    return c;
}

KERNEL(gram_rows, const float* RESTRICT z, const float* RESTRICT zv, const int* RESTRICT of, const int* RESTRICT table,
       const double* RESTRICT gamma, const int* RESTRICT status, const float* RESTRICT distances, const float* RESTRICT w,
       float* RESTRICT K, float* RESTRICT row_sum, float* RESTRICT kappa, float* RESTRICT product, long stride, int n, int d, int known,
       float ridge) {
    SHARED(float, value, 256);
    int i = blockIdx.x, s = segment_of(of, i);
    if (status[s]) return;
    Segment own = segment(table, s);
    float g = (float) gamma[s];
    sum_t total = 0, weighted = 0, match = 0;
    for (int start = 0; start < own.n; start += 256) {      // short sums in single precision, their sum in sum_t
        int length = min_of(256, own.n - start), at = own.first + start;
        float some = 0, some_weighted = 0;
        if (i < known) gaussian_of(distances + i * stride + at, length, g, value);
        else gaussian_chunk(z + i, stride, z, stride, d, at, length, g, value);
        FOR_THREADS(c, length) {
            some += value[c];
            some_weighted += value[c] * w[at + c];
        }
        float* RESTRICT row = K + (long) i * n + at;
        FOR_THREADS(c, length) row[c] = value[c];
        total += some;
        weighted += some_weighted;
    }
    for (int start = 0; start < own.m; start += 256) {
        int length = min_of(256, own.m - start), at = own.other + start;
        float some = 0;
        if (i < known) gaussian_of(distances + i * stride + n + at, length, g, value);
        else gaussian_chunk(z + i, stride, zv, stride, d, at, length, g, value);
        FOR_THREADS(c, length) some += value[c];
        match += some;
    }
    block_sums(total, weighted, match);
    if (threadIdx.x == 0) {
        K[(long) i * n + i] += ridge;
        row_sum[i] = (float) (total + ridge);
        product[i] = (float) (weighted + ridge * w[i]);
        kappa[i] = (float) (match * own.n / own.m);
    }
}

KERNEL(gaussian_rows, const float* RESTRICT a, const float* RESTRICT b, const int* RESTRICT of, const int* RESTRICT table,
       const double* RESTRICT gamma, const int* RESTRICT status, const float* RESTRICT distances, float* RESTRICT K,
       float* RESTRICT row_sum, long stride, int n, int columns, int d, int known, int training) {
    SHARED(float, value, 256);
    int i = blockIdx.x, s = segment_of(of, i);
    if (status[s]) return;
    Columns own = columns_of(segment(table, s), training);
    sum_t total = 0;
    for (int start = 0; start < own.count; start += 256) {
        int length = min_of(256, own.count - start), at = own.begin + start;
        float some = 0;
        if (i < known) gaussian_of(distances + i * stride + (training ? 0 : n) + at, length, (float) gamma[s], value);
        else gaussian_chunk(a + i, stride, b, stride, d, at, length, (float) gamma[s], value);
        FOR_THREADS(c, length) some += value[c];
        float* RESTRICT row = K + (long) i * columns + at;
        FOR_THREADS(c, length) row[c] = value[c];
        total += some;
    }
    total = block_sum(total);
    if (threadIdx.x == 0) row_sum[i] = (float) total;
}

KERNEL(gaussian_product, const float* RESTRICT a, const float* RESTRICT b, const int* RESTRICT of, const int* RESTRICT table,
       const double* RESTRICT gamma, const int* RESTRICT status, const float* RESTRICT v, float* RESTRICT product, long stride, int begin,
       int rows, int d, float ridge, int ratio, int training) {
    SHARED(float, value, 256);
    int first = begin + blockIdx.x * 8, end = min_of(first + 8, rows);
    while (first < end) {      // the rows of one segment at a time: they share the columns that a cache holds
        int s = segment_of(of, first), count = 1;
        while (first + count < end && segment_of(of, first + count) == s) count++;
        Segment whole = segment(table, s);
        Columns own = columns_of(whole, training);
        sum_t total[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        for (int start = 0; start < own.count && !status[s]; start += 256) {
            int length = min_of(256, own.count - start), at = own.begin + start;
            for (int r = 0; r < min_of(count, 8); r++) {      // the bound that count has, for the compiler: total lies in registers
                float some = 0;
                gaussian_chunk(a + first + r, stride, b, stride, d, at, length, (float) gamma[s], value);
                if (v)
                    FOR_THREADS(c, length) some += value[c] * v[at + c];
                else
                    FOR_THREADS(c, length) some += value[c];
                total[r] += some;
            }
        }
        float scale = ratio ? (float) ((double) whole.n / whole.m) : 1;
        block_reduce<Add>(total);
        for (int r = 0; r < min_of(count, 8); r++) {
            sum_t sum = total[r];
            float weighted = (float) (ridge == 0 ? sum * scale : (sum + ridge * (v ? v[first + r] : 1)) * scale);
            if (threadIdx.x == 0 && !status[s]) product[first + r] = weighted;
        }
        first += count;
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
    block_reduce<Add>(total);
    for (int r = 0; r < own && threadIdx.x == 0; r++) product[first + r] = total[r];
}

KERNEL(matrix_product, const float* RESTRICT K, const float* RESTRICT v, const int* RESTRICT of, const int* RESTRICT table,
       float* RESTRICT product, int columns, int training) {
    Columns own = {0, columns};
    if (table) own = columns_of(segment(table, segment_of(of, blockIdx.x)), training);
    const float* RESTRICT row = K + (long) blockIdx.x * columns + own.begin;
    const float* RESTRICT x = v + own.begin;
    sum_t sum = 0;
    for (int start = 0; start < own.count; start += 1024) {
        float some = 0;
        FOR_THREADS(c, min_of(1024, own.count - start)) some += row[start + c] * x[start + c];
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
