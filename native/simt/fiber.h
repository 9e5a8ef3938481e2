// Fibers: a stack each, switched by hand (swapcontext makes a system call each time). A fiber never moves to another
// operating-system thread. The switches are annotated for AddressSanitizer.
#pragma once
#include <stddef.h>

namespace adiw::simt {

struct Fiber {
    void* stack_pointer = nullptr;
    char* stack = nullptr;      // lowest usable byte
    size_t size = 0;
    void* fake_stack = nullptr;      // AddressSanitizer's
};

/// Gives the fiber a stack (once) and makes it start in entry at the next switch to it; entry never returns. False if the system has no
/// memory for a stack.
bool prepare(Fiber& fiber, void (*entry)());
/// Saves this point in from and goes on in to.
void switch_fiber(Fiber& from, Fiber& to);
/// The first thing that runs on a fiber.
void arrived();

}
