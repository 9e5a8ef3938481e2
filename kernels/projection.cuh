// Euclidean projections that one multiplier decides.
//
// On {0 <= w <= B, low <= sum w <= high}: w_i = min(max(v_i - r - t, 0), B), where r = t = 0 if that is feasible, and
// else r + t is the root of s(t) = sum_i min(max(v_i - r - t, 0), B) = low or high, which is decreasing and piecewise linear. Newton's step
// on the right linear piece ends the search exactly; a bracket, halved in the order of the numbers' bits where Newton leaves it or is
// slow, holds for every finite v. Where the root is so large that a double has no place beside it for the weights, the search is
// repeated from a reference point r among the v: active elements lie within B of it.
//
// On {w >= 0, b'w = s}, b >= 0 (the continuous quadratic knapsack; Brucker 1984, and Duchi et al. 2008 for b = 1):
// w_i = max(0, v_i - t b_i), t the root of g(t) = sum_i b_i max(0, v_i - t b_i) - s, which is decreasing, convex and piecewise linear.
// g >= 0 at t = max_i (v_i - s / b_i) / b_i, and from there Newton's steps rise to the root and never pass it: each takes elements out
// of the active set, and the step that takes out none was exact. From step to step g'/g'_before + g/g_before <= 1 holds, so g g' falls to
// a quarter at least, and the steps are as the logarithm of the b's range, whatever n; 5 to 20 in practice. No bracket is needed, and
// no limit on the passes. Where t has no digits to spare for the sum, the search is repeated with t counted from the point v_k / b_k at
// which element k leaves, k the active one with the largest b: v_i - (v_k / b_k) b_i = (v_i b_k - v_k b_i) / b_k is exact but for its
// last digits, since products of two floats are exact in double.
#pragma once
#include "prelude.cuh"

struct Threshold {
    double reference, t;
};

DEVICE double clipped(double x, double upper) { return x < 0 ? 0 : x > upper ? upper : x; }
template<class T> DEVICE double clipped(T v, Threshold threshold, double upper) {
    return clipped((double) (v - (T) threshold.reference) - threshold.t, upper);
}

/// Half way between a and b in the order of their bits, so that 64 halvings meet any number.
DEVICE double between(double a, double b) {
    long long i = __double_as_longlong(a), j = __double_as_longlong(b);
    i = i < 0 ? (long long) 0x8000000000000000ull - i : i;
    j = j < 0 ? (long long) 0x8000000000000000ull - j : j;
    long long middle = (i >> 1) + (j >> 1) + (i & j & 1);
    return __longlong_as_double(middle < 0 ? (long long) 0x8000000000000000ull - middle : middle);
}

/// s(t); how many elements lie strictly between the bounds, and how many at the upper one.
template<class T>
DEVICE void clipped_sum(const T* RESTRICT v, int n, Threshold threshold, double upper, double* sum, double* active, double* full) {
    double some = 0, inside = 0, above = 0, origin = threshold.reference + threshold.t;
    if (threshold.reference == 0) {
        FOR_THREADS(i, n) {
            double x = v[i] - origin, positive = x > 0 ? x : 0;
            some += positive < upper ? positive : upper;
            inside += (x > 0) & (x < upper) ? 1.0 : 0.0;
            above += x >= upper ? 1.0 : 0.0;
        }
    } else {
        FOR_THREADS(i, n) {
            double x = (double) (v[i] - (T) threshold.reference) - threshold.t, positive = x > 0 ? x : 0;
            some += positive < upper ? positive : upper;
            inside += (x > 0) & (x < upper) ? 1.0 : 0.0;
            above += x >= upper ? 1.0 : 0.0;
        }
    }
    block_sums(some, inside, above);
    *sum = some;
    *active = inside;
    *full = above;
}

