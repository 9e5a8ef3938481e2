package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** {@link Wasserstein} inside every class; the directions of a step are the same for all classes. */
final class ClassConditionalWasserstein extends ClassConditionalStepped {
    private final int slices;
    private final Buffer round, evaluationRound, direction, projected, places, values, found, moved, potential, distance, scalars;
    private double[] distances;
    private float[] potentials;

    ClassConditionalWasserstein(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options.bandwidth(Wasserstein.NO_BANDWIDTH), labels, validationLabels, classes, false);
        slices = d == 1 ? 1 : options.projections();
        int count = n + m;
        round = keep(ElementType.INT64, 1);
        device.zero(round);
        evaluationRound = keep(ElementType.INT64, 1);
        evaluationRound.upload(new long[] {-1});
        direction = keep(ElementType.FLOAT32, (long) slices * d);
        projected = keep(ElementType.FLOAT32, (long) slices * count);
        places = keep(ElementType.INT32, (long) slices * count);
        values = keep(ElementType.FLOAT32, (long) slices * count);
        found = keep(ElementType.FLOAT32, n);
        moved = keep(ElementType.FLOAT32, n);
        potential = keep(ElementType.FLOAT32, (long) slices * n);
        distance = keep(ElementType.FLOAT64, (long) slices * classes);
        scalars = keep(ElementType.FLOAT64, 4L * classes);
    }

    @Override
    void begin(boolean converge) {
        device.launch("class_w1_begin", Launch.rows(classes), rows, table, status, current, scalars, n, d, options.eta(),
            (double) options.upperBound());
        if (d == 1) {
            sort(round, Wasserstein.seed(options));
        }
    }

    @Override
    void step(boolean converge) {
        if (d > 1) {
            sort(round, Wasserstein.seed(options));
        }
        measure(current);
        walk(converge ? Wasserstein.DECAY : 0, 1, 0);
    }

    @Override
    void end() {
        if (d == 1) {
            measure(current);
        }
        walk(0, 0, d == 1 ? 0 : 1);
    }

    private void sort(Buffer drawn, long seed) {
        int count = n + m;
        device.launch("slice_directions", Launch.rows(slices), direction, drawn, d, seed);
        device.launch("slice_project", Launch.elements((long) slices * count), direction, rows, validationRows(), projected, slices, n, m, d);
        device.launch("class_rank_pool", Launch.rows((long) slices * count), projected, sorted, table, places, values, n, m);
    }

    private void measure(Buffer w) {
        device.launch("class_w1_potential", Launch.rows((long) slices * classes), places, values, w, table, status, distance, potential,
            n, m, classes);
    }

    private void walk(double decay, int move, int last) {
        device.launch("class_w1_step", Launch.rows(classes), distance, potential, table, status, current, found, moved, scalars, round, slices,
            n, classes, (double) options.upperBound(), decay, move, last);
    }

    @Override
    Buffer found() {
        return found;
    }

    @Override
    void beginQuality() {
        if (d > 1) {
            sort(evaluationRound, Wasserstein.SEED);
        }
        measure(found);
        distances = new double[slices * classes];
        distance.download(distances);
        potentials = potential.toFloats();
    }

    /** As {@link Wasserstein}'s. */
    @Override
    Quality quality(ClassRows own) {
        double mean = 0;
        double[] gradient = new double[own.n()];
        for (int s = 0; s < slices; s++) {
            mean += distances[s * classes + own.number()] / slices;
            for (int i = 0; i < own.n(); i++) {
                gradient[i] += potentials[s * n + own.first() + i] / slices;
            }
        }
        double[] w = EvaluatedBatch.doubles(found.slice(own.first(), own.n()));
        double[] read = new double[4];
        scalars.slice(4L * own.number(), 4).download(read);
        return new Quality(Double.NaN, mean, EvaluatedBatch.residualOfWeights(device, w, gradient, read[1] > 0 ? 1 / read[1] : 1,
            options.upperBound(), own.n(), own.n()));
    }
}
