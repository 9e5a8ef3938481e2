package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * ADIW with the Wasserstein-1 distance between the weighted training batch and the validation batch, for d = 1 exactly: subgradient
 * steps w <- P(w - eta (f - mean f) / s), f the optimal potential, s the standard deviation of the pooled batch, P the projection on
 * 0 <= w <= B, sum w = n. The best iterate is kept, since the distance need not fall in every step.
 */
public final class Wasserstein extends SteppedEstimator {
    private static final double DECAY = 0.02;
    private final Buffer order, sorted, best, potential, moved, scalars;

    /**
     * An estimator; {@link Divergence#estimator}.
     *
     * @throws UsageException if d is not 1
     */
    public Wasserstein(Device device, EstimatorOptions options) {
        super(device, options, new Bandwidth(Bandwidth.Kind.GIVEN, 1));
        if (d != 1) {
            throw new UsageException("the divergence w1 takes transformed data of one dimension, not " + d + ": choose another, or one column");
        }
        order = keep(device.allocate(ElementType.INT32, n + (long) m));
        sorted = floats(n + (long) m);
        best = floats(n);
        potential = floats(n);
        moved = floats(n);
        scalars = keep(device.allocate(ElementType.FLOAT64, 4));
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        device.launch("w1_order", Launch.rows(n + (long) m), z, validation, order, sorted, n, m);
        device.launch("w1_begin", Launch.block(), memory, indices, sorted, bandwidth.status(), weights, best, scalars, n, m, options.eta(),
            (double) options.upperBound());
    }

    @Override
    void step(boolean converge) {
        walk(converge ? DECAY : 0, 1);
    }

    private void walk(double decay, int move) {
        device.launch("w1_step", Launch.block(), order, sorted, bandwidth.status(), weights, best, potential, moved, scalars, n, m,
            (double) options.upperBound(), decay, move);
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) {
        walk(0, 0);
        device.launch("w1_end", Launch.elements(n), best, bandwidth.status(), weights, n);
        remember(indices);
    }

    /** The objective is the distance; the residual is that of a step of eta / s, which does not vanish at a kink. */
    @Override
    public Quality quality(Buffer z, Buffer validation) {
        walk(0, 0);
        double[] read = new double[4];
        scalars.download(read);
        double[] w = doubles(weights);
        double[] f = doubles(potential);
        return new Quality(0, read[3], residualOfWeights(w, f, 1 / read[1]));
    }

    /** {@code w1}. */
    public static final class Factory implements Divergence {
        @Override
        public String name() {
            return "w1";
        }

        @Override
        public float defaultEta() {
            return 0.1f;
        }

        @Override
        public WeightEstimator estimator(Device device, EstimatorOptions options) {
            return new Wasserstein(device, options);
        }
    }
}
