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
typedef double sum_t;   // accumulates long sums: one thread adds all of a row's terms

struct HostThread { static constexpr int x = 0, y = 0, z = 0; };
struct HostBlock { static constexpr int x = 1, y = 1, z = 1; };
constexpr HostThread threadIdx{};
constexpr HostBlock blockDim{};
inline void __syncthreads() {}
inline void __syncwarp() {}
inline long clock_nanoseconds() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000l + t.tv_nsec;
}

template<class F, F f> struct Thunk;
template<class... A, void (*f)(adiw::Grid, adiw::Grid, A...)>
struct Thunk<void (*)(adiw::Grid, adiw::Grid, A...), f> {
    static constexpr char signature[] = {adiw::Code<A>::value..., 0};
    template<size_t... I>
    static void call(const uint64_t* words, adiw::Grid grid, long first, long end, adiw::Indices<I...>) {
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
#define RESTRICT __restrict__
#define SHARED(type, name, count) alignas(64) type name[count]
#define ADIW_JOIN2(a, b) a##b
#define ADIW_JOIN(a, b) ADIW_JOIN2(a, b)

#define KERNEL(name, ...) \
    static void name(adiw::Grid blockIdx, adiw::Grid gridDim, __VA_ARGS__); \
    static const adiw::Registration ADIW_JOIN(register_, name)(adiw::ADIW_ISA, #name, \
        Thunk<decltype(&name), &name>::signature, &Thunk<decltype(&name), &name>::run); \
    static void name(adiw::Grid blockIdx, adiw::Grid gridDim, __VA_ARGS__)

// A kernel of fixed block is a call on the host (native/host); its text is parsed and never run.
#define KERNEL_FIXED(threads, name, ...) \
    template<int> static void name(adiw::Grid blockIdx, adiw::Grid gridDim, __VA_ARGS__)

/// Element loop: this block's contiguous chunk.
#define FOR_ELEMENTS(i, n) \
    for (long i = (long) (n) * blockIdx.x / gridDim.x, i##_end = (long) (n) * (blockIdx.x + 1) / gridDim.x; i < i##_end; i++)
