package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * ADIW with the Wasserstein-1 distance between the weighted training batch and the validation batch: subgradient steps
 * w &lt;- P(w - eta (f - mean f) / s), f the optimal potential, s the standard deviation of the pooled batch, P the projection on
 * {@code 0 <= w <= B, sum w = n}.
 *
 * <p>A step is at most half of Polyak's step towards a distance of 0, which grows short as the optimum comes near. For d = 1 the distance
 * is exact; a batch is given its best iterate, since the distance need not fall in every step, and the state is the last one, since a
 * best iterate may lie at a kink that no short step leaves. For d > 1 it is sliced: the mean over {@link EstimatorOptions#projections}
 * random unit directions, redrawn in every step, and a batch is given the last iterate. It has no bandwidth, and
 * {@link EstimatorOptions#momentum} has no part in it.
 */
public final class Wasserstein extends SteppedEstimator {
    /** It has none: what finds out whether a batch is degenerate asks for one. */
    static final Bandwidth NO_BANDWIDTH = new Bandwidth(Bandwidth.Kind.GIVEN, 1);
    static final double DECAY = 0.02;
    private static final int MOST_RANKED = 4096;
    /** Of the directions of the objective; those of the steps depend on the options' seed too. */
    static final long SEED = 0x77617373L;

    private final int slices;
    private final Buffer round, evaluationRound, notDegenerate, direction, projected, order, sorted, keys, state, current, moved, distances, scalars;
    final Buffer potential;
    private Buffer zBuffer, validationBuffer;

    /** An estimator; {@link Divergence#estimator}. */
    public Wasserstein(Device device, EstimatorOptions options) {
        super(device, options, NO_BANDWIDTH);
        slices = d == 1 ? 1 : options.projections();
        long count = n + (long) m;
        round = keep(device.allocate(ElementType.INT64, 1));
        evaluationRound = keep(device.allocate(ElementType.INT64, 1));
        device.zero(round);
        evaluationRound.upload(new long[] {-1});
        notDegenerate = keep(device.allocate(ElementType.INT32, 1));
        device.zero(notDegenerate);
        direction = floats((long) slices * d);
        projected = floats(slices * count);
        order = keep(device.allocate(ElementType.INT32, slices * count));
        sorted = floats(slices * count);
        keys = keep(device.allocate(ElementType.INT64, count <= MOST_RANKED ? 0 : slices * (long) size()));
        state = floats(options.samples());
        device.launch("fill", Launch.elements(options.samples()), state, 1f, options.samples());
        current = floats(n);
        potential = floats((long) slices * n);
        moved = floats(n);
        distances = keep(device.allocate(ElementType.FLOAT64, slices));
        scalars = keep(device.allocate(ElementType.FLOAT64, 4));
    }

    static long seed(EstimatorOptions options) {
        return SEED ^ options.seed() << 32;
    }

    /** The least power of two not below n + m. */
    private int size() {
        return Integer.highestOneBit(n + m - 1) << 1;
    }

    @Override
    void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        zBuffer = z;
        validationBuffer = validation;
        recall(indices, null);
        device.launch("w1_begin", Launch.block(), state, indices, z, validation, bandwidth.status(), current, scalars, n, m, d,
            options.eta(), (double) options.upperBound());
        if (d == 1) {
            sort(round, seed(options), z, validation);
        }
    }

    private void sort(Buffer drawn, long seed, Buffer z, Buffer validation) {
        int count = n + m;
        device.launch("slice_directions", Launch.rows(slices), direction, drawn, d, seed);
        device.launch("slice_project", Launch.elements((long) slices * count), direction, z, validation, projected, slices, n, m, d);
        if (count <= MOST_RANKED) {
            device.launch("rank_pool", Launch.rows(slices * (long) count), projected, order, sorted, count);
        } else {
            device.launch("sort_pool", Launch.rows(slices), projected, keys, order, sorted, count, size());
        }
    }

    @Override
    void step(boolean converge) {
        if (d > 1) {
            sort(round, seed(options), zBuffer, validationBuffer);
        }
        measure(current, bandwidth.status());
        walk(converge ? DECAY : 0, 1, 0);
    }

    private void measure(Buffer w, Buffer status) {
        device.launch("w1_potential", Launch.rows(slices), order, sorted, w, status, distances, potential, n, m);
    }

    private void walk(double decay, int move, int last) {
        device.launch("w1_step", Launch.block(), distances, potential, bandwidth.status(), current, weights, moved, scalars, round, slices, n,
            (double) options.upperBound(), decay, move, last);
    }

    @Override
    void finish(Buffer indices, Buffer validationIndices) {
        if (d == 1) {
            measure(current, bandwidth.status());
        }
        walk(0, 0, d == 1 ? 0 : 1);
        device.launch("store_state", Launch.elements(n), state, indices, current, n);
    }

    @Override
    public Buffer state() {
        return state;
    }

    @Override
    public void startFrom(float[] start) {
        super.startFrom(start);
        state.upload(start);
    }

    /**
     * The objective is the distance, also of a degenerate batch, for d > 1 over directions that are always the same; the residual is that of
     * a step of eta / s, which does not vanish at a kink. NaN where the data are not finite.
     */
    @Override
    Quality qualityOfState(Buffer z, Buffer validation) {
        if (d > 1) {
            sort(evaluationRound, SEED, z, validation);
        }
        boolean degenerate = bandwidth.status().toInts()[0] != 0;
        if (degenerate && !(finite(z) && finite(validation))) {
            return new Quality(Double.NaN, Double.NaN, Double.NaN);
        }
        measure(weights, notDegenerate);
        double[] distance = new double[slices];
        distances.download(distance);
        double[] read = new double[4];
        scalars.download(read);
        float[] f = potential.toFloats();
        double[] gradient = new double[n];
        double mean = 0;
        for (int s = 0; s < slices; s++) {
            mean += distance[s] / slices;
            for (int i = 0; i < n; i++) {
                gradient[i] += f[s * n + i] / slices;
            }
        }
        return new Quality(Double.NaN, mean, evaluated().residualOfWeights(EvaluatedBatch.doubles(weights), gradient, !degenerate && read[1] > 0 ? 1 / read[1] : 1));
    }

    private static boolean finite(Buffer data) {
        for (float x : data.toFloats()) {
            if (!Float.isFinite(x)) {
                return false;
            }
        }
        return true;
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

        @Override
        public boolean hasClassConditional() {
            return true;
        }

        @Override
        public WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
            return new ClassConditionalWasserstein(device, options, labels, validationLabels, classes);
        }
    }
}
