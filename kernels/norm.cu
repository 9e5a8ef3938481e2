// Batch normalisation of images (Ioffe and Szegedy, ICML 2015), in PyTorch's form. x, y, dy, dx [rows, channels, pixels]; everything else
// has a number a channel. n = rows pixels are a channel's values, and those of the rows that are trained on alone make the statistics.
//
// batch_norm_statistics   mean_c = sum x / n,  variance_c = sum (x - mean_c)^2 / n
//                         running_mean_c = (1 - momentum) running_mean_c + momentum mean_c,
//                         running_variance_c the same of n / (n - 1) variance_c;  tracked [1] = tracked + 1
//                         a block a channel; 8 n channels bytes
// batch_norm_forward      y = weight_c (x - mean_c) / sqrt(variance_c + eps) + bias_c; ReLU if relu is 1
//                         a block a plane, rows channels of them; 8 bytes a value
// batch_norm_sums         dbias_c = sum g,  dweight_c = sum g (x - mean_c) / sqrt(variance_c + eps), where g is dy, and 0 where y is not
//                         positive unless y is null (as it is where no ReLU follows); a block a channel; 12 n channels bytes
// batch_norm_backward     dx = weight_c / sqrt(variance_c + eps) (g - dbias_c / n - dweight_c / n (x - mean_c) / sqrt(variance_c + eps))
//                         a block a plane; 16 bytes a value
// fold_batch_norm         what a convolution, and the normalisation by running statistics behind it, come to as a convolution:
//                         folded_f,k = s_f w_f,k,  shift_f = bias_f + s_f (b_f - running_mean_f),
//                         s_f = weight_f / sqrt(running_variance_f + eps);  b may be null; w, folded [filters, size]; a block a filter;
//                         8 filters size bytes
#include "prelude.cuh"

KERNEL(batch_norm_statistics, const float* RESTRICT x, float* RESTRICT mean, float* RESTRICT variance, float* RESTRICT running_mean,
       float* RESTRICT running_variance, long* RESTRICT tracked, int rows, int channels, int pixels, float momentum) {
    int c = blockIdx.x;
    float n = (float) rows * pixels;
    sum_t sum = 0, squares = 0;
    for (int b = 0; b < rows; b++) {
        const float* plane = x + ((long) b * channels + c) * pixels;
        FOR_THREADS(p, pixels) sum += plane[p];
    }
    float middle = (float) (block_sum(sum) / n);
    for (int b = 0; b < rows; b++) {
        const float* plane = x + ((long) b * channels + c) * pixels;
        FOR_THREADS(p, pixels) {
            float d = plane[p] - middle;
            squares += d * d;
        }
    }
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
        mean[c] = middle;
        variance[c] = (float) (squares / n);
        running_mean[c] += momentum * (middle - running_mean[c]);
        running_variance[c] += momentum * ((float) (squares / (n - 1)) - running_variance[c]);
        if (c == 0) *tracked += 1;
    }
}

KERNEL(batch_norm_forward, const float* RESTRICT x, const float* RESTRICT mean, const float* RESTRICT variance,
       const float* RESTRICT weight, const float* RESTRICT bias, float* RESTRICT y, int channels, int pixels, float eps, int relu) {
    int c = blockIdx.x % channels;
    long at = (long) blockIdx.x * pixels;
    float scale = weight[c] / sqrtf(variance[c] + eps), middle = mean[c], shift = bias[c];
    FOR_THREADS(p, pixels) {
        float v = (x[at + p] - middle) * scale + shift;
        y[at + p] = relu && v < 0 ? 0 : v;
    }
}

/// The gradient before the ReLU that may follow.
DEVICE float norm_gradient(const float* y, const float* dy, long at) { return !y || y[at] > 0 ? dy[at] : 0; }

KERNEL(batch_norm_sums, const float* RESTRICT x, const float* RESTRICT y, const float* RESTRICT dy, const float* RESTRICT mean,
       const float* RESTRICT variance, float* RESTRICT dweight, float* RESTRICT dbias, int rows, int channels, int pixels, float eps) {
    int c = blockIdx.x;
    float middle = mean[c];
    sum_t sum = 0, product = 0;
    for (int b = 0; b < rows; b++) {
        long at = ((long) b * channels + c) * pixels;
        FOR_THREADS(p, pixels) {
            float g = norm_gradient(y, dy, at + p);
            sum += g;
            product += g * (x[at + p] - middle);
        }
    }
    block_sums(sum, product);
    if (threadIdx.x == 0) {
        dbias[c] = (float) sum;
        dweight[c] = (float) product / sqrtf(variance[c] + eps);
    }
}

KERNEL(batch_norm_backward, const float* RESTRICT x, const float* RESTRICT y, const float* RESTRICT dy, const float* RESTRICT mean,
       const float* RESTRICT variance, const float* RESTRICT weight, const float* RESTRICT dweight, const float* RESTRICT dbias,
       float* RESTRICT dx, int rows, int channels, int pixels, float eps) {
    int c = blockIdx.x % channels;
    long at = (long) blockIdx.x * pixels;
    float n = (float) rows * pixels, inverse = 1 / sqrtf(variance[c] + eps), scale = weight[c] * inverse, middle = mean[c];
    float constant = dbias[c] / n, slope = dweight[c] / n * inverse;
    FOR_THREADS(p, pixels) dx[at + p] = scale * (norm_gradient(y, dy, at + p) - constant - slope * (x[at + p] - middle));
}

KERNEL(fold_batch_norm, const float* RESTRICT w, const float* RESTRICT b, const float* RESTRICT running_mean,
       const float* RESTRICT running_variance, const float* RESTRICT weight, const float* RESTRICT bias, float* RESTRICT folded,
       float* RESTRICT shift, int size, float eps) {
    int f = blockIdx.x;
    float scale = weight[f] / sqrtf(running_variance[f] + eps);
    FOR_THREADS(k, size) folded[(long) f * size + k] = scale * w[(long) f * size + k];
    if (threadIdx.x == 0) shift[f] = bias[f] + scale * ((b ? b[f] : 0) - running_mean[f]);
}
