package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** {@link Wasserstein} inside every class; the directions of a step are the same for all classes. */
final class ClassConditionalWasserstein extends ClassConditionalEstimator {
    private final int slices;
    private final Buffer round, direction, projected, places, values, found, moved, potential, distance, scalars;

    ClassConditionalWasserstein(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        super(device, options.bandwidth(Wasserstein.NO_BANDWIDTH), labels, validationLabels, classes, false);
        slices = d == 1 ? 1 : options.projections();
        int count = n + m;
        round = keep(ElementType.INT64, 1);
        device.zero(round);
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
    void solve() {
        device.launch("class_w1_begin", Launch.rows(classes), rows, table, status, current, scalars, n, d, options.eta(),
            (double) options.upperBound());
        for (int i = 0; i < options.steps(); i++) {
            if (d > 1 || i == 0) {
                sort();
            }
            measure();
            walk(1, 0);
        }
        if (d == 1) {
            measure();
        }
        walk(0, d == 1 ? 0 : 1);
    }

    private void sort() {
        int count = n + m;
        device.launch("slice_directions", Launch.rows(slices), direction, round, d, Wasserstein.seed(options));
        device.launch("slice_project", Launch.elements((long) slices * count), direction, rows, validationRows(), projected, slices, n, m, d);
        device.launch("class_rank_pool", Launch.rows((long) slices * count), projected, sorted, table, places, values, n, m);
    }

    private void measure() {
        device.launch("class_w1_potential", Launch.rows((long) slices * classes), places, values, current, table, status, distance, potential,
            n, m, classes);
    }

    private void walk(int move, int last) {
        device.launch("class_w1_step", Launch.rows(classes), distance, potential, table, status, current, found, moved, scalars, round, slices,
            n, classes, (double) options.upperBound(), move, last);
    }

    @Override
    Buffer found() {
        return found;
    }
}
