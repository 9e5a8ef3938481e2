// Steps of the divergences beside kernel mean matching (kmm.cu) and Wasserstein-1 (wasserstein.cu), each from its state. Training batch
// z [n, d], validation batch z' [m, d], k(a, b) = exp(-gamma |a - b|^2); A = k(z, z') [n, m], T = k(z', z') [m, m]; products with them
// are in gram.cu. All of it inside every segment (segments.cuh), n_c training and m_c validation rows each; nothing moves in degenerate
// ones. A segment a block, or elements with their segment.
//
// reciprocal      u_j = scale / max(x_j, 1e-30) for the validation rows; scale is 1 (mode 0), 1 / m_c (mode 1) or n_c / m_c (mode 2)
//
// kl: KLIEP (Sugiyama et al. 2008), r(z) = sum_l alpha_l k(z, z'_l), minimise -(1/m) sum_j log r(z'_j) over alpha >= 0 and
// (1/n) sum_i r(z_i) = sum_l b_l alpha_l = 1, by the multiplicative step alpha_l <- alpha_l g_l / b_l, which keeps the constraint and
// never raises the objective (it is the EM step of the mixture with shares b_l alpha_l). A ridge R is added to every b_l, as if by training
// samples without a place: the mean of r is then 1 - R sum alpha, and r is small where there are fewer than about R n training samples.
//   kl_begin      b_l = (A'1)_l / n + R; alpha scaled to b'alpha = 1, equal where the state is 0 or unknown (negative); a segment a block
//   kl_update     alpha_l <- alpha_l g_l / b_l, g = T u, u_j = 1 / (m r(z'_j))
//
// ls: least-squares importance fitting (Kanamori, Hido, Sugiyama, JMLR 2009), minimise 1/2 a'Ha - h'a + lambda/2 |a|^2 over a >= 0,
// H = A'A / n, h = T 1 / m; H is never formed.
//   ls_begin      a = v = the state (0 where unknown); rate_c = eta / L, L = lambda + the largest row sum of H, given n H 1; a segment a
//                 block
//   ls_update     a+ = max(0, v - rate_c (g_l / n - h_l + lambda v_l)), g = A'A v, top_sum = T 1; v = a+ + momentum (a+ - a); a segment a
//                 block
//
// kl-direct: w a mixture's shares, minimise -(1/m) sum_j log((1/n) sum_i w_i k(z'_j, z_i)) over 0 <= w <= B, sum w = n, by EM; with the
// bound, the maximiser of EM's lower bound is min(B, c p), a scaling and not a Euclidean projection, so that the step stays monotone.
//   direct_scale   p_i = w_i s_i, s = A u, u_j = 1 / (A'w)_j; w_i = min(B, c p_i), sum w = n; a segment a block
//
// ls-direct: minimise 1/2 (1/n) sum w_i^2 - (1/m) sum_ji s_ji w_i, s_ji = k(z'_j, z_i) / sum_l k(z'_j, z_l), over 0 <= w <= B, sum w = n.
//   smooth_step    w+ = P(v - eta (v - c)), c = (n/m) A u, u_j = 1 / (A'1)_j; v = w+ + momentum (w+ - w); a segment a block
#include "projection.cuh"
#include "segments.cuh"

KERNEL(reciprocal, const float* RESTRICT x, float* RESTRICT u, const int* RESTRICT of, const int* RESTRICT table, int m, int mode) {
    FOR_ELEMENTS(j, m) {
        Segment own = segment(table, segment_of(of, j));
        float scale = mode == 0 ? 1 : mode == 1 ? 1.0f / own.m : (float) own.n / own.m;
        u[j] = scale / (x[j] > 1e-30f ? x[j] : 1e-30f);
    }
}

KERNEL(kl_begin, const float* RESTRICT column, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT b,
       float* RESTRICT alpha, float ridge) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    column += own.other, b += own.other, alpha += own.other;
    double scale = 0, columns = 0;
    FOR_THREADS(l, m) {
        float known = alpha[l];
        b[l] = column[l] / n + ridge;
        scale += known > 0 ? (double) b[l] * known : 0.0;
        columns += b[l];
    }
    block_sums(scale, columns);
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

KERNEL(kl_update, const float* RESTRICT g, const float* RESTRICT b, const int* RESTRICT of, const int* RESTRICT status,
       float* RESTRICT alpha, int m) {
    FOR_ELEMENTS(l, m) {
        float next = b[l] > 1e-37f ? alpha[l] * g[l] / b[l] : 0;
        alpha[l] = status[segment_of(of, l)] ? alpha[l] : next;
    }
}

KERNEL(ls_begin, const float* RESTRICT curvature, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT alpha,
       float* RESTRICT v, float* RESTRICT rate, float lambda, float eta) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    curvature += own.other, alpha += own.other, v += own.other;
    int most = 0;      // bits of positive floats are in the order of the floats, and vectorise
    FOR_THREADS(l, own.m) {
        float known = alpha[l];
        v[l] = alpha[l] = known > 0 ? known : 0;
        most = max_of(most, __float_as_int(curvature[l]));
    }
    most = block_max(most);
    float L = __int_as_float(most) / own.n + lambda;
    if (threadIdx.x == 0) rate[blockIdx.x] = L > 1e-30f ? eta / L : 0;      // 0: no two samples overlap, and lambda is 0
}

KERNEL(ls_update, const float* RESTRICT g, const float* RESTRICT top_sum, const float* RESTRICT rate, const int* RESTRICT table,
       const int* RESTRICT status, float* RESTRICT alpha, float* RESTRICT v, float lambda, float momentum) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    g += own.other, top_sum += own.other, alpha += own.other, v += own.other;
    float step = rate[blockIdx.x];
    FOR_THREADS(l, m) {
        float next = v[l] - step * (g[l] / n - top_sum[l] / m + lambda * v[l]);
        next = next > 0 ? next : 0;
        v[l] = next + momentum * (next - alpha[l]);
        alpha[l] = next;
    }
}

KERNEL(direct_scale, const float* RESTRICT s, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT p, float* RESTRICT w,
       double upper) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    s += own.first, p += own.first, w += own.first;
    FOR_THREADS(i, n) p[i] = w[i] * s[i] * ((float) n / m);
    double c = 1;
    for (int pass = 0; pass < 100; pass++) {      // sum min(B, c p) is concave and rises: Newton's steps from the left are monotone
        double sum = 0, slope = 0;
        FOR_THREADS(i, n) {
            double x = c * p[i];
            sum += x < upper ? x : upper;
            slope += x < upper ? (double) p[i] : 0.0;
        }
        block_sums(sum, slope);
        double off = n - sum;
        if (fabs(off) <= 1e-12 * n || !(slope > 0)) break;
        c += off / slope;
    }
    FOR_THREADS(i, n) w[i] = (float) min_of(c * p[i], upper);
}

KERNEL(smooth_step, const float* RESTRICT s, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT u, float* RESTRICT v,
       float* RESTRICT w, float eta, float momentum, double upper) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    s += own.first, u += own.first, v += own.first, w += own.first;
    float scale = (float) n / m;
    FOR_THREADS(i, n) u[i] = v[i] - eta * (v[i] - s[i] * scale);
    Threshold threshold = band_threshold(u, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) {
        float next = (float) clipped(u[i], threshold, upper);
        v[i] = next + momentum * (next - w[i]);
        w[i] = next;
    }
}
