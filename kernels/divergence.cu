// Divergences beside kernel mean matching (kmm.cu), each minimised by a few steps from its state. Training batch z [n, d], validation
// batch z' [m, d], k(a, b) = exp(-gamma |a - b|^2). Points lie by columns as in gram.cu. Basis A = k(z, z') [n, m], its transpose
// B [m, n], T = k(z', z') [m, m]; status [1] not 0: the batch is degenerate, nothing moves.
//
// gaussian_rows  K_ij = k(a_i, b_j) (K may be null), row_sum_i = sum_j K_ij; 4 rows columns bytes and as many exponentials; a row a block
//
// kl: KLIEP (Sugiyama et al. 2008), r(z) = sum_l alpha_l k(z, z'_l), minimise -(1/m) sum_j log r(z'_j) over alpha >= 0 and
// (1/n) sum_i r(z_i) = sum_l b_l alpha_l = 1, by the multiplicative step alpha_l <- alpha_l g_l / b_l, which keeps the constraint and
// never raises the objective (it is the EM step of the mixture with shares b_l alpha_l).
//   kl_begin       b_l = column_l / n, column_l = sum_i k(z_i, z'_l); alpha scaled to b'alpha = 1, equal where the state is 0 or
//                  unknown (negative); one block
//   kl_density     u_j = 1 / (m r(z'_j)); a row of T a block
//   kl_update      g = T u; alpha_l <- alpha_l g_l / b_l; a row of T a block
//
// ls: unconstrained least-squares importance fitting (Kanamori, Hido, Sugiyama, JMLR 2009), minimise 1/2 a'Ha - h'a + lambda/2 |a|^2 over
// a >= 0, H = A'A / n, h_l = (1/m) sum_j k(z'_j, z'_l); H is never formed.
//   ls_begin       a from the state (0 where unknown); scalars = {step, momentum}: step = eta / L, L = lambda + the largest row sum of
//                  H, given n H 1; momentum (1 - q) / (1 + q), q = sqrt(lambda / L), if asked for; one block
//   ls_update      y = A v is given; a+ = max(0, v - step ((B y)_l / n - h_l + lambda v_l)), v = a+ + momentum (a+ - a); a row a block
//
// model_weights    w_i = min(max(sum_l A_il alpha_l, 0), B); a row of A a block
//
// kl-direct: w a mixture's shares, minimise -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)) over 0 <= w <= B, sum w = n, by EM; with the
// bound, the maximiser of EM's lower bound is min(B, c p), a scaling and not a Euclidean projection, so that the step stays monotone.
//   direct_recall  w_i = max(W[index_i], 1e-3): a share of 0 could never return; status not 0: W[index_i]
//   direct_density u_j = 1 / sum_i w_i k(z'_j, z_i), the sum at least 1e-30; a row of B a block
//   direct_share   p_i = w_i (n/m) sum_j k(z'_j, z_i) u_j; a row of A a block
//   direct_scale   w_i = min(B, c p_i), sum w = n; one block
//
// ls-direct: minimise 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i, s_ji = k(z'_j, z_i) / sum_l k(z'_j, z_l), over 0 <= w <= B, sum w = n.
//   smooth_target  c_i = (n/m) sum_j A_ij / row_sum_j, row_sum that of B, at least 1e-30; a row of A a block
//   smooth_step    w <- P(w - eta (w - c)); one block
//
// How good a state is, in double precision:
//   gaussian_product_f64  out_i = sum_j k(a_i, b_j) v_j; a, b row by row; a row a block
#include "projection.cuh"

/// The sum over a row times a vector; all threads of the block call it.
DEVICE sum_t row_times(const float* RESTRICT row, const float* RESTRICT v, int n) {
    sum_t sum = 0;
    for (int start = 0; start < n; start += 1024) {     // short sums in single precision, their sum in sum_t
        float some = 0;
        FOR_THREADS(c, min_of(1024, n - start)) some += row[start + c] * v[start + c];
        sum += some;
    }
    return block_sum(sum);
}

