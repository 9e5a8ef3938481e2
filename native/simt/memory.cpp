#include "simt/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <deque>
#include <map>

namespace adiw::simt {

namespace {
constexpr size_t zone = 256;
constexpr unsigned char zone_byte = 0xa7, fresh_byte = 0xff, freed_byte = 0xdb;
constexpr size_t most_kept = 64 << 20;

struct Allocation {
    size_t bytes, room;
    long number;
};

std::map<uintptr_t, Allocation>& live() {
    static auto* m = new std::map<uintptr_t, Allocation>();
    return *m;
}
std::map<uintptr_t, Allocation>& freed() {
    static auto* m = new std::map<uintptr_t, Allocation>();
    return *m;
}
std::deque<uintptr_t>& freed_order() {
    static auto* d = new std::deque<uintptr_t>();
    return *d;
}
size_t total = 16ul << 30, used, kept;
long allocations;

typedef std::map<uintptr_t, Allocation>::iterator Position;
/// The allocation that begins at or before the address; false if there is none or it ends before it.
bool around(std::map<uintptr_t, Allocation>& map, uintptr_t address, Position& found) {
    found = map.upper_bound(address);
    if (found == map.begin()) return false;
    --found;
    return address <= found->first + found->second.bytes;
}

void forget_oldest() {
    uintptr_t oldest = freed_order().front();
    freed_order().pop_front();
    kept -= freed()[oldest].room;
    freed().erase(oldest);
    free((void*) (oldest - zone));
}

/// First byte of [begin, begin + bytes) that is not as it was filled, or bytes.
size_t first_change(const unsigned char* begin, size_t bytes) {
    if (bytes == 0 || (*begin == zone_byte && !memcmp(begin, begin + 1, bytes - 1))) return bytes;
    size_t i = 0;
    while (i < bytes && begin[i] == zone_byte) i++;
    return i;
}
}

uintptr_t allocate(size_t bytes) {
    if (bytes > total || used + bytes > total) return 0;
    size_t room = zone + (bytes + zone - 1) / zone * zone + zone;
    void* memory = nullptr;
    if (posix_memalign(&memory, zone, room)) return 0;
    memset(memory, zone_byte, zone);
    uintptr_t address = (uintptr_t) memory + zone;
    memset((void*) address, fresh_byte, bytes);
    memset((void*) (address + bytes), zone_byte, room - zone - bytes);
    live()[address] = {bytes, room, ++allocations};
    used += bytes;
    return address;
}

bool release(uintptr_t address, char* error, size_t error_size) {
    auto it = live().find(address);
    if (it == live().end()) {
        Position old;
        if (freed().count(address))
            snprintf(error, error_size, "allocation %ld of %zu bytes is freed twice", freed()[address].number, freed()[address].bytes);
        else if (around(live(), address, old))
            snprintf(error, error_size, "0x%lx is freed, which lies %zu bytes behind the start of allocation %ld", (unsigned long) address,
                     (size_t) (address - old->first), old->second.number);
        else snprintf(error, error_size, "0x%lx is freed, which was never allocated", (unsigned long) address);
        return false;
    }
    Allocation a = it->second;
    live().erase(it);
    used -= a.bytes;
    memset((void*) address, freed_byte, a.bytes);
    freed()[address] = a;
    freed_order().push_back(address);
    kept += a.room;
    while (kept > most_kept) forget_oldest();
    return true;
}

bool check_range(uintptr_t address, size_t bytes, char* error, size_t error_size) {
    Position found;
    if (around(live(), address, found)) {
        if (address + bytes <= found->first + found->second.bytes) return true;
        if (error)
            snprintf(error, error_size, "%zu bytes from byte %zu of allocation %ld reach over its end: it has %zu bytes", bytes,
                     (size_t) (address - found->first), found->second.number, found->second.bytes);
    } else if (around(freed(), address, found)) {
        if (error)
            snprintf(error, error_size, "0x%lx lies in allocation %ld of %zu bytes, which was freed", (unsigned long) address,
                     found->second.number, found->second.bytes);
    } else if (error) snprintf(error, error_size, "0x%lx lies in no allocation", (unsigned long) address);
    return false;
}

bool check_zones(const char* who, char* error, size_t error_size) {
    bool whole = true;
    for (auto& [address, a] : live()) {
        unsigned char* before = (unsigned char*) address - zone;
        unsigned char* behind = (unsigned char*) address + a.bytes;
        size_t room = a.room - zone - a.bytes, i = first_change(before, zone), j = first_change(behind, room);
        if (i == zone && j == room) continue;
        if (whole) {
            if (j < room)
                snprintf(error, error_size, "%s wrote behind allocation %ld of %zu bytes, at byte %zu", who, a.number, a.bytes,
                         a.bytes + j);
            else snprintf(error, error_size, "%s wrote before allocation %ld of %zu bytes, at byte -%zu", who, a.number, a.bytes, zone - i);
        }
        whole = false;
        memset(before, zone_byte, zone);
        memset(behind, zone_byte, room);
    }
    return whole;
}

void memory_info(size_t& free_bytes, size_t& total_bytes) {
    free_bytes = total - used;
    total_bytes = total;
}
void set_total_memory(size_t bytes) { total = bytes; }

int live_count() { return (int) live().size(); }

int release_all(size_t& bytes) {
    int count = (int) live().size();
    bytes = used;
    char ignored[256];
    while (!live().empty()) release(live().begin()->first, ignored, sizeof ignored);
    return count;
}

}
