// The JNI library of the host device: the table of kernels for this processor, a pool of threads, and graphs, which are
// lists of launches replayed by one call. Java side: io.github.adiw.device.HostRuntime.
//
// Compiled for baseline x86-64. The kernels stand in other files, compiled once for each instruction set; the widest set
// that this processor has is chosen when the library is loaded.
#include "host/registry.h"
#include <dlfcn.h>
#include <jni.h>
#include <linux/futex.h>
#include <new>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace adiw {

namespace {
constexpr int table_size = 1024;
Entry tables[isa_count][table_size];
int counts[isa_count];

void add(Isa isa, const Entry& entry) {
    if (counts[isa] < table_size) tables[isa][counts[isa]++] = entry;
    else abort();
}

Isa widest() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return avx2;
    return base;
}

Isa chosen = base;

/// Workers wait by spinning for a while, since the next launch of a step is microseconds away, then sleep on a futex. A launch ends
/// when its parts are done, whoever did them: a worker that the system does not let run holds nothing up unless it is within a part.
class ThreadPool final : public Pool {
    static constexpr int spins = 20000;
    struct alignas(64) Worker {
        pthread_t thread;
        void* memory;
        size_t bytes;
        ThreadPool* pool;
        int index;
    };
    struct Task {
        void (*run)(void*, long, long, int);
        void* context;
        long count, part;
    };

    Worker* workers = nullptr;
    int size = 0;              // workers that there are, which may be fewer than were asked for
    bool starved = false;      // a launch has been refused memory
    alignas(64) unsigned generation = 0;
    alignas(64) int sleepers = 0;
    alignas(64) uint64_t ticket = 0;      // generation, and in the low half the next part that nobody has taken
    alignas(64) long done = 0;            // parts
    alignas(64) Task task = {};
    bool stopping = false;

    /// Takes parts of this generation while there are any. The task is read before a part is taken, and belongs to the generation if
    /// that succeeds: the next one changes the ticket before it changes the task, and does neither before every part is done.
    void work(unsigned own, int worker) {
        Task t = {__atomic_load_n(&task.run, __ATOMIC_ACQUIRE), __atomic_load_n(&task.context, __ATOMIC_ACQUIRE),
                  __atomic_load_n(&task.count, __ATOMIC_ACQUIRE), __atomic_load_n(&task.part, __ATOMIC_ACQUIRE)};
        uint64_t taken = __atomic_load_n(&ticket, __ATOMIC_ACQUIRE);
        while (taken >> 32 == own) {
            long begin = (long) (taken & 0xffffffff) * t.part;
            if (begin >= t.count) return;
            if (!__atomic_compare_exchange_n(&ticket, &taken, taken + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
            t.run(t.context, begin, begin + t.part < t.count ? begin + t.part : t.count, worker);
            __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
            taken = __atomic_load_n(&ticket, __ATOMIC_ACQUIRE);
        }
    }
    unsigned await(unsigned seen) {
        for (int i = 0; i < spins; i++) {
            unsigned now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
            if (now != seen) return now;
            __builtin_ia32_pause();
        }
        __atomic_fetch_add(&sleepers, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) == seen)
            syscall(SYS_futex, &generation, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
        __atomic_fetch_sub(&sleepers, 1, __ATOMIC_SEQ_CST);
        return __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
    }
    void loop(int worker) {
        unsigned seen = 0;
        for (;;) {
            seen = await(seen);
            if (__atomic_load_n(&stopping, __ATOMIC_RELAXED)) return;
            work(seen, worker);
        }
    }
    void release(unsigned next) {
        __atomic_store_n(&generation, next, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&sleepers, __ATOMIC_SEQ_CST) > 0)
            syscall(SYS_futex, &generation, FUTEX_WAKE_PRIVATE, size, nullptr, nullptr, 0);
    }

public:
    /// Starts as many of the threads as the system allows; false if there is no memory for any. The calling thread is the first one.
    bool start(int threads) {
        workers = (Worker*) aligned_alloc(alignof(Worker), sizeof(Worker) * threads);
        if (!workers) return false;
        for (int i = 0; i < threads; i++) workers[i] = {0, nullptr, 0, this, i};
        for (size = 1; size < threads; size++) {
            auto entry = [](void* w) -> void* {
                Worker* worker = (Worker*) w;
                worker->pool->loop(worker->index);
                return nullptr;
            };
            if (pthread_create(&workers[size].thread, nullptr, entry, &workers[size])) break;
        }
        return true;
    }
    ~ThreadPool() {
        __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
        release(generation + 1);
        for (int i = 0; i < size; i++) {
            if (i > 0) pthread_join(workers[i].thread, nullptr);
            free(workers[i].memory);
        }
        free(workers);
    }
    int threads() const override { return size; }
    /// Whether a launch since the last such question was refused memory, and has not done its work.
    bool failed() { return __atomic_load_n(&starved, __ATOMIC_RELAXED) && __atomic_exchange_n(&starved, false, __ATOMIC_RELAXED); }

    void parallel(long n, long grain, void (*f)(void*, long, long, int), void* c) override {
        if (n <= 0) return;
        long share = (n + size * 4 - 1) / (size * 4);
        long part = share > grain ? share : grain;
        if (size == 1 || n <= part) {
            for (long begin = 0; begin < n; begin += part) f(c, begin, begin + part < n ? begin + part : n, 0);
            return;
        }
        unsigned next = generation + 1;
        __atomic_exchange_n(&ticket, (uint64_t) next << 32, __ATOMIC_SEQ_CST);      // first: who is late cannot take a part any more
        __atomic_store_n(&task.run, f, __ATOMIC_RELEASE);
        __atomic_store_n(&task.context, c, __ATOMIC_RELEASE);
        __atomic_store_n(&task.count, n, __ATOMIC_RELEASE);
        __atomic_store_n(&task.part, part, __ATOMIC_RELEASE);
        __atomic_store_n(&done, 0, __ATOMIC_RELAXED);
        release(next);
        work(next, 0);
        long parts = (n + part - 1) / part;
        for (int i = 0; __atomic_load_n(&done, __ATOMIC_ACQUIRE) < parts; i++) {
            if (i < spins) __builtin_ia32_pause();
            else sched_yield();
        }
    }
    void* scratch(int worker, size_t bytes) override {
        Worker& w = workers[worker];
        if (w.bytes < bytes) {
            free(w.memory);
            w.memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
            w.bytes = w.memory ? bytes : 0;
            if (!w.memory) __atomic_store_n(&starved, true, __ATOMIC_RELAXED);
        }
        return w.memory;
    }
    void* reserve(size_t bytes) override {
        for (int i = 0; i < size; i++)
            if (!scratch(i, bytes)) return nullptr;
        return workers[0].memory;
    }
};

constexpr int copy_node = -1, fill_node = -2;

struct Node {
    int kernel;
    Grid grid;
    int first_word;
};
struct Recording {
    ThreadPool* pool;
    int count;
    Node* nodes;
    uint64_t* words;
};
void destroy(Recording* graph) {
    if (!graph) return;
    free(graph->nodes);
    free(graph->words);
    free(graph);
}

void run(ThreadPool* pool, int kernel, Grid grid, const uint64_t* words) {
    if (kernel == copy_node) {
        memmove((void*) words[0], (const void*) words[1], words[2]);
        return;
    }
    if (kernel == fill_node) {
        memset((void*) words[0], (int) words[1], words[2]);
        return;
    }
    const Entry& entry = tables[chosen][kernel];
    if (entry.call) {
        entry.call(words, *pool);
        return;
    }
    long blocks = (long) grid.x * grid.y * grid.z;
    if (blocks == 1) {
        entry.blocks(words, grid, 0, 1);
        return;
    }
    pool->each(blocks, 1, [&](long begin, long end, int) { entry.blocks(words, grid, begin, end); });
}
}

