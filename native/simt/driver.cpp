// A stand-in for the CUDA driver library (libcuda.so.1): the functions that this project calls, done in main memory, with
// kernels of the simt build. As on a device, what is enqueued on a stream is done later: when something waits for it.
// After a failure every call returns it until the primary context is released; cuGetErrorString gives the sentence.
// Types are spelled out here (the sizes are the driver's ABI), so that no CUDA toolkit is needed to build it.
#include "simt/memory.h"
#include "simt/ptx.h"
#include "simt/scheduler.h"
#include <jni.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <vector>

using namespace adiw;
using namespace adiw::simt;

namespace {
typedef int Result;
typedef unsigned long long Pointer;
enum : Result {
    success = 0,
    invalid_value = 1,
    out_of_memory = 2,
    not_initialized = 3,
    invalid_device = 101,
    invalid_image = 200,
    invalid_context = 201,
    invalid_ptx = 218,
    no_binary_for_gpu = 209,
    unsupported_ptx_version = 222,
    invalid_handle = 400,
    not_found = 500,
    illegal_address = 700,
    launch_failed = 719,
    not_supported = 801,
    capture_unsupported = 900,
    capture_invalidated = 901,
    invalid_cluster_size = 912
};

/// Something enqueued.
struct Operation {
    enum Kind { launch, copy, copy_owned, fill, event } kind;
    const Kernel* kernel;
    Grid grid, threads;
    uint64_t words[most_words];
    uintptr_t target, source;
    size_t bytes;
    unsigned char value;
    struct Event* marked;
};
struct Event {
    bool recorded, done;
    double milliseconds;
};
struct Graph {
    std::vector<Operation> operations;
};
struct Stream {
    std::vector<Operation> queue;
    Graph* capture = nullptr;
    pthread_t capturing_thread;
    bool invalidated = false;
};
struct Module {
    std::vector<std::string> entries;
};

pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
struct Lock {
    Lock() { pthread_mutex_lock(&mutex); }
    ~Lock() { pthread_mutex_unlock(&mutex); }
};

bool initialised;
int driver_version = 13000;
bool takes_cubins = true;
int context_users, modules_loaded;
char context_tag;
thread_local void* current_context;
Result sticky;
char sentence[1024];      // about the latest failure
Result sentence_of;
std::vector<Stream*>& streams() {
    static auto* v = new std::vector<Stream*>();
    return *v;
}

constexpr int multiprocessors = 4;
int capability = 80;

Result failure(Result code, const char* text = nullptr) {
    sentence_of = code;
    if (text && text != sentence) snprintf(sentence, sizeof sentence, "%s", text);
    else if (!text) sentence[0] = 0;
    return code;
}
Result lost(Result code, const char* text = nullptr) {
    sticky = code;
    return failure(code, text ? text : sentence);
}

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

bool check_pointers(const Operation& o) {
    for (int i = 0; o.kernel->signature[i]; i++) {
        char why[512];
        bool pointer = o.kernel->signature[i] == 'P' || o.kernel->signature[i] == 'C';
        if (!pointer || o.words[i] == 0 || check_range(o.words[i], 0, why, sizeof why)) continue;
        snprintf(sentence, sizeof sentence, "argument %d of kernel %s is no device memory: %s", i + 1, o.kernel->name, why);
        return false;
    }
    return true;
}
bool check_device_range(const char* what, uintptr_t address, size_t bytes) {
    char why[512];
    if (check_range(address, bytes, why, sizeof why)) return true;
    snprintf(sentence, sizeof sentence, "%s: %s", what, why);
    return false;
}

Result execute(Operation& o) {
    switch (o.kind) {
        case Operation::launch: {
            if (!check_pointers(o)) return lost(illegal_address);
            if (!run(*o.kernel, o.grid, o.threads, o.words, sentence, sizeof sentence)) return lost(launch_failed);
            char who[256];
            snprintf(who, sizeof who, "kernel %s", o.kernel->name);
            if (!check_zones(who, sentence, sizeof sentence)) return lost(illegal_address);
            return success;
        }
        case Operation::copy:
        case Operation::copy_owned:
            memmove((void*) o.target, (const void*) o.source, o.bytes);
            if (o.kind == Operation::copy_owned) free((void*) o.source);
            return success;
        case Operation::fill: memset((void*) o.target, o.value, o.bytes); return success;
        case Operation::event:
            o.marked->done = true;
            o.marked->milliseconds = now();
            return success;
    }
    return success;
}

Result flush(Stream* stream) {
    std::vector<Operation> queue;
    queue.swap(stream->queue);
    for (Operation& o : queue) {
        if (!sticky) execute(o);
        else if (o.kind == Operation::copy_owned) free((void*) o.source);
    }
    return sticky;
}
Result flush_all() {
    for (Stream* stream : streams()) flush(stream);
    return sticky;
}

Result enter() {
    if (!initialised) return failure(not_initialized);
    if (sticky) return sticky;
    if (!current_context || context_users == 0) return failure(invalid_context);
    return success;
}
/// For calls that may not happen while this thread captures a stream: they also spoil the capture.
Result enter_outside_capture() {
    for (Stream* stream : streams()) {
        if (stream->capture && pthread_equal(stream->capturing_thread, pthread_self())) {
            stream->invalidated = true;
            return failure(capture_unsupported);
        }
    }
    return enter();
}
bool known(Stream* stream) {
    for (Stream* s : streams())
        if (s == stream) return true;
    return false;
}
Result enqueue(Stream* stream, const Operation& o) {
    if (!known(stream)) return failure(invalid_handle, "the stream is not open (the default stream is not used here)");
    if (stream->capture) {
        if (stream->invalidated) return failure(capture_invalidated);
        stream->capture->operations.push_back(o);
    } else stream->queue.push_back(o);
    return success;
}
}

