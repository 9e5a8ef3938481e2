// What an optimizer does to one number, for optimizer.cu and for kernels that update what they have made the gradient of.
#pragma once
#include "prelude.cuh"

/// theta after a step of stochastic gradient descent along g; b the momentum, if there is any.
DEVICE float sgd_moved(float theta, float g, float& b, float rate, float momentum, bool nesterov) {
    b = momentum * b + g;
    return theta - rate * (nesterov ? g + momentum * b : b);
}

/// What Adam's step is the same in for all numbers: size = rate / (1 - b1^t), correction = 1 / sqrt(1 - b2^t).
struct AdamStep {
    float b1, b2, c1, c2, size, correction, eps, decay;
    /// theta after the step along grad; m and v the running means of the gradient and its square.
    KERNEL_MEMBER float moved(float theta, float grad, float& m, float& v) const {
        float g = grad + decay * theta;
        m = b1 * m + c1 * g;
        v = b2 * v + c2 * g * g;
        return theta - size * m / (sqrtf(v) * correction + eps);
    }
};

/// All threads of the block call it: one barrier.
DEVICE AdamStep adam_step(float rate, long step, double beta1, double beta2, float eps, float decay) {
    SHARED(float, scale, 2);
    FOR_THREADS(i, 2) {      // powers in double precision are slow on a GPU: once a block, and both at the same time
        double left = 1 - pow(i == 0 ? beta1 : beta2, (double) (step + 1));
        scale[i] = (float) (i == 0 ? rate / left : 1 / sqrt(left));
    }
    __syncthreads();
    AdamStep a = {(float) beta1, (float) beta2, (float) (1 - beta1), (float) (1 - beta2), scale[0], scale[1], eps, decay};
    return a;
}
