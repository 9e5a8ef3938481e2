package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * ADIW with kernel mean matching: a few projected-gradient steps on 1/2 w'Kw - kappa'w from the weights of the samples' last
 * visit, step eta over the largest row sum of K (Fang et al., arXiv 2605.25499; objective: Huang et al. 2006).
 */
public final class KernelMeanMatching implements WeightEstimator {
    private final Device device;
    private final int n, steps;
    private final float eta;
    private final WeightBounds bounds;
    private final GramMatrix gram;
    private final Buffer memory, weights, ahead, moved;

    /**
     * @param samples    N, training samples in all, at least 1
     * @param n          training batch, at least 1
     * @param m          validation batch, at least 1
     * @param d          dimension of the transformed data, at least 1
     * @param steps      projected-gradient steps a batch, at least 1
     * @param eta        step size over the curvature bound, above 0
     * @param upperBound B, at least 1
     */
    public KernelMeanMatching(Device device, int samples, int n, int m, int d, Bandwidth bandwidth, int steps, float eta, float upperBound) {
        this.device = device;
        this.n = n;
        this.steps = steps;
        this.eta = eta;
        this.bounds = new WeightBounds(n, upperBound);
        this.gram = new GramMatrix(device, n, m, d, bandwidth);
        this.memory = device.allocate(ElementType.FLOAT32, samples);
        this.weights = device.allocate(ElementType.FLOAT32, n);
        this.moved = device.allocate(ElementType.FLOAT32, n);
        this.ahead = device.allocate(ElementType.FLOAT32, n);
        device.launch("fill", Launch.elements(samples), memory, 1f, samples);
    }

    @Override
    public void estimate(Buffer indices, Buffer z, Buffer validation) {
        device.launch("kmm_recall", Launch.elements(n), memory, indices, weights, ahead, n);
        gram.compute(z, validation, ahead);
        for (int i = 0; i < steps; i++) {
            if (i > 0) {
                gram.multiply(ahead);
            }
            device.launch("kmm_step", Launch.block(), gram.product(), gram.kappa(), gram.rowSums(), gram.status(), moved, ahead, weights, n,
                eta, 0f, bounds.upper(), bounds.low(), bounds.high());
        }
        device.launch("kmm_end", Launch.elements(n), memory, indices, weights, n);
    }

    /** gamma of the last batch, float64 {@code [1]}. */
    Buffer gamma() {
        return gram.gamma();
    }

    @Override
    public Buffer weights() {
        return weights;
    }

    @Override
    public Buffer memory() {
        return memory;
    }

    @Override
    public void close() {
        gram.close();
        memory.close();
        weights.close();
        ahead.close();
        moved.close();
    }
}
