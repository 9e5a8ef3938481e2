// Projections; the search for the multiplier is in projection.cuh.
//
// project_band   w = the nearest point to v in {0 <= w <= B, low <= sum w <= high}; v, w [n] (w may be v); one block
#include "projection.cuh"

KERNEL(project_band, const float* v, float* w, int n, double upper, double low, double high) {
    Shift shift = band_shift(v, n, upper, low, high);
    FOR_THREADS(i, n) w[i] = (float) clipped(v[i], shift, upper);
}
