// Checks the stand-in itself with kernels that are right and kernels that break a rule; built with AddressSanitizer, never
// shipped. Exits 0 and says how many checks passed, or 1 and says which failed.
#include "../../../kernels/cluster.cuh"
#include "simt/memory.h"
#include "simt/ptx.h"
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

KERNEL(reverse_right, int* out) {
    SHARED(int, s, 256);
    s[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}
KERNEL(reverse_without_barrier, int* out) {
    SHARED(int, s, 256);
    s[threadIdx.x] = threadIdx.x;
    out[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}
KERNEL(accumulate_without_second_barrier, int* out) {      // the next round overwrites what slow threads have yet to read
    SHARED(int, s, 256);
    int sum = 0;
    for (int round = 1; round <= 3; round++) {
        s[threadIdx.x] = round * 1000 + threadIdx.x;
        __syncthreads();
        sum += s[(threadIdx.x + 1) % blockDim.x];
    }
    out[threadIdx.x] = sum;
}
KERNEL(unsynchronised_warp, int* out) {
    SHARED(int, s, 32);
    s[threadIdx.x] = threadIdx.x;
    out[threadIdx.x] = s[threadIdx.x ^ 1];
}
KERNEL(half_at_barrier, int* out) {
    if (threadIdx.x < 16) __syncthreads();
    else out[0] = __shfl_sync(0xffffffffu, 1, 0);
}
KERNEL(half_shuffles, int* out) {
    if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, (int) threadIdx.x, 1);
    __syncthreads();
}
KERNEL(outside_its_mask, int* out) { out[threadIdx.x] = __shfl_sync(0xfffffffeu, 1, 1); }
KERNEL(different_operations, int* out) {
    if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0xffffffffu, 1, 0);
    else __syncwarp();
}
KERNEL(early_exit, int* out) {
    if (threadIdx.x % 3 == 0) return;
    __syncthreads();
    out[threadIdx.x] = 1;
    __syncthreads();
}
KERNEL(half_warps, int* out) {      // two groups of one warp shuffle each for themselves
    unsigned mask = threadIdx.x < 16 ? 0xffffu : 0xffff0000u;
    int v = threadIdx.x;
    for (int i = 8; i > 0; i >>= 1) v += __shfl_xor_sync(mask, v, i);
    out[threadIdx.x] = v;
}
KERNEL(shuffles, int* out) {
    int t = threadIdx.x;
    out[t] = __shfl_sync(0xffffffffu, t, 5);
    out[32 + t] = __shfl_up_sync(0xffffffffu, t, 3);
    out[64 + t] = __shfl_down_sync(0xffffffffu, t, 3, 8);
    out[96 + t] = __shfl_xor_sync(0xffffffffu, t, 5);
    out[128 + t] = (int) __ballot_sync(0xffffffffu, t % 3 == 0);
    out[160 + t] = __any_sync(0xffffffffu, t == 31) * 2 + __all_sync(0xffffffffu, t < 31);
    out[192 + t] = (int) __shfl_sync(0xffffffffu, t * 1.5, 7) + (int) __shfl_sync(0xffffffffu, (long) t, 2);
}
KERNEL(pairs, int* out, int n) {
    FOR_ELEMENTS(i, n) out[i] = n;
}
KERNEL(absent_lane, float* out) { out[threadIdx.x] = __shfl_down_sync(0xffffffffu, 1.0f, 1); }
KERNEL(sums, int* out, float* floats) {
    int total = block_sum((int) threadIdx.x);
    float most = block_max((float) threadIdx.x);
    out[threadIdx.x] = total;
    floats[threadIdx.x] = most;
}
KERNEL(counts, int* out) {
    atomicAdd(out, 1);
    atomicMax(out + 1, (int) blockIdx.x);
    atomicMin(out + 2, (int) threadIdx.x - 5);
    atomicOr(out + 3, 1 << (threadIdx.x & 7));
    if (atomicCAS(out + 4, 0, 7) == 0) atomicAdd(out + 5, 1);
}
KERNEL(stale_shared, float* out) {
    SHARED(float, s, 4);
    if (blockIdx.x == 0) s[0] = 1;
    out[blockIdx.x] = s[0];
}
KERNEL_FIXED(32, product, const float* a, const float* b, float* d) {
    int lane = threadIdx.x, g = lane >> 2, t = lane & 3;
    unsigned fa[4] = {to_tf32(a[g * 8 + t]), to_tf32(a[(g + 8) * 8 + t]), to_tf32(a[g * 8 + t + 4]), to_tf32(a[(g + 8) * 8 + t + 4])};
    unsigned fb[2] = {to_tf32(b[t * 8 + g]), to_tf32(b[(t + 4) * 8 + g])};
    float fd[4] = {1, 1, 1, 1};
    mma_tf32_16x8x8(fd, fa, fb);
    d[g * 8 + 2 * t] = fd[0];
    d[g * 8 + 2 * t + 1] = fd[1];
    d[(g + 8) * 8 + 2 * t] = fd[2];
    d[(g + 8) * 8 + 2 * t + 1] = fd[3];
}
KERNEL(copies, const float* in, float* out) {
    SHARED(float, s, 12);
    copy_async_16(s, in, true);
    copy_async_commit();
    copy_async_16(s + 4, in + 4, false);
    copy_async_4(s + 8, in + 8, true);
    copy_async_commit();
    out[0] = s[0];      // not yet there
    copy_async_wait<1>();
    out[1] = s[1];
    out[2] = s[8];      // not yet there
    copy_async_wait<0>();
    out[3] = s[4];
    out[4] = s[8];
}
KERNEL(misaligned_copy, const float* in, float* out) {
    SHARED(float, s, 12);
    copy_async_16(s + 1, in, true);
    copy_async_commit();
    copy_async_wait<0>();
    out[0] = s[0];
}
/// Every block gives its number, rounds times, to its neighbour, which adds up what it is given.
DEVICE void pass_on(float* out, int rounds, bool apart, bool last) {
    SHARED(float, s, 2 * 32);
    int t = threadIdx.x, rank = cluster_rank();
    RemoteFloats next = remote(s, (rank + 1) & 3);
    float sum = 0;
    cluster_barrier();
    for (int round = 0; round < rounds; round++) {
        int half = apart ? 32 * (round & 1) : 0;
        next.store(half + t, 10 * round + rank);
        if (last || round + 1 < rounds) cluster_barrier();
        sum += s[half + t];
    }
    out[blockIdx.x * 32 + t] = sum;
}
KERNEL_CLUSTER(4, 32, neighbours, float* out) { pass_on(out, 3, true, true); }
KERNEL_CLUSTER(4, 32, overtaken, float* out) { pass_on(out, 3, false, true); }
KERNEL_CLUSTER(4, 32, ends_before_it_is_touched, float* out) { pass_on(out, 1, true, false); }
KERNEL_CLUSTER(4, 32, touched_before_it_runs, float* out) {
    SHARED(float, s, 32);
    remote(s, (cluster_rank() + 1) & 3).store(threadIdx.x, 1);
    cluster_barrier();
    out[0] = s[0];
}
KERNEL_CLUSTER(4, 32, touched_after_its_end, float* out) {
    SHARED(float, s, 32);
    cluster_barrier();
    if (cluster_rank() == 2) return;
    cluster_barrier();
    remote(s, 2).store(threadIdx.x, 1);
    out[0] = 1;
}
KERNEL_CLUSTER(4, 32, half_the_cluster, float* out) {
    if (cluster_rank() < 2) cluster_barrier();
    else if (threadIdx.x < 16) __syncthreads();
    else out[0] = __shfl_sync(0xffffffffu, 1, 0);
}
KERNEL_CLUSTER(4, 32, no_such_block, float* out) {
    SHARED(float, s, 32);
    cluster_barrier();
    remote(s, 4).store(0, 1);
}
KERNEL_CLUSTER(4, 32, not_shared, float* out) {
    float own[1] = {0};
    cluster_barrier();
    remote(own, 1).store(0, 1);
    out[0] = own[0];
}
KERNEL(parameters, const float* p, int i, long l, float f, double d, double* out) { out[0] = d + f + l + i + p[0]; }

