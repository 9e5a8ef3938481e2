// Weight estimation of a small batch in one launch: bandwidth, kernel matrices, steps from what is remembered, projections, memory.
// The same as the launches of bandwidth.cu, gram.cu, kmm.cu, divergence.cu, wasserstein.cu and memory.cu one after the other, for one
// segment, d = 1, n, m <= 256 and weights that are not normalised; one block, of 512 threads in production. A product with a kernel matrix
// takes n m exponentials, and 11 instructions an element (docs/gpu.md).
//
// z [n], z' [m]; index [n], validation_index [m]: the samples' numbers; state: what the steps move, [n] or, for kl and ls, [m];
// remembered: of all samples, what the state starts from, where that is not memory; memory [samples], weights [n], gamma [1], status [1]
// as in memory.cu and bandwidth.cu. The rule of the bandwidth (given, median, value) is that of segments.cu.
//
// km_estimation         kernel mean matching
// kl_estimation         KLIEP; ratios [n]
// ls_estimation         least-squares importance fitting; ratios [n]
// kl_direct_estimation  the mixture's shares; least: what a weight is raised to before the first step
// ls_direct_estimation  least squares on the weights
// w1_estimation         Wasserstein-1; state: the last iterate, best [n]: the best one; scalars [4] as in wasserstein.cu
#include "estimation.cuh"
#include "wasserstein.cuh"

KERNEL(km_estimation, BATCH, float eta, float momentum, float ridge, float diagonal) {
    estimate_km(BATCH_GIVEN, eta, momentum, ridge, diagonal);
}

KERNEL(kl_estimation, BATCH, const int* RESTRICT validation_index, float* RESTRICT remembered, float* RESTRICT ratios, float ridge) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, one, most_rows);
    SHARED(float, alpha, most_rows);
    SHARED(float, b, most_rows);
    SHARED(float, u, most_rows);
    SHARED(float, g, most_rows);
    SHARED(float, r, most_rows);
    SHARED(float, part, parts * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(remembered, validation_index, m, alpha);
    take_ones(n, one);
    take_ones(0, u);
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, count);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        gaussian_product(k, zv, m, z, n, one, part);
        FOR_THREADS(l, m) g[l] = product(part, l);
        kl_start(g, b, alpha, n, m, ridge);
        for (int step = 0; step < steps; step++) {
            gaussian_product(k, zv, m, zv, m, alpha, part);
            FOR_THREADS(j, m) u[j] = reciprocal_of(product(part, j), 1.0f / m);
            gaussian_product(k, zv, m, zv, m, u, part);
            FOR_THREADS(l, m) alpha[l] = kl_next(alpha[l], product(part, l), b[l]);
        }
        gaussian_product(k, z, n, zv, m, alpha, part);
        FOR_THREADS(i, n) ratios[i] = r[i] = product(part, i);
        stopped = status_after(r, n, alpha, m);
    }
    tell(bandwidth, stopped, gamma, status);
    FOR_THREADS(l, m) state[l] = alpha[l];
    if (!stopped) store(alpha, validation_index, m, remembered, count);
    give_weights(r, stopped, index, n, memory, weights, upper, count);
}

KERNEL(ls_estimation, BATCH, const int* RESTRICT validation_index, float* RESTRICT remembered, float* RESTRICT ratios, float eta,
       float momentum, float lambda) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, validation_one, most_rows);
    SHARED(float, alpha, most_rows);
    SHARED(float, v, most_rows);
    SHARED(float, h, most_rows);
    SHARED(float, g, most_rows);
    SHARED(float, r, most_rows);
    SHARED(float, part, parts * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(remembered, validation_index, m, alpha);
    take_ones(m, validation_one);
    take_ones(0, r);
    take_ones(0, v);
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, count);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        gaussian_product(k, zv, m, zv, m, validation_one, part);
        FOR_THREADS(l, m) h[l] = product(part, l);
        gaussian_product(k, z, n, zv, m, validation_one, part);
        FOR_THREADS(i, n) r[i] = product(part, i);
        gaussian_product(k, zv, m, z, n, r, part);
        FOR_THREADS(l, m) g[l] = product(part, l);
        float rate = ls_start(g, alpha, v, n, m, lambda, eta);
        for (int step = 0; step < steps; step++) {
            gaussian_product(k, z, n, zv, m, v, part);
            FOR_THREADS(i, n) r[i] = product(part, i);
            gaussian_product(k, zv, m, z, n, r, part);
            FOR_THREADS(l, m) g[l] = product(part, l);
            ls_move(g, h, rate, alpha, v, n, m, lambda, momentum);
        }
        gaussian_product(k, z, n, zv, m, alpha, part);
        FOR_THREADS(i, n) ratios[i] = r[i] = product(part, i);
        stopped = status_after(r, n, alpha, m);
    }
    tell(bandwidth, stopped, gamma, status);
    FOR_THREADS(l, m) state[l] = alpha[l];
    if (!stopped) store(alpha, validation_index, m, remembered, count);
    give_weights(r, stopped, index, n, memory, weights, upper, count);
}

