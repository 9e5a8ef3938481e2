// The energy distance of a weighted sample (Szekely and Rizzo, J. Statist. Plann. Inference 2013), the kernel of a divergence from outside
// the library: minimise 1/2 w'Kw - kappa'w inside every segment (segments.cuh), with
//   K_ij = -|z_i - z_j|, kappa_i = -(n_c/m_c) sum_j |z_i - z'_j|, bound_i = sum_j |z_i - z_j|
// z [n, d], z' [m, d]; a row a block; 4 n_c bytes, 3 (n_c + m_c) d operations a row. K is positive definite where the sum of the weights is
// kept.
#include "segments.cuh"

DEVICE float distance(const float* RESTRICT a, const float* RESTRICT b, int d) {
    float sum = 0;
    for (int k = 0; k < d; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sqrtf(sum);
}

KERNEL(energy_rows, const float* RESTRICT z, const float* RESTRICT zv, const int* RESTRICT of, const int* RESTRICT table, float* RESTRICT K,
       float* RESTRICT kappa, float* RESTRICT bound, int n, int d) {
    Segment own = segment(table, segment_of(of, blockIdx.x));
    const float* zi = z + (long) blockIdx.x * d;
    float* row = K + (long) blockIdx.x * n;
    sum_t total = 0, match = 0;
    FOR_THREADS(j, own.n) {
        float x = distance(zi, z + (long) (own.first + j) * d, d);
        row[own.first + j] = -x;
        total += x;
    }
    FOR_THREADS(j, own.m) match += distance(zi, zv + (long) (own.other + j) * d, d);
    total = block_sum(total);
    match = block_sum(match);
    if (threadIdx.x == 0) {
        bound[blockIdx.x] = (float) total;
        kappa[blockIdx.x] = (float) (-match * own.n / max_of(own.m, 1));
    }
}
