// Estimation inside every class, for transformed data that do not say the label (a hidden layer's output). A divergence between the
// n_c training and m_c validation samples of class c in the batch gives ratios r that sum to about n_c; that forces the class's ratio to
// 1, so its prior is put back: w_i = [(m_c / m) / (n_c / n)] r_i.
//
// The counts change from batch to batch and are read from table [classes, 4] = {T_c, n_c, V_c, m_c}. Rows are sorted by class: the
// training rows of class c are T_c .. T_c + n_c - 1, its validation rows n + V_c .. n + V_c + m_c - 1. All matrices are block-diagonal and
// stored as such: row i of D or K begins at i (n + m), and holds the n_c training columns of its class, then the m_c validation columns.
// Steps of the divergences are in kmm.cu, divergence.cu and wasserstein.cu, the converged program in interior.cu.
//
// class_table      table, from labels [n] and [m]; a class a block
// class_order      order[p] = row of the batch that comes to place p, sorted[p] = its class; stable; n^2 comparisons; a row a block
// class_rows       out[p, :] = z[order[p], :]; 8 n d bytes; a row a block
// class_distances  D_ij = |z_i - z_j|^2; 3 d operations an element; a row a block
// class_bandwidth  gamma_c by the rule of bandwidth.cu among the class's pairs, exact: the order statistic is sought by halving in the
//                  order of the numbers' bits, about 30 counts; status_c = 1 where the class is degenerate (n_c < 2, m_c = 0, all its z
//                  equal, a median of 0, a number not finite), so that no step may be taken; a class a block
// class_recall     x = y = memory[index] in the order of classes
// class_gram       K_ij = exp(-gamma_c D_ij) + ridge [i = j] in the place of D, row sums, K v, kappa_i = (n_c / m_c) sum_j k(z_i, z'_j):
//                  what kernel mean matching needs; a training row a block
// class_gaussian   K = exp(-gamma_c D) in the place of D, and the sums of its training and of its validation columns; a row a block
// class_product    product = K v over training (of_validation 0) or validation columns, for the rows from `first` on, or, if `inverse`,
//                  1 / max(K v, 1e-30); a row a block
// class_restore    out[order] = x: back in the order of the batch
// class_finish     weights = w in the order of the batch; of a degenerate class w = W[index]; divided by their mean if asked for, and if
//                  any class is not degenerate; known = what is to be remembered: the weights, but of a degenerate class W[index]; one block
#include "bandwidth.cuh"

