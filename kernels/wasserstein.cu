// Wasserstein-1 between the weighted training batch (1/n) sum_i w_i at z_i and the validation batch (1/m) sum_j at z'_j. For d = 1 exact:
//     W = sup over 1-Lipschitz f of (1/n) sum_i w_i f(z_i) - (1/m) sum_j f(z'_j) = integral |F_w(x) - F_te(x)| dx.
// With the pool sorted, D_k = F_w - F_te behind the k-th point, the best f falls or rises by the distance to the next point against the
// sign of D_k, and stays where |D_k| <= 1e-6 (ties would otherwise turn on the order of summation). The gradient in w_i is f(z_i) / n; f is
// defined up to a constant, which the projection removes. For d > 1 sliced: the mean of W over random unit directions (Rabin, Peyre,
// Delon, Bernot 2011). The pool is z and z', count = n + m points; one slice for d = 1.
//
// All of it inside every segment (segments.cuh), n_c training and m_c validation rows each. In a slice, segments lie one behind the other:
// the pool of segment c begins at T_c + V_c, its first training and its first validation row, with its training points; a point of it is
// known by its place there.
//
// slice_directions  unit vectors from normal numbers: Philox at (component, round, slice) under the seed; a slice a block
// slice_project     x[s, place of point i] = direction_s . point_i; count d operations a slice
// rank_pool         order and sorted values of each slice, both [slices, count]; a point's place is the number of points of its segment
//                   before it; n_c + m_c comparisons a point; a point of a slice a block
// sort_pool         the same by a bitonic network, size = the least power of two not below n_c + m_c; size log^2(size) / 4 exchanges; a
//                   segment of a slice a block; keys [slices, 2 count]: bits of the value in ascending order, then the point
// w1_begin          w put on sum w = n, 0 <= w <= B; best distance infinite; scale = eta / the standard deviation of the pool (the root of
//                   the mean variance of the coordinates); a segment a block
// w1_potential      distances [slices, S] and f_s - mean f_s at z, [slices, n]; a segment of a slice a block, two scans of its pool. Where
//                   status is null, of degenerate segments too
// w1_step           distance at w: the mean of the slices'. Where it is the least so far, or last = 1, best = w; then, if move = 1,
//                   w <- P(w - t g), g = mean_s f_s, P the projection on sum w = n, 0 <= w <= B. Step t = scale / sqrt(1 + k decay), k the
//                   number of steps made, but at most half of Polyak's step towards a distance of 0, distance / (mean_i g_i^2), which grows
//                   short as the optimum comes near; a segment a block
// scalars [S, 4], double: best distance, scale, steps made, distance at w. round [1]: how often directions were drawn for steps
#include "order.cuh"
#include "random.cuh"
#include "segments.cuh"
#include "wasserstein.cuh"

KERNEL(slice_directions, float* RESTRICT direction, const long* RESTRICT round, int d, long seed) {
    float* own = direction + (long) blockIdx.x * d;
    if (d == 1) {
        if (threadIdx.x == 0) own[0] = 1;
        return;
    }
    float squares = 0;
    FOR_THREADS(k, d) {
        Philox r = philox((unsigned) k, (unsigned) round[0], (unsigned) blockIdx.x, 0x736c6963u, (unsigned) seed, (unsigned) (seed >> 32));
        float x = sqrtf(-2 * logf(1 - unit_float(r.x))) * cosine_of_turns(unit_float(r.y));      // Box and Muller
        own[k] = x;
        squares += x * x;
    }
    squares = block_sum(squares);
    float scale = rsqrtf(max_of(squares, 1e-30f));
    FOR_THREADS(k, d) own[k] *= scale;
}

/// Where a row, training rows first, comes to lie in the pool of its slice.
DEVICE int pool_place(Segment own, int row, int n) { return row < n ? row + own.other : row - n + own.first + own.n; }

KERNEL(slice_project, const float* RESTRICT direction, const float* RESTRICT z, const float* RESTRICT zv, const int* RESTRICT of,
       const int* RESTRICT table, float* RESTRICT x, int slices, int n, int m, int d) {
    long count = n + (long) m;
    FOR_ELEMENTS(p, slices * count) {
        long s = p / count, i = p % count;
        const float* point = i < n ? z + i * d : zv + (i - n) * d;
        float sum = 0;
        for (int k = 0; k < d; k++) sum += direction[s * d + k] * point[k];
        x[s * count + pool_place(segment(table, segment_of(of, i)), (int) i, n)] = sum;
    }
}

KERNEL(rank_pool, const float* RESTRICT x, const int* RESTRICT of, const int* RESTRICT table, int* RESTRICT order, float* RESTRICT sorted,
       int n, int m) {
    int count = n + m, row = blockIdx.x % count;
    Segment segment_of_row = segment(table, segment_of(of, row));
    int begin = segment_of_row.first + segment_of_row.other, all = segment_of_row.n + segment_of_row.m;
    long first = (long) (blockIdx.x / count) * count + begin;
    int own = pool_place(segment_of_row, row, n) - begin;
    const float* RESTRICT slice = x + first;
    float v = slice[own];
    int before = block_sum(count_before(slice, own, slice + own, all - own, v));
    if (threadIdx.x == 0) {
        order[first + before] = own;
        sorted[first + before] = v;
    }
}

