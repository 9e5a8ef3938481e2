// Bandwidth and Gram matrices of kernel mean matching. Transformed data z [n, d] of a training batch, z' [m, d] of a validation batch.
//
// rank_sort           sorted ascending; z [n]; n^2 comparisons
// quantile_sorted     the quantile q of all z_j - z_i, i < j, of sorted z [n], exact, with linear interpolation between the two order
//                     statistics (as numpy.quantile); the statistic is found by bisection over the bits of the float, counting pairs
//                     with a pointer that only advances: 32 passes of 2 n steps; one block
// pairwise_distances  |z_i - z_j| for i < j, row by row of the upper triangle; 4 n^2 / 2 bytes, n^2 d operations
// quantile_values     the quantile q of values [count], not negative; by bisection over the bits, 32 passes; one block
// set_bandwidth       gamma = the quantile (DIW's published code: a distance used as gamma), or 1 / (2 quantile^2), or what was given
// gram_rows           K_ij = exp(-gamma |z_i - z_j|^2) + ridge [i = j],  row_sum_i = sum_j K_ij,
//                     kappa_i = (n / m) sum_j exp(-gamma |z_i - z'_j|^2)   (Huang et al. 2006; Fang et al. 2020, eq. 5)
//                     4 n^2 bytes, n (n + m) exponentials
// gram_rows_f64       the same in double precision, for the converged solver
#include "prelude.cuh"

KERNEL(rank_sort, const float* RESTRICT z, float* RESTRICT sorted, int n) {
    FOR_ELEMENTS(i, n) {
        float v = z[i];
        int rank = 0;
        for (int j = 0; j < n; j++) rank += z[j] < v || (z[j] == v && j < i);
        if (v == v) sorted[rank] = v;       // a NaN has no rank; the batch is refused before this is used
    }
}

/// Pairs i < j of sorted z with z_j - z_i <= t; and the least difference above t.
DEVICE void count_pairs(const float* z, int n, float t, long* pairs, float* next) {
    int first = (int) ((long) n * threadIdx.x / blockDim.x), last = (int) ((long) n * (threadIdx.x + 1) / blockDim.x);
    long count = 0;
    float least = INFINITY;
    int low = first, high = n;              // j = the first index with z_j - z_i > t
    while (low < high) {
        int middle = (low + high) >> 1;
        if (z[middle] - z[first < n ? first : n - 1] <= t) low = middle + 1;
        else high = middle;
    }
    int j = low;
    for (int i = first; i < last; i++) {
        while (j < n && z[j] - z[i] <= t) j++;
        if (j <= i) j = i + 1;
        count += j - i - 1;
        if (j < n) least = min_of(least, z[j] - z[i]);
    }
    *pairs = block_sum(count);
    *next = block_min(least);
}

KERNEL(quantile_sorted, const float* RESTRICT z, float* RESTRICT out, int n, double q) {
    double position = q * ((double) n * (n - 1) / 2 - 1);
    long k = (long) position, pairs;
    float next;
    unsigned low = 0, high = __float_as_uint(z[n - 1] - z[0]);
    while (low < high) {                    // the least t with more than k pairs within it
        unsigned middle = low + (high - low) / 2;
        count_pairs(z, n, __uint_as_float(middle), &pairs, &next);
        if (pairs > k) high = middle;
        else low = middle + 1;
    }
    float value = __uint_as_float(low);
    count_pairs(z, n, value, &pairs, &next);
    if (threadIdx.x == 0) {
        float above = pairs > k + 1 ? value : next;
        double part = position - (double) k;
        out[0] = part == 0 ? value : (float) (value + part * ((double) above - value));
    }
}

KERNEL(pairwise_distances, const float* RESTRICT z, float* RESTRICT out, int n, int d) {
    int i = blockIdx.x;
    long start = (long) i * n - (long) i * (i + 1) / 2;
    const float* zi = z + (long) i * d;
    FOR_THREADS(p, n - 1 - i) {
        const float* zj = z + (long) (i + 1 + p) * d;
        float sum = 0;
        for (int k = 0; k < d; k++) sum += (zi[k] - zj[k]) * (zi[k] - zj[k]);
        out[start + p] = sqrtf(sum);
    }
}

