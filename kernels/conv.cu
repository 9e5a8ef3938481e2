// 2-D convolution.
//
// sum_partials   dweight_i = sum_s partials[s, i], dbias_f = sum_s partials[s, weights + f]; partials [splits, weights + biases]
//                4 splits (weights + biases) bytes
#include "prelude.cuh"

KERNEL(sum_partials, const float* RESTRICT partials, float* RESTRICT dweight, float* RESTRICT dbias, int splits, int weights, int biases) {
    int count = weights + biases;
    FOR_ELEMENTS(i, count) {
        sum_t sum = 0;
        for (int s = 0; s < splits; s++) sum += partials[(long) s * count + i];
        if (i < weights) dweight[i] = (float) sum;
        else dbias[i - weights] = (float) sum;
    }
}
