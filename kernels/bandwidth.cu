// Bandwidth of the Gaussian kernel exp(-gamma |a - b|^2) for a batch: gamma is the quantile q of the pairwise distances of the training
// batch (DIW's published code: a distance used as gamma), or 1 / (2 median^2) of training and validation batch together, or given.
// Training data z [n, d], validation data z' [m, d]; the pool is z, or z and z' for the median; count points, count (count - 1) / 2 pairs.
// The quantile is exact, with linear interpolation between the order statistics k and k + 1 (as numpy.quantile).
//
// rank_sort         d = 1: the pool in ascending order, NaN last; each point counts those before it; count^2 comparisons; a row a block
// bandwidth_sorted  d = 1: with sorted x the pairs within t, x_j - x_i <= t, are counted in 2 count steps by a pointer that only
//                   advances; t is sought by interpolation inside a bracket of differences that occur, about 10 counts; one block
// transpose_pool    d > 1: the pool as [d, count]; 8 count d bytes
// pair_histogram    d > 1: a pass of a radix selection: histogram of 11 (10, 10) bits of the squared distances whose higher bits are
//                   those found so far; each block some rows of pairs; count^2 d / 2 operations; least: the least one above them
// bandwidth_radix   d > 1: sums the histograms, finds the bin of order statistic k; after the last pass, sets gamma; one block
// bandwidth_given   gamma = value; one block
//
// gamma [1]; status [1] = 1 where the batch is degenerate (z all equal, n = 1, a median of 0), 2 where it cannot be computed (z or z' not
// finite, distances out of a float's range), so that no step may be taken. median: 1 for the rule of the median, else 0.
#include "bandwidth.cuh"
#include "order.cuh"

KERNEL(rank_sort, const float* RESTRICT z, const float* RESTRICT zv, float* RESTRICT sorted, int n, int m) {
    int row = blockIdx.x;
    float v = row < n ? z[row] : zv[row - n];
    int own = row < n ? row : n, other = row < n ? 0 : row - n;      // points before this one, of z and of z'; ties keep their order
    int before = count_before(z, own, z + own, n - own, v) + count_before(zv, other, zv + other, m - other, v);
    before = block_sum(before);
    if (threadIdx.x == 0) sorted[before] = v;
}

KERNEL(bandwidth_sorted, const float* RESTRICT x, const float* RESTRICT z, const float* RESTRICT zv, double* RESTRICT gamma,
       int* RESTRICT status, int count, int median, long k, double part, int n, int m) {
    int stopped = status_of(z, zv, n, m, 1);
    set_bandwidth(stopped ? 0 : pair_quantile(x, count, k, part), median, stopped, gamma, status);
}

KERNEL(transpose_pool, const float* RESTRICT z, const float* RESTRICT zv, float* RESTRICT pool, int n, int count, int d) {
    FOR_ELEMENTS(p, (long) count * d) {
        long k = p / count, i = p % count;
        pool[p] = i < n ? z[i * d + k] : zv[(i - n) * d + k];
    }
}

