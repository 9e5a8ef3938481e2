// Steps of the divergences on the rows of one segment, by one block: kmm.cu and divergence.cu, which say what they compute, take them in
// segments that are stored; estimation.cu in a batch that is small.
#pragma once
#include "projection.cuh"
#include "segments.cuh"

/// eta / L, L the largest row sum with the ridge.
DEVICE float kmm_rate(const float* RESTRICT row_sum, int n, float ridge, float eta) {
    int most = 0;      // bits of positive floats are in the order of the floats, and vectorise
    FOR_THREADS(i, n) most = max_of(most, __float_as_int(row_sum[i]));
    return eta / (__int_as_float(block_max(most)) + ridge);
}

DEVICE void kmm_move(const float* RESTRICT product, const float* RESTRICT kappa, float rate, float ridge, float* RESTRICT u,
                     float* RESTRICT v, float* RESTRICT w, int n, float beta, double upper, int exact) {
    FOR_THREADS(i, n) u[i] = v[i] - rate * (product[i] + ridge * v[i] - kappa[i]);
    Threshold threshold = band_threshold(u, n, upper, exact ? (double) n : least_sum(n), exact ? (double) n : most_sum(n, upper));
    FOR_THREADS(i, n) {
        float next = (float) clipped(u[i], threshold, upper);
        v[i] = next + beta * (next - w[i]);
        w[i] = next;
    }
}

DEVICE float reciprocal_of(float x, float scale) { return scale / (x > 1e-30f ? x : 1e-30f); }

/// b and the alpha that the steps start from, from the column sums of A.
DEVICE void kl_start(const float* RESTRICT column, float* RESTRICT b, float* RESTRICT alpha, int n, int m, float ridge) {
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

DEVICE float kl_next(float alpha, float g, float b) { return b > 1e-37f ? alpha * g / b : 0; }

/// The rate of the steps, from n H 1.
DEVICE float ls_start(const float* RESTRICT curvature, float* RESTRICT alpha, float* RESTRICT v, int n, int m, float lambda, float eta) {
    int most = 0;      // bits of positive floats are in the order of the floats, and vectorise
    FOR_THREADS(l, m) {
        float known = alpha[l];
        v[l] = alpha[l] = known > 0 ? known : 0;
        most = max_of(most, __float_as_int(curvature[l]));
    }
    most = block_max(most);
    float L = __int_as_float(most) / n + lambda;
    return L > 1e-30f ? eta / L : 0;      // 0: no two samples overlap, and lambda is 0
}

DEVICE void ls_move(const float* RESTRICT g, const float* RESTRICT top_sum, float rate, float* RESTRICT alpha, float* RESTRICT v, int n,
                    int m, float lambda, float momentum) {
    FOR_THREADS(l, m) {
        float next = v[l] - rate * (g[l] / n - top_sum[l] / m + lambda * v[l]);
        next = next > 0 ? next : 0;
        v[l] = next + momentum * (next - alpha[l]);
        alpha[l] = next;
    }
}

DEVICE void direct_move(const float* RESTRICT s, float* RESTRICT p, float* RESTRICT w, int n, int m, double upper) {
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

DEVICE void smooth_move(const float* RESTRICT s, float* RESTRICT u, float* RESTRICT v, float* RESTRICT w, int n, int m, float eta,
                        float momentum, double upper) {
    float scale = (float) n / m;
    FOR_THREADS(i, n) u[i] = v[i] - eta * (v[i] - s[i] * scale);
    Threshold threshold = band_threshold(u, n, upper, (double) n, (double) n);
    FOR_THREADS(i, n) {
        float next = (float) clipped(u[i], threshold, upper);
        v[i] = next + momentum * (next - w[i]);
        w[i] = next;
    }
}
