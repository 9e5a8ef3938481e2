package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.EvaluatedSegment;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.Quality;
import io.github.adiw.weight.RememberedSamples;
import io.github.adiw.weight.SegmentedBatch;
import java.util.Map;

/**
 * ADIW with the Wasserstein-1 distance between the weighted training batch and the validation batch: subgradient steps
 * w &lt;- P(w - eta (f - mean f) / s), f the optimal potential, s the standard deviation of the pooled batch, P the projection on
 * {@code 0 <= w <= B, sum w = n}.
 *
 * <p>A step is at most half of Polyak's step towards a distance of 0, which grows short as the optimum comes near. For d = 1 the distance
 * is exact; a batch is given its best iterate, since the distance need not fall in every step, and the state is the last one, since a
 * best iterate may lie at a kink that no short step leaves. For d > 1 it is sliced: the mean over the settings' number of projections,
 * random unit directions, redrawn in every step and the same in all segments, and a batch is given the last iterate. It has no bandwidth
 * and no momentum.
 */
public final class Wasserstein implements Minimizer {
    private static final double DECAY = 0.02;
    private static final int MOST_RANKED = 4096;
    /** Of the directions of the objective; those of the steps depend on the settings' seed too. */
    private static final long SEED = 0x77617373L;

    private final Scope scope;
    private final SegmentedBatch batch;
    private final Device device;
    private final int n;
    private final int m;
    private final int d;
    private final int count;
    private final int segments;
    private final int slices;
    private final long seed;
    private final Buffer round;
    private final Buffer evaluationRound;
    private final Buffer direction;
    private final Buffer projected;
    private final Buffer order;
    private final Buffer sorted;
    private final Buffer keys;
    private final Buffer current;
    private final Buffer best;
    private final Buffer moved;
    private final Buffer potential;
    private final Buffer distances;
    private final Buffer scalars;
    private double[] evaluatedDistances;
    private float[] evaluatedPotential;

