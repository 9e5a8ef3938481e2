// Which samples a step takes, and their images and labels. The step counter, int64 [1], lives on the device.
//
// draw_training    index_i = permutation of 0..n-1 for this epoch, at position (step modulo steps) batch + i: without replacement
//                  within an epoch
// draw_validation  index_i = rows[permutation of 0..count-1 for this step, at i]: without replacement within a batch
// read_order       index_i = order[step, i]; order [steps, batch]
// next_rows        index_i = (step batch + i), or the last row where there are no more: rows in their order, for evaluation
// gather_images    out[i, j] = (images[index_i, j] / 255 - mean_c) / deviation_c, c = j / plane the channel; as images[index_i, j] / 255 is
//                  where mean is null; images uint8 [n, size], out float [rows, size], mean, deviation [size / plane]; 5 rows size bytes
// gather_rows      the same of values that are numbers already: out[i, j] = (x[index_i, j] - mean_c) / deviation_c; x float [n, size]
// gather_labels    out_i = labels[index_i]
#include "random.cuh"

KERNEL(draw_training, int* RESTRICT index, const long* RESTRICT step, int n, int batch, int steps, long seed) {
    Permutation p = permutation((unsigned) n, seed, *step / steps);
    int first = (int) (*step % steps) * batch;
    FOR_ELEMENTS(i, batch) index[i] = (int) permuted(p, (unsigned) (first + i));
}

KERNEL(draw_validation, int* RESTRICT index, const int* RESTRICT rows, const long* RESTRICT step, int count, int batch, long seed) {
    Permutation p = permutation((unsigned) count, ~seed, *step);
    FOR_ELEMENTS(i, batch) index[i] = rows[permuted(p, (unsigned) i)];
}

KERNEL(read_order, int* RESTRICT index, const int* RESTRICT order, const long* RESTRICT step, int batch) {
    FOR_ELEMENTS(i, batch) index[i] = order[*step * batch + i];
}

KERNEL(next_rows, int* RESTRICT index, const long* RESTRICT step, int batch, int n) {
    FOR_ELEMENTS(i, batch) index[i] = (int) (*step * batch + i < n ? *step * batch + i : n - 1);
}

KERNEL(gather_images, const unsigned char* RESTRICT images, const int* RESTRICT index, float* RESTRICT out, int size, int plane,
       const float* RESTRICT mean, const float* RESTRICT deviation) {
    const unsigned char* from = images + (long) index[blockIdx.x] * size;
    float* to = out + (long) blockIdx.x * size;
    if (mean) {
        FOR_THREADS(j, size) to[j] = (from[j] / 255.0f - mean[j / plane]) / deviation[j / plane];
    } else {
        FOR_THREADS(j, size) to[j] = from[j] / 255.0f;
    }
}

KERNEL(gather_rows, const float* RESTRICT x, const int* RESTRICT index, float* RESTRICT out, int size, int plane,
       const float* RESTRICT mean, const float* RESTRICT deviation) {
    const float* from = x + (long) index[blockIdx.x] * size;
    float* to = out + (long) blockIdx.x * size;
    if (mean) {
        FOR_THREADS(j, size) to[j] = (from[j] - mean[j / plane]) / deviation[j / plane];
    } else {
        FOR_THREADS(j, size) to[j] = from[j];
    }
}

KERNEL(gather_labels, const int* RESTRICT labels, const int* RESTRICT index, int* RESTRICT out, int n) {
    FOR_ELEMENTS(i, n) out[i] = labels[index[i]];
}
