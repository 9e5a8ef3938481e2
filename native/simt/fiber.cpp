#include "simt/fiber.h"
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
constexpr size_t stack_bytes = 512 << 10;
#else
constexpr size_t stack_bytes = 128 << 10;
#endif
constexpr size_t guard_bytes = 4096;

// Saves what a called function must keep, changes stacks, takes it back. A jump instead of ret: the processor's guess of where
// a return goes to is always wrong here. The control words of the floating-point units are
// the same in all fibers.
extern "C" void adiw_switch_stack(void** save, void* to);
asm(R"(
    .text
    .hidden adiw_switch_stack
    .globl adiw_switch_stack
    .type adiw_switch_stack, @function
adiw_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmp *%rcx
    .size adiw_switch_stack, .-adiw_switch_stack
)");

namespace adiw::simt {

#if defined(__SANITIZE_ADDRESS__)
static thread_local Fiber* leaving;
#endif

bool prepare(Fiber& fiber, void (*entry)()) {
    if (!fiber.stack) {
        char* memory =
            (char*) mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) return false;
        if (mprotect(memory, guard_bytes, PROT_NONE)) {
            munmap(memory, guard_bytes + stack_bytes);
            return false;
        }
        fiber.stack = memory + guard_bytes;
        fiber.size = stack_bytes;
    }
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber.stack, fiber.size);
#endif
    // From the top: a return address of 0 that entry would return to, 8 short of a multiple of 16 as after a call; entry; six
    // registers.
    uint64_t* top = (uint64_t*) (fiber.stack + fiber.size) - 1;
    top[0] = 0;
    *--top = (uint64_t) entry;
    for (int i = 0; i < 6; i++) *--top = 0;
    fiber.stack_pointer = top;
    return true;
}

void switch_fiber(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
    leaving = &from;
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.size);
#endif
    adiw_switch_stack(&from.stack_pointer, to.stack_pointer);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(from.fake_stack, (const void**) &leaving->stack, &leaving->size);
#endif
}

void arrived() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, (const void**) &leaving->stack, &leaving->size);
#endif
}

}