KERNEL(pair_histogram, const float* RESTRICT pool, const long* RESTRICT state, int* RESTRICT histograms, unsigned* RESTRICT least,
       int count, int d, int blocks, int shift, int bits) {
    const int copies = 4, room = 2052;      // neighbours count in different copies, and so do not wait for each other
    SHARED(int, histogram, copies * room);
    SHARED(float, square, 256);
    unsigned prefix = (unsigned) state[0], bins = 1u << bits;
    // Squares are not negative, so that their bits are below 2^31, and those of squares that are not above the prefix wrap to 2^31 or more.
    unsigned next = (prefix + 1) << bits << shift, above = 0xffffffffu;
    FOR_THREADS(b, copies * room) histogram[b] = 0;
    __syncthreads();
    for (int group = blockIdx.x * 8; group < count - 1; group += blocks * 8) {      // eight rows share the columns that a cache holds
        for (int start = group + 1; start < count; start += 256) {
            for (int i = group; i < min_of(group + 8, count - 1); i++) {
                int first = max_of(start, i + 1), length = min_of(start + 256, count) - first;
                FOR_THREADS(c, length) square[c] = 0;
                for (int k = 0; k < d; k++) {
                    const float* RESTRICT column = pool + (long) k * count;
                    float a = column[i];
                    FOR_THREADS(c, length) square[c] += (column[first + c] - a) * (column[first + c] - a);
                }
                FOR_THREADS(c, length) {
                    unsigned beyond = __float_as_uint(square[c]) - next;
                    above = beyond < above ? beyond : above;
                }
                FOR_THREADS(c, length) {
                    unsigned bin = (__float_as_uint(square[c]) >> shift) - (prefix << bits);
                    int* own = histogram + (c & (copies - 1)) * room;
                    if (blockDim.x == 1) own[bin < bins ? bin : bins]++;      // bin `bins` is for all others: no branch to be guessed
                    else if (bin < bins) atomicAdd(own + bin, 1);
                }
            }
        }
    }
    long least_beyond = block_min((long) above);
    __syncthreads();
    FOR_THREADS(b, (int) bins) {
        int sum = 0;
        for (int copy = 0; copy < copies; copy++) sum += histogram[copy * room + b];
        histograms[(long) blockIdx.x * 2048 + b] = sum;
    }
    if (threadIdx.x == 0) least[blockIdx.x] = least_beyond < 0x80000000l ? (unsigned) (least_beyond + next) : 0xffffffffu;
}

/// state [2]: bits found so far; rank of the statistic among those that share them.
KERNEL(bandwidth_radix, const int* RESTRICT histograms, const unsigned* RESTRICT least, const float* RESTRICT z, const float* RESTRICT zv,
       long* RESTRICT state, double* RESTRICT gamma, int* RESTRICT status, int blocks, int pass, int bits, int median, long k, double part,
       int size, int validation_size, int d) {
    SHARED(long, total, 2048);
    SHARED(long, group, 32);
    int bins = 1 << bits;
    FOR_THREADS(b, bins) {
        long sum = 0;
        for (int block = 0; block < blocks; block++) sum += histograms[(long) block * 2048 + b];
        total[b] = sum;
    }
    long above = 0xffffffffl;
    FOR_THREADS(b, blocks) above = min_of(above, (long) least[b]);
    above = block_min(above);
    __syncthreads();
    FOR_THREADS(g, bins / 64) {
        long sum = 0;
        for (int b = 0; b < 64; b++) sum += total[g * 64 + b];
        group[g] = sum;
    }
    __syncthreads();
    long rank = pass == 0 ? k : state[1];
    int bin = 0;
    while (bin < bins - 64 && rank >= group[bin / 64]) {
        rank -= group[bin / 64];
        bin += 64;
    }
    while (bin < bins - 1 && rank >= total[bin]) rank -= total[bin++];
    unsigned prefix = pass == 0 ? 0 : (unsigned) state[0];
    unsigned found = (prefix << bits) + (unsigned) bin;
    __syncthreads();
    if (pass < 2) {
        if (threadIdx.x == 0) {
            state[0] = found;
            state[1] = rank;
        }
        return;
    }
    int stopped = status_of(z, zv, size, validation_size, d);
    int after = bin + 1;
    while (after < bins && total[after] == 0) after++;
    unsigned next = rank + 1 < total[bin] ? found : after < bins ? (prefix << bits) + (unsigned) after : (unsigned) above;
    double value = sqrt((double) __uint_as_float(found));
    double upper = part == 0 ? value : sqrt((double) __uint_as_float(next));
    set_bandwidth(value + part * (upper - value), median, stopped, gamma, status);
    if (threadIdx.x == 0) state[0] = state[1] = 0;
}

KERNEL(bandwidth_given, const float* RESTRICT z, const float* RESTRICT zv, double* RESTRICT gamma, int* RESTRICT status, double value,
       int size, int validation_size, int d) {
    int stopped = status_of(z, zv, size, validation_size, d);
    set_bandwidth(value, 0, stopped, gamma, status);
}
