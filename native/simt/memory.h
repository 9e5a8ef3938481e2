// Device memory of the stand-in driver: every allocation lies between red zones, is filled with ones when fresh, and is kept
// for a while after it was freed, so that what touches it later is named.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace adiw::simt {

/// 0 where the pretended device has not so much left.
uintptr_t allocate(size_t bytes);
/// False, with a sentence, for an address that is no start of a live allocation.
bool release(uintptr_t address, char* error, size_t error_size);
/// Whether [address, address + bytes) lies inside one live allocation; if not, a sentence (where error is given).
bool check_range(uintptr_t address, size_t bytes, char* error, size_t error_size);
/// Looks at all red zones; false, with a sentence that begins with who, where one was written to. Repairs it.
bool check_zones(const char* who, char* error, size_t error_size);
void memory_info(size_t& free_bytes, size_t& total_bytes);
void set_total_memory(size_t bytes);
/// Allocations that are live.
int live_count();
/// Frees all; returns how many allocations were live.
int release_all(size_t& bytes);

}
