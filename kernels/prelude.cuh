// The vocabulary of the kernels, and the only file that knows which of the three builds this is.
//
//   cuda  nvcc                  one GPU thread to a thread; the product
//   host  g++ -DADIW_HOST       one thread to a block (threadIdx 0, blockDim 1, known to the compiler), blocks over cores
//   simt  g++ -DADIW_SIMT       true block size, one fiber to a thread; native/simt has the scheduler
//
// A kernel is written
//     KERNEL(name, const float* x, float* y, int n) { FOR_ELEMENTS(i, n) y[i] = x[i]; }
// Parameters are pointers, int, long, float or double; each travels as one 64-bit word. What a pointer to const points to may not
// overlap what another one does that is not: such launches are refused, since a GPU may read it by a cache that sees no writes.
// A kernel whose algorithm fixes its block (matrix instructions, tiles) is written KERNEL_FIXED(threads, name, ...).
// On the host a KERNEL_FIXED is absent from the table: native/host has a call of the same name and parameters.
#pragma once

#if defined(__CUDACC__)
// ------------------------------------------------------------------------------------------------ cuda
#include <math_constants.h>
typedef float sum_t;      // accumulates long sums: each thread adds few terms, the block adds pairwise

#define DEVICE static __device__ __forceinline__
#define KERNEL_MEMBER __device__ __forceinline__
#define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
/// At least 24 warps to a multiprocessor, which leaves 80 registers a thread: left to itself, ptxas wants 32 warps and spills.
#define KERNEL_FIXED(threads, name, ...) \
    extern "C" __global__ void __launch_bounds__(threads, (threads) < 768 ? 768 / (threads) : 1) name(__VA_ARGS__)
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define RESTRICT __restrict__
/// A clock of the device, in nanoseconds from an arbitrary origin.
DEVICE long clock_nanoseconds() {
    long t;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
    return t;
}
/// The cosine and the sine of 2 pi u, without the stack frame that large angles need.
DEVICE float cosine_of_turns(float u) { return cospif(2 * u); }
DEVICE float sine_of_turns(float u) { return sinpif(2 * u); }

/// Element loop: a grid-stride loop.
#define FOR_ELEMENTS(i, n) \
    for (long i = (long) blockIdx.x * blockDim.x + threadIdx.x, i##_end = (n), i##_step = (long) gridDim.x * blockDim.x; i < i##_end; \
         i += i##_step)

/// A float as a TF32 operand: the nearest with 10 bits of mantissa, ties away from zero.
DEVICE unsigned to_tf32(float x) {
    unsigned r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
    return r;
}
/// d += a b for a warp, all 32 lanes together: a is 16 x 8, b is 8 x 8, d is 16 x 8. With g = lane / 4, t = lane % 4 a lane holds
///   a[0..3] = A[g][t], A[g + 8][t], A[g][t + 4], A[g + 8][t + 4]      b[0..1] = B[t][g], B[t + 4][g]
///   d[0..3] = D[g][2 t], D[g][2 t + 1], D[g + 8][2 t], D[g + 8][2 t + 1]
DEVICE void mma_tf32_16x8x8(float d[4], const unsigned a[4], const unsigned b[2]) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
/// Starts to copy 16 bytes from device memory to shared memory, both aligned to 16; zeros instead if not valid (the global
/// address must be a mapped one all the same). Done after copy_async_wait, for this thread; for the others after a barrier.
DEVICE void copy_async_16(void* shared, const void* global, bool valid) {
    unsigned to = (unsigned) __cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(valid ? 16 : 0) : "memory");
}
/// As copy_async_16, for 4 bytes aligned to 4.
DEVICE void copy_async_4(void* shared, const void* global, bool valid) {
    unsigned to = (unsigned) __cvta_generic_to_shared(shared);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global), "r"(valid ? 4 : 0) : "memory");
}
/// Closes this thread's group of copies.
DEVICE void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most N of this thread's groups, the latest, are under way.
template<int N> DEVICE void copy_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

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

DEVICE float exp_of(float x) { return expf(x); }
DEVICE double exp_of(double x) { return exp(x); }
DEVICE float min_of(float a, float b) { return a < b ? a : b; }
DEVICE float max_of(float a, float b) { return a > b ? a : b; }
DEVICE double min_of(double a, double b) { return a < b ? a : b; }
DEVICE double max_of(double a, double b) { return a > b ? a : b; }
DEVICE int min_of(int a, int b) { return a < b ? a : b; }
DEVICE long min_of(long a, long b) { return a < b ? a : b; }
DEVICE long max_of(long a, long b) { return a > b ? a : b; }
DEVICE int max_of(int a, int b) { return a > b ? a : b; }
struct Add {
    template<class T> DEVICE T of(T a, T b) { return a + b; }
};
struct Min {
    template<class T> DEVICE T of(T a, T b) { return min_of(a, b); }
};
struct Max {
    template<class T> DEVICE T of(T a, T b) { return max_of(a, b); }
};

#if defined(ADIW_HOST)
template<class Op, int N, class T> DEVICE void block_reduce(T (&)[N]) {}
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
/// Reductions of N values over the block by a fixed tree, the same for every thread order: within the warps, and by the first warp over the
/// warps. Every thread gets the results. All threads of a one-dimensional block call it; any block size up to 1024; two barriers.
template<class Op, int N, class T> DEVICE void block_reduce(T (&v)[N]) {
    constexpr int place = 33;      // a value's: one a warp, and its result, since a warp that goes on to its next reduction writes its own
    SHARED(T, values, 33 * N);
    int t = threadIdx.x, n = blockDim.x, warps = (n + 31) >> 5, lanes = min_of(32, n - (t & ~31));
#pragma unroll
    for (int k = 0; k < N; k++) {
        v[k] = warp_reduce<Op>(v[k], lanes);
        if ((t & 31) == 0) values[place * k + (t >> 5)] = v[k];
    }
    __syncthreads();
    if (t < warps) {      // of the first warp
#pragma unroll
        for (int k = 0; k < N; k++) {
            T all = warp_reduce<Op>(values[place * k + t], warps);
            if (t == 0) values[place * k + 32] = all;
        }
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < N; k++) v[k] = values[place * k + 32];
}
#endif
template<class Op, class T> DEVICE T block_reduce(T v) {
    T one[1] = {v};
    block_reduce<Op>(one);
    return one[0];
}
/// Two and three sums at the barriers of one.
template<class T> DEVICE void block_sums(T& a, T& b) {
    T both[2] = {a, b};
    block_reduce<Add>(both);
    a = both[0];
    b = both[1];
}
template<class T> DEVICE void block_sums(T& a, T& b, T& c) {
    T all[3] = {a, b, c};
    block_reduce<Add>(all);
    a = all[0];
    b = all[1];
    c = all[2];
}
template<class T> DEVICE T block_sum(T v) { return block_reduce<Add>(v); }
template<class T> DEVICE T block_min(T v) { return block_reduce<Min>(v); }
template<class T> DEVICE T block_max(T v) { return block_reduce<Max>(v); }
