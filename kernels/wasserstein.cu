// Wasserstein-1 between the weighted training batch (1/n) sum_i w_i at z_i and the validation batch (1/m) sum_j at z'_j, d = 1, exact:
//     W = sup over 1-Lipschitz f of (1/n) sum_i w_i f(z_i) - (1/m) sum_j f(z'_j) = integral |F_w(x) - F_te(x)| dx.
// With the pool sorted, D_k = F_w - F_te behind the k-th point, the best f falls or rises by the distance to the next point against the
// sign of D_k, and stays where |D_k| <= 1e-6 (ties would otherwise turn on the order of summation). The gradient in w_i is f(z_i) / n; f is
// defined up to a constant, which the projection removes.
//
// w1_order       order of the pool, x sorted, both [n + m]; a point's place is the number of points before it; (n + m)^2 comparisons
// w1_begin       w_i = W[index_i] put on sum w = n, 0 <= w <= B; best = infinite; scale = eta / the standard deviation of the pool; one block
// w1_step        distance at w; where it is the least so far, best = w; then w <- P(w - scale_k (f - mean f)), P the projection on
//                sum w = n, 0 <= w <= B; scale_k = scale / sqrt(1 + k decay), k the number of steps made; one block, two scans of n + m
// w1_end         w = best
// scalars [4], double: best distance, scale, steps made, distance at w
#include "projection.cuh"

KERNEL(w1_order, const float* RESTRICT z, const float* RESTRICT zv, int* RESTRICT order, float* RESTRICT sorted, int n, int m) {
    int row = blockIdx.x, before = 0;
    float v = row < n ? z[row] : zv[row - n];
    int own = row < n ? row : n, other = row < n ? 0 : row - n;       // points before this one, of z and of z'; ties keep their order
    FOR_THREADS(j, own) before += z[j] <= v ? 1 : 0;
    FOR_THREADS(j, n - own) before += z[own + j] < v ? 1 : 0;
    FOR_THREADS(j, other) before += zv[j] <= v ? 1 : 0;
    FOR_THREADS(j, m - other) before += zv[other + j] < v ? 1 : 0;
    before = block_sum(before);
    if (threadIdx.x == 0) {
        order[before] = row;
        sorted[before] = v;
    }
}

KERNEL(w1_begin, const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT sorted, const int* RESTRICT status,
       float* RESTRICT w, float* RESTRICT best, double* RESTRICT scalars, int n, int m, float eta, double upper) {
    FOR_THREADS(i, n) best[i] = memory[index[i]];
    if (status[0]) {
        FOR_THREADS(i, n) w[i] = best[i];
        return;
    }
    Shift shift = band_shift(best, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(best[i], shift, upper);
    double sum = 0, squares = 0, first = sorted[0];
    FOR_THREADS(k, n + m) {
        double x = sorted[k] - first;
        sum += x;
        squares += x * x;
    }
    sum = block_sum(sum) / (n + m);
    squares = block_sum(squares) / (n + m) - sum * sum;
    if (threadIdx.x == 0) {
        scalars[0] = INFINITY;
        scalars[1] = squares > 0 ? eta / sqrt(squares) : 0;
        scalars[2] = 0;
    }
}

KERNEL(w1_step, const int* RESTRICT order, const float* RESTRICT sorted, const int* RESTRICT status, float* RESTRICT w, float* RESTRICT best,
       float* RESTRICT f, float* RESTRICT u, double* RESTRICT scalars, int n, int m, double upper, double decay, int move) {
    if (status[0]) return;
    SHARED(double, part, 1024);
    int count = n + m, first = (int) ((long) count * threadIdx.x / blockDim.x), last = (int) ((long) count * (threadIdx.x + 1) / blockDim.x);
    double mass = 0, own = 1.0 / n, other = -1.0 / m;
    for (int k = first; k < last; k++) mass += order[k] < n ? w[order[k]] * own : other;
    part[threadIdx.x] = mass;
    __syncthreads();
    double D = 0;
    for (int t = 0; t < (int) threadIdx.x; t++) D += part[t];
    double height = 0, distance = 0, before = D;
    for (int k = first; k < last; k++) {
        D += order[k] < n ? w[order[k]] * own : other;
        double gap = k + 1 < count ? (double) sorted[k + 1] - sorted[k] : 0;
        distance += fabs(D) * gap;
        height += D > 1e-6 ? -gap : D < -1e-6 ? gap : 0;
    }
    distance = block_sum(distance);
    part[threadIdx.x] = height;
    __syncthreads();
    height = 0;
    for (int t = 0; t < (int) threadIdx.x; t++) height += part[t];
    D = before;
    double total = 0;
    for (int k = first; k < last; k++) {
        if (order[k] < n) {
            f[order[k]] = (float) height;
            total += height;
        }
        D += order[k] < n ? w[order[k]] * own : other;
        double gap = k + 1 < count ? (double) sorted[k + 1] - sorted[k] : 0;
        height += D > 1e-6 ? -gap : D < -1e-6 ? gap : 0;
    }
    double mean = block_sum(total) / n;
    bool better = distance < scalars[0];
    double scale = scalars[1] / sqrt(1 + scalars[2] * decay);
    __syncthreads();
    if (better) FOR_THREADS(i, n) best[i] = w[i];
    if (threadIdx.x == 0) {
        scalars[3] = distance;
        if (better) scalars[0] = distance;
        if (move) scalars[2] += 1;
    }
    if (!move) return;
    __syncthreads();
    FOR_THREADS(i, n) u[i] = w[i] - (float) (scale * (f[i] - mean));
    Shift shift = band_shift(u, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(u[i], shift, upper);
}

KERNEL(w1_end, const float* RESTRICT best, const int* RESTRICT status, float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) if (!status[0]) w[i] = best[i];
}
