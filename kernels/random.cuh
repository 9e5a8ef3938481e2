// Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011), and a
// keyed permutation that is evaluated at a point, without a sort and without memory.
#pragma once
#include "prelude.cuh"

struct Philox {
    unsigned x, y, z, w;
};

/// Ten rounds on the counter (c0..c3) under the key (k0, k1).
DEVICE Philox philox(unsigned c0, unsigned c1, unsigned c2, unsigned c3, unsigned k0, unsigned k1) {
    for (int round = 0; round < 10; round++) {
        unsigned long p = 0xD2511F53ul * c0, q = 0xCD9E8D57ul * c2;
        unsigned x = (unsigned) (q >> 32) ^ c1 ^ k0, z = (unsigned) (p >> 32) ^ c3 ^ k1;
        c1 = (unsigned) q;
        c3 = (unsigned) p;
        c0 = x;
        c2 = z;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    Philox r = {c0, c1, c2, c3};
    return r;
}

DEVICE unsigned philox_word(const Philox& r, int i) { return i == 0 ? r.x : i == 1 ? r.y : i == 2 ? r.z : r.w; }

/// 24 random bits as a float in [0, 1).
DEVICE float unit_float(unsigned bits) { return (bits >> 8) * 0x1p-24f; }

/// A number in 0..n-1, n at most 65536: of n numbers none is likelier than another by more than n / 2^32.
DEVICE int below(unsigned bits, int n) { return (int) ((unsigned long) bits * (unsigned) n >> 32); }

/// A bijection of 0..n-1 for a seed and a key: an unbalanced Feistel network of eight rounds on the least power of two that
/// is not below n, walked until it falls below n (fewer than two walks on average).
struct Permutation {
    unsigned n;
    int low_bits, high_bits;
    unsigned keys[8];
};

DEVICE Permutation permutation(unsigned n, long seed, long key) {
    Permutation p;
    p.n = n;
    int bits = 2;
    while (bits < 32 && (1ul << bits) < n) bits++;
    p.low_bits = bits / 2;
    p.high_bits = bits - p.low_bits;
    for (int half = 0; half < 2; half++) {
        Philox r = philox((unsigned) key, (unsigned) (key >> 32), (unsigned) half, 0x7065726du, (unsigned) seed, (unsigned) (seed >> 32));
        for (int i = 0; i < 4; i++) p.keys[half * 4 + i] = philox_word(r, i);
    }
    return p;
}

DEVICE unsigned mixed(unsigned v, unsigned key) {
    v = (v ^ key) * 0x9E3779B1u;
    v = (v ^ (v >> 15)) * 0x85EBCA77u;
    return v ^ (v >> 13);
}

DEVICE unsigned permuted(const Permutation& p, unsigned i) {
    unsigned low_mask = (1u << p.low_bits) - 1, high_mask = (1u << p.high_bits) - 1;
    do {
        unsigned low = i & low_mask, high = i >> p.low_bits;
        for (int round = 0; round < 8; round += 2) {
            high = (high ^ mixed(low, p.keys[round])) & high_mask;
            low = (low ^ mixed(high, p.keys[round + 1])) & low_mask;
        }
        i = high << p.low_bits | low;
    } while (i >= p.n);
    return i;
}
