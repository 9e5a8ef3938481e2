// The segments of a batch by label (segments.cuh), and the bandwidth of the Gaussian kernel inside each.
//
// segment_table      table [S, 4] from labels [n] and [m]; a segment a block
// segment_order      order[p] = row of the batch that comes to place p, of[p] = its segment; stable; n^2 comparisons; a row a block
// segment_rows       out[p, :] = z[order[p], :]; 8 n d bytes; a row a block
// segment_distances  D_ij = |z_i - z_j|^2 inside segments, row i [n + m]: to its segment's training rows, in their places, and to its
//                    validation rows, in theirs behind n; points by columns as in gram.cu; 3 d operations an element; a row a block
// segment_bandwidth  gamma_c by the rules of bandwidth.cu among the segment's pairs, exact: the order statistic is sought by halving in the
//                    order of the numbers' bits, about 30 counts; the first `known` rows of D are there, the others are computed anew for
//                    every count. status_c = 1 where the segment is degenerate (n_c < 2, m_c = 0, all its z equal, a median of 0), 2 where
//                    it cannot be computed (a squared distance is no finite float); a segment a block
#include "bandwidth.cuh"
#include "segments.cuh"

KERNEL(segment_table, const int* RESTRICT labels, const int* RESTRICT validation_labels, int* RESTRICT table, int n, int m) {
    int c = blockIdx.x, before = 0, own = 0, validation_before = 0, validation_own = 0;
    FOR_THREADS(i, n) {
        before += labels[i] < c ? 1 : 0;
        own += labels[i] == c ? 1 : 0;
    }
    FOR_THREADS(j, m) {
        validation_before += validation_labels[j] < c ? 1 : 0;
        validation_own += validation_labels[j] == c ? 1 : 0;
    }
    before = block_sum(before);
    own = block_sum(own);
    validation_before = block_sum(validation_before);
    validation_own = block_sum(validation_own);
    if (threadIdx.x == 0) {
        table[4 * c] = before;
        table[4 * c + 1] = own;
        table[4 * c + 2] = validation_before;
        table[4 * c + 3] = validation_own;
    }
}

KERNEL(segment_order, const int* RESTRICT labels, int* RESTRICT order, int* RESTRICT of, int n) {
    int row = blockIdx.x, label = labels[row], place = 0;
    FOR_THREADS(j, row) place += labels[j] <= label ? 1 : 0;
    FOR_THREADS(j, n - row) place += labels[row + j] < label ? 1 : 0;
    place = block_sum(place);
    if (threadIdx.x == 0) {
        order[place] = row;
        of[place] = label;
    }
}

KERNEL(segment_rows, const float* RESTRICT z, const int* RESTRICT order, float* RESTRICT out, int d) {
    const float* RESTRICT from = z + (long) order[blockIdx.x] * d;
    float* RESTRICT to = out + (long) blockIdx.x * d;
    FOR_THREADS(k, d) to[k] = from[k];
}

/// square[c] = |z_i - z_(start + c)|^2 for c < length <= 256; z_i is given by the pointer to its first coordinate, the next one stride
/// further. Each thread fills, and may read, the elements of its own FOR_THREADS loop.
DEVICE void squares_to(const float* RESTRICT point, const float* RESTRICT columns, long stride, int d, int start, int length,
                       float* RESTRICT square) {
    FOR_THREADS(c, length) square[c] = 0;
    for (int k = 0; k < d; k++) {
        const float* RESTRICT column = columns + k * stride + start;
        float a = point[k * stride];
        FOR_THREADS(c, length) square[c] += (column[c] - a) * (column[c] - a);
    }
}

KERNEL(segment_distances, const float* RESTRICT columns, const int* RESTRICT of, const int* RESTRICT table, float* RESTRICT D, int n, int m,
       int d) {
    SHARED(float, square, 256);
    int i = blockIdx.x;
    long stride = n + (long) m;
    Segment own = segment(table, of[i]);
    for (int side = 0; side < 2; side++) {
        int first = side ? n + own.other : own.first, count = side ? own.m : own.n;
        for (int start = 0; start < count; start += 256) {
            int length = min_of(256, count - start);
            squares_to(columns + i, columns + first, stride, d, start, length, square);
            float* RESTRICT row = D + i * stride + first + start;
            FOR_THREADS(c, length) row[c] = square[c];
        }
    }
}