using namespace adiw;
using namespace adiw::simt;

static int failures, checks;
static char error[1024];
static void expect(bool good, const char* what) {
    checks++;
    if (good) return;
    failures++;
    printf("failed: %s (last error: %s)\n", what, error);
}
static bool launch(const char* name, unsigned grid, unsigned threads, const uint64_t* words, Order order = forwards, uint64_t seed = 1) {
    set_order(order, seed);
    error[0] = 0;
    return run(*find_kernel(name), {grid, 1, 1}, {threads, 1, 1}, words, error, sizeof error);
}
template<class T>
static bool launch_on(const char* name, unsigned grid, unsigned threads, T* out, Order order = forwards, uint64_t seed = 1) {
    uint64_t words[1] = {(uint64_t) out};
    return launch(name, grid, threads, words, order, seed);
}
/// Whether the results agree in all orders.
static bool stable(const char* name, unsigned threads) {
    int first[256], other[256];
    memset(first, 0, sizeof first);
    if (!launch_on(name, 1, threads, first)) return false;
    for (int i = 0; i < 5; i++) {
        memset(other, 0, sizeof other);
        if (!launch_on(name, 1, threads, other, i == 0 ? backwards : shuffled, i)) return false;
        if (memcmp(first, other, sizeof first)) return false;
    }
    return true;
}

