// The vocabulary of the kernels, and the only file that knows which of the three builds this is.
//
//   cuda  nvcc                  one GPU thread to a thread; the product
//   host  g++ -DADIW_HOST       one thread to a block (threadIdx 0, blockDim 1, known to the compiler), blocks over cores
//   simt  g++ -DADIW_SIMT       true block size, one fiber to a thread; native/simt has the scheduler
//
// A kernel is written
//     KERNEL(name, const float* x, float* y, int n) { FOR_ELEMENTS(i, n) y[i] = x[i]; }
// Parameters are pointers, int, long, float or double; each travels as one 64-bit word. A kernel whose algorithm
// fixes its block (matrix instructions, tiles) is written KERNEL_FIXED(threads, name, ...).
// On the host a KERNEL_FIXED is absent from the table: native/host has a call of the same name and parameters.
#pragma once

#if defined(__CUDACC__)
// ------------------------------------------------------------------------------------------------ cuda
#include <math_constants.h>
typedef float sum_t;    // accumulates long sums: each thread adds few terms, the block adds pairwise

#define DEVICE static __device__ __forceinline__
#define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
#define KERNEL_FIXED(threads, name, ...) extern "C" __global__ void __launch_bounds__(threads) name(__VA_ARGS__)
#define SHARED(type, name, count) __shared__ type name[count]
#define RESTRICT __restrict__
/// A clock of the device, in nanoseconds from an arbitrary origin.
DEVICE long clock_nanoseconds() {
    long t;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
    return t;
}

/// Element loop: a grid-stride loop.
#define FOR_ELEMENTS(i, n) \
    for (long i = (long) blockIdx.x * blockDim.x + threadIdx.x, i##_end = (n), i##_step = (long) gridDim.x * blockDim.x; \
         i < i##_end; i += i##_step)

#elif defined(ADIW_HOST)
// ------------------------------------------------------------------------------------------------ host
#include "host/kernel_host.h"
#elif defined(ADIW_SIMT)
// ------------------------------------------------------------------------------------------------ simt
#include "simt/kernel_simt.h"
#else
#error "prelude.cuh: compile with nvcc, -DADIW_HOST or -DADIW_SIMT"
#endif

/// Loop of one block over its row: thread strides.
#define FOR_THREADS(i, n) for (int i = threadIdx.x, i##_end = (n); i < i##_end; i += blockDim.x)

DEVICE float min_of(float a, float b) { return a < b ? a : b; }
DEVICE float max_of(float a, float b) { return a > b ? a : b; }
DEVICE double min_of(double a, double b) { return a < b ? a : b; }
DEVICE double max_of(double a, double b) { return a > b ? a : b; }
DEVICE int min_of(int a, int b) { return a < b ? a : b; }
DEVICE int max_of(int a, int b) { return a > b ? a : b; }
struct Add { template<class T> DEVICE T of(T a, T b) { return a + b; } };
struct Min { template<class T> DEVICE T of(T a, T b) { return min_of(a, b); } };
struct Max { template<class T> DEVICE T of(T a, T b) { return max_of(a, b); } };

#if defined(ADIW_HOST)
template<class Op, class T> DEVICE T block_reduce(T v) { return v; }
#else
/// Reduction over the lanes present of this warp, by a fixed tree; lane 0 gets the result.
template<class Op, class T> DEVICE T warp_reduce(T v, int lanes) {
    int lane = threadIdx.x & 31;
    unsigned present = lanes >= 32 ? 0xffffffffu : (1u << lanes) - 1;
    for (int offset = 16; offset > 0; offset >>= 1) {
        T other = __shfl_down_sync(present, v, offset);
        if (lane + offset < lanes) v = Op::of(v, other);
    }
    return v;
}
/// Reduction over the block by a fixed tree, the same for every thread order; every thread gets the result.
/// All threads of a one-dimensional block call it; any block size up to 1024; two barriers.
template<class Op, class T> DEVICE T block_reduce(T v) {
    SHARED(T, warp_values, 32);
    int t = threadIdx.x, n = blockDim.x, warps = (n + 31) >> 5;
    v = warp_reduce<Op>(v, min_of(32, n - (t & ~31)));
    if ((t & 31) == 0) warp_values[t >> 5] = v;
    __syncthreads();
    v = warp_values[0];
    for (int i = 1; i < warps; i++) v = Op::of(v, warp_values[i]);
    __syncthreads();
    return v;
}
#endif
template<class T> DEVICE T block_sum(T v) { return block_reduce<Add>(v); }
template<class T> DEVICE T block_min(T v) { return block_reduce<Min>(v); }
template<class T> DEVICE T block_max(T v) { return block_reduce<Max>(v); }
