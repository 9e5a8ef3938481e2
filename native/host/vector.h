// One vector type for every instruction set: GCC's vector extension at the set's natural width.
#pragma once
#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
/// For tiles whose accumulators take all registers: within another function some of them would lie in memory.
#define NEVER_INLINE __attribute__((noinline))

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
/// sum += a * b, in this order: else -fassociative-math regroups unrolled sums into more values than there are registers.
ALWAYS_INLINE void multiply_add(vec& sum, vec a, vec b) {
    sum += a * b;
    asm("" : "+v"(sum));
}
/// The first `count` lanes, 0 <= count <= lanes.
ALWAYS_INLINE void store_first(float* p, vec v, int count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16) ((1u << count) - 1), (__m512) v);
#else
    if (count == lanes) store(p, v);
    else
        for (int i = 0; i < count; i++) p[i] = v[i];
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
/// `count` bytes, a lane each; `rest` in the others.
ALWAYS_INLINE ivec load_bytes(const unsigned char* p, int count, int rest) {
#if defined(__AVX512F__)
    __mmask16 mask = (__mmask16) ((1u << count) - 1);
    return (ivec) _mm512_mask_cvtepu8_epi32(_mm512_set1_epi32(rest), mask, _mm_maskz_loadu_epi8(mask, p));
#else
    ivec v = ivec{} + rest;
    for (int i = 0; i < count; i++) v[i] = p[i];
    return v;
#endif
}
/// Appends the lanes of a and b where `chosen` is true (-1) to two lists with room for `lanes` more; how many there were.
ALWAYS_INLINE int append(ivec a, vec b, ivec chosen, int* a_list, float* b_list) {
#if defined(__AVX512F__)
    __mmask16 mask = _mm512_movepi32_mask((__m512i) chosen);
    *(ivec*) a_list = (ivec) _mm512_maskz_compress_epi32(mask, (__m512i) a);
    store(b_list, (vec) _mm512_maskz_compress_ps(mask, (__m512) b));
    return __builtin_popcount(mask);
#else
    int count = 0;
    for (int i = 0; i < lanes; i++) {
        a_list[count] = a[i];
        b_list[count] = b[i];
        count -= chosen[i];
    }
    return count;
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