KERNEL(gaussian_rows, const float* RESTRICT a, const float* RESTRICT b, const double* RESTRICT gamma, float* RESTRICT K,
       float* RESTRICT row_sum, long stride, int columns, int d) {
    SHARED(float, square, 256);
    int i = blockIdx.x;
    float g = -(float) gamma[0];
    sum_t total = 0;
    for (int start = 0; start < columns; start += 256) {
        int length = min_of(256, columns - start);
        FOR_THREADS(c, length) square[c] = 0;
        for (int k = 0; k < d; k++) {
            const float* RESTRICT column = b + k * stride + start;
            float x = a[k * stride + i];
            FOR_THREADS(c, length) square[c] += (column[c] - x) * (column[c] - x);
        }
        float some = 0;
        if (K) {
            float* RESTRICT row = K + (long) i * columns + start;
            FOR_THREADS(c, length) {
                float k = expf(square[c] * g);
                row[c] = k;
                some += k;
            }
        } else {
            FOR_THREADS(c, length) some += expf(square[c] * g);
        }
        total += some;
    }
    total = block_sum(total);
    if (threadIdx.x == 0) row_sum[i] = (float) total;
}

KERNEL(kl_begin, const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT column, const int* RESTRICT status,
       float* RESTRICT b, float* RESTRICT alpha, int n, int m) {
    double scale = 0, columns = 0;
    FOR_THREADS(l, m) {
        float known = memory[index[l]];
        b[l] = column[l] / n;
        alpha[l] = known;
        scale += known > 0 ? (double) b[l] * known : 0.0;
        columns += b[l];
    }
    scale = block_sum(scale);
    columns = block_sum(columns);
    if (status[0]) return;
    bool fresh = !(scale > 1e-30);
    // What is unknown starts as the constant state would; what has vanished gets a small share, or it could never return.
    double equal = 1 / columns;
    double sum = 0;
    FOR_THREADS(l, m) {
        double x = fresh || alpha[l] < 0 ? equal : max_of((double) alpha[l] / scale, 1e-6 * equal);
        alpha[l] = (float) x;
        sum += x * b[l];
    }
    sum = block_sum(sum);
    FOR_THREADS(l, m) alpha[l] = (float) (alpha[l] / sum);
}

KERNEL(kl_density, const float* RESTRICT T, const float* RESTRICT alpha, float* RESTRICT u, int m) {
    sum_t r = row_times(T + (long) blockIdx.x * m, alpha, m);
    if (threadIdx.x == 0) u[blockIdx.x] = 1 / ((float) m * max_of((float) r, 1e-30f));
}

KERNEL(kl_update, const float* RESTRICT T, const float* RESTRICT u, const float* RESTRICT b, const int* RESTRICT status, float* RESTRICT alpha, int m) {
    int l = blockIdx.x;
    sum_t g = row_times(T + (long) l * m, u, m);
    if (threadIdx.x == 0 && !status[0]) alpha[l] = b[l] > 1e-30f ? (float) (alpha[l] * g / b[l]) : 0;
}

KERNEL(ls_begin, const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT curvature, float* RESTRICT alpha, float* RESTRICT v,
       float* RESTRICT scalars, int n, int m, float lambda, float eta, int accelerated) {
    int most = 0;
    FOR_THREADS(l, m) {
        float known = memory[index[l]];
        v[l] = alpha[l] = known > 0 ? known : 0;
        most = max_of(most, __float_as_int(curvature[l]));
    }
    most = block_max(most);
    if (threadIdx.x == 0) {
        float L = __int_as_float(most) / n + lambda, q = sqrtf(max_of(lambda / L, 1e-6f));
        scalars[0] = eta / L;
        scalars[1] = accelerated ? (1 - q) / (1 + q) : 0;
    }
}

KERNEL(ls_update, const float* RESTRICT B, const float* RESTRICT y, const float* RESTRICT h, const float* RESTRICT scalars,
       const int* RESTRICT status, float* RESTRICT alpha, float* RESTRICT v, int n, int m, float lambda) {
    int l = blockIdx.x;
    sum_t product = row_times(B + (long) l * n, y, n);
    if (threadIdx.x == 0 && !status[0]) {
        float x = v[l], next = x - scalars[0] * (float) (product / n - h[l] / (float) m + lambda * x);
        next = next > 0 ? next : 0;
        v[l] = next + scalars[1] * (next - alpha[l]);
        alpha[l] = next;
    }
}

