// One vector type for every instruction set: GCC's vector extension at the set's natural width.
#pragma once
#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace {
#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float vec __attribute__((vector_size(lanes * 4), aligned(1), may_alias));
typedef int ivec __attribute__((vector_size(lanes * 4), aligned(1), may_alias));

ALWAYS_INLINE vec load(const void* p) { return *(const vec*) p; }
ALWAYS_INLINE void store(void* p, vec v) { *(vec*) p = v; }
ALWAYS_INLINE vec splat(float x) { return x - vec{}; }
/// The first `count` lanes, 0 <= count <= lanes.
ALWAYS_INLINE void store_first(float* p, vec v, int count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16) ((1u << count) - 1), (__m512) v);
#else
    if (count == lanes) store(p, v);
    else for (int i = 0; i < count; i++) p[i] = v[i];
#endif
}
/// Zero past the first `count` lanes, which alone are read.
ALWAYS_INLINE vec load_first(const float* p, int count) {
#if defined(__AVX512F__)
    return (vec) _mm512_maskz_loadu_ps((__mmask16) ((1u << count) - 1), p);
#else
    if (count == lanes) return load(p);
    vec v = {};
    for (int i = 0; i < count; i++) v[i] = p[i];
    return v;
#endif
}
/// A lanes x lanes matrix, a row a vector: log2(lanes) perfect shuffles of the rows.
ALWAYS_INLINE void transpose(vec a[lanes]) {
    ivec low, high;
    for (int i = 0; i < lanes; i++) low[i] = i / 2 + i % 2 * lanes, high[i] = low[i] + lanes / 2;
#pragma GCC unroll 4
    for (int step = 1; step < lanes; step *= 2) {
        vec b[lanes];
#pragma GCC unroll 8
        for (int i = 0; i < lanes / 2; i++) {
            b[2 * i] = __builtin_shuffle(a[i], a[i + lanes / 2], low);
            b[2 * i + 1] = __builtin_shuffle(a[i], a[i + lanes / 2], high);
        }
#pragma GCC unroll 16
        for (int i = 0; i < lanes; i++) a[i] = b[i];
    }
}
inline int round_up(int n, int step) { return (n + step - 1) / step * step; }
inline int smaller(int a, int b) { return a < b ? a : b; }
inline int larger(int a, int b) { return a > b ? a : b; }
}