/// A segment's pool: its training rows, then its validation rows; row r of it.
DEVICE int pool_row(Segment own, int r, int n) { return r < own.n ? own.first + r : n + own.other + r - own.n; }

/// Squared distances inside a segment, as far as they are stored.
struct Distances {
    const float *stored, *columns;
    int known, n, d;
    long stride;
};

/// Calls visit(j, bits) for the bits of the squared distance of pool row r to each of the pool's rows j < count. square [256] is shared
/// memory.
template<class Visit> DEVICE void for_distances(Distances all, Segment own, int r, int count, float* square, Visit visit) {
    int i = pool_row(own, r, all.n);
    for (int side = 0; side < 2; side++) {
        int first = side ? all.n + own.other : own.first, end = side ? count - own.n : min_of(count, own.n);
        for (int start = 0; start < end; start += 256) {
            int length = min_of(256, end - start);
            const float* x = square;
            if (i < all.known) x = all.stored + i * all.stride + first + start;
            else squares_to(all.columns + i, all.columns + first, all.stride, all.d, start, length, square);
            FOR_THREADS(c, length) visit(__float_as_int(x[c]) & 0x7fffffff);
        }
    }
}

/// Of the pool's first `pool` rows: pairs whose distance has at most these bits, and the least bits above.
DEVICE void count_within(Distances all, Segment own, int pool, int bits, float* square, long* within, int* above) {
    long pairs = 0;
    int least = 0x7f800000;
    for (int r = 1; r < pool; r++) {
        int some = 0;
        for_distances(all, own, r, r, square, [&](int x) {
            some += x <= bits ? 1 : 0;
            least = min_of(least, x <= bits ? 0x7f800000 : x);
        });
        pairs += some;
    }
    *within = block_sum(pairs);
    *above = block_min(least);
}

/// The rule: gamma = value if it is given, else from the quantile `value` of the distances among training rows, or, for the median's rule,
/// among all rows of the segment.
KERNEL(segment_bandwidth, const float* RESTRICT D, const float* RESTRICT columns, const int* RESTRICT table, double* RESTRICT gamma,
       int* RESTRICT status, int given, int median, double value, int known, int n, int m, int d) {
    SHARED(float, square, 256);
    int c = blockIdx.x;
    Segment own = segment(table, c);
    Distances all = {D, columns, known, n, d, n + (long) m};
    int pool = median ? own.n + own.m : own.n;
    int most = 0, widest = 0;      // bits of numbers that are not negative are in the order of the numbers
    for (int r = 0; r < pool; r++) {
        int far = 0;
        for_distances(all, own, r, own.n + own.m, square, [&](int x) { far = max_of(far, x); });
        widest = max_of(widest, far);
        if (r >= own.n) continue;
        far = 0;
        for_distances(all, own, r, own.n, square, [&](int x) { far = max_of(far, x); });
        most = max_of(most, far);
    }
    most = block_max(most);
    widest = block_max(widest);
    bool few = own.n < 2 || own.m == 0, beyond = widest >= 0x7f800000;
    if (few || most == 0 || beyond) {
        if (threadIdx.x == 0) {
            gamma[c] = 0;
            status[c] = beyond ? out_of_range : is_degenerate;
        }
        return;
    }
    double quantile = value;
    if (!given) {
        double position = value * (double) ((long) pool * (pool - 1) / 2 - 1);
        long k = (long) position, within;
        double part = position - (double) k;
        int low = 0, high = widest, above;      // the least bits with more than k pairs within
        while (low < high) {
            int middle = low + (high - low) / 2;
            count_within(all, own, pool, middle, square, &within, &above);
            if (within > k) high = middle;
            else low = middle + 1;
        }
        count_within(all, own, pool, low, square, &within, &above);
        quantile = sqrt((double) __int_as_float(low));
        if (part > 0 && within == k + 1) quantile += part * (sqrt((double) __int_as_float(above)) - quantile);
    }
    set_bandwidth(quantile, median, 0, gamma + c, status + c);
}
