// The host build of the kernels: a block is one thread, known to the compiler, so that its loops vectorise.
// Compiled once for each instruction set (ADIW_ISA = base, avx2, avx512); everything here has internal linkage, so the
// linker can never give one set's code to another's caller.
#pragma once
#include "registry.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

// The vector versions of libmvec are declared by glibc only under -ffast-math, which is not wanted as a whole.
extern "C" {
__attribute__((simd("notinbranch"))) float expf(float) noexcept;
__attribute__((simd("notinbranch"))) float logf(float) noexcept;
__attribute__((simd("notinbranch"))) float sinf(float) noexcept;
__attribute__((simd("notinbranch"))) float cosf(float) noexcept;
__attribute__((simd("notinbranch"))) double exp(double) noexcept;
__attribute__((simd("notinbranch"))) double log(double) noexcept;
}

namespace {
typedef double sum_t;      // accumulates long sums: one thread adds all of a row's terms

struct HostThread {
    static constexpr int x = 0, y = 0, z = 0;
};
struct HostBlock {
    static constexpr int x = 1, y = 1, z = 1;
};
constexpr HostThread threadIdx{};
constexpr HostBlock blockDim{};
inline void __syncthreads() {}
inline void __syncwarp(unsigned = 1) {}
inline void __threadfence() {}
inline long clock_nanoseconds() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000l + t.tv_nsec;
}

inline unsigned __float_as_uint(float x) {
    unsigned r;
    memcpy(&r, &x, 4);
    return r;
}
inline int __float_as_int(float x) {
    int r;
    memcpy(&r, &x, 4);
    return r;
}
inline float __uint_as_float(unsigned x) {
    float r;
    memcpy(&r, &x, 4);
    return r;
}
inline float __int_as_float(int x) {
    float r;
    memcpy(&r, &x, 4);
    return r;
}
inline long long __double_as_longlong(double x) {
    long long r;
    memcpy(&r, &x, 8);
    return r;
}
inline double __longlong_as_double(long long x) {
    double r;
    memcpy(&r, &x, 8);
    return r;
}
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline float cosine_of_turns(float u) { return cosf(6.2831853f * u); }
inline float sine_of_turns(float u) { return sinf(6.2831853f * u); }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned) ((uint64_t) a * b >> 32); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
template<class T> inline T __ldg(const T* p) { return *p; }

// A warp of one lane.
template<class T> inline T __shfl_sync(unsigned, T v, int, int = 32) { return v; }
template<class T> inline T __shfl_up_sync(unsigned, T v, unsigned, int = 32) { return v; }
template<class T> inline T __shfl_down_sync(unsigned, T v, unsigned, int = 32) { return v; }
template<class T> inline T __shfl_xor_sync(unsigned, T v, int, int = 32) { return v; }
inline unsigned __ballot_sync(unsigned, int p) { return p ? 1 : 0; }
inline int __any_sync(unsigned, int p) { return p != 0; }
inline int __all_sync(unsigned, int p) { return p != 0; }

// Blocks run on several processors. Integers alone: a sum of floats would show the order.
template<class T> struct AtomicInteger;
template<> struct AtomicInteger<int> {};
template<> struct AtomicInteger<unsigned> {};
template<> struct AtomicInteger<unsigned long long> {};
template<class T, class F> inline T atomic_update(T* p, F&& f) {
    AtomicInteger<T>();
    T old = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(p, &old, f(old), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    return old;
}
template<class T> struct Same { typedef T type; };
template<class T> inline T atomicAdd(T* p, typename Same<T>::type v) {
    AtomicInteger<T>();
    return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}
template<class T> inline T atomicOr(T* p, typename Same<T>::type v) {
    AtomicInteger<T>();
    return __atomic_fetch_or(p, v, __ATOMIC_RELAXED);
}
template<class T> inline T atomicMax(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return a < v ? v : a; });
}
template<class T> inline T atomicMin(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return v < a ? v : a; });
}
template<class T> inline T atomicExch(T* p, typename Same<T>::type v) { return __atomic_exchange_n(p, v, __ATOMIC_RELAXED); }
template<class T> inline T atomicCAS(T* p, typename Same<T>::type expected, typename Same<T>::type v) {
    AtomicInteger<T>();
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
}

template<class F, F f> struct Thunk;
template<class... A, void (*f)(adiw::Grid, adiw::Grid, A...)> struct Thunk<void (*)(adiw::Grid, adiw::Grid, A...), f> {
    static_assert(sizeof...(A) <= adiw::most_words, "a kernel has at most 40 parameters");
    static constexpr char signature[] = {adiw::Code<A>::value..., 0};
    template<size_t... I> static void call(const uint64_t* words, adiw::Grid grid, long first, long end, adiw::Indices<I...>) {
        for (long b = first; b < end; b++) {
            adiw::Grid block = {(unsigned) (b % grid.x), (unsigned) (b / grid.x % grid.y), (unsigned) (b / grid.x / grid.y)};
            f(block, grid, adiw::word_as<A>(words[I])...);
        }
    }
    static void run(const uint64_t* words, adiw::Grid grid, long first, long end) {
        call(words, grid, first, end, typename adiw::MakeIndices<sizeof...(A)>::type());
    }
};
}

#define DEVICE static inline __attribute__((always_inline))
#define KERNEL_MEMBER inline
#define RESTRICT __restrict__
#define SHARED(type, name, count) alignas(64) type name[count]
#define ADIW_JOIN2(a, b) a##b
#define ADIW_JOIN(a, b) ADIW_JOIN2(a, b)

#define KERNEL(name, ...) \
    static void name(adiw::Grid blockIdx, adiw::Grid gridDim, __VA_ARGS__); \
    static const adiw::Registration ADIW_JOIN(register_, name)(adiw::ADIW_ISA, #name, Thunk<decltype(&name), &name>::signature, \
                                                               &Thunk<decltype(&name), &name>::run); \
    static void name(adiw::Grid blockIdx, adiw::Grid gridDim, __VA_ARGS__)

// Only kernels of fixed block use these: declared so that their text can be parsed, defined nowhere.
unsigned to_tf32(float x);
void mma_tf32_16x8x8(float d[4], const unsigned a[4], const unsigned b[2]);
void copy_async_16(void* shared, const void* global, bool valid);
void copy_async_4(void* shared, const void* global, bool valid);
void copy_async_commit();
template<int N> void copy_async_wait();

// A kernel of fixed block is a call on the host (native/host); its text is parsed and never run.
#define KERNEL_FIXED(threads, name, ...) template<int> static void name(adiw::Grid blockIdx, adiw::Grid gridDim, __VA_ARGS__)

/// Element loop: this block's contiguous chunk.
#define FOR_ELEMENTS(i, n) \
    for (long i = (long) (n) *blockIdx.x / gridDim.x, i##_end = (long) (n) * (blockIdx.x + 1) / gridDim.x; i < i##_end; i++)
