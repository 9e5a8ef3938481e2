// The shortcut without parameters of residual networks where images shrink and channels are added: option A of He et al. (CVPR 2016).
// x [batch, channels, height, width] to y [batch, filters, oh, ow], oh = ceil(height / stride), ow = ceil(width / stride); the channels are
// the middle ones of the filters, from (filters - channels) / 2 on.
//
// shortcut_forward   y = every stride-th pixel of x, 0 in the channels that are added; a block an output plane
// shortcut_backward  dx = dy at those pixels, 0 at the others; a block an input plane, which is all zeros before
#include "prelude.cuh"

KERNEL(shortcut_forward, const float* RESTRICT x, float* RESTRICT y, int channels, int height, int width, int filters, int stride) {
    int oh = (height + stride - 1) / stride, ow = (width + stride - 1) / stride;
    int b = blockIdx.x / filters, c = (int) (blockIdx.x % filters) - (filters - channels) / 2;
    bool added = c < 0 || c >= channels;
    const float* from = x + ((long) b * channels + (added ? 0 : c)) * height * width;
    float* to = y + (long) blockIdx.x * oh * ow;
    FOR_THREADS(i, oh * ow) to[i] = added ? 0.0f : from[(i / ow * width + i % ow) * stride];
}

KERNEL(shortcut_backward, const float* RESTRICT dy, float* RESTRICT dx, int channels, int height, int width, int filters, int stride) {
    int oh = (height + stride - 1) / stride, ow = (width + stride - 1) / stride;
    int b = blockIdx.x / channels, f = (int) (blockIdx.x % channels) + (filters - channels) / 2;
    const float* from = dy + ((long) b * filters + f) * oh * ow;
    float* to = dx + (long) blockIdx.x * height * width;
    FOR_THREADS(i, height * width) to[i] = 0;
    __syncthreads();
    FOR_THREADS(i, oh * ow) to[(i / ow * width + i % ow) * stride] = from[i];
}
