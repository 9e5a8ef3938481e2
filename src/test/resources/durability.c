/*
 * For LD_PRELOAD: appends to the file that DURABILITY_LOG names what a process makes durable, and what it renames, a line a call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void say(const char *call, const char *first, const char *second) {
    FILE *log = fopen(getenv("DURABILITY_LOG"), "a");
    if (log) {
        fprintf(log, "%s %s %s\n", call, first, second);
        fclose(log);
    }
}

static void say_synced(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    say("sync", path, "");
}

int fsync(int file) {
    say_synced(file);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}

int fdatasync(int file) {
    say_synced(file);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}

int rename(const char *from, const char *to) {
    say("rename", from, to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
