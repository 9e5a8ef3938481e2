// gamma and status from a quantile of the pairwise distances, for a batch (bandwidth.cu) or a segment of one (segments.cu). A median of 0
// has gamma 0, not infinity, so that an objective can be evaluated: every kernel value is 1 then. One whose gamma is above a float's range
// counts as 0. Distances so large that gamma, or they themselves, are out of a float's range cannot be computed with.
#pragma once
#include "segments.cuh"

struct Bandwidth {
    double gamma;
    int status;
};

DEVICE Bandwidth bandwidth_of(double quantile, int median, int known_status) {
    double g = median && quantile > 0 ? 1 / (2 * quantile * quantile) : quantile;
    bool usable = g <= 3.402823466e38 && !(median && g < 1.17549435e-38), small = median && quantile < 1;
    Bandwidth found = {usable ? g : 0, known_status ? known_status : usable ? 0 : small ? is_degenerate : out_of_range};
    return found;
}

DEVICE void set_bandwidth(double quantile, int median, int known_status, double* gamma, int* status) {
    if (threadIdx.x != 0) return;
    Bandwidth found = bandwidth_of(quantile, median, known_status);
    gamma[0] = found.gamma;
    status[0] = found.status;
}

/// The status that z, z' have whatever the bandwidth. All threads of the block call it.
DEVICE int status_of(const float* RESTRICT z, const float* RESTRICT zv, int size, int validation_size, int d) {
    int differ = 0, broken = 0;
    if (d == 1) {
        float first = z[0];
        FOR_THREADS(i, size) differ |= z[i] != first ? 1 : 0;
    } else {
        FOR_THREADS(i, size) differ |= z[i] != z[i % d] ? 1 : 0;
    }
    FOR_THREADS(i, size) broken |= isfinite(z[i]) ? 0 : 1;
    FOR_THREADS(i, validation_size) broken |= isfinite(zv[i]) ? 0 : 1;
    int seen[2] = {differ, broken};
    block_reduce<Max>(seen);
    return seen[1] ? out_of_range : seen[0] ? 0 : is_degenerate;
}

/// Of the differences x_j - x_i, i < j, of sorted x: how many are at most t, the largest of these, and the least of the others.
DEVICE void count_pairs(const float* x, int count, double t, long* within, double* largest, double* least) {
    int first = (int) ((long) count * threadIdx.x / blockDim.x), last = (int) ((long) count * (threadIdx.x + 1) / blockDim.x);
    long pairs = 0;
    double below = 0, above = INFINITY;
    if (first < last) {
        int j = first + 1, high = count;      // j: the first index with x_j - x_i > t
        double a = x[first];
        if (first > 0 || blockDim.x > 1)      // one thread that has all points walks as far
            while (j < high) {
                int middle = (j + high) >> 1;
                if (x[middle] - a <= t) j = middle + 1;
                else high = middle;
            }
        for (int i = first; i < last; i++) {
            a = x[i];
            if (j <= i) j = i + 1;
            while (j < count && x[j] - a <= t) j++;
            pairs += j - i - 1;
            if (j > i + 1) below = max_of(below, x[j - 1] - a);
            if (j < count) above = min_of(above, x[j] - a);
        }
    }
    *within = block_sum(pairs);
    double ends[2] = {below, -above};
    block_reduce<Max>(ends);
    *largest = ends[0];
    *least = -ends[1];
}

/// The number half way between two that are not negative, in the order of their bits.
DEVICE double bit_middle(double a, double b) {
    long long low = __double_as_longlong(a), high = __double_as_longlong(b);
    return __longlong_as_double(low + (high - low) / 2);
}

/// The order statistic k of the differences of sorted x, and part of the way to the next one. All threads of the block call it.
DEVICE double pair_quantile(const float* x, int count, long k, double part) {
    long all = (long) count * (count - 1) / 2, within_low = 0, within_high = all;
    double low = 0, high = (double) x[count - 1] - x[0];      // statistics k and k + 1 lie in [low, high]
    double value = high, next = high;
    bool found = k + 1 >= all;
    for (int round = 0; !found; round++) {
        double share = (double) (k + 1 - within_low) / (double) (within_high - within_low);
        double t = low + (high - low) * share;
        if (round % 4 == 3 || !(t >= low && t < high)) t = bit_middle(low, high);
        long within;
        double largest, least;
        count_pairs(x, count, t, &within, &largest, &least);
        if (within == k + 1) {
            value = largest;
            next = least;
            found = true;
        } else if (within > k + 1) {
            high = largest;
            within_high = within;
        } else {
            low = least;
            within_low = within;
        }
        if (low >= high) {
            value = next = low;
            found = true;
        }
    }
    return value + part * (next - value);
}
