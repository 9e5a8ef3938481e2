// Random fills; the generator is in random.cuh.
//
// uniform_fill   x_i = low + (high - low) u_i, u_i in [0, 1): word i mod 4 of Philox at counter (i / 4, stream) under the seed; x [n]
// philox_words   out_i = word i mod 4 of Philox at counter (c + i / 4, c1, c2, c3) under (k0, k1): for checks against published vectors
#include "random.cuh"

KERNEL(uniform_fill, float* RESTRICT x, int n, float low, float high, long seed, long stream) {
    FOR_ELEMENTS(i, n) {
        Philox r = philox((unsigned) (i >> 2), 0, (unsigned) stream, (unsigned) (stream >> 32), (unsigned) seed, (unsigned) (seed >> 32));
        x[i] = low + (high - low) * unit_float(philox_word(r, (int) (i & 3)));
    }
}

KERNEL(philox_words, int* RESTRICT out, int n, const int* RESTRICT counter, const int* RESTRICT key) {
    FOR_ELEMENTS(i, n) {
        Philox r = philox((unsigned) counter[0] + (unsigned) (i >> 2), (unsigned) counter[1], (unsigned) counter[2], (unsigned) counter[3],
                          (unsigned) key[0], (unsigned) key[1]);
        out[i] = (int) philox_word(r, (int) (i & 3));
    }
}
