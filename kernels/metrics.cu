// What is kept of every step, on the device, to be read once an epoch.
//
// step_metrics   a row of 5 a step: mean loss (1/n) sum_i l_i, weighted loss scale * sum_i w_i l_i, sum_i w_i, min_i w_i,
//                max_i w_i; l, w [n], rows [rows, 5], row = step modulo rows. The first step whose loss or weights are not
//                finite is remembered as halted = step + 1: what updates parameters stands still from then on. So is the first step
//                of which a segment was not estimated, as failed [3] = step + 1, the segment and its status (segments.cuh), where status
//                [segments] says so, or outcomes [segments, 4], a solver's (interior.cu; may be null).
//                When it began is stamped (clock.cuh). 8 n bytes, 4 n operations; one block.
// count_correct  total = total + sum of correct_i over the rows of this batch that the data have: correct [n], row step n + i < count; one
//                block
// store_row      rows[step, i] = x_i; x [n], rows [steps, n]; 8 n bytes
#include "clock.cuh"
#include "segments.cuh"

/// Whether a segment was to be estimated and was not.
DEVICE bool failed_in(const int* status, const double* outcomes, int c) {
    return status[c] == out_of_range || (outcomes && !status[c] && outcomes[4 * c + 2] < 0);
}

KERNEL(step_metrics, const float* RESTRICT loss, const float* RESTRICT weights, float* RESTRICT rows, const long* RESTRICT step,
       int* RESTRICT halted, const int* RESTRICT status, const double* RESTRICT outcomes, int* RESTRICT failed, int segments, int n,
       int row_count, float scale, long* RESTRICT stamp, int slots, int ring) {
    if (threadIdx.x == 0) stamp_time(stamp, *step, slots, ring);
    sum_t loss_sum = 0, weighted_sum = 0, weight_sum = 0;
    float least = INFINITY, most = -INFINITY, first = INFINITY;      // a segment's number is a float up to 2^24
    FOR_THREADS(i, n) {
        loss_sum += loss[i];
        weighted_sum += weights[i] * loss[i];
        weight_sum += weights[i];
        least = min_of(least, weights[i]);
        most = max_of(most, weights[i]);
    }
    FOR_THREADS(c, segments) first = min_of(first, failed_in(status, outcomes, (int) c) ? (float) c : INFINITY);
    block_sums(loss_sum, weighted_sum, weight_sum);
    float ends[3] = {-least, most, -first};
    block_reduce<Max>(ends);
    if (threadIdx.x == 0) {
        float* row = rows + (*step % row_count) * 5;
        row[0] = loss_sum / n;
        row[1] = weighted_sum * scale;
        row[2] = weight_sum;
        row[3] = -ends[0];
        row[4] = ends[1];
        if (*halted == 0 && !(isfinite((float) loss_sum) && isfinite((float) weighted_sum) && isfinite((float) weight_sum)))
            *halted = (int) *step + 1;
        if (ends[2] > -INFINITY && failed[0] == 0) {
            int c = (int) -ends[2];
            failed[0] = (int) *step + 1;
            failed[1] = c;
            failed[2] = status[c];
        }
    }
}

KERNEL(count_correct, const int* RESTRICT correct, int* RESTRICT total, const long* RESTRICT step, int n, int count) {
    int sum = 0, rows = (int) (count - *step * n < n ? count - *step * n : n);
    FOR_THREADS(i, rows) sum += correct[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) *total += sum;
}

KERNEL(store_row, const float* RESTRICT x, float* RESTRICT rows, const long* RESTRICT step, int n) {
    FOR_ELEMENTS(i, n) rows[*step * n + i] = x[i];
}