KERNEL(kl_direct_estimation, BATCH, float least) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, w, most_rows);
    SHARED(float, u, most_rows);
    SHARED(float, s, most_rows);
    SHARED(float, p, most_rows);
    SHARED(float, part, parts * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(memory, index, n, w);
    take_ones(0, u);
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, count);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        FOR_THREADS(i, n) w[i] = max_of(w[i], least);
        for (int step = 0; step < steps; step++) {
            gaussian_product(k, zv, m, z, n, w, part);
            FOR_THREADS(j, m) u[j] = reciprocal_of(product(part, j), 1);
            gaussian_product(k, z, n, zv, m, u, part);
            FOR_THREADS(i, n) s[i] = product(part, i);
            direct_move(s, p, w, n, m, upper);
        }
        stopped = status_after(w, n, w, 0);
    }
    tell(bandwidth, stopped, gamma, status);
    FOR_THREADS(i, n) state[i] = w[i];
    give_weights(w, stopped, index, n, memory, weights, upper, count);
}

KERNEL(ls_direct_estimation, BATCH, float eta, float momentum) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, one, most_rows);
    SHARED(float, w, most_rows);
    SHARED(float, v, most_rows);
    SHARED(float, u, most_rows);
    SHARED(float, moved, most_rows);
    SHARED(float, s, most_rows);
    SHARED(float, part, parts * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(memory, index, n, w);
    take_ones(n, one);
    take_ones(0, u);
    FOR_THREADS(i, most_rows) v[i] = w[i];
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, count);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        gaussian_product(k, zv, m, z, n, one, part);
        FOR_THREADS(j, m) u[j] = reciprocal_of(product(part, j), 1);
        gaussian_product(k, z, n, zv, m, u, part);
        FOR_THREADS(i, n) s[i] = product(part, i);
        for (int step = 0; step < steps; step++) smooth_move(s, moved, v, w, n, m, eta, momentum, upper);
        stopped = status_after(w, n, w, 0);
    }
    tell(bandwidth, stopped, gamma, status);
    FOR_THREADS(i, n) state[i] = w[i];
    give_weights(w, stopped, index, n, memory, weights, upper, count);
}

KERNEL(w1_estimation, BATCH, float* RESTRICT remembered, float* RESTRICT best, double* RESTRICT scalars, float eta) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, w, most_rows);
    SHARED(float, r, most_rows);
    SHARED(float, f, most_rows);
    SHARED(int, order, 2 * most_rows);
    SHARED(float, sorted, 2 * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(remembered, index, n, w);
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, count);
    int stopped = bandwidth.status;
    if (!stopped) {
        float* pool = sorted;      // until it is sorted
        double scale = w1_start(z, zv, w, n, m, 1, eta, upper), least = INFINITY, distance = 0;
        FOR_THREADS(i, n + m) pool[i] = i < n ? z[i] : zv[i - n];
        find_places(pool, n + m, count);
        FOR_THREADS(i, n + m) order[place(count, i)] = i;
        __syncthreads();
        FOR_THREADS(k, n + m) sorted[k] = order[k] < n ? z[order[k]] : zv[order[k] - n];
        __syncthreads();
        for (int step = 0; step <= steps; step++) {      // the last time only to see how good the last iterate is
            distance = w1_measure(order, sorted, w, f, n, m);
            if (step == 0 || distance < least) {
                least = distance;
                FOR_THREADS(i, n) r[i] = w[i];
            }
            if (step < steps) w1_move(f, w, n, distance, scale, upper);
            __syncthreads();
        }
        FOR_THREADS(i, n) best[i] = r[i];
        if (threadIdx.x == 0) {
            scalars[0] = least;
            scalars[1] = scale;
            scalars[2] = steps;
            scalars[3] = distance;
        }
        stopped = status_after(w, n, r, n);
    }
    tell(bandwidth, stopped, gamma, status);
    FOR_THREADS(i, n) state[i] = w[i];
    if (!stopped) store(w, index, n, remembered, count);
    give_weights(r, stopped, index, n, memory, weights, upper, count);
}
