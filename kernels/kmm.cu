// Kernel mean matching (Huang et al. 2006): minimise 1/2 w'Kw - kappa'w over 0 <= w <= B, |sum w - n| <= n eps.
//
// ADIW's form (Fang et al., arXiv 2605.25499): a few projected-gradient steps from the weights of the samples' last visit.
//   kmm_begin     w_i = W[index_i];  rate = eta / max_i row_sum_i, a bound on 1 / the largest eigenvalue of K; one block
//   kmm_gradient  v_i = w_i - rate (sum_j K_ij w_j - kappa_i); a row of K a block; 4 n^2 bytes, 2 n^2 operations
//   kmm_project   w = P(v), P the projection on the feasible set; nothing if the batch is degenerate; one block
//   kmm_end       W[index_i] = w_i; where a sample stands twice in the batch, its last row is kept
//
// DIW's form (Fang et al., NeurIPS 2020): the same program to convergence, in double precision, by accelerated projected gradient
// with adaptive restart (Nesterov 1983; O'Donoghue and Candes 2015).
//   kmm_solve_begin    w = y = P(w_0), theta = 1
//   kmm_solve_gradient v_i = y_i - rate (sum_j K_ij y_j - kappa_i)
//   kmm_solve_step     w+ = P(v); restart where (y - w+)'(w+ - w) > 0; y = w+ + beta (w+ - w); one block
//   kmm_solve_check    residual = max_i |w_i - P(u)_i| / max(1, max_i |w_i|), u = w - rate (K w - kappa), given in v; one block
//   kmm_recall         w_i = W[index_i], for a degenerate batch
//   kmm_evaluate       sum_j K_ij w_j, sum_j K_ij and kappa_i in double precision, without storing K: for the objective and the
//                      residual of any weights; n (n + m) exponentials
// state [4], double: rate, theta, residual, unused
#include "projection.cuh"

/// |a - b|^2 in R^d.
template<class T> DEVICE T square_distance(const float* RESTRICT a, const float* RESTRICT b, int d) {
    T sum = 0;
    for (int k = 0; k < d; k++) sum += ((T) a[k] - (T) b[k]) * ((T) a[k] - (T) b[k]);
    return sum;
}

KERNEL(kmm_begin, const float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT row_sum, float* RESTRICT w,
       float* RESTRICT rate, int n, float eta) {
    float most = 0;
    FOR_THREADS(i, n) {
        w[i] = memory[index[i]];
        most = max_of(most, row_sum[i]);
    }
    most = block_max(most);
    if (threadIdx.x == 0) rate[0] = eta / most;
}

KERNEL(kmm_gradient, const float* RESTRICT K, const float* RESTRICT kappa, const float* RESTRICT w, const float* RESTRICT rate, float* RESTRICT v, int n) {
    const float* row = K + (long) blockIdx.x * n;
    sum_t sum = 0;
    FOR_THREADS(j, n) sum += row[j] * w[j];
    sum = block_sum(sum);
    if (threadIdx.x == 0) v[blockIdx.x] = w[blockIdx.x] - rate[0] * (float) (sum - kappa[blockIdx.x]);
}

KERNEL(kmm_project, const float* RESTRICT v, float* RESTRICT w, const int* RESTRICT status, int n, double upper, double low, double high) {
    if (status[0]) return;
    double t = band_multiplier(v, n, upper, low, high);
    FOR_THREADS(i, n) w[i] = (float) clipped(v[i] - t, upper);
}

KERNEL(kmm_end, float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) {
        int repeated = 0;
        for (int j = (int) i + 1; j < n; j++) repeated |= index[j] == index[i];
        if (!repeated) memory[index[i]] = w[i];
    }
}

