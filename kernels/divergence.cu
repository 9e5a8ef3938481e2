// Steps of the divergences beside kernel mean matching (kmm.cu) and Wasserstein-1 (wasserstein.cu), each from its state. Training batch
// z [n, d], validation batch z' [m, d], k(a, b) = exp(-gamma |a - b|^2); A = k(z, z') [n, m], T = k(z', z') [m, m]; products with them
// are in gram.cu. status [1] not 0: the batch is degenerate, and nothing moves. A kernel class_X does inside every class what X does for
// a batch (classes.cu: vectors in the order of classes, table [classes, 4], status [classes]); a class a block, or its elements.
//
// reciprocal      u_j = scale / max(x_j, 1e-30)
// model_weights   w_i = min(max(r_i, 0), B), r = A alpha
// normalize       w <- w n / sum w; one block
//
// kl: KLIEP (Sugiyama et al. 2008), r(z) = sum_l alpha_l k(z, z'_l), minimise -(1/m) sum_j log r(z'_j) over alpha >= 0 and
// (1/n) sum_i r(z_i) = sum_l b_l alpha_l = 1, by the multiplicative step alpha_l <- alpha_l g_l / b_l, which keeps the constraint and
// never raises the objective (it is the EM step of the mixture with shares b_l alpha_l).
//   kl_begin      b_l = (A'1)_l / n; alpha scaled to b'alpha = 1, equal where the state is 0 or unknown (negative); one block
//   kl_update     alpha_l <- alpha_l g_l / b_l, g = T u, u_j = 1 / (m r(z'_j))
//
// ls: least-squares importance fitting (Kanamori, Hido, Sugiyama, JMLR 2009), minimise 1/2 a'Ha - h'a + lambda/2 |a|^2 over a >= 0,
// H = A'A / n, h = T 1 / m; H is never formed.
//   ls_begin      a = v = the state (0 where unknown); rate = eta / L, L = lambda + the largest row sum of H, given n H 1; one block
//   ls_update     a+ = max(0, v - rate (g_l / n - h_l + lambda v_l)), g = A'A v; v = a+ + momentum (a+ - a)
//
// kl-direct: w a mixture's shares, minimise -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)) over 0 <= w <= B, sum w = n, by EM; with the
// bound, the maximiser of EM's lower bound is min(B, c p), a scaling and not a Euclidean projection, so that the step stays monotone.
//   direct_recall  w_i = max(W[index_i], 1e-3): a share of 0 could never return; status not 0: W[index_i]
//   direct_scale   p_i = w_i s_i, s = A u, u_j = 1 / (A'w)_j; w_i = min(B, c p_i), sum w = n; one block
//
// ls-direct: minimise 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i, s_ji = k(z'_j, z_i) / sum_l k(z'_j, z_l), over 0 <= w <= B, sum w = n.
//   smooth_step    w+ = P(v - eta (v - c)), c = (n/m) A u, u_j = 1 / (A'1)_j; v = w+ + momentum (w+ - w); one block
#include "projection.cuh"

KERNEL(reciprocal, const float* RESTRICT x, float* RESTRICT u, int n, float scale) {
    FOR_ELEMENTS(i, n) u[i] = scale / (x[i] > 1e-30f ? x[i] : 1e-30f);
}

KERNEL(model_weights, const float* RESTRICT r, const int* RESTRICT status, float* RESTRICT w, int n, float upper) {
    int moves = status[0] == 0;
    FOR_ELEMENTS(i, n) w[i] = moves ? min_of(max_of(r[i], 0.0f), upper) : w[i];
}

KERNEL(class_model_weights, const int* RESTRICT sorted, const int* RESTRICT status, float* RESTRICT r, int n, float upper) {
    FOR_ELEMENTS(i, n) r[i] = status[sorted[i]] ? 0 : min_of(max_of(r[i], 0.0f), upper);
}

KERNEL(normalize, const int* RESTRICT status, float* RESTRICT w, int n) {
    if (status[0]) return;
    sum_t sum = 0;
    FOR_THREADS(i, n) sum += w[i];
    sum = block_sum(sum);
    if (!(sum > 0)) return;
    float scale = (float) (n / sum);
    FOR_THREADS(i, n) w[i] *= scale;
}