Registration::Registration(Isa isa, const char* name, const char* signature, BlocksFunction blocks) {
    add(isa, {name, signature, blocks, nullptr});
}
Registration::Registration(Isa isa, const char* name, const char* signature, CallFunction call) {
    add(isa, {name, signature, nullptr, call});
}
}

using namespace adiw;
#define NATIVE(type, name) extern "C" JNIEXPORT type JNICALL Java_io_github_adiw_device_HostRuntime_##name

/// Chooses the instruction set: "" for the widest, or a name; returns the name chosen, null if this processor lacks it.
NATIVE(jstring, chooseInstructionSet)(JNIEnv* env, jclass, jstring wanted) {
    static const char* names[] = {"base", "avx2", "avx512"};
    const char* text = env->GetStringUTFChars(wanted, nullptr);
    int most = widest(), isa = *text ? -1 : most;
    for (int i = 0; i < isa_count; i++)
        if (!strcmp(text, names[i])) isa = i;
    env->ReleaseStringUTFChars(wanted, text);
    if (isa < 0 || isa > most) return nullptr;
    chosen = (Isa) isa;
    return env->NewStringUTF(names[isa]);
}

/// Every kernel as "name signature kind", kind b (blocks) or c (call); the position is the kernel's number.
NATIVE(jobjectArray, kernels)(JNIEnv* env, jclass) {
    jobjectArray result = env->NewObjectArray(counts[chosen], env->FindClass("java/lang/String"), nullptr);
    for (int i = 0; i < counts[chosen]; i++) {
        const Entry& e = tables[chosen][i];
        char line[256];
        size_t name = strlen(e.name), signature = strlen(e.signature);
        if (name + signature + 4 > sizeof line) abort();
        memcpy(line, e.name, name);
        line[name] = ' ';
        memcpy(line + name + 1, e.signature, signature);
        memcpy(line + name + 1 + signature, e.call ? " c" : " b", 3);
        jstring text = env->NewStringUTF(line);
        env->SetObjectArrayElement(result, i, text);
        env->DeleteLocalRef(text);
    }
    return result;
}

