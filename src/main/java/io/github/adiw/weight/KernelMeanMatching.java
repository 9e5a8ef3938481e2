package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.stream.IntStream;

/**
 * ADIW with kernel mean matching: a few projected-gradient steps on 1/2 w'Kw - kappa'w from the weights of the samples' last
 * visit, step eta over the largest row sum of K (Fang et al., arXiv 2605.25499; objective: Huang et al. 2006).
 */
public final class KernelMeanMatching implements WeightEstimator {
    private final Device device;
    private final EstimatorOptions options;
    private final int n;
    private final WeightBounds bounds;
    private final GramMatrix gram;
    private final Buffer memory, weights, ahead, moved;

    /** An estimator; {@link Divergence#estimator}. */
    public KernelMeanMatching(Device device, EstimatorOptions options) {
        this.device = device;
        this.options = options;
        this.n = options.n();
        this.bounds = new WeightBounds(n, options.upperBound());
        this.gram = new GramMatrix(device, n, options.m(), options.d(), options.bandwidth());
        this.memory = device.allocate(ElementType.FLOAT32, options.samples());
        this.weights = device.allocate(ElementType.FLOAT32, n);
        this.moved = device.allocate(ElementType.FLOAT32, n);
        this.ahead = device.allocate(ElementType.FLOAT32, n);
        device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
    }

    @Override
    public void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        device.launch("kmm_recall", Launch.elements(n), memory, indices, weights, ahead, n);
        gram.compute(z, validation, ahead);
        for (int i = 0; i < options.steps(); i++) {
            if (i > 0) {
                gram.multiply(ahead);
            }
            device.launch("kmm_step", Launch.block(), gram.product(), gram.kappa(), gram.rowSums(), gram.status(), moved, ahead, weights, n,
                options.eta(), 0f, bounds.upper(), bounds.low(), bounds.high());
        }
        device.launch("kmm_end", Launch.elements(n), memory, indices, weights, n);
    }

    /** Hands the program to {@link ConvergedKernelMeanMatching}: its interior point gets there in about 20 iterations. */
    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        device.launch("kmm_recall", Launch.elements(n), memory, indices, weights, null, n);
        gram.computeBandwidth(z, validation);
        EstimatorOptions own = new EstimatorOptions(n, options.validationSamples(), n, options.m(), options.d(), options.bandwidth(), 1, 1,
            options.upperBound(), 0);
        try (ConvergedKernelMeanMatching solver = new ConvergedKernelMeanMatching(device, own);
             Buffer rows = device.ints(IntStream.range(0, n).toArray())) {
            device.copy(weights, solver.memory());
            int iterations = solver.converge(rows, validationIndices, z, validation);
            device.copy(solver.weights(), weights);
            device.launch("kmm_end", Launch.elements(n), memory, indices, weights, n);
            device.synchronize();
            return iterations;
        }
    }

    @Override
    public Quality quality(Buffer z, Buffer validation) {
        return bounds.quality(device, z, validation, options.m(), options.d(), gram.gamma(), weights);
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

    /** {@code km}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "km";
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new KernelMeanMatching(device, options);
        }
    }
}