KERNEL(class_table, const int* RESTRICT labels, const int* RESTRICT validation_labels, int* RESTRICT table, int n, int m) {
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

KERNEL(class_order, const int* RESTRICT labels, int* RESTRICT order, int* RESTRICT sorted, int n) {
    int row = blockIdx.x, label = labels[row], place = 0;
    FOR_THREADS(j, row) place += labels[j] <= label ? 1 : 0;
    FOR_THREADS(j, n - row) place += labels[row + j] < label ? 1 : 0;
    place = block_sum(place);
    if (threadIdx.x == 0) {
        order[place] = row;
        sorted[place] = label;
    }
}

KERNEL(class_rows, const float* RESTRICT z, const int* RESTRICT order, float* RESTRICT out, int d) {
    const float* RESTRICT from = z + (long) order[blockIdx.x] * d;
    float* RESTRICT to = out + (long) blockIdx.x * d;
    FOR_THREADS(k, d) to[k] = from[k];
}

/// out[c] = |z_i - z_(first + c)|^2 for c < count; z_i is given by the pointer to its first coordinate, the next one stride further. Each
/// thread fills the elements of its own FOR_THREADS loop.
DEVICE void distances_to(const float* RESTRICT point, const float* RESTRICT columns, long stride, int d, int count,
                         float* RESTRICT square, float* RESTRICT out) {
    for (int start = 0; start < count; start += 256) {
        int length = min_of(256, count - start);
        FOR_THREADS(c, length) square[c] = 0;
        for (int k = 0; k < d; k++) {
            const float* RESTRICT column = columns + k * stride + start;
            float a = point[k * stride];
            FOR_THREADS(c, length) square[c] += (column[c] - a) * (column[c] - a);
        }
        FOR_THREADS(c, length) out[start + c] = square[c];
    }
}

KERNEL(class_distances, const float* RESTRICT columns, const int* RESTRICT sorted, const int* RESTRICT table, float* RESTRICT D,
       int n, int m, int d) {
    SHARED(float, square, 256);
    int i = blockIdx.x;
    long stride = n + (long) m;
    const int* own = table + 4 * sorted[i];
    float* row = D + i * stride;
    distances_to(columns + i, columns + own[0], stride, d, own[1], square, row);
    distances_to(columns + i, columns + n + own[2], stride, d, own[3], square, row + own[1]);
}

/// Of the class's pool (its training, then its validation points), the distances of point r to the points of the pool.
DEVICE const float* pool_row(const float* D, const int* own, int r, int n, int m) {
    return D + (long) (r < own[1] ? own[0] + r : n + own[2] + r - own[1]) * (n + (long) m);
}

/// Of the pool's first `pool` points: pairs whose distance has at most these bits, and the least bits above.
DEVICE void count_within(const float* D, const int* own, int pool, int n, int m, int bits, long* within, int* above) {
    long pairs = 0;
    int least = 0x7f800000;
    for (int r = 1; r < pool; r++) {
        const float* RESTRICT row = pool_row(D, own, r, n, m);
        int some = 0;
        FOR_THREADS(j, r) {
            int x = __float_as_int(row[j]);
            some += x <= bits ? 1 : 0;
            least = min_of(least, x <= bits ? 0x7f800000 : x);
        }
        pairs += some;
    }
    *within = block_sum(pairs);
    *above = block_min(least);
}

KERNEL(class_bandwidth, const float* RESTRICT D, const int* RESTRICT table, double* RESTRICT gamma, int* RESTRICT status, int kind,
       double value, int n, int m) {
    int c = blockIdx.x;
    const int* own = table + 4 * c;
    int count = own[1], all = count + own[3], pool = kind == 1 ? all : count;
    int most = 0, widest = 0;               // bits of numbers that are not negative are in the order of the numbers
    for (int r = 0; r < pool; r++) {
        const float* RESTRICT row = pool_row(D, own, r, n, m);
        int far = 0;
        FOR_THREADS(j, all) far = max_of(far, __float_as_int(row[j]) & 0x7fffffff);
        widest = max_of(widest, far);
        if (r >= count) continue;
        far = 0;
        FOR_THREADS(j, count) far = max_of(far, __float_as_int(row[j]) & 0x7fffffff);
        most = max_of(most, far);
    }
    most = block_max(most);
    widest = block_max(widest);
    if (count < 2 || own[3] == 0 || most == 0 || widest >= 0x7f800000) {
        if (threadIdx.x == 0) {
            gamma[c] = 0;
            status[c] = 1;
        }
        return;
    }
    double quantile = value;
    if (kind < 2) {
        double position = value * (double) ((long) pool * (pool - 1) / 2 - 1);
        long k = (long) position, within;
        double part = position - (double) k;
        int low = 0, high = widest, above;                  // the least bits with more than k pairs within
        while (low < high) {
            int middle = low + (high - low) / 2;
            count_within(D, own, pool, n, m, middle, &within, &above);
            if (within > k) high = middle;
            else low = middle + 1;
        }
        count_within(D, own, pool, n, m, low, &within, &above);
        quantile = sqrt((double) __int_as_float(low));
        if (part > 0 && within == k + 1) quantile += part * (sqrt((double) __int_as_float(above)) - quantile);
    }
    set_bandwidth(quantile, kind, 0, gamma + c, status + c);
}

KERNEL(class_recall, const float* RESTRICT memory, const int* RESTRICT index, const int* RESTRICT order, float* RESTRICT x,
       float* RESTRICT y, int n) {
    FOR_ELEMENTS(i, n) x[i] = y[i] = memory[index[order[i]]];
}

KERNEL(class_gram, float* RESTRICT K, const int* RESTRICT sorted, const int* RESTRICT table, const double* RESTRICT gamma,
       const int* RESTRICT status, const float* RESTRICT v, float* RESTRICT row_sum, float* RESTRICT kappa, float* RESTRICT product,
       int n, int m, float ridge) {
    int i = blockIdx.x, c = sorted[i];
    if (status[c]) return;
    const int* own = table + 4 * c;
    int count = own[1], other = own[3];
    float g = (float) gamma[c], furthest = 80 / g;          // further off, exponentials are next to denormal numbers
    float* RESTRICT row = K + i * (n + (long) m);
    const float* RESTRICT x = v + own[0];
    sum_t total = 0, weighted = 0, match = 0;
    for (int start = 0; start < count; start += 256) {      // short sums in single precision, their sum in sum_t
        float some = 0, some_weighted = 0;
        FOR_THREADS(j, min_of(256, count - start)) {
            float k = expf(-g * min_of(row[start + j], furthest));
            row[start + j] = k;
            some += k;
            some_weighted += k * x[start + j];
        }
        total += some;
        weighted += some_weighted;
    }
    for (int start = 0; start < other; start += 256) {
        float some = 0;
        FOR_THREADS(j, min_of(256, other - start)) some += expf(-g * min_of(row[count + start + j], furthest));
        match += some;
    }
    total = block_sum(total);
    weighted = block_sum(weighted);
    match = block_sum(match);
    if (threadIdx.x == 0) {
        row[i - own[0]] += ridge;
        row_sum[i] = (float) (total + ridge);
        product[i] = (float) (weighted + ridge * v[i]);
        kappa[i] = (float) (match * count / other);
    }
}

KERNEL(class_gaussian, float* RESTRICT K, const int* RESTRICT sorted, const int* RESTRICT table, const double* RESTRICT gamma,
       const int* RESTRICT status, float* RESTRICT training_sum, float* RESTRICT validation_sum, int n, int m) {
    int i = blockIdx.x, c = sorted[i];
    if (status[c]) return;
    int count = table[4 * c + 1], all = count + table[4 * c + 3];
    float g = (float) gamma[c], furthest = 80 / g;
    float* RESTRICT row = K + i * (n + (long) m);
    FOR_THREADS(j, all) row[j] = expf(-g * min_of(row[j], furthest));
    __syncthreads();
    sum_t of_training = 0, of_validation = 0;
    FOR_THREADS(j, count) of_training += row[j];
    FOR_THREADS(j, all - count) of_validation += row[count + j];
    of_training = block_sum(of_training);
    of_validation = block_sum(of_validation);
    if (threadIdx.x == 0) {
        training_sum[i] = (float) of_training;
        validation_sum[i] = (float) of_validation;
    }
}

KERNEL(class_product, const float* RESTRICT K, const int* RESTRICT sorted, const int* RESTRICT table, const float* RESTRICT v,
       float* RESTRICT product, int first, int n, int m, int of_validation, int inverse) {
    int i = first + blockIdx.x;
    const int* own = table + 4 * sorted[i];
    int count = of_validation ? own[3] : own[1];
    const float* RESTRICT row = K + i * (n + (long) m) + (of_validation ? own[1] : 0);
    const float* RESTRICT x = v + (of_validation ? own[2] : own[0]);
    sum_t sum = 0;
    for (int start = 0; start < count; start += 1024) {
        float some = 0;
        FOR_THREADS(j, min_of(1024, count - start)) some += row[start + j] * x[start + j];
        sum += some;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) product[blockIdx.x] = inverse ? 1 / (sum > 1e-30 ? (float) sum : 1e-30f) : (float) sum;
}

KERNEL(class_restore, const float* RESTRICT x, const int* RESTRICT order, float* RESTRICT out, int n) {
    FOR_ELEMENTS(i, n) out[order[i]] = x[i];
}

KERNEL(class_finish, const int* RESTRICT order, const int* RESTRICT sorted, const int* RESTRICT table, const int* RESTRICT status,
       const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT r, float* RESTRICT weights, float* RESTRICT known,
       int n, int m, int normalize) {
    sum_t sum = 0;
    int any = 0;
    FOR_THREADS(i, n) {
        int row = order[i], c = sorted[i];
        float prior = ((float) table[4 * c + 3] * (float) n) / ((float) table[4 * c + 1] * (float) m);
        float w = status[c] ? memory[index[row]] : prior * r[i];
        weights[row] = known[row] = w;
        sum += w;
        any |= status[c] ? 0 : 1;
    }
    sum = block_sum(sum);
    any = block_max(any);
    if (!normalize || !any || !(sum > 0)) return;
    float scale = (float) (n / sum);
    FOR_THREADS(i, n) {
        int row = order[i];
        weights[row] *= scale;
        if (!status[sorted[i]]) known[row] = weights[row];
    }
}