/// All threads of the block call it, and get the threshold. v [n], finite; low <= high, low <= n B, high >= 0. O(n) a pass, about five
/// passes.
template<class T> DEVICE Threshold band_threshold(const T* RESTRICT v, int n, double upper, double low, double high) {
    Threshold threshold = {0, 0};
    double sum, active, full;
    clipped_sum(v, n, threshold, upper, &sum, &active, &full);
    if (sum >= low && sum <= high) return threshold;
    double target = sum < low ? low : high;
    if (target <= 0 || target >= n * upper * (1 - 1e-12)) {      // one point only: all at a bound
        threshold.t = target <= 0 ? INFINITY : -INFINITY;
        return threshold;
    }
    double precise = 1e6 * min_of(1.0, target / n);      // up to here a double has places to spare
    for (int part = 0; part < 2; part++) {
        double least = INFINITY, most = -INFINITY;
        FOR_THREADS(i, n) {
            double x = v[i] - (T) threshold.reference;
            least = min_of(least, x);
            most = max_of(most, x);
        }
        double left = block_min(least) - upper, right = block_max(most);      // s(left) >= target >= s(right)
        double before = INFINITY, last = INFINITY;                            // |s - target| two passes ago, and at the last
        int settled = 0;                                                      // Newton's steps in a row that stayed on their linear piece
        for (int pass = 0; pass < 200 && settled < 2; pass++) {
            double off = sum - target, far = fabs(off);
            if (far <= 1e-13 * target || far <= 2e-16 * fabs(threshold.t) * active) break;      // the latter: no step left to take
            if (off > 0) left = max_of(left, threshold.t);
            else right = min_of(right, threshold.t);
            double next = active > 0 ? threshold.t + off / active : left, piece = active, top = full;
            bool newton = next > left && next < right && far <= before / 2;
            before = newton ? last : INFINITY;
            last = far;
            if (!newton) next = between(left, right);
            if (!(next > left && next < right)) {
                threshold.t = right;
                break;
            }
            threshold.t = next;
            clipped_sum(v, n, threshold, upper, &sum, &active, &full);
            settled = newton && active == piece && full == top ? settled + 1 : 0;
        }
        if (part == 1 || fabs(threshold.t) <= precise) break;
        double nearest = -INFINITY;
        FOR_THREADS(i, n) {
            double x = v[i];
            nearest = x <= threshold.t + upper ? max_of(nearest, x) : nearest;
        }
        nearest = block_max(nearest);
        if (nearest == -INFINITY) break;
        threshold.reference = nearest;
        threshold.t -= nearest;
        clipped_sum(v, n, threshold, upper, &sum, &active, &full);
    }
    return threshold;
}

/// Whether all of v [n] is finite. All threads of the block call it.
DEVICE bool all_finite(const float* RESTRICT v, int n) {
    int strange = 0;
    FOR_THREADS(i, n) strange |= fabsf(v[i]) <= 3.402823466e38f ? 0 : 1;
    return block_max(strange) == 0;
}

/// The multiplier v / b + t, that v / b being another element's, or 0 / 1.
struct Multiplier {
    double v, b, t;
};

/// v_i - (v_k / b_k) b_i
DEVICE double relative_to(Multiplier k, float v, float b) { return ((double) v * k.b - k.v * b) * (1 / k.b); }

/// sum_i b_i max(0, v_i - multiplier b_i), minus its slope, and how many elements are active (and, not depending on t, those with b = 0).
DEVICE void weighted_sum(const float* RESTRICT v, const float* RESTRICT b, int n, Multiplier k, double* sum, double* slope,
                         double* active) {
    double some = 0, steep = 0, inside = 0;
    FOR_THREADS(i, n) {
        double weight = b[i], x = relative_to(k, v[i], b[i]) - k.t * weight;
        some += weight * (x > 0 ? x : 0);
        steep += x > 0 ? weight * weight : 0;
        inside += x > 0 ? 1.0 : 0.0;
    }
    block_sums(some, steep, inside);
    *sum = some;
    *slope = steep;
    *active = inside;
}

/// All threads of the block call it, and get the multiplier. v, b [n], finite; b >= 0, not all 0; s >= 0.
DEVICE Multiplier weighted_multiplier(const float* RESTRICT v, const float* RESTRICT b, int n, double s) {
    Multiplier k = {0, 1, 0};
    if (s == 0) {
        k.t = 1e308;
        return k;
    }
    long chosen = -1;
    for (int part = 0; part < 8; part++) {
        double left = -INFINITY;
        FOR_THREADS(i, n) {
            double weight = b[i], start = (relative_to(k, v[i], b[i]) - s / weight) / weight;
            left = weight > 0 ? max_of(left, start) : left;
        }
        k.t = block_max(left);
        double sum, slope, active, before = n + 1.0;
        weighted_sum(v, b, n, k, &sum, &slope, &active);
        while (sum > s && active < before) {
            before = active;
            k.t += (sum - s) / slope;
            weighted_sum(v, b, n, k, &sum, &slope, &active);
        }
        long candidate = -1;      // b's bits, then the index: of the elements active or within rounding of it, the largest b
        FOR_THREADS(i, n) {
            double x = relative_to(k, v[i], b[i]), price = k.t * b[i];
            bool near = b[i] > 0 && x - price >= -1e-14 * (fabs(x) + fabs(price));
            candidate = near ? max_of(candidate, (long) __float_as_int(b[i]) << 32 | (0x7fffffff - i)) : candidate;
        }
        candidate = block_max(candidate);
        if (candidate < 0 || candidate == chosen) break;
        int next = 0x7fffffff - (int) (candidate & 0x7fffffff);
        if (part == 7 || fabs(k.t) * (slope + (double) b[next] * b[next]) <= 1e7 * s) break;
        chosen = candidate;
        k.v = v[next];
        k.b = b[next];
        k.t = 0;
    }
    return k;
}
