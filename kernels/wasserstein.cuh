// Steps of the Wasserstein-1 distance on the rows of one segment, by one block: wasserstein.cu, which says what they compute, takes them in
// segments that are stored; estimation.cu in a batch that is small.
#pragma once
#include "projection.cuh"

/// The sum of what the threads before this one have, in an order that does not depend on theirs. Blocks of at most 1024 threads.
DEVICE double sum_before(double v) {
    SHARED(double, sum, 2 * 1024);
    int t = threadIdx.x, now = 0;
    sum[t] = v;
    __syncthreads();
    for (int step = 1; step < (int) blockDim.x; step <<= 1) {      // sum[now + t]: of the 2 step threads up to this one
        double before = t >= step ? sum[now + t - step] : 0;
        sum[1024 - now + t] = sum[now + t] + before;
        now = 1024 - now;
        __syncthreads();
    }
    double before = t > 0 ? sum[now + t - 1] : 0;
    __syncthreads();
    return before;
}

/// Puts w on the feasible set; eta / the standard deviation of the pool.
DEVICE double w1_start(const float* RESTRICT z, const float* RESTRICT zv, float* RESTRICT w, int n, int m, int d, float eta, double upper) {
    Threshold threshold = band_threshold(w, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(w[i], threshold, upper);
    double variance = 0;
    for (int k = 0; k < d; k++) {
        double sum = 0, squares = 0, origin = z[k];
        FOR_THREADS(i, n) {
            double x = z[(long) i * d + k] - origin;
            sum += x;
            squares += x * x;
        }
        FOR_THREADS(j, m) {
            double x = zv[(long) j * d + k] - origin;
            sum += x;
            squares += x * x;
        }
        sum = block_sum(sum) / (n + m);
        variance += block_sum(squares) / (n + m) - sum * sum;
    }
    return variance > 0 ? eta / sqrt(variance / d) : 0;
}

/// The distance at w, and f - mean f at z.
DEVICE double w1_measure(const int* RESTRICT order, const float* RESTRICT sorted, const float* RESTRICT w, float* RESTRICT f, int n,
                         int m) {
    int count = n + m, first = (int) ((long) count * threadIdx.x / blockDim.x),
        last = (int) ((long) count * (threadIdx.x + 1) / blockDim.x);
    double mass = 0, share = 1.0 / n, other = -1.0 / m;
    for (int k = first; k < last; k++) mass += order[k] < n ? w[order[k]] * share : other;
    double D = sum_before(mass), height = 0, distance = 0, before = D;
    for (int k = first; k < last; k++) {
        D += order[k] < n ? w[order[k]] * share : other;
        double gap = k + 1 < count ? (double) sorted[k + 1] - sorted[k] : 0;
        distance += fabs(D) * gap;
        height += D > 1e-6 ? -gap : D < -1e-6 ? gap : 0;
    }
    distance = block_sum(distance);
    height = sum_before(height);
    D = before;
    double total = 0;
    for (int k = first; k < last; k++) {
        if (order[k] < n) {
            f[order[k]] = (float) height;
            total += height;
        }
        D += order[k] < n ? w[order[k]] * share : other;
        double gap = k + 1 < count ? (double) sorted[k + 1] - sorted[k] : 0;
        height += D > 1e-6 ? -gap : D < -1e-6 ? gap : 0;
    }
    float mean = (float) (block_sum(total) / n);
    __syncthreads();
    FOR_THREADS(i, n) f[i] -= mean;
    return distance;
}

/// A step from w against the gradient in u.
DEVICE void w1_move(float* RESTRICT u, float* RESTRICT w, int n, double distance, double longest, double upper) {
    double squares = 0;      // in double precision: f has the data's unit, and its square and 1 / f may be out of a float's range
    FOR_THREADS(i, n) squares += (double) u[i] * u[i];
    squares = block_sum(squares);
    double polyak = squares > 0 ? 0.5 * distance * n / squares : 0, t = min_of(longest, polyak);
    FOR_THREADS(i, n) u[i] = (float) (w[i] - t * u[i]);
    Threshold threshold = band_threshold(u, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(u[i], threshold, upper);
}