#define CU extern "C" __attribute__((visibility("default"))) Result
#define ENTER \
    do { \
        if (Result r = enter()) return r; \
    } while (0)
#define ENTER_OUTSIDE_CAPTURE \
    do { \
        if (Result r = enter_outside_capture()) return r; \
    } while (0)

// ---- initialisation, devices, contexts
CU cuInit(unsigned) {
    Lock lock;
    initialised = true;
    readable = [](const void* address, size_t bytes) { return check_range((uintptr_t) address, bytes, nullptr, 0); };
    return success;
}
CU cuDriverGetVersion(int* version) {
    *version = driver_version;
    return success;
}
CU cuDeviceGetCount(int* count) {
    *count = 1;
    return initialised ? success : failure(not_initialized);
}
CU cuDeviceGet(int* device, int ordinal) {
    if (!initialised) return failure(not_initialized);
    *device = ordinal;
    return ordinal == 0 ? success : failure(invalid_device);
}
CU cuDeviceGetName(char* name, int length, int) {
    snprintf(name, length, "ADIW stand-in");
    return success;
}
CU cuDeviceTotalMem_v2(size_t* bytes, int) {
    size_t ignored;
    memory_info(ignored, *bytes);
    return success;
}
CU cuDeviceGetAttribute(int* value, int attribute, int) {
    switch (attribute) {
        case 1: *value = most_threads; return success;      // threads a block
        case 10: *value = 32; return success;               // warp size
        case 16: *value = multiprocessors; return success;
        case 39: *value = 2048; return success;      // threads a multiprocessor
        case 75: *value = capability / 10; return success;
        case 76: *value = capability % 10; return success;
        default: return failure(not_supported);
    }
}
CU cuDevicePrimaryCtxRetain(void** context, int) {
    Lock lock;
    if (!initialised) return failure(not_initialized);
    context_users++;
    *context = &context_tag;
    return success;
}
CU cuDevicePrimaryCtxRelease_v2(int) {
    Lock lock;
    if (context_users == 0) return failure(invalid_context);
    if (--context_users > 0) return success;
    flush_all();
    size_t bytes;
    int leaked = release_all(bytes);
    if (leaked > 0) fprintf(stderr, "stand-in driver: %d allocations, %zu bytes, were never freed\n", leaked, bytes);
    for (Stream* stream : streams()) {
        delete stream->capture;
        delete stream;
    }
    streams().clear();
    sticky = success;
    return success;
}
CU cuCtxSetCurrent(void* context) {
    current_context = context;
    return success;
}
CU cuCtxGetCurrent(void** context) {
    *context = current_context;
    return success;
}
CU cuCtxSynchronize() {
    Lock lock;
    ENTER_OUTSIDE_CAPTURE;
    return flush_all();
}

