// Sorting by counting: a point's place is the number of points before it. The order is total, so that the places are a permutation whatever
// the values: numbers rise, NaNs stand behind them, and what does not differ keeps its order.
#pragma once
#include "prelude.cuh"

/// This thread's share of how many points are before one of value v that stands between those of earlier [some] and those of later
/// [others].
DEVICE int count_before(const float* RESTRICT earlier, int some, const float* RESTRICT later, int others, float v) {
    int before = 0;
    if (v == v) {      // comparisons with NaN are false
        FOR_THREADS(j, some) before += earlier[j] <= v ? 1 : 0;
        FOR_THREADS(j, others) before += later[j] < v ? 1 : 0;
    } else {
        FOR_THREADS(j, some) before += 1;
        FOR_THREADS(j, others) before += later[j] == later[j] ? 1 : 0;
    }
    return before;
}
