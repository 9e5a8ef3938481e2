// Weight estimation of a small batch as in estimation.cu, by a cluster of four blocks of 256 threads, with the kernel matrix in registers:
// four threads have a row, each of them 64 of its columns. Every block has all vectors in its shared memory, and does what is done by
// element for itself; of a product it makes a quarter of the rows, and gives them to the others. A step of km has one barrier of the
// cluster and two of the block; a sum of weights outside of its band, which is rare, takes a search more.
//
// km_estimation_cluster  as km_estimation
// kl_estimation_cluster  as kl_estimation; a step has two barriers of the cluster
#include "cluster.cuh"
#include "estimation.cuh"

constexpr int blocks = 4, threads = 256, lanes = 4, own_rows = most_rows / blocks, own_columns = most_rows / lanes;

/// As sort_points: each block finds places for its share of the points.
DEVICE void sort_shared(const float* x, int count, float* sorted) {
    int q = threadIdx.x % lanes, share = (count + lanes - 1) / lanes, begin = q * share, end = min_of(begin + share, count);
    RemoteFloats there = remote(sorted, q);
    __syncthreads();
    for (int i = cluster_rank() * own_rows + (int) threadIdx.x / lanes; i < 2 * most_rows; i += most_rows) {
        float v = i < count ? x[i] : 0;
        int before = 0;
        for (int j = begin; j < min_of(i, end); j++) before += x[j] <= v ? 1 : 0;
        for (int j = max_of(begin, i); j < end; j++) before += x[j] < v ? 1 : 0;
        before = quad_sum(before);
        if (i < count) there.store(before, v);
    }
    cluster_barrier();
}

/// The columns that a thread has of its row: 4 in a row, so that they are loaded together.
DEVICE int column_of(int c, int q) { return 4 * lanes * (c / 4) + 4 * q + c % 4; }

/// This thread's part of the values between x and all columns y [count], which are 0 behind; their sum over the row.
DEVICE float gaussian_row(Gaussian k, float x, const float* y, int count, int q, float (&K)[own_columns]) {
    float sum = 0;
#pragma unroll
    for (int c = 0; c < own_columns; c++) {
        int column = column_of(c, q);
        float value = k(x, y[column]);      // of every column, since what branches around values would wait for each
        K[c] = column < count ? value : 0;
        sum += K[c];
    }
    return quad_sum(sum);
}

/// The product of a row with v.
DEVICE float row_product(const float (&K)[own_columns], const float* v, int q) {
    float y = 0;
#pragma unroll
    for (int c = 0; c < own_columns; c++) y += K[c] * v[column_of(c, q)];
    return quad_sum(y);
}

/// sum_j k(x, y_j) v_j, v = 1 where it is null; nothing is stored.
DEVICE float gaussian_sum(Gaussian k, float x, const float* y, int count, const float* v, int q) {
    float sum = 0;
    for (int j = q; j < count; j += lanes) sum += k(x, y[j]) * (v ? v[j] : 1);
    return quad_sum(sum);
}

/// Whether a later row than this one is of the same sample; index [n].
DEVICE bool comes_again(const int* index, int row, int n, int q) {
    int again = 0;
    for (int j = row + 1 + q; j < n; j += lanes) again |= index[j] == index[row] ? 1 : 0;
    return quad_sum(again);
}

