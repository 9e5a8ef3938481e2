// What an estimator remembers of every sample from visit to visit: memory [samples], of which a batch has the elements index [rows]. What
// an estimator works on is in the order of segments (segments.cuh), what it is given and gives in the batch's own.
//
// known_rows         number_i = given_i; where that is none of 0 .. samples - 1, number_i = 0 and z_i = NaN, so that the row's segment
//                    cannot be computed; z [rows, d]
// recall_state       x_p = v_p = max(memory[index[order_p]], least), whatever it is where the segment is degenerate; v may be null, and so
//                    may order, of and status
// refuse_broken      status = 2 where a state or a ratio of a segment is not finite, so that nothing of it is remembered; its state [n] is
//                    of training rows, or, where of_validation is 1, of validation rows; a segment a block
// store_state        memory[index[order_p]] = x_p but for degenerate segments; where a sample stands twice in the batch, its last row is
//                    kept;
//                    order, of and status may be null; n^2 comparisons
// weights_of_ratios  w_row = [(m_c / m) / (n_c / n)] min(max(r_p, 0), B), the class prior put back; memory[index[row]] where the segment is
//                    degenerate; times scale [1] if it is not null. If keep is 1, memory[index[row]] = w_row but for degenerate segments
// mean_scale         scale = n / sum_row w_row of these weights, 1 where all segments are degenerate or the sum is too small; one block
#include "segments.cuh"

KERNEL(known_rows, const int* RESTRICT given, int* RESTRICT number, float* RESTRICT z, int rows, int d, int samples) {
    FOR_ELEMENTS(i, rows) {
        bool known = given[i] >= 0 && given[i] < samples;
        number[i] = known ? given[i] : 0;
        if (!known) z[i * d] = NAN;
    }
}

KERNEL(recall_state, const float* RESTRICT memory, const int* RESTRICT index, const int* RESTRICT order, const int* RESTRICT of,
       const int* RESTRICT status, float* RESTRICT x, float* RESTRICT v, int n, float least) {
    FOR_ELEMENTS(p, n) {
        float known = memory[index[order ? order[p] : (int) p]];
        bool moves = !status || !status[segment_of(of, p)];
        known = moves ? max_of(known, least) : known;
        x[p] = known;
        if (v) v[p] = known;
    }
}

/// Whether a later row of the batch is of the same sample.
DEVICE bool comes_again(const int* RESTRICT index, int row, int n) {
    int again = 0;
    for (int j = row + 1; j < n; j++) again |= index[j] == index[row];
    return again;
}

KERNEL(refuse_broken, const float* RESTRICT state, const float* RESTRICT r, const int* RESTRICT table, int* RESTRICT status,
       int of_validation) {
    int c = blockIdx.x, broken = 0;
    if (status[c]) return;
    Segment own = segment(table, c);
    const float *RESTRICT x = state + (of_validation ? own.other : own.first), *RESTRICT ratio = r + own.first;
    FOR_THREADS(i, of_validation ? own.m : own.n) broken |= isfinite(x[i]) ? 0 : 1;
    FOR_THREADS(i, own.n) broken |= isfinite(ratio[i]) ? 0 : 1;
    broken = block_max(broken);
    if (threadIdx.x == 0 && broken) status[c] = out_of_range;
}

KERNEL(store_state, float* RESTRICT memory, const int* RESTRICT index, const int* RESTRICT order, const int* RESTRICT of,
       const int* RESTRICT status, const float* RESTRICT x, int n) {
    FOR_ELEMENTS(p, n) {
        int row = order ? order[p] : (int) p, moves = !status || !status[segment_of(of, p)];
        if (moves && !comes_again(index, row, n)) memory[index[row]] = x[p];
    }
}

DEVICE float weight_of_ratio(float r, const int* table, int c, int n, int m, float upper) {
    Segment own = segment(table, c);
    float prior = ((float) own.m * (float) n) / ((float) own.n * (float) m);
    return min_of(prior * min_of(max_of(r, 0.0f), upper), 3.402823466e38f);
}

KERNEL(weights_of_ratios, const float* RESTRICT r, const int* RESTRICT order, const int* RESTRICT of, const int* RESTRICT table,
       const int* RESTRICT status, const float* RESTRICT scale, const int* RESTRICT index, float* memory, float* RESTRICT weights, int n,
       int m, float upper, int keep) {
    float factor = scale ? scale[0] : 1;
    FOR_ELEMENTS(p, n) {
        int row = order ? order[p] : (int) p, c = segment_of(of, p), moves = !status[c];
        float w = factor * (moves ? weight_of_ratio(r[p], table, c, n, m, upper) : memory[index[row]]);
        weights[row] = w;
        if (keep && moves && !comes_again(index, row, n)) memory[index[row]] = w;
    }
}

KERNEL(mean_scale, const float* RESTRICT r, const int* RESTRICT order, const int* RESTRICT of, const int* RESTRICT table,
       const int* RESTRICT status, const int* RESTRICT index, const float* RESTRICT memory, float* RESTRICT scale, int n, int m,
       float upper) {
    sum_t sum = 0;
    int any = 0;
    FOR_THREADS(p, n) {
        int c = segment_of(of, p), moves = !status[c];
        sum += moves ? weight_of_ratio(r[p], table, c, n, m, upper) : memory[index[order ? order[p] : p]];
        any |= moves;
    }
    sum = block_sum(sum);
    any = block_max(any);
    float factor = (float) (n / sum);
    if (threadIdx.x == 0) scale[0] = any && sum > 0 && isfinite(factor) ? factor : 1;
}
