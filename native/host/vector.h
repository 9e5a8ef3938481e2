// One vector type for every instruction set: GCC's vector extension at the set's natural width.
#pragma once
#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace {
#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float vec __attribute__((vector_size(lanes * 4), aligned(4), may_alias));
typedef int ivec __attribute__((vector_size(lanes * 4), aligned(4), may_alias));

inline __attribute__((always_inline)) vec load(const float* p) { return *(const vec*) p; }
inline __attribute__((always_inline)) void store(float* p, vec v) { *(vec*) p = v; }
inline __attribute__((always_inline)) vec splat(float x) { return x - vec{}; }
inline __attribute__((always_inline)) vec larger(vec a, vec b) { return a > b ? a : b; }
/// The first `count` lanes, 0 <= count <= lanes.
inline __attribute__((always_inline)) void store_first(float* p, vec v, int count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16) ((1u << count) - 1), (__m512) v);
#else
    for (int i = 0; i < count; i++) p[i] = v[i];
#endif
}
/// The first `count` lanes, each as one byte.
inline __attribute__((always_inline)) void store_bytes(unsigned char* p, ivec v, int count) {
#if defined(__AVX512F__)
    _mm512_mask_cvtepi32_storeu_epi8(p, (__mmask16) ((1u << count) - 1), (__m512i) v);
#else
    for (int i = 0; i < count; i++) p[i] = (unsigned char) v[i];
#endif
}
inline int round_up(int n, int step) { return (n + step - 1) / step * step; }
}
