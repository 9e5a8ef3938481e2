// Which samples a step takes, and their images and labels. The step counter, int64 [1], lives on the device.
//
// draw_batch       index and labels of n training samples, and behind them of m validation samples, each chosen in one of these ways:
//                  0  the permutation of 0..count-1 of this epoch, at position (step modulo steps) n + i, steps = count / n: without
//                     replacement within an epoch
//                  1  list[permutation of 0..count-1 of this step, at i]: without replacement within a batch
//                  2  list[step, i]
//                  labels_i = given[index_i], of each part its own. When it began is stamped (clock.cuh). index, labels [n + m]
// next_rows        index_i = (step batch + i), or the last row where there are no more: rows in their order, for evaluation
// gather_images    out[i, j] = (images[index_i, j] / 255 - mean_c) / deviation_c, c = j / plane the channel; as images[index_i, j] / 255 is
//                  where mean is null; images uint8 [n, size], out float [rows, size], mean, deviation [size / plane]; 5 rows size bytes
// gather_crops     the same of images [n, channels, height, width], moved and mirrored in the first rows, as many as altered says:
//                  out[i, c, y, x] = (v[c, y + down, (mirrored ? width - 1 - x : x) + right] / 255 - mean_c) / deviation_c, v the image,
//                  and 0 beside it; down, right in -padding .. padding, and mirrored, by Philox at counter (index_i, step) under the seed:
//                  random crops of padded images (He et al. 2016, section 4.2), as PyTorch's RandomCrop and RandomHorizontalFlip in front
//                  of Normalize make them. In the other rows down = right = 0, and nothing is mirrored. 5 rows channels height width bytes
// gather_rows      the same of values that are numbers already: out[i, j] = (x[index_i, j] - mean_c) / deviation_c; x float [n, size]
// gather_labels    out_i = labels[index_i]
#include "clock.cuh"
#include "random.cuh"

enum Way { shuffled, drawn, listed };

/// The samples of one of the two parts of a batch.
struct Part {
    const int* list;
    int way;
    long first;      // place of sample 0 in the list or permutation
    Permutation order;
    KERNEL_MEMBER int sample(long i) const {
        if (way == listed) return list[first + i];
        int at = (int) permuted(order, (unsigned) (first + i));
        return way == drawn ? list[at] : at;
    }
};

DEVICE Part part(const int* list, int way, int count, int size, long step, long seed) {
    Part p = {list, way, 0, {}};
    if (way == shuffled) {
        long steps = count / size;
        p.first = step % steps * size;
        p.order = permutation((unsigned) count, seed, step / steps);
    } else if (way == drawn) p.order = permutation((unsigned) count, ~seed, step);
    else p.first = step * size;
    return p;
}

KERNEL(draw_batch, int* RESTRICT index, int* RESTRICT labels, const long* RESTRICT step, const int* RESTRICT list,
       const int* RESTRICT given, int way, int count, int n, const int* RESTRICT other_list, const int* RESTRICT other_given, int other_way,
       int other_count, int m, long seed, long* RESTRICT stamp, int slots, int ring) {
    if (blockIdx.x == 0 && threadIdx.x == 0) stamp_time(stamp, *step, slots, ring);
    if (n > 0) {
        Part training = part(list, way, count, n, *step, seed);
        FOR_ELEMENTS(i, n) {
            index[i] = training.sample(i);
            labels[i] = given[index[i]];
        }
    }
    if (m > 0) {
        Part validation = part(other_list, other_way, other_count, m, *step, seed);
        FOR_ELEMENTS(i, m) {
            index[n + i] = validation.sample(i);
            labels[n + i] = other_given[index[n + i]];
        }
    }
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

KERNEL(gather_crops, const unsigned char* RESTRICT images, const int* RESTRICT index, float* RESTRICT out, int channels, int height,
       int width, const float* RESTRICT mean, const float* RESTRICT deviation, int altered, int padding, const long* RESTRICT step,
       long seed) {
    int plane = height * width, sample = index[blockIdx.x], down = 0, right = 0;
    bool mirrored = false;
    if ((int) blockIdx.x < altered) {
        Philox r =
            philox((unsigned) sample, (unsigned) *step, (unsigned) (*step >> 32), 0x63726f70u, (unsigned) seed, (unsigned) (seed >> 32));
        down = below(r.x, 2 * padding + 1) - padding;
        right = below(r.y, 2 * padding + 1) - padding;
        mirrored = r.z >> 31;
    }
    const unsigned char* from = images + (long) sample * channels * plane;
    float* to = out + (long) blockIdx.x * channels * plane;
    for (int c = 0; c < channels; c++, from += plane, to += plane) {
        float m = mean ? mean[c] : 0, d = mean ? deviation[c] : 1;
        FOR_THREADS(j, plane) {
            int y = j / width, x = j - y * width, fromY = y + down, fromX = (mirrored ? width - 1 - x : x) + right;
            bool inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
            to[j] = ((inside ? from[fromY * width + fromX] / 255.0f : 0.0f) - m) / d;
        }
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
