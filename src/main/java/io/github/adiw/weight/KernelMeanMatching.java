package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * ADIW with kernel mean matching: a few projected-gradient steps on 1/2 w'Kw - kappa'w from the weights of the samples' last
 * visit, step eta over the largest row sum of K (Fang et al., arXiv 2605.25499; objective: Huang et al. 2006).
 */
public final class KernelMeanMatching extends SteppedEstimator {
    static final float CONVERGING_MOMENTUM = 0.9f;
    private final WeightBounds bounds;
    private final GramMatrix gram;
    private final Buffer ahead, moved;
    private boolean multiplied;

    /** An estimator; {@link Divergence#estimator}. */
    public KernelMeanMatching(Device device, EstimatorOptions options) {
        super(device, options, options.bandwidth());
        bounds = new WeightBounds(n, options.upperBound());
        gram = keep(new GramMatrix(device, n, m));
        moved = floats(n);
        ahead = floats(n);
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        recall(indices, ahead);
        gram.compute(points, bandwidth.gamma(), ahead);
        multiplied = !converge;         // steps that are recorded all begin alike
    }

    @Override
    void step(boolean converge) {
        if (!multiplied) {
            gram.multiply(ahead);
        }
        multiplied = false;
        device.launch("kmm_step", Launch.block(), gram.product(), gram.kappa(), gram.rowSums(), bandwidth.status(), moved, ahead, weights, n,
            converge ? 1f : options.eta(), converge ? CONVERGING_MOMENTUM : options.momentum(), bounds.upper(), bounds.low(), bounds.high());
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) { }

    /**
     * Hands the program to {@link ConvergedKernelMeanMatching}: its interior point gets there in about 20 iterations. Where K has too
     * high a rank for that, accelerated steps go as far as they get.
     */
    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        bandwidth.compute(z, validation);
        recall(indices, null);
        EstimatorOptions own = EstimatorOptions.of(n, options.validationSamples(), n, m, d).bandwidth(options.bandwidth())
            .upperBound(options.upperBound());
        try (ConvergedKernelMeanMatching solver = new ConvergedKernelMeanMatching(device, own);
             Buffer rows = device.ints(IntStream.range(0, n).toArray())) {
            device.copy(weights, solver.memory());
            solver.estimate(rows, validationIndices, z, validation);
            int iterations = solver.iterations();
            if (iterations < 0) {
                return super.converge(indices, validationIndices, z, validation);
            }
            device.copy(solver.weights(), weights);
            remember(indices);
            device.synchronize();
            return iterations;
        }
    }

    @Override
    Quality qualityOfState(Buffer z, Buffer validation) {
        return quality(evaluated(), EvaluatedBatch.doubles(weights));
    }

    /** Of 1/2 w'Kw - kappa'w. */
    static Quality quality(EvaluatedBatch batch, double[] w) {
        int n = batch.n();
        int m = batch.m();
        double[] product = batch.amongTraining(w);
        double[] kappa = batch.atTraining(EvaluatedBatch.constant(m, (double) n / m));
        double[] gradient = new double[n];
        double objective = 0;
        for (int i = 0; i < n; i++) {
            product[i] += GramMatrix.RIDGE * w[i];
            gradient[i] = product[i] - kappa[i];
            objective += w[i] * (product[i] / 2 - kappa[i]);
        }
        double L = Arrays.stream(batch.amongTraining(EvaluatedBatch.constant(n, 1))).max().orElseThrow() + GramMatrix.RIDGE;
        WeightBounds bounds = new WeightBounds(n, batch.upper());
        return new Quality(batch.bandwidth(), objective,
            EvaluatedBatch.residualOfWeights(batch.device(), w, gradient, L, bounds.upper(), bounds.low(), bounds.high()));
    }

    /** {@code km}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "km";
        }

        @Override
        public String defaultBandwidth() {
            return "diw:0.01";
        }

        @Override
        public boolean usesMomentum() {
            return true;
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new KernelMeanMatching(device, options);
        }

        @Override
        public boolean hasClassConditional() {
            return true;
        }

        @Override
        public WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
            return new ClassConditionalKernelMeanMatching(device, options, labels, validationLabels, classes);
        }
    }
}