/// b, and alpha from what is known of it; all threads of the block call it.
DEVICE void kl_scale(const float* RESTRICT column, float* RESTRICT b, float* RESTRICT alpha, int n, int m) {
    double scale = 0, columns = 0;
    FOR_THREADS(l, m) {
        float known = alpha[l];
        b[l] = column[l] / n;
        scale += known > 0 ? (double) b[l] * known : 0.0;
        columns += b[l];
    }
    scale = block_sum(scale);
    columns = block_sum(columns);
    bool fresh = !(scale > 1e-30);
    // What is unknown starts as the constant state would; what has vanished gets a small share, or it could never return.
    double equal = 1 / columns, sum = 0;
    FOR_THREADS(l, m) {
        double x = fresh || alpha[l] < 0 ? equal : max_of((double) alpha[l] / scale, 1e-6 * equal);
        alpha[l] = (float) x;
        sum += x * b[l];
    }
    sum = block_sum(sum);
    FOR_THREADS(l, m) alpha[l] = (float) (alpha[l] / sum);
}

KERNEL(kl_begin, const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT column, const int* RESTRICT status,
       float* RESTRICT b, float* RESTRICT alpha, int n, int m) {
    FOR_THREADS(l, m) alpha[l] = memory[index[l]];
    if (status[0]) return;
    kl_scale(column, b, alpha, n, m);
}

KERNEL(class_kl_begin, const float* RESTRICT column, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT b,
       float* RESTRICT alpha) {
    const int* own = table + 4 * blockIdx.x;
    if (status[blockIdx.x]) return;
    kl_scale(column + own[2], b + own[2], alpha + own[2], own[1], own[3]);
}

KERNEL(class_kl_update, const float* RESTRICT g, const float* RESTRICT b, const int* RESTRICT sorted, const int* RESTRICT table,
       const int* RESTRICT status, float* RESTRICT alpha, int m) {
    FOR_ELEMENTS(l, m) {
        int c = sorted[l];
        float next = b[l] > 1e-37f ? alpha[l] * g[l] / (b[l] * (float) table[4 * c + 3]) : 0;
        alpha[l] = status[c] ? alpha[l] : next;
    }
}

KERNEL(kl_update, const float* RESTRICT g, const float* RESTRICT b, const int* RESTRICT status, float* RESTRICT alpha, int m) {
    int moves = status[0] == 0;
    FOR_ELEMENTS(l, m) {
        float next = b[l] > 1e-37f ? alpha[l] * g[l] / b[l] : 0;
        alpha[l] = moves ? next : alpha[l];
    }
}

/// v = alpha, 0 where it is unknown; gives the rate. All threads of the block call it.
DEVICE float ls_rate(const float* RESTRICT curvature, float* RESTRICT alpha, float* RESTRICT v, int n, int m, float lambda, float eta) {
    int most = 0;                                       // bits of positive floats are in the order of the floats, and vectorise
    FOR_THREADS(l, m) {
        float known = alpha[l];
        v[l] = alpha[l] = known > 0 ? known : 0;
        most = max_of(most, __float_as_int(curvature[l]));
    }
    most = block_max(most);
    float L = __int_as_float(most) / n + lambda;
    return L > 1e-30f ? eta / L : 0;                    // 0: no two samples overlap, and lambda is 0
}

DEVICE float ls_moved(float x, float rate, float g, float top_sum, int n, int m, float lambda) {
    float next = x - rate * (g / n - top_sum / m + lambda * x);
    return next > 0 ? next : 0;
}

KERNEL(ls_begin, const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT curvature, float* RESTRICT alpha, float* RESTRICT v,
       float* RESTRICT rate, int n, int m, float lambda, float eta) {
    FOR_THREADS(l, m) alpha[l] = memory[index[l]];
    float own = ls_rate(curvature, alpha, v, n, m, lambda, eta);
    if (threadIdx.x == 0) rate[0] = own;
}

