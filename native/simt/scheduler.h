// Runs a kernel's grid block by block, a fiber to a CUDA thread. Fibers switch at barriers and warp operations alone; a
// thread that reaches none runs to its end on the fiber of the one before it. Threads (and blocks) take their turns
// forwards, backwards or shuffled: a result that changes with the order shows a missing barrier. The blocks of a cluster run together.
#pragma once
#include "host/registry.h"

namespace adiw::simt {

constexpr int most_threads = 1024;      // of a block, and of the blocks of a cluster together
constexpr int most_cluster_blocks = 8;

struct Kernel {
    const char* name;
    const char* signature;                   // one letter a parameter: P pointer, I int, L long, F float, D double
    void (*run)(const uint64_t* words);      // one CUDA thread
    int threads;                             // declared by KERNEL_FIXED, 0 for any
    int cluster;                             // blocks of a cluster, declared by KERNEL_CLUSTER, 1 where there are none
};

struct Registration {
    Registration(const char* name, const char* signature, void (*run)(const uint64_t*), int threads, int cluster);
};

/// Every kernel, in the order of registration.
const Kernel* kernels(int& count);
const Kernel* find_kernel(const char* name);

enum Order { forwards, backwards, shuffled };
/// For launches from now on; the seed serves the shuffled order.
void set_order(Order order, uint64_t seed);

/// Runs a launch; false if a thread broke a rule, and then error holds a sentence.
bool run(const Kernel& kernel, Grid grid, Grid threads, const uint64_t* words, char* error, size_t error_size);

/// Where asynchronous copies may read; false for an address that is not in live device memory. Set by the driver.
extern bool (*readable)(const void* address, size_t bytes);

// ---- what kernels use
enum WarpKind { synchronise, shuffled_value, ballot, matrix };
/// What a lane brings to an operation of its warp. It completes when every lane of the mask that has not ended has come.
struct WarpOperation {
    WarpKind kind;
    unsigned mask;
    const void* in;
    const void* second;
    void* out;
    size_t size;
    int source;      // the lane whose value is wanted
};
struct Thread {
    Grid index;
    int number;      // in its block
    int rank;        // of its block in the cluster
};
struct Block {
    Grid index, threads, grid;
    unsigned long serial;
    int rank;
};

// __thread: one load each, without a check for initialisation; initial-exec: small enough for the room that the dynamic linker keeps.
extern __thread Thread* current __attribute__((tls_model("initial-exec")));
extern __thread Block block __attribute__((tls_model("initial-exec")));

void barrier();
void exchange(const WarpOperation& operation);
void copy_async(void* shared, const void* global, int bytes, bool valid);
void copy_async_commit();
void copy_async_wait(int groups);

/// Waits for all threads of the cluster.
void cluster_barrier();
/// Where an address of this block's shared memory lies in the block of this rank, which must be running, and go on until a barrier of the
/// cluster comes behind what is done there.
void* shared_memory_of(void* own, int rank, size_t bytes);

/// A place in the kernels that declares shared memory: its number.
int shared_site(size_t bytes);
/// The memory of a site for the block that runs on this operating-system thread, filled with 0xff when the block first comes to it.
void* shared_memory(int site);
}