// ---- memory
CU cuMemAlloc_v2(Pointer* address, size_t bytes) {
    Lock lock;
    ENTER_OUTSIDE_CAPTURE;
    if (bytes == 0) return failure(invalid_value, "an allocation of 0 bytes");
    *address = allocate(bytes);
    return *address ? success : failure(out_of_memory);
}
CU cuMemFree_v2(Pointer address) {
    Lock lock;
    Result r = enter_outside_capture();
    if (r && !sticky) return r;
    if (address == 0) return r;
    flush_all();
    if (!release(address, sentence, sizeof sentence)) return sticky ? sticky : failure(invalid_value, sentence);
    return sticky;
}
CU cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) {
    Lock lock;
    memory_info(*free_bytes, *total_bytes);
    return success;
}

CU cuMemcpyHtoDAsync_v2(Pointer target, const void* source, size_t bytes, Stream* stream) {
    Lock lock;
    ENTER;
    if (!check_device_range("a copy to the device", target, bytes)) return lost(illegal_address);
    if (known(stream) && stream->capture) return failure(not_supported, "a copy from this process's memory inside a recording");
    // Memory that is not page-locked is read before the call returns.
    void* own = malloc(bytes ? bytes : 1);
    if (!own) return failure(out_of_memory);
    memcpy(own, source, bytes);
    Operation o = {};
    o.kind = Operation::copy_owned;
    o.target = target;
    o.source = (uintptr_t) own;
    o.bytes = bytes;
    return enqueue(stream, o);
}
CU cuMemcpyDtoHAsync_v2(void* target, Pointer source, size_t bytes, Stream* stream) {
    Lock lock;
    ENTER;
    if (!known(stream)) return failure(invalid_handle);
    if (stream->capture) return failure(not_supported, "a copy to this process's memory inside a recording");
    if (!check_device_range("a copy from the device", source, bytes)) return lost(illegal_address);
    if (Result r = flush(stream)) return r;      // memory that is not page-locked is written before the call returns
    memcpy(target, (const void*) source, bytes);
    return success;
}
CU cuMemcpyDtoDAsync_v2(Pointer target, Pointer source, size_t bytes, Stream* stream) {
    Lock lock;
    ENTER;
    if (!check_device_range("the target of a copy", target, bytes) || !check_device_range("the source of a copy", source, bytes))
        return lost(illegal_address);
    Operation o = {};
    o.kind = Operation::copy;
    o.target = target;
    o.source = source;
    o.bytes = bytes;
    return enqueue(stream, o);
}
CU cuMemsetD8Async(Pointer target, unsigned char value, size_t bytes, Stream* stream) {
    Lock lock;
    ENTER;
    if (!check_device_range("filling", target, bytes)) return lost(illegal_address);
    Operation o = {};
    o.kind = Operation::fill;
    o.target = target;
    o.value = value;
    o.bytes = bytes;
    return enqueue(stream, o);
}

