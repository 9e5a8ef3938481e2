// Weight estimation of a small batch in one launch: bandwidth, kernel matrices, steps from what is remembered, projections, memory. The same
// as the launches of bandwidth.cu, gram.cu, kmm.cu, divergence.cu and memory.cu one after the other, for one segment, d = 1,
// n, m <= 256 and weights that are not normalised; one block. z [n], z' [m]; index [n]: the samples' numbers; memory [samples], weights [n],
// gamma [1] and status [1] as there; state: what the steps move. The rule of the bandwidth is that of segments.cu.
//
// km_estimation  kernel mean matching; state [n]; memory is what is remembered of the state, too
#include "estimation.cuh"

KERNEL(km_estimation, const float* RESTRICT z_given, const float* RESTRICT zv_given, const int* RESTRICT index, float* RESTRICT memory,
       float* RESTRICT state, float* RESTRICT weights, double* RESTRICT gamma, int* RESTRICT status, int n, int m, int given, int median,
       double value, int steps, float upper, float eta, float momentum, float ridge, float diagonal) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, one, most_rows);
    SHARED(float, validation_one, most_rows);
    SHARED(float, v, most_rows);
    SHARED(float, w, most_rows);
    SHARED(float, u, most_rows);
    SHARED(float, kappa, most_rows);
    SHARED(float, row_sum, most_rows);
    SHARED(float, Kv, most_rows);
    SHARED(float, pool, 2 * most_rows);
    SHARED(float, sorted, 2 * most_rows);
    SHARED(float, part, 2 * parts * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(memory, index, n, w);
    FOR_THREADS(i, most_rows) v[i] = w[i];
    take_ones(n, one);
    take_ones(m, validation_one);
    Rule rule = {given, median, value};
    Bandwidth bandwidth = find_bandwidth(rule, z, n, zv, m, pool, sorted, count, gamma, status);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        gaussian_product(k, z, n, zv, m, validation_one, part);
        FOR_THREADS(i, n) kappa[i] = product(part, i) * n / m;
        const float* const both[2] = {v, one};
        gaussian_products(k, z, n, z, n, both, part);
        FOR_THREADS(i, n) {
            Kv[i] = product(part, i) + diagonal * v[i];
            row_sum[i] = product(part + parts * most_rows, i) + diagonal;
        }
        float own_ridge = ridge * n, rate = kmm_rate(row_sum, n, own_ridge, eta);
        for (int step = 0; step < steps; step++) {
            if (step > 0) {
                gaussian_product(k, z, n, z, n, v, part);
                FOR_THREADS(i, n) Kv[i] = product(part, i) + diagonal * v[i];
            }
            kmm_move(Kv, kappa, rate, own_ridge, u, v, w, n, momentum, upper, 0);
        }
        stopped = status_after(w, n, w, 0, status);
    }
    FOR_THREADS(i, n) state[i] = w[i];
    give_weights(w, stopped, index, n, memory, weights, upper, count);
}
