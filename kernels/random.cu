// Random fills; the generator is in random.cuh.
//
// uniform_fill   x_i = low + (high - low) u_i, u_i in [0, 1): word i mod 4 of Philox at counter (i / 4, stream) under the seed; x [n]
// normal_fill    x_i = deviation z_i, z from N(0, 1): of the words 2 k and 2 k + 1 of the same sequence, as u and v, z_2k and z_2k+1 are
//                sqrt(-2 log(1 - u)) times the cosine and the sine of 2 pi v (Box and Muller 1958)
// philox_words   out_i = word i mod 4 of Philox at counter (c + i / 4, c1, c2, c3) under (k0, k1): for checks against published vectors
#include "random.cuh"

KERNEL(uniform_fill, float* RESTRICT x, int n, float low, float high, long seed, long stream) {
    FOR_ELEMENTS(i, n) {
        Philox r = philox((unsigned) (i >> 2), 0, (unsigned) stream, (unsigned) (stream >> 32), (unsigned) seed, (unsigned) (seed >> 32));
        x[i] = low + (high - low) * unit_float(philox_word(r, (int) (i & 3)));
    }
}

KERNEL(normal_fill, float* RESTRICT x, int n, float deviation, long seed, long stream) {
    FOR_ELEMENTS(i, n) {
        Philox r = philox((unsigned) (i >> 2), 0, (unsigned) stream, (unsigned) (stream >> 32), (unsigned) seed, (unsigned) (seed >> 32));
        int pair = (int) (i & 2);
        float radius = sqrtf(-2 * logf(1 - unit_float(philox_word(r, pair))));
        float turns = unit_float(philox_word(r, pair + 1));
        x[i] = deviation * radius * (i & 1 ? sine_of_turns(turns) : cosine_of_turns(turns));
    }
}

KERNEL(philox_words, int* RESTRICT out, int n, const int* RESTRICT counter, const int* RESTRICT key) {
    FOR_ELEMENTS(i, n) {
        Philox r = philox((unsigned) counter[0] + (unsigned) (i >> 2), (unsigned) counter[1], (unsigned) counter[2], (unsigned) counter[3],
                          (unsigned) key[0], (unsigned) key[1]);
        out[i] = (int) philox_word(r, (int) (i & 3));
    }
}