KERNEL(model_weights, const float* RESTRICT A, const float* RESTRICT alpha, const int* RESTRICT status, float* RESTRICT w, int m, float upper) {
    int i = blockIdx.x;
    sum_t r = row_times(A + (long) i * m, alpha, m);
    if (threadIdx.x == 0 && !status[0]) w[i] = min_of(max_of((float) r, 0.0f), upper);
}

KERNEL(direct_recall, const float* RESTRICT memory, const int* RESTRICT index, const int* RESTRICT status, float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) {
        float x = memory[index[i]];
        w[i] = status[0] ? x : max_of(x, 1e-3f);
    }
}

KERNEL(direct_density, const float* RESTRICT B, const float* RESTRICT w, float* RESTRICT u, int n) {
    sum_t q = row_times(B + (long) blockIdx.x * n, w, n);
    if (threadIdx.x == 0) u[blockIdx.x] = 1 / max_of((float) q, 1e-30f);
}

KERNEL(direct_share, const float* RESTRICT A, const float* RESTRICT u, const float* RESTRICT w, float* RESTRICT p, int n, int m) {
    int i = blockIdx.x;
    sum_t share = row_times(A + (long) i * m, u, m);
    if (threadIdx.x == 0) p[i] = w[i] * (float) n / (float) m * (float) share;
}

KERNEL(direct_scale, const float* RESTRICT p, const int* RESTRICT status, float* RESTRICT w, int n, double upper) {
    if (status[0]) return;
    double c = 1;
    for (int pass = 0; pass < 100; pass++) {            // sum min(B, c p) is concave and rises: Newton's steps from the left are monotone
        double sum = 0, slope = 0;
        FOR_THREADS(i, n) {
            double x = c * p[i];
            sum += x < upper ? x : upper;
            slope += x < upper ? (double) p[i] : 0.0;
        }
        sum = block_sum(sum);
        slope = block_sum(slope);
        double off = n - sum;
        if (fabs(off) <= 1e-12 * n || !(slope > 0)) break;
        c += off / slope;
    }
    FOR_THREADS(i, n) w[i] = (float) min_of(c * p[i], upper);
}

KERNEL(smooth_target, const float* RESTRICT A, const float* RESTRICT row_sum, float* RESTRICT c, int n, int m) {
    int i = blockIdx.x;
    sum_t sum = 0;
    FOR_THREADS(j, m) sum += A[(long) i * m + j] / (row_sum[j] > 1e-30f ? row_sum[j] : 1e-30f);
    sum = block_sum(sum);
    if (threadIdx.x == 0) c[i] = (float) (sum * n / m);
}

KERNEL(smooth_step, const float* RESTRICT c, const int* RESTRICT status, float* RESTRICT v, float* RESTRICT w, int n, float eta, double upper) {
    if (status[0]) return;
    FOR_THREADS(i, n) v[i] = w[i] - eta * (w[i] - c[i]);
    Shift shift = band_shift(v, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) w[i] = (float) clipped(v[i], shift, upper);
}

KERNEL(gaussian_product_f64, const float* RESTRICT a, const float* RESTRICT b, const double* RESTRICT gamma, const double* RESTRICT v,
       double* RESTRICT out, int columns, int d) {
    const float* ai = a + (long) blockIdx.x * d;
    double g = -gamma[0], sum = 0;
    if (d == 1) {
        double x = ai[0];
        FOR_THREADS(j, columns) sum += exp((x - b[j]) * (x - b[j]) * g) * v[j];
    } else {
        FOR_THREADS(j, columns) {
            double square = 0;
            for (int k = 0; k < d; k++) {
                double difference = (double) ai[k] - b[(long) j * d + k];
                square += difference * difference;
            }
            sum += exp(square * g) * v[j];
        }
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}
