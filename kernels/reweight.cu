// Weights of a batch that need no divergence.
//
// random_weights   w_i = n max(0, g_i) / sum_j max(0, g_j), g normal: Philox at (i, step) under the seed; all 0 where no g is positive; one
//                  block (the random baseline of Ren et al., ICML 2018)
//
// Learning to reweight (Ren et al., ICML 2018): w_i = n max(0, s_i) / sum_j max(0, s_j), s_i = grad L_validation . grad loss_i, the
// derivative of loss_i along g = grad L_validation, taken by a central difference: two more forward passes instead of n backward ones.
//   direction_scale  scale [1]: eps = radius / |g|; g [n]; one block
//   perturb          theta = saved + sign eps g; 16 n bytes
//   reweight         s_i = (up_i - down_i) / (2 eps), up and down the losses at theta + eps g and theta - eps g; w; all 0 where no s is
//                    positive; one block
#include "random.cuh"

/// w <- n max(0, w) / sum max(0, w). All threads of the block call it.
DEVICE void rectified_shares(float* RESTRICT w, int n) {
    sum_t sum = 0;
    FOR_THREADS(i, n) sum += w[i] > 0 ? w[i] : 0;
    sum = block_sum(sum);
    float scale = sum > 0 ? (float) (n / sum) : 0;
    FOR_THREADS(i, n) w[i] = w[i] > 0 ? w[i] * scale : 0;
}

KERNEL(random_weights, float* RESTRICT w, const long* RESTRICT step, int n, long seed) {
    long s = *step;
    FOR_THREADS(i, n) {
        Philox r = philox((unsigned) i, (unsigned) s, (unsigned) (s >> 32), 0x72616e64u, (unsigned) seed, (unsigned) (seed >> 32));
        w[i] = sqrtf(-2 * logf(1 - unit_float(r.x))) * cosine_of_turns(unit_float(r.y));      // Box and Muller
    }
    rectified_shares(w, n);
}

KERNEL(direction_scale, const float* RESTRICT g, float* RESTRICT scale, int n, float radius) {
    sum_t squares = 0;
    FOR_THREADS(i, n) squares += g[i] * g[i];
    squares = block_sum(squares);
    if (threadIdx.x == 0) scale[0] = squares > 0 ? radius / sqrtf((float) squares) : 0;
}

KERNEL(perturb, const float* RESTRICT saved, const float* RESTRICT g, const float* RESTRICT scale, float* RESTRICT theta, int n,
       float sign) {
    float eps = sign * scale[0];
    FOR_ELEMENTS(i, n) theta[i] = saved[i] + eps * g[i];
}

KERNEL(reweight, const float* RESTRICT up, const float* RESTRICT down, const float* RESTRICT scale, float* RESTRICT s, float* RESTRICT w,
       int n) {
    float factor = scale[0] > 0 ? 0.5f / scale[0] : 0;
    FOR_THREADS(i, n) {
        s[i] = (up[i] - down[i]) * factor;
        w[i] = s[i];
    }
    rectified_shares(w, n);
}