/// Whether the dynamic linker finds a library of this name, or one is loaded already.
NATIVE(jboolean, opens)(JNIEnv* env, jclass, jstring name) {
    const char* text = env->GetStringUTFChars(name, nullptr);
    bool found = dlopen(text, RTLD_LAZY | RTLD_LOCAL) != nullptr;
    env->ReleaseStringUTFChars(name, text);
    return found;
}

/// Whether this processor runs the stand-in driver's kernels.
NATIVE(jboolean, processorHasAvx2)(JNIEnv*, jclass) { return widest() >= avx2; }

/// A pool of as many threads as the system allows, threads at most; 0 if there is no memory for it.
NATIVE(jlong, createPool)(JNIEnv*, jclass, jint threads) {
    void* memory = aligned_alloc(alignof(ThreadPool), sizeof(ThreadPool));
    if (!memory) return 0;
    ThreadPool* pool = new (memory) ThreadPool;
    if (pool->start(threads)) return (jlong) pool;
    free(memory);
    return 0;
}
NATIVE(jint, threads)(JNIEnv*, jclass, jlong pool) { return ((ThreadPool*) pool)->threads(); }
NATIVE(void, destroyPool)(JNIEnv*, jclass, jlong pool) {
    ((ThreadPool*) pool)->~ThreadPool();
    free((void*) pool);
}

/// 64-byte aligned memory, in huge pages where the system gives them; 0 if there is none.
NATIVE(jlong, allocate)(JNIEnv*, jclass, jlong bytes) {
    size_t alignment = bytes >= (4l << 20) ? 2l << 20 : 64;
    void* memory = nullptr;
    if (posix_memalign(&memory, alignment, (size_t) bytes)) return 0;
    if (alignment > 64) madvise(memory, (size_t) bytes, MADV_HUGEPAGE);
    return (jlong) memory;
}
NATIVE(void, free)(JNIEnv*, jclass, jlong address) { free((void*) address); }

/// Where there is no memory to reach the array with, Java throws an OutOfMemoryError.
NATIVE(void, copyFromArray)(JNIEnv* env, jclass, jlong address, jobject array, jlong offset, jlong bytes) {
    char* data = (char*) env->GetPrimitiveArrayCritical((jarray) array, nullptr);
    if (!data) return;
    memcpy((void*) address, data + offset, (size_t) bytes);
    env->ReleasePrimitiveArrayCritical((jarray) array, data, JNI_ABORT);
}
NATIVE(void, copyToArray)(JNIEnv* env, jclass, jlong address, jobject array, jlong offset, jlong bytes) {
    char* data = (char*) env->GetPrimitiveArrayCritical((jarray) array, nullptr);
    if (!data) return;
    memcpy(data + offset, (const void*) address, (size_t) bytes);
    env->ReleasePrimitiveArrayCritical((jarray) array, data, 0);
}
NATIVE(jlong, directAddress)(JNIEnv* env, jclass, jobject buffer) { return (jlong) env->GetDirectBufferAddress(buffer); }

/// False if there was no memory for it, or more words than a kernel can have: then its results are undefined.
NATIVE(jboolean, launch)(JNIEnv* env, jclass, jlong handle, jint kernel, jint x, jint y, jint z, jlongArray words) {
    uint64_t copy[most_words];
    ThreadPool* pool = (ThreadPool*) handle;
    int count = env->GetArrayLength(words);
    if (count > most_words) return false;
    env->GetLongArrayRegion(words, 0, count, (jlong*) copy);
    run(pool, kernel, {(unsigned) x, (unsigned) y, (unsigned) z}, copy);
    return !(pool && pool->failed());
}

/// nodes: kernel, x, y, z and the position of its first word, five numbers a node. 0 if there is no memory for it.
NATIVE(jlong, createGraph)(JNIEnv* env, jclass, jlong pool, jintArray nodes, jlongArray words) {
    int count = env->GetArrayLength(nodes) / 5, length = env->GetArrayLength(words);
    Recording* graph = (Recording*) calloc(1, sizeof(Recording));
    if (!graph) return 0;
    *graph = {(ThreadPool*) pool, count, (Node*) calloc(count + 1, sizeof(Node)), (uint64_t*) calloc(length + 1, sizeof(uint64_t))};
    if (!graph->nodes || !graph->words) {
        destroy(graph);
        return 0;
    }
    for (int i = 0; i < count; i++) {
        jint n[5];
        env->GetIntArrayRegion(nodes, 5 * i, 5, n);
        graph->nodes[i] = {n[0], {(unsigned) n[1], (unsigned) n[2], (unsigned) n[3]}, n[4]};
    }
    env->GetLongArrayRegion(words, 0, length, (jlong*) graph->words);
    return (jlong) graph;
}
/// False if there was no memory for one of its launches: then its results are undefined.
NATIVE(jboolean, replayGraph)(JNIEnv*, jclass, jlong handle) {
    const Recording* graph = (const Recording*) handle;
    for (int i = 0; i < graph->count; i++) {
        const Node& node = graph->nodes[i];
        run(graph->pool, node.kernel, node.grid, graph->words + node.first_word);
    }
    return !graph->pool->failed();
}
NATIVE(void, destroyGraph)(JNIEnv*, jclass, jlong handle) { destroy((Recording*) handle); }
