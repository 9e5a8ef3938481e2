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
#include "steps.cuh"

KERNEL(reciprocal, const float* RESTRICT x, float* RESTRICT u, const int* RESTRICT of, const int* RESTRICT table, int m, int mode) {
    FOR_ELEMENTS(j, m) {
        Segment own = segment(table, segment_of(of, j));
        u[j] = reciprocal_of(x[j], mode == 0 ? 1 : mode == 1 ? 1.0f / own.m : (float) own.n / own.m);
    }
}

KERNEL(kl_begin, const float* RESTRICT column, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT b,
       float* RESTRICT alpha, float ridge) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    column += own.other, b += own.other, alpha += own.other;
    kl_start(column, b, alpha, n, m, ridge);
}

KERNEL(kl_update, const float* RESTRICT g, const float* RESTRICT b, const int* RESTRICT of, const int* RESTRICT status,
       float* RESTRICT alpha, int m) {
    FOR_ELEMENTS(l, m) {
        float next = kl_next(alpha[l], g[l], b[l]);
        alpha[l] = status[segment_of(of, l)] ? alpha[l] : next;
    }
}

KERNEL(ls_begin, const float* RESTRICT curvature, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT alpha,
       float* RESTRICT v, float* RESTRICT rate, float lambda, float eta) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    curvature += own.other, alpha += own.other, v += own.other;
    float found = ls_start(curvature, alpha, v, own.n, own.m, lambda, eta);
    if (threadIdx.x == 0) rate[blockIdx.x] = found;
}

KERNEL(ls_update, const float* RESTRICT g, const float* RESTRICT top_sum, const float* RESTRICT rate, const int* RESTRICT table,
       const int* RESTRICT status, float* RESTRICT alpha, float* RESTRICT v, float lambda, float momentum) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    g += own.other, top_sum += own.other, alpha += own.other, v += own.other;
    ls_move(g, top_sum, rate[blockIdx.x], alpha, v, n, m, lambda, momentum);
}

KERNEL(direct_scale, const float* RESTRICT s, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT p, float* RESTRICT w,
       double upper) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    s += own.first, p += own.first, w += own.first;
    direct_move(s, p, w, n, m, upper);
}

KERNEL(smooth_step, const float* RESTRICT s, const int* RESTRICT table, const int* RESTRICT status, float* RESTRICT u, float* RESTRICT v,
       float* RESTRICT w, float eta, float momentum, double upper) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n, m = own.m;
    s += own.first, u += own.first, v += own.first, w += own.first;
    smooth_move(s, u, v, w, n, m, eta, momentum, upper);
}