KERNEL(quantile_values, const float* RESTRICT values, float* RESTRICT out, long count, double q) {
    double position = q * (double) (count - 1);
    long k = (long) position;
    float most = 0;
    for (long i = threadIdx.x; i < count; i += blockDim.x) most = max_of(most, values[i]);
    unsigned low = 0, high = __float_as_uint(block_max(most));
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        float t = __uint_as_float(middle);
        long within = 0;
        for (long i = threadIdx.x; i < count; i += blockDim.x) within += values[i] <= t;
        if (block_sum(within) > k) high = middle;
        else low = middle + 1;
    }
    float value = __uint_as_float(low), least = INFINITY;
    long within = 0;
    for (long i = threadIdx.x; i < count; i += blockDim.x) {
        within += values[i] <= value;
        least = values[i] > value ? min_of(least, values[i]) : least;
    }
    within = block_sum(within);
    least = block_min(least);
    if (threadIdx.x == 0) {
        float above = within > k + 1 ? value : least;
        double part = position - (double) k;
        out[0] = part == 0 ? value : (float) (value + part * ((double) above - value));
    }
}

/// kind 0: gamma = quantile; 1: gamma = 1 / (2 quantile^2). status [1]: 1 where the batch is degenerate (z all equal, a median of 0,
/// n = 1, or z not finite): then no step is taken.
KERNEL(set_bandwidth, const float* RESTRICT z, const float* RESTRICT zv, const float* RESTRICT quantile, float* RESTRICT gamma,
       int* RESTRICT status, int kind, float given, int size, int validation_size, int d) {
    int equal = 1, finite = 1;
    FOR_THREADS(i, size) {
        finite &= isfinite(z[i]) ? 1 : 0;
        equal &= z[i] == z[i % d] ? 1 : 0;
    }
    FOR_THREADS(i, validation_size) finite &= isfinite(zv[i]) ? 1 : 0;
    equal = block_min(equal);
    finite = block_min(finite);
    if (threadIdx.x == 0) {
        float q = quantile[0];
        gamma[0] = kind == 0 ? q : kind == 1 ? 1 / (2 * q * q) : given;
        status[0] = equal || !finite || (kind == 1 && q == 0);
    }
}

template<class T, class Sum> DEVICE void gram_row(const float* RESTRICT z, const float* RESTRICT zv, T gamma, T* RESTRICT K, T* RESTRICT row_sum,
                                       T* RESTRICT kappa, int i, int n, int m, int d, T ridge) {
    T* row = K + (long) i * n;
    const float* zi = z + (long) i * d;
    Sum total = 0, match = 0;
    if (d == 1) {
        T a = zi[0];
        FOR_THREADS(j, n) {
            T difference = a - (T) z[j];
            T k = exp_of(-gamma * (difference * difference));
            row[j] = k;
            total += k;
        }
        FOR_THREADS(j, m) {
            T difference = a - (T) zv[j];
            match += exp_of(-gamma * (difference * difference));
        }
    } else {
        FOR_THREADS(j, n) {
            T sum = 0;
            for (int k = 0; k < d; k++) sum += ((T) zi[k] - (T) z[(long) j * d + k]) * ((T) zi[k] - (T) z[(long) j * d + k]);
            row[j] = exp_of(-gamma * sum);
            total += row[j];
        }
        FOR_THREADS(j, m) {
            T sum = 0;
            for (int k = 0; k < d; k++) sum += ((T) zi[k] - (T) zv[(long) j * d + k]) * ((T) zi[k] - (T) zv[(long) j * d + k]);
            match += exp_of(-gamma * sum);
        }
    }
    total = block_sum(total);
    match = block_sum(match);
    __syncthreads();
    if (threadIdx.x == 0) {
        row[i] += ridge;
        row_sum[i] = (T) total + ridge;
        kappa[i] = (T) (match * n / m);
    }
}

KERNEL(gram_rows, const float* RESTRICT z, const float* RESTRICT zv, const float* RESTRICT gamma, float* RESTRICT K,
       float* RESTRICT row_sum, float* RESTRICT kappa, int n, int m, int d, float ridge) {
    gram_row<float, float>(z, zv, gamma[0], K, row_sum, kappa, blockIdx.x, n, m, d, ridge);
}

KERNEL(gram_rows_f64, const float* RESTRICT z, const float* RESTRICT zv, const float* RESTRICT gamma, double* RESTRICT K,
       double* RESTRICT row_sum, double* RESTRICT kappa, int n, int m, int d, double ridge) {
    gram_row<double, double>(z, zv, (double) gamma[0], K, row_sum, kappa, blockIdx.x, n, m, d, ridge);
}
