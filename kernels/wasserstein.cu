// Wasserstein-1 between the weighted training batch (1/n) sum_i w_i at z_i and the validation batch (1/m) sum_j at z'_j. For d = 1 exact:
//     W = sup over 1-Lipschitz f of (1/n) sum_i w_i f(z_i) - (1/m) sum_j f(z'_j) = integral |F_w(x) - F_te(x)| dx.
// With the pool sorted, D_k = F_w - F_te behind the k-th point, the best f falls or rises by the distance to the next point against the
// sign of D_k, and stays where |D_k| <= 1e-6 (ties would otherwise turn on the order of summation). The gradient in w_i is f(z_i) / n; f is
// defined up to a constant, which the projection removes. For d > 1 sliced: the mean of W over random unit directions (Rabin, Peyre,
// Delon, Bernot 2011). The pool is z and z', count = n + m points; one slice for d = 1.
//
// slice_directions  unit vectors from normal numbers: Philox at (component, round, slice) under the seed; a slice a block
// slice_project     x[s, i] = direction_s . point_i; count d operations a slice
// rank_pool         order and sorted values of each slice, both [slices, count]; a point's place is the number of points before it;
//                   count comparisons a point; a point a block
// sort_pool         the same by a bitonic network, size = the least power of two not below count; size log^2(size) / 4 exchanges; a slice a
//                   block; keys [slices, size]: bits of the value in ascending order, then the point
// w1_begin          w_i = state[index_i] put on sum w = n, 0 <= w <= B; best distance infinite; scale = eta / the standard deviation of the pool
//                   (the root of the mean variance of the coordinates); one block
// w1_potential      distance_s and f_s - mean f_s at z, [slices, n]; a slice a block, two scans of count
// w1_step           distance at w: the mean of the slices'. Where it is the least so far, or last = 1, best = w; then, if move = 1,
//                   w <- P(w - t g), g = mean_s f_s, P the projection on sum w = n, 0 <= w <= B. Step t = scale / sqrt(1 + k decay), k the
//                   number of steps made, but at most half of Polyak's step towards a distance of 0, distance / (mean_i g_i^2), which grows
//                   short as the optimum comes near; one block
// class_rank_pool, class_w1_begin, class_w1_potential, class_w1_step   the same inside every class (classes.cu: rows sorted by class,
//                   table [classes, 4], scalars [classes, 4], distances [slices, classes]); the pool of class c begins at T_c + V_c; a
//                   point of a slice, a class, a class of a slice, a class a block
// scalars [4], double: best distance, scale, steps made, distance at w. round [1]: how often directions were drawn
#include "projection.cuh"
#include "random.cuh"

KERNEL(slice_directions, float* RESTRICT direction, const long* RESTRICT round, int d, long seed) {
    float* own = direction + (long) blockIdx.x * d;
    if (d == 1) {
        if (threadIdx.x == 0) own[0] = 1;
        return;
    }
    float squares = 0;
    FOR_THREADS(k, d) {
        Philox r = philox((unsigned) k, (unsigned) round[0], (unsigned) blockIdx.x, 0x736c6963u, (unsigned) seed, (unsigned) (seed >> 32));
        float x = sqrtf(-2 * logf(1 - unit_float(r.x))) * cosf(6.2831853f * unit_float(r.y));     // Box and Muller
        own[k] = x;
        squares += x * x;
    }
    squares = block_sum(squares);
    float scale = rsqrtf(max_of(squares, 1e-30f));
    FOR_THREADS(k, d) own[k] *= scale;
}

KERNEL(slice_project, const float* RESTRICT direction, const float* RESTRICT z, const float* RESTRICT zv, float* RESTRICT x, int slices, int n, int m,
       int d) {
    long count = n + (long) m;
    FOR_ELEMENTS(p, slices * count) {
        long s = p / count, i = p % count;
        const float* point = i < n ? z + i * d : zv + (i - n) * d;
        float sum = 0;
        for (int k = 0; k < d; k++) sum += direction[s * d + k] * point[k];
        x[p] = sum;
    }
}

KERNEL(rank_pool, const float* RESTRICT x, int* RESTRICT order, float* RESTRICT sorted, int count) {
    long first = (long) (blockIdx.x / count) * count;
    int own = blockIdx.x % count, before = 0;
    float v = x[first + own];
    const float* RESTRICT slice = x + first;
    FOR_THREADS(j, own) before += slice[j] <= v ? 1 : 0;
    const float* RESTRICT rest = slice + own;
    FOR_THREADS(j, count - own) before += rest[j] < v ? 1 : 0;
    before = block_sum(before);
    if (threadIdx.x == 0) {
        order[first + before] = own;
        sorted[first + before] = v;
    }
}

