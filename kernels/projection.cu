// Euclidean projections; the search for the multiplier is in projection.cuh. v, w [n]; w may be v, which is no pointer to const
// for that reason.
//
// project_box               w_i = min(max(v_i, 0), B); a NaN stays one; 8 n bytes
// project_band              w = the nearest point to v in {0 <= w <= B, low <= sum w <= high}: w_i = min(max(v_i - t, 0), B); one block;
//                           4 n bytes and 4 n operations a pass, about five passes
// project_weighted_simplex  w = the nearest point to v in {w >= 0, b'w = s}: w_i = max(0, v_i - t b_i), b [n] >= 0; one block;
//                           8 n bytes and 10 n operations a pass, about ten passes
// The last two write NaN everywhere if v holds a number that is not finite.
#include "projection.cuh"

KERNEL(project_box, float* v, float* w, int n, double upper) {
    FOR_ELEMENTS(i, n) w[i] = (float) clipped((double) v[i], upper);
}

KERNEL(project_band, float* v, float* w, int n, double upper, double low, double high) {
    if (!all_finite(v, n)) {
        FOR_THREADS(i, n) w[i] = NAN;
        return;
    }
    Threshold threshold = band_threshold(v, n, upper, low, high);
    FOR_THREADS(i, n) w[i] = (float) clipped(v[i], threshold, upper);
}

KERNEL(project_weighted_simplex, float* v, const float* RESTRICT b, float* w, int n, double s) {
    if (!all_finite(v, n)) {
        FOR_THREADS(i, n) w[i] = NAN;
        return;
    }
    Multiplier k = weighted_multiplier(v, b, n, s);
    FOR_THREADS(i, n) w[i] = (float) max_of(0.0, relative_to(k, v[i], b[i]) - k.t * b[i]);
}
