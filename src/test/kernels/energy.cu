// The energy distance of a weighted sample (Szekely and Rizzo, J. Statist. Plann. Inference 2013), the kernel of a divergence from outside
// the library: minimise 1/2 w'Kw - kappa'w, with
//   K_ij = -|z_i - z_j|, kappa_i = -(n/m) sum_j |z_i - z'_j|, bound_i = sum_j |z_i - z_j|
// z [n, d], z' [m, d]; a row a block; 4 n^2 bytes, 3 n (n + m) d operations. K is positive definite where the sum of the weights is kept.
#include "prelude.cuh"

DEVICE float distance(const float* RESTRICT a, const float* RESTRICT b, int d) {
    float sum = 0;
    for (int k = 0; k < d; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sqrtf(sum);
}

KERNEL(energy_rows, const float* RESTRICT z, const float* RESTRICT zv, float* RESTRICT K, float* RESTRICT kappa, float* RESTRICT bound,
       int n, int m, int d) {
    const float* zi = z + (long) blockIdx.x * d;
    float* row = K + (long) blockIdx.x * n;
    sum_t total = 0, match = 0;
    FOR_THREADS(j, n) {
        float x = distance(zi, z + (long) j * d, d);
        row[j] = -x;
        total += x;
    }
    FOR_THREADS(j, m) match += distance(zi, zv + (long) j * d, d);
    total = block_sum(total);
    match = block_sum(match);
    if (threadIdx.x == 0) {
        bound[blockIdx.x] = (float) total;
        kappa[blockIdx.x] = (float) (-match * n / m);
    }
}
