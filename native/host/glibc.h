// Included ahead of every file: names of the C library as glibc 2.28 has them (RHEL 8), whatever glibc the build machine has. Later
// versions of these functions do the same; a library that asks for them does not load on an older system.
// native/least-glibc.sh checks what a built library asks for.
#pragma once
#define OF_GLIBC(name, version) __asm__(".symver " #name ", " #name "@" version)
OF_GLIBC(exp, "GLIBC_2.2.5");      // 2.29: no error handler of the program's
OF_GLIBC(pow, "GLIBC_2.2.5");
OF_GLIBC(log, "GLIBC_2.2.5");
OF_GLIBC(dlopen, "GLIBC_2.2.5");      // 2.34: in libc.so.6, where they had libraries of their own
OF_GLIBC(pthread_create, "GLIBC_2.2.5");
OF_GLIBC(pthread_join, "GLIBC_2.2.5");