/// As launch_on, for two clusters of four blocks.
static bool launch_clusters(const char* name, float* out, Order order = forwards, uint64_t seed = 1) {
    return launch_on(name, 8, 32, out, order, seed);
}
static bool stable_clusters(const char* name) {
    float first[256], other[256];
    if (!launch_clusters(name, first)) return false;
    bool same = true;
    for (int i = 0; i < 5; i++) {
        if (!launch_clusters(name, other, i == 0 ? backwards : shuffled, i)) return false;
        same &= !memcmp(first, other, sizeof first);
    }
    return same;
}

static void check_clusters() {
    float out[256];
    expect(stable_clusters("neighbours") && out[0] == out[0], "blocks of a cluster that write each other's shared memory");
    launch_clusters("neighbours", out, shuffled, 5);
    expect(out[0] == 3 * 3 + 30 && out[32 * 5 + 7] == 0 * 3 + 30 && out[32 * 7] == 2 * 3 + 30, "what neighbours in a cluster have given");
    expect(!stable_clusters("overtaken"), "a missing second barrier of the cluster shows");
    expect(!launch_clusters("ends_before_it_is_touched", out)
               && (strstr(error, "may end before another one touches its shared memory") || strstr(error, "which has ended")),
           "a block that may have ended when it is touched");
    expect(!launch_clusters("touched_before_it_runs", out) && strstr(error, "before a barrier of the cluster has shown that it runs"),
           "a block that may not run yet when it is touched");
    for (Order order : {forwards, backwards})
        expect(!launch_clusters("touched_after_its_end", out, order) && strstr(error, "is touched, which has ended"),
               "a block that has ended when it is touched");
    expect(!launch_clusters("half_the_cluster", out) && strstr(error, "half_the_cluster, block (0, 0, 0) hangs")
               && strstr(error, "at the barrier of the cluster") && strstr(error, "of block 2 is at __syncthreads"),
           "a barrier of the cluster that half of it reaches");
    expect(!launch_clusters("no_such_block", out) && strstr(error, "no block 4 in a cluster of 4"), "a block that a cluster does not have");
    expect(!launch_clusters("not_shared", out) && strstr(error, "no shared memory of this block"), "an address that is not shared");
    expect(launch_clusters("neighbours", out), "a launch of clusters after failures");
}

