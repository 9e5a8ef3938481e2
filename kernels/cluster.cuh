// Clusters: blocks of a launch that run at the same time, wait for each other and write each other's shared memory (compute capability 9.0
// and later). Beside prelude.cuh the only file that knows which of the three builds this is. A kernel of clusters stands in a file whose
// name ends with _cluster, since its module is compiled for 9.0, and is written
//     KERNEL_CLUSTER(blocks, threads, name, ...)
// with whole warps; the grid has a multiple of so many blocks in x. On the host it is a call, as KERNEL_FIXED.
#pragma once
#include "prelude.cuh"

#if defined(__CUDACC__)
#define KERNEL_CLUSTER(blocks, threads, name, ...) \
    extern "C" __global__ void __cluster_dims__(blocks, 1, 1) __launch_bounds__(threads, 1) name(__VA_ARGS__)
/// The number of this block in its cluster.
DEVICE int cluster_rank() {
    int rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
/// Waits for all threads of the cluster that have not ended; what they wrote to shared memory before is then seen.
DEVICE void cluster_barrier() {
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
}
/// Where an array of this block's shared memory lies in another block of its cluster. That block must be running, which a first barrier of
/// the cluster shows, and may not end before another one has followed the last store.
struct RemoteFloats {
    unsigned address;
    KERNEL_MEMBER void store(int i, float x) const {
        asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(address + 4 * i), "f"(x) : "memory");
    }
};
DEVICE RemoteFloats remote(float* own, int rank) {
    RemoteFloats there;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there.address) : "r"((unsigned) __cvta_generic_to_shared(own)), "r"(rank));
    return there;
}

#elif defined(ADIW_HOST)
// Only kernels of clusters use these: declared so that their text can be parsed, defined nowhere.
#define KERNEL_CLUSTER(blocks, threads, name, ...) KERNEL_FIXED(threads, name, __VA_ARGS__)
int cluster_rank();
void cluster_barrier();
struct RemoteFloats {
    void store(int i, float x) const;
};
RemoteFloats remote(float* own, int rank);

#elif defined(ADIW_SIMT)
DEVICE int cluster_rank() { return adiw::simt::block.rank; }
DEVICE void cluster_barrier() { adiw::simt::cluster_barrier(); }
struct RemoteFloats {
    float* own;
    int rank;
    void store(int i, float x) const { *(float*) adiw::simt::shared_memory_of(own + i, rank, sizeof x) = x; }
};
DEVICE RemoteFloats remote(float* own, int rank) { return {own, rank}; }
#endif

#if defined(ADIW_HOST)
template<class T> T quad_sum(T x);
#else
/// The sum over the four lanes whose numbers differ in the last two bits; all lanes of the warp call it.
template<class T> DEVICE T quad_sum(T x) {
    x += __shfl_xor_sync(0xffffffffu, x, 1);
    return x + __shfl_xor_sync(0xffffffffu, x, 2);
}
#endif