// ---- modules and launches
static Result load_module(Module** module, const void* image) {
    Lock lock;
    ENTER_OUTSIDE_CAPTURE;
    Module loaded;
    if (is_cubin(image)) {
        int architecture = 0;
        if (!check_cubin(image, architecture, loaded.entries, sentence, sizeof sentence)) return failure(invalid_image, sentence);
        if (architecture / 10 != capability / 10 || architecture > capability || !takes_cubins) {
            snprintf(sentence, sizeof sentence, "the machine code is for sm_%d", architecture);
            return failure(no_binary_for_gpu, sentence);
        }
    } else {
        int major = 0, minor = 0, target = target_of_ptx((const char*) image);
        if (!check_module((const char*) image, major, minor, loaded.entries, sentence, sizeof sentence))
            return failure(invalid_ptx, sentence);
        if (target > capability) {
            snprintf(sentence, sizeof sentence, "the PTX is for sm_%d, and the device is an sm_%d", target, capability);
            return failure(no_binary_for_gpu, sentence);
        }
        if (cuda_version_of_ptx(major, minor) > driver_version) return failure(unsupported_ptx_version);
    }
    *module = new Module(loaded);
    modules_loaded++;
    return success;
}
CU cuModuleLoadData(Module** module, const void* image) { return load_module(module, image); }
/// The options: a buffer for what is to be said of an image that is refused, and its size. As the driver does, the size is set to what was
/// written.
CU cuModuleLoadDataEx(Module** module, const void* image, unsigned count, int* options, void** values) {
    enum { error_log = 5, error_log_bytes = 6 };
    Result r = load_module(module, image);
    char* log = nullptr;
    size_t room = 0;
    for (unsigned i = 0; i < count; i++) {
        if (options[i] == error_log) log = (char*) values[i];
        if (options[i] == error_log_bytes) room = (size_t) (uint32_t) (uintptr_t) values[i];
    }
    size_t written = 0;
    if (log && room) written = (size_t) snprintf(log, room, "%s", r ? sentence : "");
    for (unsigned i = 0; i < count; i++)
        if (options[i] == error_log_bytes) values[i] = (void*) (written < room ? written : room);
    return r;
}
CU cuModuleUnload(Module* module) {
    Lock lock;
    delete module;
    return sticky;
}
CU cuModuleGetFunction(const Kernel** function, Module* module, const char* name) {
    Lock lock;
    ENTER;
    for (const std::string& entry : module->entries) {
        if (entry != name) continue;
        *function = find_kernel(name);
        return success;
    }
    snprintf(sentence, sizeof sentence, "the module has no kernel %s", name);
    return failure(not_found, sentence);
}
CU cuFuncGetAttribute(int* value, int attribute, const Kernel* kernel) {
    switch (attribute) {
        case 0: *value = kernel->threads ? kernel->threads : most_threads; return success;      // most threads a block
        case 1:
        case 3: *value = 0; return success;       // shared, local bytes
        case 4: *value = 32; return success;      // registers
        default: return failure(not_supported);
    }
}
CU cuLaunchKernel(const Kernel* kernel, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                  Stream* stream, void** parameters, void** extra) {
    Lock lock;
    ENTER;
    if (extra || shared) return failure(not_supported, "packed arguments and dynamic shared memory");
    unsigned long threads = (unsigned long) bx * by * bz;
    if (!gx || !gy || !gz || gx > 0x7fffffffu || gy > 65535 || gz > 65535 || !threads || threads > most_threads || bz > 64) {
        snprintf(sentence, sizeof sentence, "kernel %s cannot have a grid of %u x %u x %u blocks of %u x %u x %u threads", kernel->name, gx,
                 gy, gz, bx, by, bz);
        return failure(invalid_value, sentence);
    }
    if (kernel->threads && threads != (unsigned) kernel->threads) {
        snprintf(sentence, sizeof sentence, "kernel %s has a block of %d threads, not %lu", kernel->name, kernel->threads, threads);
        return failure(invalid_value, sentence);
    }
    if (gx % kernel->cluster) {
        snprintf(sentence, sizeof sentence, "kernel %s has clusters of %d blocks, and %u blocks are no multiple of that", kernel->name,
                 kernel->cluster, gx);
        return failure(invalid_cluster_size, sentence);
    }
    Operation o = {};
    o.kind = Operation::launch;
    o.kernel = kernel;
    o.grid = {gx, gy, gz};
    o.threads = {bx, by, bz};
    for (int i = 0; kernel->signature[i]; i++) {
        char type = kernel->signature[i];
        memcpy(&o.words[i], parameters[i], type == 'I' || type == 'F' ? 4 : 8);
    }
    if (!check_pointers(o)) return lost(illegal_address);
    return enqueue(stream, o);
}

