// What the static C++ library and its unwinder want of a glibc newer than 2.28, done with what that one has. The stand-in throws nothing,
// so the unwinder never looks for an object. Names as in host/glibc.h.
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

extern "C" {
char __libc_single_threaded = 0;      // as if there were always several threads

int _dl_find_object(void*, void*) { return -1; }

uint32_t arc4random() {
    uint32_t value;
    if (getentropy(&value, sizeof value)) abort();
    return value;
}

int once_of_glibc(int*, void (*)());
int key_create_of_glibc(unsigned*, void (*)(void*));
__asm__(".symver once_of_glibc, pthread_once@GLIBC_2.2.5");
__asm__(".symver key_create_of_glibc, __pthread_key_create@GLIBC_2.2.5");
int pthread_once(int* control, void (*run)()) { return once_of_glibc(control, run); }
int __pthread_key_create(unsigned* key, void (*destroy)(void*)) { return key_create_of_glibc(key, destroy); }
}
