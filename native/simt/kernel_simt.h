// The simt build of the kernels: true block size, one fiber to a CUDA thread, so that barriers, shuffles and atomics mean what
// they mean on the device. A block runs on one operating-system thread; its shared memory is that thread's.
// Freshly entered shared memory, values shuffled from absent lanes, and the target of an asynchronous copy under way are
// filled with ones (NaN as a float, -1 as an int), so that use of what was never written shows.
#pragma once
#include "simt/scheduler.h"
#include <math.h>
#include <time.h>

namespace {
typedef float sum_t;      // as on the device

#define threadIdx (adiw::simt::current->index)
#define blockIdx (adiw::simt::block.index)
#define blockDim (adiw::simt::block.threads)
#define gridDim (adiw::simt::block.grid)
constexpr int warpSize = 32;

inline void __syncthreads() { adiw::simt::barrier(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) {
    adiw::simt::exchange({adiw::simt::synchronise, mask, nullptr, nullptr, nullptr, 0, 0});
}

template<class T> inline T shuffle(unsigned mask, T v, int source) {
    T result;
    adiw::simt::exchange({adiw::simt::shuffled_value, mask, &v, nullptr, &result, sizeof(T), source});
    return result;
}
inline int lane_number() { return adiw::simt::current->number & 31; }
template<class T> inline T __shfl_sync(unsigned mask, T v, int source, int width = 32) {
    return shuffle(mask, v, (lane_number() & ~(width - 1)) + (source & (width - 1)));
}
template<class T> inline T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32) {
    int lane = lane_number(), source = lane - (int) delta;
    return shuffle(mask, v, source < (lane & ~(width - 1)) ? lane : source);
}
template<class T> inline T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32) {
    int lane = lane_number(), source = lane + (int) delta;
    return shuffle(mask, v, source > (lane | (width - 1)) ? lane : source);
}
template<class T> inline T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32) {
    int lane = lane_number(), source = lane ^ bits;
    return shuffle(mask, v, source > (lane | (width - 1)) ? lane : source);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    unsigned result;
    adiw::simt::exchange({adiw::simt::ballot, mask, &predicate, nullptr, &result, sizeof predicate, 0});
    return result;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// Integers alone: a sum of floats would show the order.
template<class T> struct AtomicInteger;
template<> struct AtomicInteger<int> {};
template<> struct AtomicInteger<unsigned> {};
template<> struct AtomicInteger<unsigned long long> {};
template<class T> struct Same { typedef T type; };
template<class T, class F> inline T atomic_update(T* p, F&& f) {
    AtomicInteger<T>();
    T old = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(p, &old, f(old), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    return old;
}
template<class T> inline T atomicAdd(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return a + v; });
}
template<class T> inline T atomicOr(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return a | v; });
}
template<class T> inline T atomicMax(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return a < v ? v : a; });
}
template<class T> inline T atomicMin(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return v < a ? v : a; });
}
template<class T> inline T atomicExch(T* p, typename Same<T>::type v) {
    return atomic_update(p, [=](T) { return v; });
}
template<class T> inline T atomicCAS(T* p, typename Same<T>::type expected, typename Same<T>::type v) {
    return atomic_update(p, [=](T a) { return a == expected ? v : a; });
}
inline void __threadfence() {}
inline void __threadfence_block() {}

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

inline long clock_nanoseconds() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000l + t.tv_nsec;
}

inline unsigned to_tf32(float x) {
    unsigned bits = __float_as_uint(x);
    return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
}
inline void mma_tf32_16x8x8(float d[4], const unsigned a[4], const unsigned b[2]) {
    adiw::simt::exchange({adiw::simt::matrix, 0xffffffffu, a, b, d, 0, 0});
}
inline void copy_async_16(void* shared, const void* global, bool valid) { adiw::simt::copy_async(shared, global, 16, valid); }
inline void copy_async_4(void* shared, const void* global, bool valid) { adiw::simt::copy_async(shared, global, 4, valid); }
inline void copy_async_commit() { adiw::simt::copy_async_commit(); }
template<int N> inline void copy_async_wait() { adiw::simt::copy_async_wait(N); }

template<class F, F f> struct Thunk;
template<class... A, void (*f)(A...)> struct Thunk<void (*)(A...), f> {
    static constexpr char signature[] = {adiw::Code<A>::value..., 0};
    static_assert(sizeof...(A) <= adiw::most_words, "a kernel has at most 40 parameters");
    template<size_t... I> static void call(const uint64_t* words, adiw::Indices<I...>) { f(adiw::word_as<A>(words[I])...); }
    static void run(const uint64_t* words) { call(words, typename adiw::MakeIndices<sizeof...(A)>::type()); }
};
}

#define DEVICE static inline
#define KERNEL_MEMBER inline
#define RESTRICT __restrict__
#define SHARED(type, name, count) \
    static const int name##_site = adiw::simt::shared_site(sizeof(type) * (count)); \
    type(&name)[count] = *(type(*)[count]) adiw::simt::shared_memory(name##_site)
#define ADIW_JOIN2(a, b) a##b
#define ADIW_JOIN(a, b) ADIW_JOIN2(a, b)

#define KERNEL(name, ...) KERNEL_CLUSTER(1, 0, name, __VA_ARGS__)
#define KERNEL_FIXED(threads, name, ...) KERNEL_CLUSTER(1, threads, name, __VA_ARGS__)
#define KERNEL_CLUSTER(blocks, threads, name, ...) \
    static void name(__VA_ARGS__); \
    static const adiw::simt::Registration ADIW_JOIN(register_, name)(#name, Thunk<decltype(&name), &name>::signature, \
                                                                     &Thunk<decltype(&name), &name>::run, threads, blocks); \
    static void name(__VA_ARGS__)

/// Element loop: a grid-stride loop.
#define FOR_ELEMENTS(i, n) \
    for (long i = (long) blockIdx.x * blockDim.x + threadIdx.x, i##_end = (n), i##_step = (long) gridDim.x * blockDim.x; i < i##_end; \
         i += i##_step)
