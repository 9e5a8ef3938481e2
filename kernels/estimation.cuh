// What a block does with a small batch: at most 256 training and 256 validation samples, transformed to one number each, in one segment.
// Everything lies in shared memory, filled with zeros behind the batch, and kernel values are computed anew for every product: that takes
// a multiprocessor less time than a launch. All functions are called by all threads of the block.
#pragma once
#include "bandwidth.cuh"
#include "gaussian.cuh"
#include "steps.cuh"

constexpr int most_rows = 256;
/// Parts of a sum over the samples, each a thread's.
constexpr int parts = 4;

/// exp(-gamma (a - b)^2)
struct Gaussian {
    float slope, farthest;
    KERNEL_MEMBER float operator()(float a, float b) const { return exp2f(min_of((a - b) * (a - b), farthest) * slope); }
};
DEVICE Gaussian gaussian_with(double gamma) {
    Gaussian k = {-(float) min_of(gamma * 1.4426950408889634, 3.402823466e38), farthest((float) gamma)};
    return k;
}

/// to[i] = from[i], or from[index[i]] where index is given, for i < n, and 0 behind.
DEVICE void take(const float* from, const int* index, int n, float* to) {
    FOR_THREADS(i, most_rows) to[i] = i < n ? from[index ? index[i] : i] : 0;
}

/// one[i] = 1 for i < n, and 0 behind.
DEVICE void take_ones(int n, float* one) {
    FOR_THREADS(i, most_rows) one[i] = i < n ? 1 : 0;
}

/// Parts of N products, to be added up by `product`: of sum_j k(x_i, y_j) v_j for i < rows. Begins and ends with a barrier.
template<int N>
DEVICE void gaussian_products(Gaussian k, const float* x, int rows, const float* y, int columns, const float* const (&v)[N], float* part) {
    __syncthreads();
    FOR_THREADS(p, parts * rows) {
        float a = x[p / parts], sum[N] = {};
        for (int j = 4 * (p % parts); j < columns; j += 4 * parts)
            for (int l = j; l < j + 4; l++) {
                float value = k(a, y[l]);
                for (int i = 0; i < N; i++) sum[i] += value * v[i][l];
            }
        for (int i = 0; i < N; i++) part[i * parts * most_rows + p] = sum[i];
    }
    __syncthreads();
}
DEVICE void gaussian_product(Gaussian k, const float* x, int rows, const float* y, int columns, const float* v, float* part) {
    const float* const one[1] = {v};
    gaussian_products(k, x, rows, y, columns, one, part);
}
DEVICE float product(const float* part, int i) {
    return (part[parts * i] + part[parts * i + 1]) + (part[parts * i + 2] + part[parts * i + 3]);
}

/// Parts of each point's place among the others in ascending order, to be added up by `place`; what does not differ keeps its order. x has
/// no NaN. Begins and ends with a barrier.
DEVICE void find_places(const float* x, int count, int* part) {
    int share = (count + parts - 1) / parts;
    __syncthreads();
    FOR_THREADS(p, parts * count) {
        int i = p / parts, begin = p % parts * share, end = min_of(begin + share, count), before = 0;
        float v = x[i];
        for (int j = begin; j < min_of(i, end); j++) before += x[j] <= v ? 1 : 0;
        for (int j = max_of(begin, i); j < end; j++) before += x[j] < v ? 1 : 0;
        part[p] = before;
    }
    __syncthreads();
}
DEVICE int place(const int* part, int i) { return part[parts * i] + part[parts * i + 1] + part[parts * i + 2] + part[parts * i + 3]; }

/// The rule of the bandwidth, as in segments.cu.
struct Rule {
    int given, median;
    double value;
};

/// x in ascending order; part [2 parts most_rows]. Begins and ends with a barrier.
DEVICE void sort_points(const float* x, int count, float* sorted, int* part) {
    find_places(x, count, part);
    FOR_THREADS(i, count) sorted[place(part, i)] = x[i];
    __syncthreads();
}

