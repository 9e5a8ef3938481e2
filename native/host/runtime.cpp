// The JNI library of the host device: the table of kernels for this processor, a pool of threads, and graphs, which are
// lists of launches replayed by one call. Java side: io.github.adiw.device.HostRuntime.
//
// Compiled for baseline x86-64. The kernels stand in other files, compiled once for each instruction set; the widest set
// that this processor has is chosen when the library is loaded.
#include "host/registry.h"
#include <dlfcn.h>
#include <jni.h>
#include <linux/futex.h>
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

    Worker* workers;
    const int size;
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
    explicit ThreadPool(int threads) : workers(new Worker[threads]), size(threads) {
        for (int i = 0; i < size; i++) workers[i] = {0, nullptr, 0, this, i};
        for (int i = 1; i < size; i++)
            pthread_create(
                &workers[i].thread, nullptr,
                [](void* w) -> void* {
                    Worker* worker = (Worker*) w;
                    worker->pool->loop(worker->index);
                    return nullptr;
                },
                &workers[i]);
    }
    ~ThreadPool() {
        __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
        release(generation + 1);
        for (int i = 0; i < size; i++) {
            if (i > 0) pthread_join(workers[i].thread, nullptr);
            free(workers[i].memory);
        }
        delete[] workers;
    }
    int threads() const override { return size; }

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
            if (!w.memory) abort();
            w.bytes = bytes;
        }
        return w.memory;
    }
};

constexpr int copy_node = -1, fill_node = -2;
constexpr int most_words = 40;

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
NATIVE(jboolean, finds)(JNIEnv* env, jclass, jstring name) {
    const char* text = env->GetStringUTFChars(name, nullptr);
    bool found = dlopen(text, RTLD_LAZY | RTLD_LOCAL) != nullptr;
    env->ReleaseStringUTFChars(name, text);
    return found;
}

/// Whether this processor runs the stand-in driver's kernels.
NATIVE(jboolean, hasAvx2)(JNIEnv*, jclass) { return widest() >= avx2; }

NATIVE(jlong, createPool)(JNIEnv*, jclass, jint threads) { return (jlong) new ThreadPool(threads); }
NATIVE(void, destroyPool)(JNIEnv*, jclass, jlong pool) { delete (ThreadPool*) pool; }

/// 64-byte aligned memory, in huge pages where the system gives them; 0 if there is none.
NATIVE(jlong, allocate)(JNIEnv*, jclass, jlong bytes) {
    size_t alignment = bytes >= (4l << 20) ? 2l << 20 : 64;
    void* memory = nullptr;
    if (posix_memalign(&memory, alignment, (size_t) bytes)) return 0;
    if (alignment > 64) madvise(memory, (size_t) bytes, MADV_HUGEPAGE);
    return (jlong) memory;
}
NATIVE(void, free)(JNIEnv*, jclass, jlong address) { free((void*) address); }

NATIVE(void, copyFromArray)(JNIEnv* env, jclass, jlong address, jobject array, jlong offset, jlong bytes) {
    char* data = (char*) env->GetPrimitiveArrayCritical((jarray) array, nullptr);
    memcpy((void*) address, data + offset, (size_t) bytes);
    env->ReleasePrimitiveArrayCritical((jarray) array, data, JNI_ABORT);
}
NATIVE(void, copyToArray)(JNIEnv* env, jclass, jlong address, jobject array, jlong offset, jlong bytes) {
    char* data = (char*) env->GetPrimitiveArrayCritical((jarray) array, nullptr);
    memcpy(data + offset, (const void*) address, (size_t) bytes);
    env->ReleasePrimitiveArrayCritical((jarray) array, data, 0);
}
NATIVE(jlong, directAddress)(JNIEnv* env, jclass, jobject buffer) { return (jlong) env->GetDirectBufferAddress(buffer); }

NATIVE(void, launch)(JNIEnv* env, jclass, jlong pool, jint kernel, jint x, jint y, jint z, jlongArray words) {
    uint64_t copy[most_words];
    env->GetLongArrayRegion(words, 0, env->GetArrayLength(words), (jlong*) copy);
    run((ThreadPool*) pool, kernel, {(unsigned) x, (unsigned) y, (unsigned) z}, copy);
}

/// nodes: kernel, x, y, z and the position of its first word, five numbers a node.
NATIVE(jlong, createGraph)(JNIEnv* env, jclass, jlong pool, jintArray nodes, jlongArray words) {
    int count = env->GetArrayLength(nodes) / 5, length = env->GetArrayLength(words);
    Recording* graph = new Recording{(ThreadPool*) pool, count, new Node[count + 1], new uint64_t[length + 1]};
    for (int i = 0; i < count; i++) {
        jint n[5];
        env->GetIntArrayRegion(nodes, 5 * i, 5, n);
        graph->nodes[i] = {n[0], {(unsigned) n[1], (unsigned) n[2], (unsigned) n[3]}, n[4]};
    }
    env->GetLongArrayRegion(words, 0, length, (jlong*) graph->words);
    return (jlong) graph;
}
NATIVE(void, replayGraph)(JNIEnv*, jclass, jlong handle) {
    const Recording* graph = (const Recording*) handle;
    for (int i = 0; i < graph->count; i++) {
        const Node& node = graph->nodes[i];
        run(graph->pool, node.kernel, node.grid, graph->words + node.first_word);
    }
}
NATIVE(void, destroyGraph)(JNIEnv*, jclass, jlong handle) {
    Recording* graph = (Recording*) handle;
    delete[] graph->nodes;
    delete[] graph->words;
    delete graph;
}