KERNEL(kmm_solve_begin, const double* RESTRICT row_sum, const float* RESTRICT start, double* RESTRICT v, double* RESTRICT w, double* RESTRICT y,
       double* RESTRICT state, int n, double upper, double low, double high) {
    double most = 0;
    FOR_THREADS(i, n) {
        most = max_of(most, row_sum[i]);
        v[i] = start[i];
    }
    most = block_max(most);
    double t = band_multiplier(v, n, upper, low, high);
    FOR_THREADS(i, n) w[i] = y[i] = clipped(v[i] - t, upper);
    if (threadIdx.x == 0) {
        state[0] = 1 / most;
        state[1] = 1;
        state[2] = INFINITY;
    }
}

KERNEL(kmm_solve_gradient, const double* RESTRICT K, const double* RESTRICT kappa, const double* RESTRICT y, const double* RESTRICT state,
       double* RESTRICT v, int n) {
    const double* row = K + (long) blockIdx.x * n;
    double sum = 0;
    FOR_THREADS(j, n) sum += row[j] * y[j];
    sum = block_sum(sum);
    if (threadIdx.x == 0) v[blockIdx.x] = y[blockIdx.x] - state[0] * (sum - kappa[blockIdx.x]);
}

KERNEL(kmm_solve_step, const double* RESTRICT v, double* RESTRICT w, double* RESTRICT y, double* RESTRICT state, int n, double upper, double low, double high) {
    double t = band_multiplier(v, n, upper, low, high), uphill = 0;
    FOR_THREADS(i, n) {
        double next = clipped(v[i] - t, upper);
        uphill += (y[i] - next) * (next - w[i]);
    }
    uphill = block_sum(uphill);
    double theta = uphill > 0 ? 1 : state[1];
    double larger = (1 + sqrt(1 + 4 * theta * theta)) / 2;
    double beta = uphill > 0 ? 0 : (theta - 1) / larger;
    FOR_THREADS(i, n) {
        double next = clipped(v[i] - t, upper);
        y[i] = next + beta * (next - w[i]);
        w[i] = next;
    }
    __syncthreads();
    if (threadIdx.x == 0) state[1] = larger;
}

KERNEL(kmm_solve_check, const double* RESTRICT u, const double* RESTRICT w, double* RESTRICT state, int n, double upper, double low, double high) {
    double t = band_multiplier(u, n, upper, low, high), off = 0, most = 1;
    FOR_THREADS(i, n) {
        double difference = w[i] - clipped(u[i] - t, upper);
        off = max_of(off, difference < 0 ? -difference : difference);
        most = max_of(most, w[i]);
    }
    off = block_max(off);
    most = block_max(most);
    if (threadIdx.x == 0) state[2] = off / most;
}

KERNEL(narrow, const double* RESTRICT x, float* RESTRICT y, int n) {
    FOR_ELEMENTS(i, n) y[i] = (float) x[i];
}

KERNEL(kmm_recall, const float* RESTRICT memory, const int* RESTRICT index, float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) w[i] = memory[index[i]];
}

KERNEL(kmm_evaluate, const float* RESTRICT z, const float* RESTRICT zv, const float* RESTRICT gamma, const float* RESTRICT w,
       double* RESTRICT product, double* RESTRICT row_sum, double* RESTRICT kappa, int n, int m, int d, double ridge) {
    const float* zi = z + (long) blockIdx.x * d;
    double g = gamma[0], weighted = 0, total = 0, match = 0;
    FOR_THREADS(j, n) {
        double k = exp(-g * square_distance<double>(zi, z + (long) j * d, d));
        weighted += k * w[j];
        total += k;
    }
    FOR_THREADS(j, m) match += exp(-g * square_distance<double>(zi, zv + (long) j * d, d));
    weighted = block_sum(weighted);
    total = block_sum(total);
    match = block_sum(match);
    if (threadIdx.x == 0) {
        product[blockIdx.x] = weighted + ridge * w[blockIdx.x];
        row_sum[blockIdx.x] = total + ridge;
        kappa[blockIdx.x] = match * n / m;
    }
}