int main() {
    int out[1024];
    float floats[1024];
    check_clusters();
    for (unsigned n : {1u, 2u, 31u, 32u, 33u, 96u, 256u})
        expect(stable("reverse_right", n), "a kernel with its barrier is the same in all orders");
    for (unsigned n : {2u, 32u, 256u}) expect(!stable("reverse_without_barrier", n), "a missing barrier shows");
    expect(!stable("accumulate_without_second_barrier", 64), "a missing second barrier shows");
    expect(!stable("unsynchronised_warp", 32), "a missing __syncwarp shows");

    expect(!launch_on("half_at_barrier", 3, 32, out) && strstr(error, "half_at_barrier, block (0, 0, 0) hangs"),
           "a barrier that half a block reaches");
    expect(strstr(error, "at __syncthreads") && strstr(error, "at a shuffle"), "the hang names both places");
    expect(!launch_on("half_shuffles", 1, 32, out) && strstr(error, "hangs"), "a shuffle that half a warp reaches");
    expect(!launch_on("outside_its_mask", 1, 32, out) && strstr(error, "leaves out lane 0"), "a mask without its caller");
    expect(!launch_on("different_operations", 1, 32, out) && strstr(error, "different warp operations"), "two operations with one mask");
    expect(stable("early_exit", 100), "threads that ended count as arrived");
    expect(stable("half_warps", 32), "half warps");
    launch_on("half_warps", 1, 32, out);
    expect(out[3] == 120 && out[20] == 376, "sums of half warps");

    bool right = launch_on("shuffles", 1, 32, out, shuffled, 3);
    for (int t = 0; t < 32; t++) {
        right &= out[t] == 5 && out[32 + t] == (t < 3 ? t : t - 3) && out[64 + t] == (t % 8 + 3 > 7 ? t : t + 3) && out[96 + t] == (t ^ 5);
        right &= out[128 + t] == 0x49249249 && out[160 + t] == 2 && out[192 + t] == 12;
    }
    expect(right, "shuffles and votes");
    launch_on("absent_lane", 1, 20, floats);
    expect(floats[18] == 1 && floats[19] != floats[19], "a value of an absent lane is NaN");

    for (unsigned n = 1; n <= 1024; n += n < 70 ? 1 : 53) {
        uint64_t words[2] = {(uint64_t) out, (uint64_t) floats};
        right = launch("sums", 1, n, words, shuffled, n);
        for (unsigned t = 0; t < n; t++) right &= out[t] == (int) (n * (n - 1) / 2) && floats[t] == n - 1;
        expect(right, "block_sum and block_max at every block size");
    }
    memset(out, 0, sizeof out);
    launch_on("counts", 5, 100, out, backwards);
    expect(out[0] == 500 && out[1] == 4 && out[2] == -5 && out[3] == 255 && out[4] == 7 && out[5] == 1, "atomics");
    launch_on("stale_shared", 2, 1, floats);
    expect(floats[0] == 1 && floats[1] != floats[1], "shared memory of the block before is gone");

    float a[128], b[64], d[128];
    for (int i = 0; i < 128; i++) a[i] = (i * 37 % 64 - 32) / 16.0f;
    for (int i = 0; i < 64; i++) b[i] = (i * 29 % 32 - 16) / 8.0f;
    uint64_t matrices[3] = {(uint64_t) a, (uint64_t) b, (uint64_t) d};
    right = launch("product", 1, 32, matrices, shuffled, 9);
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 8; j++) {
            float sum = 1;
            for (int k = 0; k < 8; k++) sum += a[i * 8 + k] * b[k * 8 + j];
            right &= d[i * 8 + j] == sum;
        }
    }
    expect(right, "matrix instruction");
    expect(to_tf32(1 + 1.0f / 2048) == __float_as_uint(1 + 1.0f / 1024) && to_tf32(1 + 0.9f / 2048) == __float_as_uint(1),
           "rounding to TF32");
    expect(!launch("product", 1, 16, matrices) && strstr(error, "all 32 lanes"), "a matrix instruction of half a warp");

    alignas(16) float in[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    uint64_t pair[2] = {(uint64_t) in, (uint64_t) floats};
    expect(launch("copies", 1, 1, pair) && floats[0] != floats[0] && floats[1] == 2 && floats[2] != floats[2] && floats[3] == 0
               && floats[4] == 9,
           "asynchronous copies arrive when they are waited for");
    expect(!launch("misaligned_copy", 1, 1, pair) && strstr(error, "aligned"), "a misaligned asynchronous copy");
    expect(launch("copies", 1, 1, pair), "a launch after failures");

    double sum;
    uint64_t mixed[6] = {(uint64_t) in, (unsigned) -3, (uint64_t) - (1l << 40), 0, 0, (uint64_t) &sum};
    float f = 0.5f;
    double e = 0.25;
    memcpy(&mixed[3], &f, 4);
    memcpy(&mixed[4], &e, 8);
    expect(launch("parameters", 1, 1, mixed) && sum == 1 - 3 - (double) (1l << 40) + 0.75, "parameters of every type");
    expect(!strcmp(find_kernel("parameters")->signature, "CILFDP"), "signatures");

    // Memory.
    uintptr_t x = allocate(100), y = allocate(50);
    expect(*(unsigned char*) (x + 99) == 0xff && x % 256 == 0, "fresh memory is filled and aligned");
    expect(check_zones("nobody", error, sizeof error), "untouched red zones");
    ((char*) x)[100] = 1;
    expect(!check_zones("kernel k", error, sizeof error) && strstr(error, "kernel k wrote behind allocation 1 of 100 bytes, at byte 100"),
           "a write behind");
    ((char*) y)[-2] = 1;
    expect(!check_zones("kernel k", error, sizeof error) && strstr(error, "before allocation 2 of 50 bytes, at byte -2"), "a write before");
    expect(check_zones("nobody", error, sizeof error), "red zones are repaired");
    expect(check_range(x + 40, 60, error, sizeof error) && !check_range(x + 40, 61, error, sizeof error)
               && strstr(error, "reach over its end"),
           "ranges");
    expect(release(x, error, sizeof error) && !release(x, error, sizeof error) && strstr(error, "freed twice"), "freeing twice");
    expect(!release(y + 4, error, sizeof error) && strstr(error, "4 bytes behind the start of allocation 2"), "freeing the middle");
    expect(!check_range(x + 3, 0, error, sizeof error) && strstr(error, "was freed"), "use after free");
    expect(allocate(64ul << 40) == 0, "more than there is");
    size_t bytes;
    expect(release_all(bytes) == 1 && bytes == 50, "what was left");

    // PTX.
    std::vector<std::string> entries;
    int major, minor;
    char* text = declarations();
    expect(check_module(text, major, minor, entries, error, sizeof error) && major == 7 && minor == 0 && entries.size() > 15,
           "own declarations");
    free(text);
    expect(!check_module(".version 7.0 .visible .entry nothing() {}", major, minor, entries, error, sizeof error) && strstr(error, "lacks"),
           "a kernel too many");
    expect(!check_module(".version 7.0\n.entry parameters(.param .u64 a, .param .u32 b, .param .u64 c,\n"
                         " .param .f32 d, .param .f32 e, .param .u64 f) {}",
                         major, minor, entries, error, sizeof error)
               && strstr(error, "(u64 u32 u64 f32 f32 u64), the simt build (u64 u32 u64 f32 f64 u64)"),
           "parameters that differ");
    expect(!check_module(".version 7.0\n.entry product(.param .u64 a, .param .u64 .ptr .align 1 b, .param .u64 c) .maxntid 64, 1, 1 {}",
                         major, minor, entries, error, sizeof error)
               && strstr(error, "declares 64 threads, the simt build 32"),
           "a block that differs");
    // Machine code: an ELF file whose one kernel of this library has two parameters, of 8 and 4 bytes, where six are wanted.
    struct {
        Elf64_Ehdr header;
        unsigned char info[32];
        char names[32];
        Elf64_Shdr sections[2];
    } cubin = {};
    memcpy(cubin.header.e_ident, ELFMAG, SELFMAG);
    cubin.header.e_ident[EI_CLASS] = ELFCLASS64;
    cubin.header.e_ident[EI_ABIVERSION] = 8;
    cubin.header.e_shoff = (char*) cubin.sections - (char*) &cubin;
    cubin.header.e_shnum = 2;
    strcpy(cubin.names, ".nv.info.parameters");
    for (int s = 0; s < 2; s++) cubin.sections[s].sh_offset = (s ? (char*) cubin.info : cubin.names) - (char*) &cubin;
    cubin.sections[0].sh_name = sizeof cubin.names - 1;
    cubin.sections[1].sh_size = sizeof cubin.info;
    for (unsigned p = 0; p < 2; p++) {
        unsigned words[4] = {4 | 0x17 << 8 | 12 << 16, p, p, (p ? 4u : 8u) << 18};
        memcpy(cubin.info + 16 * p, words, 16);
    }
    int architecture;
    entries.clear();
    expect(is_cubin(&cubin) && !is_cubin(".version 7.0"), "machine code is told from PTX");
    expect(!check_cubin(&cubin, architecture, entries, error, sizeof error) && strstr(error, "no machine code of CUDA"),
           "another ELF file");
    cubin.header.e_machine = 190;
    cubin.header.e_flags = 80 << 8;
    expect(!check_cubin(&cubin, architecture, entries, error, sizeof error) && strstr(error, "of parameters") && architecture == 80,
           "machine code with other parameters");
    strcpy(cubin.names, ".nv.info.pairs");
    expect(check_cubin(&cubin, architecture, entries, error, sizeof error) && entries.back() == "pairs", "machine code that fits");
    strcpy(cubin.names, ".nv.info.nothing");
    expect(!check_cubin(&cubin, architecture, entries, error, sizeof error) && strstr(error, "lacks"), "machine code of a kernel too many");
    expect(cuda_version_of_ptx(7, 0) == 11000 && cuda_version_of_ptx(8, 4) == 12040 && cuda_version_of_ptx(6, 5) == 10020, "versions");

    printf("%d of %d checks passed\n", checks - failures, checks);
    return failures > 0;
}
