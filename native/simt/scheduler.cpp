#include "simt/scheduler.h"
#include "simt/fiber.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

namespace adiw::simt {

__thread Thread* current __attribute__((tls_model("initial-exec"))) = nullptr;
__thread Block block __attribute__((tls_model("initial-exec"))) = {};
bool (*readable)(const void*, size_t) = [](const void*, size_t) { return true; };

namespace {
constexpr int table_size = 1024;
Kernel table[table_size];
int table_count;

Order order = forwards;
uint64_t order_seed = 1;

enum State : unsigned char { unstarted, ready, at_barrier, at_cluster_barrier, at_warp, ended };

struct Copy {
    void* shared;
    const void* global;
    int bytes;
    bool valid;
    long group;
};

struct Task : Thread {
    State state;
    Fiber* fiber;
    WarpOperation operation;
    long groups;      // asynchronous copies: groups closed
    int copy_count, copy_room;
    Copy* copies;
};

struct Warp {
    unsigned alive, waiting;
};

/// What is known of a block of the cluster that runs.
struct Progress {
    Block block;
    int ended, at_barrier;
    long touched;      // barriers of the cluster that had passed when another block last touched its shared memory; -1 for never
};

/// One launch under way, on one operating-system thread.
struct Scheduler {
    Task tasks[most_threads] = {};
    Warp warps[most_threads / 32];
    int sequence[most_threads];
    Fiber fibers[most_threads];
    Fiber* idle[most_threads];
    Fiber home;
    int fiber_count = 0, idle_count = 0;
    int count, cursor, ended_count;      // of the threads of all blocks that run together
    int per_block, cluster;
    Progress blocks[most_cluster_blocks];
    int cluster_barrier_count;
    long cluster_barriers;      // that have passed
    long resumed;
    const Kernel* kernel;
    const uint64_t* words;
    bool failed;
    char* error;
    size_t error_size;
    unsigned long serial = 0;
    uint64_t random;
};
__thread Scheduler* scheduler;

// The arrays of SHARED lie on the heap: a library that has initial-exec variables may have few thread-local bytes in all.
constexpr int most_sites = 1024;
size_t site_bytes[most_sites];
int sites;
struct SharedArray {
    void* memory;
    unsigned long serial;
};
__thread SharedArray* shared_arrays;      // [blocks of the cluster, sites]

Task& self() { return *static_cast<Task*>(current); }
/// Its number among the threads of all blocks that run together: lanes of a warp follow each other.
int position(const Task& task) { return task.rank * scheduler->per_block + task.number; }
uint64_t next_random(uint64_t& state) {      // splitmix64
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/// Notes the first broken rule of the launch and leaves the fiber for good.
[[noreturn]] __attribute__((format(printf, 1, 2))) void fail(const char* format, ...) {
    Scheduler& s = *scheduler;
    int length = snprintf(s.error, s.error_size, "kernel %s, block (%u, %u, %u), thread %d: ", s.kernel->name, block.index.x, block.index.y,
                          block.index.z, current->number);
    va_list arguments;
    va_start(arguments, format);
    if (length > 0 && (size_t) length < s.error_size) vsnprintf(s.error + length, s.error_size - length, format, arguments);
    va_end(arguments);
    s.failed = true;
    switch_fiber(*self().fiber, s.home);
    abort();
}

void fiber_main();

/// The next thread of this pass that can run becomes the current one: its fiber, or home at the end of the pass.
Fiber& advance(Scheduler& s) {
    while (s.cursor < s.count) {
        Task& task = s.tasks[s.sequence[s.cursor++]];
        if (task.state == unstarted) {
            if (s.idle_count == 0) {
                Fiber* fresh = &s.fibers[s.fiber_count];
                if (!prepare(*fresh, fiber_main)) {
                    snprintf(s.error, s.error_size, "kernel %s: this machine has no memory left for the stack of a thread", s.kernel->name);
                    s.failed = true;
                    return s.home;
                }
                s.fiber_count++;
                s.idle[s.idle_count++] = fresh;
            }
            task.fiber = s.idle[--s.idle_count];
        } else if (task.state != ready) continue;
        s.resumed++;
        current = &task;
        if (s.cluster > 1) block = s.blocks[task.rank].block;
        return *task.fiber;
    }
    return s.home;
}

void suspend() {
    Fiber& mine = *self().fiber;
    switch_fiber(mine, advance(*scheduler));
}

void finish_copies(Task& task, long last_group) {
    int kept = 0;
    for (int i = 0; i < task.copy_count; i++) {
        Copy& c = task.copies[i];
        if (c.group > last_group) {
            task.copies[kept++] = c;
            continue;
        }
        if (c.valid) memcpy(c.shared, c.global, c.bytes);
        else memset(c.shared, 0, c.bytes);
    }
    task.copy_count = kept;
}

float tf32(unsigned bits) {      // the hardware reads the upper 19 bits: a forgotten to_tf32 shows as lost precision
    bits &= 0xffffe000u;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

void multiply(Task* lanes) {
    float a[16][8], b[8][8];
    double d[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const unsigned* pa = (const unsigned*) lanes[lane].operation.in;
        const unsigned* pb = (const unsigned*) lanes[lane].operation.second;
        const float* pd = (const float*) lanes[lane].operation.out;
        int g = lane >> 2, t = lane & 3;
        for (int i = 0; i < 4; i++) {
            a[g + (i & 1) * 8][t + (i >> 1) * 4] = tf32(pa[i]);
            d[g + (i >> 1) * 8][2 * t + (i & 1)] = pd[i];
        }
        for (int i = 0; i < 2; i++) b[t + 4 * i][g] = tf32(pb[i]);
    }
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 8; k++)
            for (int column = 0; column < 8; column++) d[row][column] += (double) a[row][k] * b[k][column];
    for (int lane = 0; lane < 32; lane++) {
        float* pd = (float*) lanes[lane].operation.out;
        int g = lane >> 2, t = lane & 3;
        for (int i = 0; i < 4; i++) pd[i] = (float) d[g + (i >> 1) * 8][2 * t + (i & 1)];
    }
}

/// Completes the operation of one warp that waits with this mask, if all its living lanes have come.
bool complete(int warp_number, unsigned mask, WarpKind kind) {
    Scheduler& s = *scheduler;
    Warp& warp = s.warps[warp_number];
    unsigned members = mask & warp.alive;
    if (members & ~warp.waiting) return false;
    Task* lanes = s.tasks + warp_number * 32;
    for (unsigned rest = members; rest; rest &= rest - 1) {
        const WarpOperation& other = lanes[__builtin_ctz(rest)].operation;
        if (other.mask != mask) return false;
        if (other.kind != kind) fail("lanes of one warp are at different warp operations with the same mask 0x%08x", mask);
    }
    if (kind == matrix) {
        if (members != 0xffffffffu) fail("a matrix instruction needs all 32 lanes of its warp, present are 0x%08x", members);
        multiply(lanes);
    }
    if (kind == ballot) {
        unsigned votes = 0;
        for (unsigned rest = members; rest; rest &= rest - 1) {
            int lane = __builtin_ctz(rest);
            if (*(const int*) lanes[lane].operation.in) votes |= 1u << lane;
        }
        for (unsigned rest = members; rest; rest &= rest - 1) *(unsigned*) lanes[__builtin_ctz(rest)].operation.out = votes;
    }
    for (unsigned rest = members; rest; rest &= rest - 1) {
        int lane = __builtin_ctz(rest);
        WarpOperation& o = lanes[lane].operation;
        if (kind == shuffled_value) {
            if (o.source >= 0 && o.source < 32 && members >> o.source & 1) memcpy(o.out, lanes[o.source].operation.in, o.size);
            else memset(o.out, 0xff, o.size);
        }
        lanes[lane].state = ready;
    }
    warp.waiting &= ~members;
    return true;
}

void end_thread(Task& task) {
    Scheduler& s = *scheduler;
    finish_copies(task, task.groups + 1);
    task.state = ended;
    s.ended_count++;
    Progress& own = s.blocks[task.rank];
    if (++own.ended == s.per_block && own.touched == s.cluster_barriers)
        fail("the block may end before another one touches its shared memory: a barrier of the cluster must come between");
    int number = position(task) >> 5;
    Warp& warp = s.warps[number];
    warp.alive &= ~(1u << (task.number & 31));
    for (unsigned rest = warp.waiting; rest; rest &= rest - 1) {
        const WarpOperation& o = s.tasks[number * 32 + __builtin_ctz(rest)].operation;
        if (complete(number, o.mask, o.kind)) rest &= warp.waiting | (rest & -rest);
    }
}

void fiber_main() {
    Scheduler& s = *scheduler;
    arrived();
    for (;;) {
        Fiber& mine = *self().fiber;
        s.kernel->run(s.words);
        end_thread(self());
        s.idle[s.idle_count++] = &mine;
        Fiber& next = advance(s);      // this very fiber where a thread is yet to start
        if (&next != &mine) switch_fiber(mine, next);
    }
}

void arrange(Scheduler& s, int* values, int count) {
    if (order != shuffled) return;
    for (int i = count - 1; i > 0; i--) {
        int j = (int) (next_random(s.random) % (i + 1)), v = values[i];
        values[i] = values[j];
        values[j] = v;
    }
}

const char* place(const Task& task) {
    switch (task.state) {
        case at_barrier: return "at __syncthreads";
        case at_cluster_barrier: return "at the barrier of the cluster";
        case at_warp:
            return task.operation.kind == synchronise ? "at __syncwarp"
                   : task.operation.kind == ballot    ? "at a vote"
                   : task.operation.kind == matrix    ? "at a matrix instruction"
                                                      : "at a shuffle";
        default: return "ended";
    }
}

void report_deadlock(Scheduler& s) {
    const Task* first = nullptr;
    const Task* other = nullptr;
    for (int i = 0; i < s.count; i++) {
        const Task& task = s.tasks[i];
        if (!first && (task.state == at_warp || task.state == at_barrier || task.state == at_cluster_barrier)) first = &task;
    }
    for (int i = 0; i < s.count && !other; i++)
        if (place(s.tasks[i]) != place(*first)) other = &s.tasks[i];
    if (!other)
        for (int i = 0; i < s.count && !other; i++)
            if (s.tasks[i].state == at_warp && s.tasks[i].operation.mask != first->operation.mask) other = &s.tasks[i];
    Grid index = s.blocks[first->rank].block.index;
    int length = snprintf(s.error, s.error_size, "kernel %s, block (%u, %u, %u) hangs: thread %d waits %s", s.kernel->name, index.x,
                          index.y, index.z, first->number, place(*first));
    if (first->state == at_warp) length += snprintf(s.error + length, s.error_size - length, " with mask 0x%08x", first->operation.mask);
    if (other) {
        length += snprintf(s.error + length, s.error_size - length, ", thread %d ", other->number);
        if (other->rank != first->rank)
            length += snprintf(s.error + length, s.error_size - length, "of block %u ", s.blocks[other->rank].block.index.x);
        length += snprintf(s.error + length, s.error_size - length, "is %s", place(*other));
        if (other->state == at_warp) snprintf(s.error + length, s.error_size - length, " with mask 0x%08x", other->operation.mask);
    }
    s.failed = true;
}

void release(Scheduler& s, int first, int count, State waiting) {
    for (int i = first; i < first + count; i++)
        if (s.tasks[i].state == waiting) s.tasks[i].state = ready;
}

/// Lets go on who waits at a barrier that all have reached; whether there was one.
bool pass_barriers(Scheduler& s) {
    bool any = false;
    for (int rank = 0; rank < s.cluster; rank++) {
        Progress& own = s.blocks[rank];
        if (own.at_barrier == 0 || own.at_barrier + own.ended < s.per_block) continue;
        release(s, rank * s.per_block, s.per_block, at_barrier);
        own.at_barrier = 0;
        any = true;
    }
    if (s.cluster_barrier_count > 0 && s.cluster_barrier_count + s.ended_count == s.count) {
        release(s, 0, s.count, at_cluster_barrier);
        s.cluster_barrier_count = 0;
        s.cluster_barriers++;
        any = true;
    }
    return any;
}

/// Runs the blocks of a cluster, whose indices are in s.blocks, or a block.
void run_together(Scheduler& s) {
    s.ended_count = s.cluster_barrier_count = 0;
    s.cluster_barriers = 0;
    Grid threads = block.threads;
    for (int rank = 0; rank < s.cluster; rank++) {
        s.blocks[rank].block.serial = ++s.serial;
        s.blocks[rank].block.rank = rank;
        s.blocks[rank].ended = s.blocks[rank].at_barrier = 0;
        s.blocks[rank].touched = -1;
    }
    block = s.blocks[0].block;
    for (int i = 0; i < s.count; i++) {
        Task& task = s.tasks[i];
        unsigned number = (unsigned) (i % s.per_block);
        task.index = {number % threads.x, number / threads.x % threads.y, number / threads.x / threads.y};
        task.number = (int) number;
        task.rank = i / s.per_block;
        task.state = unstarted;
        task.groups = 0;
        task.copy_count = 0;
        s.sequence[i] = order == backwards ? s.count - 1 - i : i;
    }
    for (int w = 0; w * 32 < s.count; w++) {
        int lanes = s.count - w * 32;
        s.warps[w] = {lanes >= 32 ? 0xffffffffu : (1u << lanes) - 1, 0};
    }
    while (s.ended_count < s.count) {
        arrange(s, s.sequence, s.count);
        s.resumed = 0;
        s.cursor = 0;
        Fiber& first = advance(s);
        if (&first != &s.home) switch_fiber(s.home, first);
        if (s.failed) return;
        if (!pass_barriers(s) && s.resumed == 0) {
            report_deadlock(s);
            return;
        }
    }
}
}

Registration::Registration(const char* name, const char* signature, void (*run)(const uint64_t*), int threads, int cluster) {
    if (table_count == table_size) abort();
    table[table_count++] = {name, signature, run, threads, cluster};
}

const Kernel* kernels(int& count) {
    count = table_count;
    return table;
}

const Kernel* find_kernel(const char* name) {
    for (int i = 0; i < table_count; i++)
        if (!strcmp(table[i].name, name)) return &table[i];
    return nullptr;
}

void set_order(Order wanted, uint64_t seed) {
    order = wanted;
    order_seed = seed;
}

bool run(const Kernel& kernel, Grid grid, Grid threads, const uint64_t* words, char* error, size_t error_size) {
    if (!scheduler) scheduler = new Scheduler();
    Scheduler& s = *scheduler;
    s.kernel = &kernel;
    s.words = words;
    s.per_block = threads.x * threads.y * threads.z;
    s.cluster = kernel.cluster;
    s.count = s.per_block * s.cluster;
    s.failed = false;
    s.error = error;
    s.error_size = error_size;
    s.random = order_seed;
    block.threads = threads;
    block.grid = grid;
    long blocks = (long) grid.x * grid.y * grid.z / s.cluster;      // those that run together count as one
    // A shuffled order of the blocks without memory for it: multiples of a step that shares no factor with their number.
    long step = 1, start = 0;
    if (order == shuffled && blocks > 2) {
        start = (long) (next_random(s.random) % blocks);
        auto shares = [](long a, long b) {
            while (b) {
                long r = a % b;
                a = b;
                b = r;
            }
            return a != 1;
        };
        do step = 1 + (long) (next_random(s.random) % (blocks - 1));
        while (shares(step, blocks));
    }
    for (long i = 0; i < blocks && !s.failed; i++) {
        long b = order == backwards ? blocks - 1 - i : order == shuffled ? (long) ((start + (unsigned __int128) step * i) % blocks) : i;
        for (int rank = 0; rank < s.cluster; rank++) {
            long own = b * s.cluster + rank;
            block.index = {(unsigned) (own % grid.x), (unsigned) (own / grid.x % grid.y), (unsigned) (own / grid.x / grid.y)};
            s.blocks[rank].block = block;
        }
        run_together(s);
    }
    if (s.failed) {      // fibers in the middle of a kernel start anew
        s.idle_count = 0;
        for (int i = 0; i < s.fiber_count; i++) {
            prepare(s.fibers[i], fiber_main);
            s.idle[s.idle_count++] = &s.fibers[i];
        }
    }
    return !s.failed;
}

void barrier() {
    Scheduler& s = *scheduler;
    self().state = at_barrier;
    s.blocks[self().rank].at_barrier++;
    suspend();
}

void cluster_barrier() {
    Scheduler& s = *scheduler;
    self().state = at_cluster_barrier;
    s.cluster_barrier_count++;
    suspend();
}

void exchange(const WarpOperation& operation) {
    Scheduler& s = *scheduler;
    Task& task = self();
    int lane = task.number & 31, warp = position(task) >> 5;
    if (!(operation.mask >> lane & 1)) fail("a warp operation's mask 0x%08x leaves out lane %d, which calls it", operation.mask, lane);
    task.operation = operation;
    task.state = at_warp;
    s.warps[warp].waiting |= 1u << lane;
    if (complete(warp, operation.mask, operation.kind)) return;
    suspend();
}

void copy_async(void* shared, const void* global, int bytes, bool valid) {
    Task& task = self();
    if ((uintptr_t) shared % bytes || (uintptr_t) global % bytes)
        fail("an asynchronous copy of %d bytes needs both addresses aligned to %d", bytes, bytes);
    if (valid && !readable(global, bytes)) fail("an asynchronous copy reads %d bytes outside every live allocation", bytes);
    if (task.copy_count == task.copy_room) {
        task.copy_room = task.copy_room ? 2 * task.copy_room : 16;
        Copy* longer = (Copy*) realloc(task.copies, task.copy_room * sizeof(Copy));
        if (!longer) {
            task.copy_room = task.copy_count;
            fail("this machine has no memory left for asynchronous copies");
        }
        task.copies = longer;
    }
    task.copies[task.copy_count++] = {shared, global, bytes, valid, task.groups + 1};
    memset(shared, 0xff, bytes);
}

void copy_async_commit() { self().groups++; }
void copy_async_wait(int groups) { finish_copies(self(), self().groups - groups); }

int shared_site(size_t bytes) {
    int site = __atomic_fetch_add(&sites, 1, __ATOMIC_RELAXED);
    if (site >= most_sites) abort();
    site_bytes[site] = bytes;
    return site;
}

namespace {
SharedArray& shared_array(int rank, int site) { return shared_arrays[rank * most_sites + site]; }
}

void* shared_memory(int site) {
    if (!shared_arrays) {
        shared_arrays = (SharedArray*) calloc((size_t) most_sites * most_cluster_blocks, sizeof(SharedArray));
        if (!shared_arrays) fail("this machine has no memory left for shared memory");
    }
    SharedArray& array = shared_array(block.rank, site);
    if (!array.memory) {
        array.memory = aligned_alloc(64, (site_bytes[site] + 63) / 64 * 64);
        if (!array.memory) fail("this machine has no memory left for shared memory");
    }
    if (array.serial != block.serial) {
        array.serial = block.serial;
        memset(array.memory, 0xff, site_bytes[site]);
    }
    return array.memory;
}

void* shared_memory_of(void* own, int rank, size_t bytes) {
    Scheduler& s = *scheduler;
    if (rank < 0 || rank >= s.cluster) fail("there is no block %d in a cluster of %d", rank, s.cluster);
    Progress& other = s.blocks[rank];
    if (rank != block.rank) {
        if (s.cluster_barriers == 0)
            fail("shared memory of block %u is touched before a barrier of the cluster has shown that it runs", other.block.index.x);
        if (other.ended == s.per_block) fail("shared memory of block %u is touched, which has ended", other.block.index.x);
        other.touched = s.cluster_barriers;
    }
    for (int site = 0; site < sites; site++) {
        SharedArray& array = shared_array(block.rank, site);
        if (array.serial != block.serial || (char*) own < (char*) array.memory) continue;
        size_t offset = (size_t) ((char*) own - (char*) array.memory);
        if (offset + bytes > site_bytes[site]) continue;
        Block mine = block;
        block = other.block;
        void* found = (char*) shared_memory(site) + offset;
        block = mine;
        return found;
    }
    fail("an address of another block's shared memory is wanted for one that is no shared memory of this block");
}

}
