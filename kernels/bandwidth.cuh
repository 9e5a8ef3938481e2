// gamma and status from a quantile of the pairwise distances, for a batch (bandwidth.cu) or a segment of one (segments.cu). A median of 0
// has gamma 0, not infinity, so that an objective can be evaluated: every kernel value is 1 then.
#pragma once
#include "prelude.cuh"

DEVICE void set_bandwidth(double quantile, int median, int is_degenerate, double* gamma, int* status) {
    if (threadIdx.x != 0) return;
    double g = median && quantile > 0 ? 1 / (2 * quantile * quantile) : quantile;
    gamma[0] = g;
    status[0] = is_degenerate || (median && quantile == 0) || !(g <= 3.402823466e38);
}