// ---- streams and events
CU cuStreamCreate(Stream** stream, unsigned) {
    Lock lock;
    ENTER_OUTSIDE_CAPTURE;
    streams().push_back(*stream = new Stream());
    return success;
}
CU cuStreamDestroy_v2(Stream* stream) {
    Lock lock;
    if (!known(stream)) return failure(invalid_handle);
    flush(stream);
    for (size_t i = 0; i < streams().size(); i++)
        if (streams()[i] == stream) streams().erase(streams().begin() + i);
    delete stream->capture;
    delete stream;
    return sticky;
}
CU cuStreamSynchronize(Stream* stream) {
    Lock lock;
    ENTER;
    if (!known(stream)) return failure(invalid_handle);
    if (stream->capture) {
        stream->invalidated = true;
        return failure(capture_unsupported);
    }
    return flush(stream);
}
CU cuStreamQuery(Stream* stream) { return cuStreamSynchronize(stream); }
CU cuStreamWaitEvent(Stream*, Event*, unsigned) {
    Lock lock;
    return flush_all();
}
CU cuEventCreate(Event** event, unsigned) {
    *event = new Event();
    return success;
}
CU cuEventDestroy_v2(Event* event) {
    Lock lock;
    flush_all();
    delete event;
    return success;
}
CU cuEventRecord(Event* event, Stream* stream) {
    Lock lock;
    ENTER;
    Operation o = {};
    o.kind = Operation::event;
    o.marked = event;
    event->recorded = true;
    event->done = false;
    return enqueue(stream, o);
}
CU cuEventSynchronize(Event*) {
    Lock lock;
    ENTER;
    return flush_all();
}
CU cuEventQuery(Event*) {
    Lock lock;
    ENTER;
    return flush_all();
}
CU cuEventElapsedTime(float* milliseconds, Event* from, Event* to) {
    Lock lock;
    ENTER;
    if (!from->done || !to->done) return failure(invalid_handle, "the events have not both passed");
    *milliseconds = (float) (to->milliseconds - from->milliseconds);
    return success;
}

// ---- recording
CU cuStreamBeginCapture_v2(Stream* stream, int) {
    Lock lock;
    ENTER;
    if (!known(stream)) return failure(invalid_handle);
    if (stream->capture) return failure(capture_unsupported, "the stream is being captured already");
    stream->capture = new Graph();
    stream->capturing_thread = pthread_self();
    stream->invalidated = false;
    return success;
}
CU cuStreamEndCapture(Stream* stream, Graph** graph) {
    Lock lock;
    if (!known(stream) || !stream->capture) return failure(invalid_handle, "the stream is not being captured");
    *graph = stream->capture;
    stream->capture = nullptr;
    if (stream->invalidated || sticky) {
        delete *graph;
        *graph = nullptr;
        return sticky ? sticky : failure(capture_invalidated);
    }
    return success;
}
CU cuStreamIsCapturing(Stream* stream, int* status) {
    Lock lock;
    if (!known(stream)) return failure(invalid_handle);
    *status = !stream->capture ? 0 : stream->invalidated ? 2 : 1;
    return success;
}
/// How many they are, where no room is given for them.
CU cuGraphGetNodes(Graph* graph, void** nodes, size_t* count) {
    Lock lock;
    ENTER;
    if (nodes) return failure(not_supported, "the nodes of a graph themselves");
    *count = graph->operations.size();
    return success;
}
CU cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, unsigned long long) {
    Lock lock;
    ENTER;
    *executable = new Graph(*graph);
    return success;
}
CU cuGraphLaunch(Graph* executable, Stream* stream) {
    Lock lock;
    ENTER;
    if (!known(stream)) return failure(invalid_handle);
    if (stream->capture) return failure(not_supported, "replaying a graph inside a recording");
    for (const Operation& o : executable->operations) stream->queue.push_back(o);
    return success;
}
CU cuGraphExecDestroy(Graph* executable) {
    Lock lock;
    flush_all();
    delete executable;
    return success;
}
CU cuGraphDestroy(Graph* graph) {
    Lock lock;
    delete graph;
    return success;
}

