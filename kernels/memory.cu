// What an estimator remembers of every sample from visit to visit: W [samples], of which a batch has the elements index [n].
//
// recall_state  w_i = v_i = W[index_i]; v may be null
// store_state   W[index_i] = w_i; where a sample stands twice in the batch, its last row is kept; n^2 comparisons
#include "prelude.cuh"

KERNEL(recall_state, const float* RESTRICT memory, const int* RESTRICT index, float* RESTRICT w, float* RESTRICT v, int n) {
    FOR_ELEMENTS(i, n) {
        float x = memory[index[i]];
        w[i] = x;
        if (v) v[i] = x;
    }
}

KERNEL(store_state, float* RESTRICT memory, const int* RESTRICT index, const float* RESTRICT w, int n) {
    FOR_ELEMENTS(i, n) {
        int repeated = 0;
        for (int j = (int) i + 1; j < n; j++) repeated |= index[j] == index[i];
        if (!repeated) memory[index[i]] = w[i];
    }
}