KERNEL(sort_pool, const float* RESTRICT x, long* RESTRICT keys, int* RESTRICT order, float* RESTRICT sorted, int count, int size) {
    long first = (long) blockIdx.x * count;
    long* RESTRICT key = keys + (long) blockIdx.x * size;
    FOR_THREADS(i, size) {
        int bits = i < count ? __float_as_int(x[first + i]) : 0x7fffffff;
        bits = bits < 0 ? bits ^ 0x7fffffff : bits;
        key[i] = ((long) bits << 32) | i;
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

KERNEL(class_rank_pool, const float* RESTRICT x, const int* RESTRICT sorted, const int* RESTRICT table, int* RESTRICT order,
       float* RESTRICT values, int n, int m) {
    int count = n + m, point = blockIdx.x % count, before = 0;
    const float* RESTRICT slice = x + (long) (blockIdx.x / count) * count;
    const int* own = table + 4 * sorted[point];
    const float *RESTRICT training = slice + own[0], *RESTRICT validation = slice + n + own[2];
    int earlier = point < n ? point - own[0] : own[1], other = point < n ? 0 : point - n - own[2];  // points before this one; ties keep order
    float v = slice[point];
    FOR_THREADS(j, own[1]) before += training[j] < v || (j < earlier && training[j] == v) ? 1 : 0;
    FOR_THREADS(j, own[3]) before += validation[j] < v || (j < other && validation[j] == v) ? 1 : 0;
    before = block_sum(before);
    if (threadIdx.x == 0) {
        long place = (long) (blockIdx.x / count) * count + own[0] + own[2] + before;
        order[place] = point;
        values[place] = v;
    }
}

/// w put on the feasible set, and the scalars; all threads of the block call it.
DEVICE void start(const float* RESTRICT z, const float* RESTRICT zv, float* RESTRICT w, double* RESTRICT scalars, int n, int m, int d,
                  float eta, double upper) {
    Shift shift = band_shift(w, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(w[i], shift, upper);
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
    if (threadIdx.x == 0) {
        scalars[0] = INFINITY;
        scalars[1] = variance > 0 ? eta / sqrt(variance / d) : 0;
        scalars[2] = 0;
    }
}

KERNEL(w1_begin, const float* RESTRICT state, const int* RESTRICT index, const float* RESTRICT z, const float* RESTRICT zv,
       const int* RESTRICT status, float* RESTRICT w, double* RESTRICT scalars, int n, int m, int d, float eta, double upper) {
    FOR_THREADS(i, n) w[i] = state[index[i]];
    if (status[0]) return;
    start(z, zv, w, scalars, n, m, d, eta, upper);
}

KERNEL(class_w1_begin, const float* RESTRICT rows, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT w,
       double* RESTRICT scalars, int n, int d, float eta, double upper) {
    int c = blockIdx.x;
    const int* own = table + 4 * c;
    if (status[c]) return;
    start(rows + (long) own[0] * d, rows + (n + (long) own[2]) * d, w + own[0], scalars + 4 * c, own[1], own[3], d, eta, upper);
}

/// Distance and potential of one slice; points whose number is below `rows` are the training points begin .. begin + n - 1. All threads of
/// the block call it.
DEVICE void potential(const int* RESTRICT order, const float* RESTRICT sorted, const float* RESTRICT w, double* RESTRICT result,
                      float* RESTRICT f, int rows, int begin, int n, int m) {
    SHARED(double, part, 1024);
    int count = n + m, first = (int) ((long) count * threadIdx.x / blockDim.x), last = (int) ((long) count * (threadIdx.x + 1) / blockDim.x);
    double mass = 0, own = 1.0 / n, other = -1.0 / m;
    for (int k = first; k < last; k++) mass += order[k] < rows ? w[order[k]] * own : other;
    part[threadIdx.x] = mass;
    __syncthreads();
    double D = 0;
    for (int t = 0; t < (int) threadIdx.x; t++) D += part[t];
    __syncthreads();
    double height = 0, distance = 0, before = D;
    for (int k = first; k < last; k++) {
        D += order[k] < rows ? w[order[k]] * own : other;
        double gap = k + 1 < count ? (double) sorted[k + 1] - sorted[k] : 0;
        distance += fabs(D) * gap;
        height += D > 1e-6 ? -gap : D < -1e-6 ? gap : 0;
    }
    distance = block_sum(distance);
    part[threadIdx.x] = height;
    __syncthreads();
    height = 0;
    for (int t = 0; t < (int) threadIdx.x; t++) height += part[t];
    D = before;
    double total = 0;
    for (int k = first; k < last; k++) {
        if (order[k] < rows) {
            f[order[k]] = (float) height;
            total += height;
        }
        D += order[k] < rows ? w[order[k]] * own : other;
        double gap = k + 1 < count ? (double) sorted[k + 1] - sorted[k] : 0;
        height += D > 1e-6 ? -gap : D < -1e-6 ? gap : 0;
    }
    float mean = (float) (block_sum(total) / n);
    __syncthreads();
    FOR_THREADS(i, n) f[begin + i] -= mean;
    if (threadIdx.x == 0) result[0] = distance;
}

KERNEL(w1_potential, const int* RESTRICT order, const float* RESTRICT sorted, const float* RESTRICT w, const int* RESTRICT status,
       double* RESTRICT distances, float* RESTRICT f, int n, int m) {
    if (status[0]) return;
    long first = (long) blockIdx.x * (n + m);
    potential(order + first, sorted + first, w, distances + blockIdx.x, f + (long) blockIdx.x * n, n, 0, n, m);
}

KERNEL(class_w1_potential, const int* RESTRICT order, const float* RESTRICT values, const float* RESTRICT w, const int* RESTRICT table,
       const int* RESTRICT status, double* RESTRICT distances, float* RESTRICT f, int n, int m, int classes) {
    int slice = blockIdx.x / classes, c = blockIdx.x % classes;
    if (status[c]) return;
    const int* own = table + 4 * c;
    long first = (long) slice * (n + m) + own[0] + own[2];
    potential(order + first, values + first, w, distances + blockIdx.x, f + (long) slice * n, n, own[0], own[1], own[3]);
}

/// One step; distances [slices] lie stride apart, the slices of f width; all threads of the block call it.
DEVICE void walk(const double* RESTRICT distances, const float* RESTRICT f, float* RESTRICT w, float* RESTRICT best, float* RESTRICT u,
                 double* RESTRICT scalars, int slices, int stride, int width, int n, double upper, double decay, int move, int last) {
    double distance = 0;
    for (int s = 0; s < slices; s++) distance += distances[(long) s * stride] / slices;
    bool better = last || distance < scalars[0];
    double longest = scalars[1] / sqrt(1 + scalars[2] * decay);
    __syncthreads();
    if (better) FOR_THREADS(i, n) best[i] = w[i];
    if (threadIdx.x == 0) {
        scalars[3] = distance;
        if (better) scalars[0] = distance;
        if (move) scalars[2] += 1;
    }
    if (!move) return;
    FOR_THREADS(i, n) u[i] = 0;
    for (int s = 0; s < slices; s++) {
        const float* RESTRICT slice = f + (long) s * width;
        FOR_THREADS(i, n) u[i] += slice[i];
    }
    float size = 1.0f / slices;
    sum_t squares = 0;
    FOR_THREADS(i, n) squares += u[i] * size * (u[i] * size);
    squares = block_sum(squares);
    double polyak = squares > 0 ? 0.5 * distance * n / squares : 0;
    float t = size * (float) min_of(longest, polyak);
    FOR_THREADS(i, n) u[i] = w[i] - t * u[i];
    Shift shift = band_shift(u, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(u[i], shift, upper);
}

KERNEL(w1_step, const double* RESTRICT distances, const float* RESTRICT f, const int* RESTRICT status, float* RESTRICT w, float* RESTRICT best,
       float* RESTRICT u, double* RESTRICT scalars, long* RESTRICT round, int slices, int n, double upper, double decay, int move, int last) {
    if (threadIdx.x == 0 && move) round[0] += 1;
    if (status[0]) return;
    walk(distances, f, w, best, u, scalars, slices, 1, n, n, upper, decay, move, last);
}

KERNEL(class_w1_step, const double* RESTRICT distances, const float* RESTRICT f, const int* RESTRICT table, const int* RESTRICT status,
       float* RESTRICT w, float* RESTRICT best, float* RESTRICT u, double* RESTRICT scalars, long* RESTRICT round, int slices, int n,
       int classes, double upper, double decay, int move, int last) {
    int c = blockIdx.x, first = table[4 * c];
    if (c == 0 && threadIdx.x == 0 && move) round[0] += 1;
    if (status[c]) return;
    walk(distances + c, f + first, w + first, best + first, u + first, scalars + 4 * c, slices, classes, n, table[4 * c + 1], upper, decay, move,
        last);
}