/// The bandwidth of the batch. sort(x, count, sorted) puts x in ascending order, as sort_points.
template<class Sort> DEVICE Bandwidth find_bandwidth(Rule rule, const float* z, int n, const float* zv, int m, Sort sort) {
    SHARED(float, pool, 2 * most_rows);
    SHARED(float, sorted, 2 * most_rows);
    __syncthreads();
    int stopped = status_of(z, zv, n, m, 1), count = rule.median ? n + m : n;
    double quantile = rule.given ? rule.value : 0;
    if (!stopped && !rule.given) {
        FOR_THREADS(i, count) pool[i] = i < n ? z[i] : zv[i - n];
        sort(pool, count, sorted);
        double position = rule.value * (double) ((long) count * (count - 1) / 2 - 1);
        long k = (long) position;
        quantile = pair_quantile(sorted, count, k, position - (double) k);
    }
    return bandwidth_of(quantile, rule.median, stopped);
}
DEVICE Bandwidth find_bandwidth(Rule rule, const float* z, int n, const float* zv, int m, int* part) {
    return find_bandwidth(rule, z, n, zv, m, [=](const float* x, int count, float* sorted) { sort_points(x, count, sorted, part); });
}

/// The status of a batch that was estimated: 0 where all of x [n] and y [m] is finite, else what broke is not to be remembered.
DEVICE int status_after(const float* x, int n, const float* y, int m) {
    int broken = 0;
    FOR_THREADS(i, n) broken |= isfinite(x[i]) ? 0 : 1;
    FOR_THREADS(j, m) broken |= isfinite(y[j]) ? 0 : 1;
    return block_max(broken) ? out_of_range : 0;
}

DEVICE void tell(Bandwidth bandwidth, int stopped, double* gamma, int* status) {
    if (threadIdx.x != 0) return;
    gamma[0] = bandwidth.gamma;
    status[0] = stopped;
}

/// part[p], p < parts n: whether a later row than p / parts is of the same sample, among part of them.
DEVICE void find_repeated(const int* index, int n, int* part) {
    __syncthreads();
    FOR_THREADS(p, parts * n) {
        int i = p / parts, again = 0;
        for (int j = i + 1 + p % parts; j < n; j += parts) again |= index[j] == index[i] ? 1 : 0;
        part[p] = again;
    }
    __syncthreads();
}
DEVICE bool repeated(const int* part, int i) { return part[parts * i] | part[parts * i + 1] | part[parts * i + 2] | part[parts * i + 3]; }

/// memory[index[i]] = x[i]; of a sample that stands twice in the batch, its last row. part [parts most_rows].
DEVICE void store(const float* x, const int* index, int n, float* memory, int* part) {
    find_repeated(index, n, part);
    FOR_THREADS(i, n)
        if (!repeated(part, i)) memory[index[i]] = x[i];
}

/// The weights of a batch from its ratios, cut to the bounds; or, where nothing moved, those that are remembered.
DEVICE void give_weights(const float* r, int status, const int* index, int n, float* memory, float* weights, float upper, int* part) {
    if (!status) find_repeated(index, n, part);
    FOR_THREADS(i, n) {
        float w = status ? memory[index[i]] : min_of(max_of(r[i], 0.0f), upper);
        weights[i] = w;
        if (!status && !repeated(part, i)) memory[index[i]] = w;
    }
}

/// The parameters that all estimations have, and the same passed on.
#define BATCH \
    const float *RESTRICT z_given, const float *RESTRICT zv_given, const int *RESTRICT index, float *RESTRICT memory, \
        float *RESTRICT state, float *RESTRICT weights, double *RESTRICT gamma, int *RESTRICT status, int n, int m, int given, int median, \
        double value, int steps, float upper
#define BATCH_GIVEN z_given, zv_given, index, memory, state, weights, gamma, status, n, m, given, median, value, steps, upper

DEVICE void estimate_km(BATCH, float eta, float momentum, float ridge, float diagonal) {
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
    SHARED(float, part, 2 * parts * most_rows);
    SHARED(int, count, 2 * parts * most_rows);
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(memory, index, n, w);
    take_ones(n, one);
    take_ones(m, validation_one);
    FOR_THREADS(i, most_rows) v[i] = w[i];
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, count);
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
        stopped = status_after(w, n, w, 0);
    }
    tell(bandwidth, stopped, gamma, status);
    FOR_THREADS(i, n) state[i] = w[i];
    give_weights(w, stopped, index, n, memory, weights, upper, count);
}
