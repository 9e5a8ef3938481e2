// Euclidean projection on {0 <= w <= B, low <= sum w <= high}: w_i = min(max(v_i - t, 0), B), where t is 0 if that is feasible and else
// the root of s(t) = sum_i min(max(v_i - t, 0), B) = low or high, which is decreasing and piecewise linear. The root is exact: Newton's
// step on a linear piece ends the search, inside a bracket that is halved whenever Newton leaves it or is slow.
#pragma once
#include "prelude.cuh"

/// All threads of the block call it, and get t. v [n]; low <= high <= n B, high >= 0. O(n) a pass, about ten passes.
template<class T> DEVICE double band_multiplier(const T* v, int n, double upper, double low, double high) {
    double sum = 0, least = INFINITY, most = -INFINITY;
    FOR_THREADS(i, n) {
        double x = v[i];
        sum += x < 0 ? 0 : x > upper ? upper : x;
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    sum = block_sum(sum);
    least = block_min(least);
    most = block_max(most);
    if (sum >= low && sum <= high) return 0;
    double target = sum < low ? low : high;
    double left = sum < low ? least - upper : 0, right = sum < low ? 0 : most;      // s(left) >= target >= s(right)
    double t = 0, width = right - left;
    double slope = 0;
    FOR_THREADS(i, n) slope += v[i] > 0 && v[i] < upper ? 1 : 0;
    slope = block_sum(slope);
    for (int pass = 0; pass < 400; pass++) {
        double guess = slope > 0 ? t + (sum - target) / slope : left + (right - left) / 2;
        if (!(guess > left && guess < right) || (pass % 4 == 3 && right - left > width / 2)) guess = left + (right - left) / 2;
        if (pass % 4 == 3) width = right - left;
        if (guess == t || guess <= left || guess >= right) {
            t = guess;
            break;
        }
        t = guess;
        sum = 0;
        slope = 0;
        FOR_THREADS(i, n) {
            double x = v[i] - t;
            sum += x < 0 ? 0 : x > upper ? upper : x;
            slope += x > 0 && x < upper ? 1.0 : 0.0;
        }
        sum = block_sum(sum);
        slope = block_sum(slope);
        double off = sum - target;
        if ((off < 0 ? -off : off) <= 1e-15 * (target > 1 ? target : 1)) break;
        if (sum > target) left = t;
        else right = t;
    }
    return t;
}

DEVICE double clipped(double x, double upper) { return x < 0 ? 0 : x > upper ? upper : x; }