    private Wasserstein(Scope scope, SegmentedBatch batch) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        n = batch.n();
        m = batch.m();
        d = batch.d();
        count = Math.addExact(n, m);
        segments = batch.segments().count();
        slices = d == 1 ? 1 : batch.settings().projections();
        seed = SEED ^ batch.settings().seed() << 32;
        round = keep(ElementType.INT64, 1);
        device.zero(round);
        evaluationRound = keep(ElementType.INT64, 1);
        evaluationRound.upload(new long[] {-1});
        direction = keep(ElementType.FLOAT32, (long) slices * d);
        projected = keep(ElementType.FLOAT32, (long) slices * count);
        order = keep(ElementType.INT32, (long) slices * count);
        sorted = keep(ElementType.FLOAT32, (long) slices * count);
        keys = keep(ElementType.INT64, count <= MOST_RANKED ? 0 : 2L * slices * count);
        current = keep(ElementType.FLOAT32, n);
        best = keep(ElementType.FLOAT32, n);
        moved = keep(ElementType.FLOAT32, n);
        potential = keep(ElementType.FLOAT32, (long) slices * n);
        distances = keep(ElementType.FLOAT64, (long) slices * segments);
        scalars = keep(ElementType.FLOAT64, 4L * segments);
    }

    private Buffer keep(ElementType type, long length) {
        return scope.keep(device.allocate(type, length));
    }

    @Override
    public Buffer state() {
        return current;
    }

    @Override
    public Buffer ratios() {
        return best;
    }

    @Override
    public Map<String, Buffer> counters() {
        return d == 1 ? Map.of() : Map.of("round", round);
    }

    @Override
    public boolean estimateAtOnce(RememberedSamples samples) {
        batch.launchAtOnce("w1_estimation", samples, current, samples.state(), best, scalars, batch.settings().eta());
        return true;
    }

    @Override
    public void begin(boolean converge) {
        device.launch("w1_begin", Launch.blocks(segments), batch.training(), batch.validation(), batch.segments().table(), batch.status(),
            current,
            scalars, d, batch.settings().eta(), (double) batch.settings().upperBound());
        if (d == 1) {
            sort(round, seed);
        }
    }

    private void sort(Buffer drawn, long seed) {
        Buffer of = batch.segments().of();
        Buffer table = batch.segments().table();
        device.launch("slice_directions", Launch.rows(slices), direction, drawn, d, seed);
        device.launch("slice_project", Launch.elements((long) slices * count), direction, batch.training(), batch.validation(), of, table,
            projected, slices, n, m, d);
        if (count <= MOST_RANKED) {
            device.launch("rank_pool", Launch.rows((long) slices * count), projected, of, table, order, sorted, n, m);
        } else {
            device.launch("sort_pool", Launch.rows((long) slices * segments), projected, table, keys, order, sorted, segments, n, m);
        }
    }

    @Override
    public void step(boolean converge) {
        if (d > 1) {
            sort(round, seed);
        }
        measure(current, batch.status());
        descend(converge ? DECAY : 0, 1, 0);
    }

    private void measure(Buffer w, Buffer status) {
        device.launch("w1_potential", Launch.rows((long) slices * segments), order, sorted, w, batch.segments().table(), status, distances,
            potential, segments, n, m);
    }

    private void descend(double decay, int move, int last) {
        device.launch("w1_step", batch.segments().blocks(), distances, potential, batch.segments().table(), batch.status(), current, best,
            moved,
            scalars, round, slices, segments, n, (double) batch.settings().upperBound(), decay, move, last);
    }

    @Override
    public void finish() {
        if (d == 1) {
            measure(current, batch.status());
        }
        descend(0, 0, d == 1 ? 0 : 1);
    }

    @Override
    public void beginQuality() {
        if (segments == 1 && batch.status().toInts()[0] != 0) {
            if (!(finite(batch.training()) && finite(batch.validation()))) {
                evaluatedDistances = null;
                return;
            }
            device.copy(current, best);     // what a degenerate batch was given
        }
        sort(evaluationRound, SEED);
        measure(best, segments == 1 ? null : batch.status());
        evaluatedDistances = new double[slices * segments];
        distances.download(evaluatedDistances);
        evaluatedPotential = potential.toFloats();
    }

    /**
     * The objective is the distance, also of a degenerate batch, for d > 1 over directions that are always the same; the residual is that
     * of a step of eta / s, which does not vanish at a kink. NaN where the data are not finite.
     */
    @Override
    public Quality quality(EvaluatedSegment segment) {
        if (evaluatedDistances == null) {
            return new Quality(Double.NaN, Double.NaN, Double.NaN);
        }
        Buffer own = segment.ofTraining(best);
        double mean = 0;
        double[] gradient = new double[segment.n()];
        for (int s = 0; s < slices; s++) {
            mean += evaluatedDistances[s * segments + segment.number()] / slices;
            for (int i = 0; i < segment.n(); i++) {
                gradient[i] += evaluatedPotential[s * n + segment.firstTraining() + i] / slices;
            }
        }
        double[] read = new double[4];
        scalars.slice(4L * segment.number(), 4).download(read);
        boolean degenerate = batch.status().toInts()[segment.number()] != 0;
        return new Quality(Double.NaN, mean,
            segment.residualOfWeights(EvaluatedSegment.doubles(own), gradient, !degenerate && read[1] > 0 ? 1 / read[1] : 1));
    }

    /** Of the last evaluation, f_s - mean f_s at the training rows, float32 {@code [slices, n]}. */
    public Buffer potential() {
        return potential;
    }

    private static boolean finite(Buffer data) {
        for (float x : data.toFloats()) {
            if (!Float.isFinite(x)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        scope.close();
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
        public boolean usesProjections() {
            return true;
        }

        @Override
        public boolean usesBandwidth() {
            return false;
        }

        @Override
        public Minimizer minimizer(SegmentedBatch batch) {
            return Scope.building(scope -> new Wasserstein(scope, batch));
        }
    }
}