// ---- errors
CU cuGetErrorName(Result code, const char** name) {
    switch (code) {
        case success: *name = "CUDA_SUCCESS"; break;
        case invalid_value: *name = "CUDA_ERROR_INVALID_VALUE"; break;
        case out_of_memory: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
        case not_initialized: *name = "CUDA_ERROR_NOT_INITIALIZED"; break;
        case invalid_device: *name = "CUDA_ERROR_INVALID_DEVICE"; break;
        case invalid_image: *name = "CUDA_ERROR_INVALID_IMAGE"; break;
        case invalid_context: *name = "CUDA_ERROR_INVALID_CONTEXT"; break;
        case no_binary_for_gpu: *name = "CUDA_ERROR_NO_BINARY_FOR_GPU"; break;
        case invalid_ptx: *name = "CUDA_ERROR_INVALID_PTX"; break;
        case unsupported_ptx_version: *name = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"; break;
        case invalid_handle: *name = "CUDA_ERROR_INVALID_HANDLE"; break;
        case not_found: *name = "CUDA_ERROR_NOT_FOUND"; break;
        case illegal_address: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
        case launch_failed: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
        case not_supported: *name = "CUDA_ERROR_NOT_SUPPORTED"; break;
        case capture_unsupported: *name = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; break;
        case capture_invalidated: *name = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"; break;
        case invalid_cluster_size: *name = "CUDA_ERROR_INVALID_CLUSTER_SIZE"; break;
        default: *name = nullptr; return invalid_value;
    }
    return success;
}
CU cuGetErrorString(Result code, const char** text) {
    if (code == sentence_of && sentence[0]) {
        *text = sentence;
        return success;
    }
    Result r = cuGetErrorName(code, text);
    return r;
}

// ---- for io.github.adiw.device.StandInDriver
#define NATIVE(type, name) extern "C" JNIEXPORT type JNICALL Java_io_github_adiw_device_StandInDriver_##name

NATIVE(void, order)(JNIEnv*, jclass, jint order, jlong seed) {
    Lock lock;
    flush_all();
    set_order((Order) order, (uint64_t) seed);
}
NATIVE(jint, live)(JNIEnv*, jclass) {
    Lock lock;
    return live_count();
}
NATIVE(jint, modulesLoaded)(JNIEnv*, jclass) { return modules_loaded; }
NATIVE(void, takesCubins)(JNIEnv*, jclass, jboolean takes) { takes_cubins = takes; }
NATIVE(void, capability)(JNIEnv*, jclass, jint given) { capability = given; }
NATIVE(void, totalMemory)(JNIEnv*, jclass, jlong bytes) {
    Lock lock;
    set_total_memory((size_t) bytes);
}
NATIVE(void, driverVersion)(JNIEnv*, jclass, jint version) { driver_version = version; }
NATIVE(jstring, declarations)(JNIEnv* env, jclass) {
    char* text = declarations();
    jstring result = env->NewStringUTF(text);
    free(text);
    return result;
}

/// For the stand-in of cuBLAS (native/simt/test/cublas.cpp): a kernel as a function handle.
extern "C" __attribute__((visibility("default"))) const Kernel* adiw_stand_in_kernel(const char* name) { return find_kernel(name); }