KERNEL_CLUSTER(blocks, threads, km_estimation_cluster, BATCH, float eta, float momentum, float ridge, float diagonal) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, v, most_rows);
    SHARED(float, w, most_rows);
    SHARED(float, row_sum, most_rows);
    SHARED(float, u, 2 * most_rows);
    SHARED(int, samples, most_rows);
    int t = threadIdx.x, q = t % lanes, row = cluster_rank() * own_rows + t / lanes;
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(memory, index, n, w);
    v[t] = w[t];
    samples[t] = t < n ? index[t] : -1;
    cluster_barrier();
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, sort_shared);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        bool inside = row < n;
        float K[own_columns], last = w[t], kappa = gaussian_sum(k, z[row], zv, m, nullptr, q) * n / m;
        float sum = gaussian_row(k, z[row], z, inside ? n : 0, q, K) + diagonal;      // of no column behind the batch, whose u is 0
        kappa = inside ? kappa : 0;
        remote(row_sum, q).store(row, sum);
        cluster_barrier();
        float own_ridge = ridge * n, rate = kmm_rate(row_sum, n, own_ridge, eta);
        double low = least_sum(n), high = most_sum(n, upper);
        RemoteFloats there = remote(u, q);
        for (int step = 0; step < steps;) {
            bool feasible = true;
            float before = last;
            int at = 0;
            for (; step < steps && feasible; step++) {
                float own = v[row], y = row_product(K, v, q) + diagonal * own;
                at = most_rows * (step & 1);      // a block that is ahead writes what the others do not read any more
                there.store(at + row, own - rate * (y + own_ridge * own - kappa));
                cluster_barrier();
                double total = clipped((double) u[at + t], (double) upper);
                before = last;
                last = (float) total;
                v[t] = last + momentum * (last - before);
                total = block_sum(total);
                feasible = total >= low && total <= high;
            }
            if (feasible) break;
            float moved = (float) clipped(u[at + t], band_threshold(u + at, n, upper, low, high), upper);
            last = t < n ? moved : 0;      // behind the batch there is nothing: neither now, nor in the sum of a later step
            v[t] = last + momentum * (last - before);
            __syncthreads();
        }
        w[t] = last;
        stopped = status_after(w, n, w, 0);
    }
    if (cluster_rank() == 0) tell(bandwidth, stopped, gamma, status);
    __syncthreads();
    bool again = comes_again(samples, row, n, q);
    if (q > 0 || row >= n) return;
    float given_weight = stopped ? memory[samples[row]] : min_of(max_of(w[row], 0.0f), upper);
    state[row] = w[row];
    weights[row] = given_weight;
    if (!stopped && !again) memory[samples[row]] = given_weight;
}

KERNEL_CLUSTER(blocks, threads, kl_estimation_cluster, BATCH, const int* RESTRICT validation_index, float* RESTRICT remembered,
               float* RESTRICT ratios, float ridge) {
    SHARED(float, z, most_rows);
    SHARED(float, zv, most_rows);
    SHARED(float, alpha, most_rows);
    SHARED(float, b, most_rows);
    SHARED(float, u, most_rows);
    SHARED(float, r, most_rows);
    SHARED(int, samples, most_rows);
    SHARED(int, validation_samples, most_rows);
    int t = threadIdx.x, q = t % lanes, row = cluster_rank() * own_rows + t / lanes;
    take(z_given, nullptr, n, z);
    take(zv_given, nullptr, m, zv);
    take(remembered, validation_index, m, alpha);
    samples[t] = t < n ? index[t] : -1;
    validation_samples[t] = t < m ? validation_index[t] : -1;
    cluster_barrier();
    Bandwidth bandwidth = find_bandwidth(Rule{given, median, value}, z, n, zv, m, sort_shared);
    int stopped = bandwidth.status;
    if (!stopped) {
        Gaussian k = gaussian_with(bandwidth.gamma);
        float T[own_columns];
        gaussian_row(k, zv[row], zv, m, q, T);
        RemoteFloats to_alpha = remote(alpha, q), to_u = remote(u, q);
        remote(r, q).store(row, gaussian_sum(k, zv[row], z, n, nullptr, q));      // the column sums of A, until the ratios are known
        cluster_barrier();
        kl_start(r, b, alpha, n, m, ridge);
        __syncthreads();
        bool inside = row < m;
        float own = alpha[row];      // kept apart: one of the four threads of the row changes it in this block
        for (int step = 0; step < steps; step++) {
            float ratio = row_product(T, alpha, q);
            to_u.store(row, inside ? reciprocal_of(ratio, 1.0f / m) : 0);
            cluster_barrier();
            float g = row_product(T, u, q);
            own = inside ? kl_next(own, g, b[row]) : 0;
            to_alpha.store(row, own);
            cluster_barrier();
        }
        remote(r, q).store(row, gaussian_sum(k, z[row], zv, m, alpha, q));
        cluster_barrier();
        stopped = status_after(r, n, alpha, m);
    }
    if (cluster_rank() == 0) tell(bandwidth, stopped, gamma, status);
    __syncthreads();
    bool again = comes_again(samples, row, n, q), validation_again = comes_again(validation_samples, row, m, q);
    if (q == 0 && row < m) {
        state[row] = alpha[row];
        if (!stopped && !validation_again) remembered[validation_samples[row]] = alpha[row];
    }
    if (q == 0 && row < n) {
        float given_weight = stopped ? memory[samples[row]] : min_of(max_of(r[row], 0.0f), upper);
        if (!bandwidth.status) ratios[row] = r[row];
        weights[row] = given_weight;
        if (!stopped && !again) memory[samples[row]] = given_weight;
    }
}