KERNEL(class_ls_begin, const float* RESTRICT curvature, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT alpha,
       float* RESTRICT v, float* RESTRICT rate, float lambda, float eta) {
    const int* own = table + 4 * blockIdx.x;
    if (status[blockIdx.x]) return;
    float step = ls_rate(curvature + own[2], alpha + own[2], v + own[2], own[1], own[3], lambda, eta);
    if (threadIdx.x == 0) rate[blockIdx.x] = step;
}

KERNEL(ls_update, const float* RESTRICT g, const float* RESTRICT top_sum, const float* RESTRICT rate, const int* RESTRICT status,
       float* RESTRICT alpha, float* RESTRICT v, int n, int m, float lambda, float momentum) {
    if (status[0]) return;
    float step = rate[0];
    FOR_ELEMENTS(l, m) {
        float next = ls_moved(v[l], step, g[l], top_sum[l], n, m, lambda);
        v[l] = next + momentum * (next - alpha[l]);
        alpha[l] = next;
    }
}

KERNEL(class_ls_update, const float* RESTRICT g, const float* RESTRICT top_sum, const float* RESTRICT rate, const int* RESTRICT sorted,
       const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT alpha, float* RESTRICT v, int m, float lambda, float momentum) {
    FOR_ELEMENTS(l, m) {
        int c = sorted[l];
        if (status[c]) continue;
        float next = ls_moved(v[l], rate[c], g[l], top_sum[l], table[4 * c + 1], table[4 * c + 3], lambda);
        v[l] = next + momentum * (next - alpha[l]);
        alpha[l] = next;
    }
}

KERNEL(direct_recall, const float* RESTRICT memory, const int* RESTRICT index, const int* RESTRICT status, float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) {
        float x = memory[index[i]];
        w[i] = status[0] ? x : max_of(x, 1e-3f);
    }
}

KERNEL(class_direct_recall, const int* RESTRICT sorted, const int* RESTRICT status, float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) w[i] = status[sorted[i]] ? w[i] : max_of(w[i], 1e-3f);
}

/// w_i = min(B, c p_i); all threads of the block call it.
DEVICE void scale_shares(const float* RESTRICT s, float* RESTRICT p, float* RESTRICT w, int n, int m, double upper) {
    FOR_THREADS(i, n) p[i] = w[i] * s[i] * ((float) n / m);
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

KERNEL(direct_scale, const float* RESTRICT s, const int* RESTRICT status, float* RESTRICT p, float* RESTRICT w, int n, int m, double upper) {
    if (status[0]) return;
    scale_shares(s, p, w, n, m, upper);
}

KERNEL(class_direct_scale, const float* RESTRICT s, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT p,
       float* RESTRICT w, double upper) {
    const int* own = table + 4 * blockIdx.x;
    if (status[blockIdx.x]) return;
    scale_shares(s + own[0], p + own[0], w + own[0], own[1], own[3], upper);
}

/// One step towards the smoothed ratio (n/m) s; all threads of the block call it.
DEVICE void smooth(const float* RESTRICT s, float* RESTRICT u, float* RESTRICT v, float* RESTRICT w, int n, int m, float eta, float momentum,
                   double upper) {
    float scale = (float) n / m;
    FOR_THREADS(i, n) u[i] = v[i] - eta * (v[i] - s[i] * scale);
    Shift shift = band_shift(u, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) {
        float next = (float) clipped(u[i], shift, upper);
        v[i] = next + momentum * (next - w[i]);
        w[i] = next;
    }
}

KERNEL(smooth_step, const float* RESTRICT s, const int* RESTRICT status, float* RESTRICT u, float* RESTRICT v, float* RESTRICT w, int n, int m,
       float eta, float momentum, double upper) {
    if (status[0]) return;
    smooth(s, u, v, w, n, m, eta, momentum, upper);
}

KERNEL(class_smooth_step, const float* RESTRICT s, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT u,
       float* RESTRICT v, float* RESTRICT w, float eta, float momentum, double upper) {
    const int* own = table + 4 * blockIdx.x;
    if (status[blockIdx.x]) return;
    smooth(s + own[0], u + own[0], v + own[0], w + own[0], own[1], own[3], eta, momentum, upper);
}
