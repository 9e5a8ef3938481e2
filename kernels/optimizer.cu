// Optimizers, over all parameters of a model at once. Nothing moves once the loss is no longer finite (halted is not 0).
//
// sgd   g = grad + decay theta;  b = momentum b + g;  theta = theta - rate (nesterov ? g + momentum b : b)
//       (Sutskever et al. 2013, in PyTorch's form); 16 n bytes (20 n with momentum)
// adam  g = grad + decay theta;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
//       theta = theta - rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps),  t = step + 1
//       (Kingma and Ba 2015, in PyTorch's form); 28 n bytes
// decay_spans   grad = grad + decay theta in spans of the parameters, [spans, 2] of where one begins and how many numbers it has; a block
//               a span. Where decay reaches a part of the parameters alone, this comes before sgd or adam without decay
// put_back      x = saved, tracked = counted, but only where halted is not 0: running statistics as they were before the pass that broke;
//               x, saved [n]; tracked, counted int64 [m], m <= n
// theta, grad, b, m, v [n]; rate float [1]; step int64 [1]; halted int [1]
#include "prelude.cuh"

KERNEL(sgd, float* RESTRICT theta, const float* RESTRICT grad, float* RESTRICT buffer, const float* RESTRICT rate,
       const int* RESTRICT halted, int n, float momentum, int nesterov, float decay) {
    if (*halted) return;
    float r = *rate;
    if (momentum == 0) {
        FOR_ELEMENTS(i, n) theta[i] -= r * (grad[i] + decay * theta[i]);
    } else {
        float look = nesterov ? momentum : 1, keep = nesterov ? 1 : 0;
        FOR_ELEMENTS(i, n) {
            float g = grad[i] + decay * theta[i];
            float b = momentum * buffer[i] + g;
            buffer[i] = b;
            theta[i] -= r * (keep * g + look * b);
        }
    }
}

KERNEL(adam, float* RESTRICT theta, const float* RESTRICT grad, float* RESTRICT m, float* RESTRICT v, const float* RESTRICT rate,
       const long* RESTRICT step, const int* RESTRICT halted, int n, double beta1, double beta2, float eps, float decay) {
    if (*halted) return;
    SHARED(float, scale, 2);
    if (threadIdx.x == 0) {      // once a block: powers in double precision are slow on a GPU
        double t = (double) (*step + 1);
        scale[0] = (float) (*rate / (1 - pow(beta1, t)));
        scale[1] = (float) (1 / sqrt(1 - pow(beta2, t)));
    }
    __syncthreads();
    float b1 = (float) beta1, b2 = (float) beta2, c1 = (float) (1 - beta1), c2 = (float) (1 - beta2), size = scale[0],
          correction = scale[1];
    FOR_ELEMENTS(i, n) {
        float g = grad[i] + decay * theta[i];
        float mi = b1 * m[i] + c1 * g;
        float vi = b2 * v[i] + c2 * g * g;
        m[i] = mi;
        v[i] = vi;
        theta[i] -= size * mi / (sqrtf(vi) * correction + eps);
    }
}

KERNEL(decay_spans, const float* RESTRICT theta, float* RESTRICT grad, const int* RESTRICT spans, float decay) {
    int first = spans[2 * blockIdx.x];
    FOR_THREADS(i, spans[2 * blockIdx.x + 1]) grad[first + i] += decay * theta[first + i];
}

KERNEL(put_back, float* RESTRICT x, const float* RESTRICT saved, long* RESTRICT tracked, const long* RESTRICT counted,
       const int* RESTRICT halted, int n, int m) {
    if (!*halted) return;
    FOR_ELEMENTS(i, n) {
        x[i] = saved[i];
        if (i < m) tracked[i] = counted[i];
    }
}
