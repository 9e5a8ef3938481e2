// gamma and status from a quantile of the pairwise distances, for a batch (bandwidth.cu) or a segment of one (segments.cu).
#pragma once
#include "prelude.cuh"

DEVICE void set_bandwidth(double quantile, int median, int is_degenerate, double* gamma, int* status) {
    if (threadIdx.x != 0) return;
    double g = median ? 1 / (2 * quantile * quantile) : quantile;
    gamma[0] = g;
    status[0] = is_degenerate || (median && quantile == 0) || !(g <= 3.402823466e38);
}