KERNEL(sort_pool, const float* RESTRICT x, const int* RESTRICT table, long* RESTRICT keys, int* RESTRICT order, float* RESTRICT sorted,
       int segments, int n, int m) {
    Segment own = segment(table, blockIdx.x % segments);
    int count = own.n + own.m, size = 1;
    if (count == 0) return;
    while (size < count) size <<= 1;
    long first = (long) (blockIdx.x / segments) * (n + (long) m) + own.first + own.other;
    long* RESTRICT key = keys + 2 * first;
    FOR_THREADS(i, size) {
        int bits = i < count ? __float_as_int(x[first + i]) : 0x7fffffff;
        bits = bits < 0 ? bits ^ 0x7fffffff : bits;
        key[i] = bits * (1l << 32) | i;
    }
    __syncthreads();
    for (int run = 2; run <= size; run <<= 1) {
        for (int gap = run >> 1; gap > 0; gap >>= 1) {
            FOR_THREADS(t, size >> 1) {
                int i = ((t & ~(gap - 1)) << 1) | (t & (gap - 1));
                long a = key[i], b = key[i + gap];
                bool swap = (a > b) == ((i & run) == 0);
                key[i] = swap ? b : a;
                key[i + gap] = swap ? a : b;
            }
            __syncthreads();
        }
    }
    FOR_THREADS(i, count) {
        int point = (int) (key[i] & 0xffffffffl);
        order[first + i] = point;
        sorted[first + i] = x[first + point];
    }
}

KERNEL(w1_begin, const float* RESTRICT z, const float* RESTRICT zv, const int* RESTRICT table, const int* RESTRICT status,
       float* RESTRICT w, double* RESTRICT scalars, int d, float eta, double upper) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    z += (long) own.first * d, zv += (long) own.other * d, w += own.first;
    double scale = w1_start(z, zv, w, n, m, d, eta, upper);
    if (threadIdx.x == 0) {
        scalars[4 * blockIdx.x] = INFINITY;
        scalars[4 * blockIdx.x + 1] = scale;
        scalars[4 * blockIdx.x + 2] = 0;
    }
}

KERNEL(w1_potential, const int* RESTRICT order, const float* RESTRICT sorted, const float* RESTRICT w, const int* RESTRICT table,
       const int* RESTRICT status, double* RESTRICT distances, float* RESTRICT f, int segments, int rows, int validation_rows) {
    int slice = blockIdx.x / segments, c = blockIdx.x % segments;
    Segment own = segment(table, c);
    if (own.n == 0 || own.m == 0 || (status && status[c])) return;
    int n = own.n, m = own.m;
    long begin = slice * (rows + (long) validation_rows) + own.first + own.other;
    order += begin, sorted += begin, w += own.first, f += (long) slice * rows + own.first;
    double distance = w1_measure(order, sorted, w, f, n, m);
    if (threadIdx.x == 0) distances[blockIdx.x] = distance;
}

KERNEL(w1_step, const double* RESTRICT distances, const float* RESTRICT f, const int* RESTRICT table, const int* RESTRICT status,
       float* RESTRICT w, float* RESTRICT best, float* RESTRICT u, double* RESTRICT scalars, long* RESTRICT round, int slices, int segments,
       int rows, double upper, double decay, int move, int last) {
    int c = blockIdx.x;
    if (c == 0 && threadIdx.x == 0 && move) {
        int any = 0;
        for (int k = 0; k < segments; k++) any |= !status[k];
        round[0] += any;
    }
    if (status[c]) return;
    Segment own = segment(table, c);
    int n = own.n;
    f += own.first, w += own.first, best += own.first, u += own.first, scalars += 4 * c;
    double distance = 0;
    for (int s = 0; s < slices; s++) distance += distances[(long) s * segments + c] / slices;
    bool better = last || scalars[2] == 0 || distance < scalars[0];      // the first always: best is never another batch's
    double longest = scalars[1] / sqrt(1 + scalars[2] * decay);
    __syncthreads();
    if (better)
        FOR_THREADS(i, n) best[i] = w[i];
    if (threadIdx.x == 0) {
        scalars[3] = distance;
        if (better) scalars[0] = distance;
        if (move) scalars[2] += 1;
    }
    if (!move) return;
    float size = 1.0f / slices;
    FOR_THREADS(i, n) u[i] = 0;
    for (int s = 0; s < slices; s++) {
        const float* RESTRICT slice = f + (long) s * rows;
        FOR_THREADS(i, n) u[i] += slice[i] * size;
    }
    w1_move(u, w, n, distance, longest, upper);
}
