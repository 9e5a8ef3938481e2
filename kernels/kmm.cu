// Kernel mean matching (Huang et al. 2006): minimise 1/2 w'(K + R n_c I)w - kappa'w, R the ridge, over 0 <= w <= B, |sum w - n| <= n eps,
// inside every segment (segments.cuh), n_c weights each.
//
// ADIW's form (Fang et al., arXiv 2605.25499): a few projected-gradient steps from the weights of the samples' last visit.
//   kmm_step      w+ = P(v - eta/L (K v + R n_c v - kappa)), L the largest row sum of K + R n_c I, which bounds its largest eigenvalue;
//                 P the projection on the feasible set; v = w+ + beta (w+ - w) (Nesterov's momentum; beta 0 for none); the sum of the
//                 weights is in the band that eps allows, or n_c itself if `exact` is 1; nothing in degenerate segments; a segment a block
//
// How good weights are, in double precision:
//   kmm_residual  residual[0] = max_i |w_i - P(u)_i| / max(1, max_i |w_i|), u = w - (K w - kappa) / L, given; one block
#include "steps.cuh"

KERNEL(kmm_step, const float* RESTRICT product, const float* RESTRICT kappa, const float* RESTRICT row_sum, const int* RESTRICT table,
       const int* RESTRICT status, float* RESTRICT u, float* RESTRICT v, float* RESTRICT w, float eta, float beta, float ridge,
       double upper, int exact) {
    if (status[blockIdx.x]) return;
    Segment own = segment(table, blockIdx.x);
    int n = own.n;
    product += own.first, kappa += own.first, row_sum += own.first, u += own.first, v += own.first, w += own.first;
    float own_ridge = ridge * n;
    kmm_move(product, kappa, kmm_rate(row_sum, n, own_ridge, eta), own_ridge, u, v, w, n, beta, upper, exact);
}

KERNEL(kmm_residual, const double* RESTRICT u, const double* RESTRICT w, double* RESTRICT residual, int n, double upper, double low,
       double high) {
    Threshold threshold = band_threshold(u, n, upper, low, high);
    double off = 0, most = 1;
    FOR_THREADS(i, n) {
        double difference = w[i] - clipped(u[i], threshold, upper);
        off = max_of(off, difference < 0 ? -difference : difference);
        most = max_of(most, w[i]);
    }
    off = block_max(off);
    most = block_max(most);
    if (threadIdx.x == 0) residual[0] = off / most;
}
