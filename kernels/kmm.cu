// Kernel mean matching (Huang et al. 2006): minimise 1/2 w'Kw - kappa'w over 0 <= w <= B, |sum w - n| <= n eps.
//
// ADIW's form (Fang et al., arXiv 2605.25499): a few projected-gradient steps from the weights of the samples' last visit.
//   kmm_step      w+ = P(v - eta/L (K v - kappa)), L the largest row sum of K, which bounds its largest eigenvalue; P the projection on
//                 the feasible set; v = w+ + beta (w+ - w) (Nesterov's momentum; beta 0 for none); nothing if the batch is degenerate;
//                 one block
//   class_kmm_step  the same inside every class (classes.cu), n_c samples each; a class a block
//
// How good weights are, in double precision:
//   kmm_residual  residual[0] = max_i |w_i - P(u)_i| / max(1, max_i |w_i|), u = w - (K w - kappa) / L, given; one block
#include "projection.cuh"

/// One step of a problem of n samples; all threads of the block call it.
DEVICE void matching_step(const float* RESTRICT product, const float* RESTRICT kappa, const float* RESTRICT row_sum, float* RESTRICT u,
                          float* RESTRICT v, float* RESTRICT w, int n, float eta, float beta, double upper, double low, double high) {
    int most = 0;                                       // bits of positive floats are in the order of the floats, and vectorise
    FOR_THREADS(i, n) most = max_of(most, __float_as_int(row_sum[i]));
    float rate = eta / __int_as_float(block_max(most));
    FOR_THREADS(i, n) u[i] = v[i] - rate * (product[i] - kappa[i]);
    Shift shift = band_shift(u, n, upper, low, high);
    FOR_THREADS(i, n) {
        float next = (float) clipped(u[i], shift, upper);
        v[i] = next + beta * (next - w[i]);
        w[i] = next;
    }
}

KERNEL(kmm_step, const float* RESTRICT product, const float* RESTRICT kappa, const float* RESTRICT row_sum, const int* RESTRICT status,
       float* RESTRICT u, float* RESTRICT v, float* RESTRICT w, int n, float eta, float beta, double upper, double low, double high) {
    if (status[0]) return;
    matching_step(product, kappa, row_sum, u, v, w, n, eta, beta, upper, low, high);
}

KERNEL(class_kmm_step, const float* RESTRICT product, const float* RESTRICT kappa, const float* RESTRICT row_sum, const int* RESTRICT table,
       const int* RESTRICT status, float* RESTRICT u, float* RESTRICT v, float* RESTRICT r, float eta, float beta, double upper) {
    int c = blockIdx.x, first = table[4 * c], count = table[4 * c + 1];
    if (status[c]) return;
    double low = sqrt((double) count), high = min_of(2 * count - low, count * upper);       // n_c (1 - eps_c), n_c (1 + eps_c)
    matching_step(product + first, kappa + first, row_sum + first, u + first, v + first, r + first, count, eta, beta, upper, low, high);
}

KERNEL(kmm_residual, const double* RESTRICT u, const double* RESTRICT w, double* RESTRICT residual, int n, double upper, double low, double high) {
    Shift shift = band_shift(u, n, upper, low, high);
    double off = 0, most = 1;
    FOR_THREADS(i, n) {
        double difference = w[i] - clipped(u[i], shift, upper);
        off = max_of(off, difference < 0 ? -difference : difference);
        most = max_of(most, w[i]);
    }
    off = block_max(off);
    most = block_max(most);
    if (threadIdx.x == 0) residual[0] = off / most;
}
