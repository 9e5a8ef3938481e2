// Euclidean projection on {0 <= w <= B, low <= sum w <= high}: w_i = min(max(v_i - r - t, 0), B), where r = t = 0 if that is feasible, and
// else r + t is the root of s(t) = sum_i min(max(v_i - r - t, 0), B) = low or high, which is decreasing and piecewise linear. Newton's step
// on the right linear piece ends the search exactly; a bracket, halved in the order of the numbers' bits where Newton leaves it or is
// slow, holds for every finite v. Where the root is so large that a double has no place beside it for the weights, the search is
// repeated from a reference point r among the v: active elements lie within B of it.
#pragma once
#include "prelude.cuh"

struct Shift { double reference, t; };

DEVICE double clipped(double x, double upper) { return x < 0 ? 0 : x > upper ? upper : x; }
template<class T> DEVICE double clipped(T v, Shift shift, double upper) { return clipped((double) (v - (T) shift.reference) - shift.t, upper); }

/// Half way between a and b in the order of their bits, so that 64 halvings meet any number.
DEVICE double between(double a, double b) {
    long long i = __double_as_longlong(a), j = __double_as_longlong(b);
    i = i < 0 ? (long long) 0x8000000000000000ull - i : i;
    j = j < 0 ? (long long) 0x8000000000000000ull - j : j;
    long long middle = (i >> 1) + (j >> 1) + (i & j & 1);
    return __longlong_as_double(middle < 0 ? (long long) 0x8000000000000000ull - middle : middle);
}

/// s(t), and how many elements lie strictly between the bounds.
template<class T> DEVICE void clipped_sum(const T* RESTRICT v, int n, Shift shift, double upper, double* sum, double* active) {
    double some = 0, inside = 0, origin = shift.reference + shift.t;
    if (shift.reference == 0) {
        FOR_THREADS(i, n) {
            double x = v[i] - origin, positive = x > 0 ? x : 0;
            some += positive < upper ? positive : upper;
            inside += (x > 0) & (x < upper) ? 1.0 : 0.0;
        }
    } else {
        FOR_THREADS(i, n) {
            double x = (double) (v[i] - (T) shift.reference) - shift.t, positive = x > 0 ? x : 0;
            some += positive < upper ? positive : upper;
            inside += (x > 0) & (x < upper) ? 1.0 : 0.0;
        }
    }
    *sum = block_sum(some);
    *active = block_sum(inside);
}

/// All threads of the block call it, and get the shift. v [n], finite; low <= high, low <= n B, high >= 0. O(n) a pass, about five passes.
template<class T> DEVICE Shift band_shift(const T* RESTRICT v, int n, double upper, double low, double high) {
    Shift shift = {0, 0};
    double sum, active;
    clipped_sum(v, n, shift, upper, &sum, &active);
    if (sum >= low && sum <= high) return shift;
    double target = sum < low ? low : high;
    for (int part = 0; part < 2; part++) {
        double left = sum > target ? 0 : -1.7e308, right = sum > target ? 1.7e308 : 0;    // s(left) >= target >= s(right)
        for (int pass = 0; pass < 200; pass++) {
            double off = sum - target;
            if (fabs(off) <= 1e-13 * target) break;
            if (off > 0) left = shift.t;
            else right = shift.t;
            double next = active > 0 ? shift.t + off / active : left;
            if (!(next > left && next < right) || pass % 4 == 3) next = between(left, right);
            if (!(next > left && next < right)) {
                shift.t = right;
                break;
            }
            shift.t = next;
            clipped_sum(v, n, shift, upper, &sum, &active);
        }
        if (part == 1 || fabs(shift.t) <= 1e6) break;
        double nearest = -INFINITY;
        FOR_THREADS(i, n) {
            double x = v[i];
            nearest = x <= shift.t + upper ? max_of(nearest, x) : nearest;
        }
        nearest = block_max(nearest);
        if (nearest == -INFINITY) break;
        shift.reference = nearest;
        shift.t = 0;
        clipped_sum(v, n, shift, upper, &sum, &active);
    }
    return shift;
}
