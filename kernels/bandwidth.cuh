// gamma and status from a quantile of the pairwise distances, for a batch (bandwidth.cu) or a segment of one (segments.cu). A median of 0
// has gamma 0, not infinity, so that an objective can be evaluated: every kernel value is 1 then. One whose gamma is above a float's range
// counts as 0. Distances so large that gamma, or they themselves, are out of a float's range cannot be computed with.
#pragma once
#include "segments.cuh"

DEVICE void set_bandwidth(double quantile, int median, int known_status, double* gamma, int* status) {
    if (threadIdx.x != 0) return;
    double g = median && quantile > 0 ? 1 / (2 * quantile * quantile) : quantile;
    bool usable = g <= 3.402823466e38 && !(median && g < 1.17549435e-38), small = median && quantile < 1;
    gamma[0] = usable ? g : 0;
    status[0] = known_status ? known_status : usable ? 0 : small ? is_degenerate : out_of_range;
}
