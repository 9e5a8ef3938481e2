// Loaded ahead of the C library (LD_PRELOAD) by a test: one call of libadiw.so or the stand-in driver fails as it would where the system
// has no more threads or memory, or one opening of a file where it has no more file descriptors. The file that ADIW_FAULTS names is mapped
// by this and by the test: which function, how many of its calls are done before one fails (-1: none fails), and how many have failed.
// Calls of other libraries, Java's among them, are done; of files, those below the folder of the file that ADIW_FAULTS names count, whoever
// opens them.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
void* __libc_calloc(size_t, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {
enum Function { mapped, thread, aligned, posix_aligned, cleared, opened };
struct Orders {
    int function, before, failed;
};
Orders* orders = nullptr;
char folder[PATH_MAX];

__attribute__((constructor)) void open_orders() {
    const char* path = getenv("ADIW_FAULTS");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    strncpy(folder, path, sizeof folder - 1);
    if (char* end = strrchr(folder, '/')) end[1] = 0;
    void* memory = (void*) syscall(SYS_mmap, nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) orders = (Orders*) memory;
}

bool ordered(Function function) {
    return orders && orders->function == function && __atomic_load_n(&orders->before, __ATOMIC_SEQ_CST) >= 0;
}
/// Whether this call, which is one of those that count, is the one that fails.
bool fails() {
    if (__atomic_fetch_sub(&orders->before, 1, __ATOMIC_SEQ_CST) != 0) return false;
    __atomic_fetch_add(&orders->failed, 1, __ATOMIC_SEQ_CST);
    return true;
}
/// The same for a call by the code at that address.
bool fails(Function function, void* caller) {
    if (!ordered(function)) return false;
    Dl_info library;
    if (!dladdr(caller, &library) || !library.dli_fname) return false;
    if (!strstr(library.dli_fname, "/libadiw.so") && !strstr(library.dli_fname, "/libcuda.so.1")) return false;
    return fails();
}
/// The same for the opening of a file or folder.
bool not_opened(const char* path) {
    if (!ordered(opened) || strncmp(path, folder, strlen(folder)) != 0 || !fails()) return false;
    errno = EMFILE;
    return true;
}
int open_file(int directory, const char* path, int flags, int mode) {
    if (not_opened(path)) return -1;
    return (int) syscall(SYS_openat, directory, path, flags, mode);
}
}

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))
#define INTERPOSED extern "C" __attribute__((visibility("default")))

INTERPOSED int pthread_create(pthread_t* result, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
    if (fails(thread, CALLER)) return EAGAIN;
    static auto* next = (decltype(&pthread_create)) dlsym(RTLD_NEXT, "pthread_create");
    return next(result, attributes, run, argument);
}
INTERPOSED void* aligned_alloc(size_t alignment, size_t bytes) {
    return fails(aligned, CALLER) ? nullptr : __libc_memalign(alignment, bytes);
}
INTERPOSED int posix_memalign(void** result, size_t alignment, size_t bytes) {
    void* memory = fails(posix_aligned, CALLER) ? nullptr : __libc_memalign(alignment, bytes);
    if (memory) *result = memory;
    return memory ? 0 : ENOMEM;
}
INTERPOSED void* calloc(size_t count, size_t size) { return fails(cleared, CALLER) ? nullptr : __libc_calloc(count, size); }
INTERPOSED void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
    if (fails(mapped, CALLER)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void*) syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}
#define MODE(flags) \
    va_list rest; \
    va_start(rest, flags); \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
    va_end(rest)
INTERPOSED int open(const char* path, int flags, ...) {
    MODE(flags);
    return open_file(AT_FDCWD, path, flags, mode);
}
INTERPOSED int open64(const char* path, int flags, ...) {
    MODE(flags);
    return open_file(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
INTERPOSED int openat(int directory, const char* path, int flags, ...) {
    MODE(flags);
    return open_file(directory, path, flags, mode);
}
INTERPOSED int openat64(int directory, const char* path, int flags, ...) {
    MODE(flags);
    return open_file(directory, path, flags | O_LARGEFILE, mode);
}
INTERPOSED DIR* opendir(const char* path) {
    static auto* next = (decltype(&opendir)) dlsym(RTLD_NEXT, "opendir");
    return not_opened(path) ? nullptr : next(path);
}
