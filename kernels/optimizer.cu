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
#include "optimizer.cuh"

KERNEL(sgd, float* RESTRICT theta, const float* RESTRICT grad, float* RESTRICT buffer, const float* RESTRICT rate,
       const int* RESTRICT halted, float momentum, int nesterov, float decay, int n) {
    if (*halted) return;
    float r = *rate;
    if (momentum == 0) {
        FOR_ELEMENTS(i, n) theta[i] -= r * (grad[i] + decay * theta[i]);
    } else {
        FOR_ELEMENTS(i, n) {
            float b = buffer[i];
            theta[i] = sgd_moved(theta[i], grad[i] + decay * theta[i], b, r, momentum, nesterov);
            buffer[i] = b;
        }
    }
}

KERNEL(adam, float* RESTRICT theta, const float* RESTRICT grad, float* RESTRICT m, float* RESTRICT v, const float* RESTRICT rate,
       const long* RESTRICT step, const int* RESTRICT halted, double beta1, double beta2, float eps, float decay, int n) {
    if (*halted) return;
    AdamStep a = adam_step(*rate, *step, beta1, beta2, eps, decay);
    FOR_ELEMENTS(i, n) {
        float mi = m[i], vi = v[i];
        theta[i] = a.moved(theta[i], grad[i], mi, vi);
        m[i] = mi;
        v[i] = vi;
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
