// Weight estimation of a small batch as in estimation.cu, by a cluster of four blocks of 256 threads, with the kernel matrix in registers:
// four threads have a row, each of them 64 of its columns. Every block has all vectors in its shared memory, and does what is done by
// element for itself; of a product it makes a quarter of the rows, and gives them to the others. A step has one barrier of the cluster
// and two of the block; a sum of weights outside of its band, which is rare, takes a search more.
//
// km_estimation_cluster  as km_estimation
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
        float K[own_columns], x = z[row], sum = 0, kappa = 0, last = w[t];
        bool inside = row < n;
#pragma unroll
        for (int c = 0; c < own_columns; c++) {
            int column = 16 * (c / 4) + 4 * q + c % 4;
            K[c] = inside && column < n ? k(x, z[column]) : 0;
            sum += K[c];
            kappa += column < m ? k(x, zv[column]) : 0;
        }
        sum = quad_sum(sum) + diagonal;
        kappa = quad_sum(kappa) * n / m;
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
                float y = 0, own = v[row];
#pragma unroll
                for (int c = 0; c < own_columns; c++) y += K[c] * v[16 * (c / 4) + 4 * q + c % 4];
                y = quad_sum(y) + diagonal * own;
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
            last = (float) clipped(u[at + t], band_threshold(u + at, n, upper, low, high), upper);
            v[t] = t < n ? last + momentum * (last - before) : 0;
            __syncthreads();
        }
        w[t] = last;
        stopped = status_after(w, n, w, 0);
    }
    if (cluster_rank() == 0) tell(bandwidth, stopped, gamma, status);
    __syncthreads();
    int again = 0;
    for (int j = row + 1 + q; j < n; j += lanes) again |= samples[j] == samples[row] ? 1 : 0;
    again = quad_sum(again);
    if (q > 0 || row >= n) return;
    float given_weight = stopped ? memory[samples[row]] : min_of(max_of(w[row], 0.0f), upper);
    state[row] = w[row];
    weights[row] = given_weight;
    if (!stopped && !again) memory[samples[row]] = given_weight;
}
