// What an estimator remembers of every sample from visit to visit: memory [samples], of which a batch has the elements index [rows]. What
// an estimator works on is in the order of segments (segments.cuh), what it is given and gives in the batch's own.
//
// recall_state       x_p = v_p = max(memory[index[order_p]], least), whatever it is where the segment is degenerate; v may be null, and so
//                    may order, of and status
// store_state        memory[index[order_p]] = x_p; where a sample stands twice in the batch, its last row is kept; n^2 comparisons
// weights_of_ratios  w_row = [(m_c / m) / (n_c / n)] min(max(r_p, 0), B), the class prior put back; memory[index[row]] where the segment is
//                    degenerate; times scale [1] if it is not null. If keep is 1, memory[index[row]] = w_row but for degenerate segments
// mean_scale         scale = n / sum_row w_row of these weights, 1 where all segments are degenerate or the sum is 0; one block
#include "segments.cuh"

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

KERNEL(store_state, float* RESTRICT memory, const int* RESTRICT index, const int* RESTRICT order, const float* RESTRICT x, int n) {
    FOR_ELEMENTS(p, n) {
        int row = order ? order[p] : (int) p;
        if (!comes_again(index, row, n)) memory[index[row]] = x[p];
    }
}

DEVICE float weight_of_ratio(float r, const int* table, int c, int n, int m, float upper) {
    Segment own = segment(table, c);
    float prior = ((float) own.m * (float) n) / ((float) own.n * (float) m);
    return prior * min_of(max_of(r, 0.0f), upper);
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
    if (threadIdx.x == 0) scale[0] = any && sum > 0 ? (float) (n / sum) : 1;
}
