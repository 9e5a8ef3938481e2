#!/usr/bin/env bash
# sanitized-tests.sh RESOURCES [TESTS]: runs the tests of the host device with the library in the folder RESOURCES, which AddressSanitizer
# and UBSan watch (make sanitize): those that -Dtest=TESTS names, or all but OwnKernelTest (nvcc crashes under AddressSanitizer) and CrashTest
# (it compares bits with programs that it starts, and those have the ordinary library). What the sanitizers find ends the process, and with
# it the run. Leaks are not looked for: the virtual machine has many.
set -euo pipefail
resources=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Signals of bad addresses are the virtual machine's own means, and it prints a name that it has freed when it unloads a library. New memory
# is NaN and -1 throughout, so that what was never written does harm; what is freed is kept aside as far as ForgottenTest
# lets it. The boot class path comes before the jar's resources.
export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:allocator_may_return_null=1:check_printf=0:quarantine_size_mb=64
ASAN_OPTIONS+=:max_malloc_fill_size=1000000000:malloc_fill_byte=255
export UBSAN_OPTIONS=print_stacktrace=1
LD_PRELOAD=$(realpath "$(g++ -print-file-name=libasan.so)") exec mvn -o -q surefire:test@default-test \
    -Dadiw.test.jvm="-Xbootclasspath/a:$resources" -Dtest="${2:-!OwnKernelTest,!CrashTest}" -Dsurefire.failIfNoSpecifiedTests=false
