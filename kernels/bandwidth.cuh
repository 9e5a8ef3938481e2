// gamma and status from a quantile of the pairwise distances, for a batch (bandwidth.cu) or a segment of one (segments.cu). A median of 0
// has gamma 0, not infinity, so that an objective can be evaluated: every kernel value is 1 then. A gamma out of a float's range cannot be
// computed with.
#pragma once
#include "segments.cuh"

DEVICE void set_bandwidth(double quantile, int median, int known_status, double* gamma, int* status) {
    if (threadIdx.x != 0) return;
    double g = median && quantile > 0 ? 1 / (2 * quantile * quantile) : quantile;
    bool beyond = !(g <= 3.402823466e38) || (median && quantile > 0 && g < 1.17549435e-38);
    gamma[0] = beyond ? 0 : g;
    status[0] = known_status ? known_status : median && quantile == 0 ? is_degenerate : beyond ? out_of_range : 0;
}
