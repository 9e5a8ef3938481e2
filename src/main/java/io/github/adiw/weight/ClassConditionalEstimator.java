package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.ArrayList;
import java.util.List;

/**
 * Estimation inside every class, for transformed data that do not say the label. In a batch with n_c training and m_c validation
 * samples of class c the estimator finds ratios r that sum to about n_c, and the class prior is put back: w_i =
 * [(m_c / m) / (n_c / n)] r_i. A class that is degenerate in a batch (no validation sample, one training sample, all z equal) leaves
 * the memory of its samples as it is, and has the weights that it holds.
 *
 * <p>Which rows belong to which class changes from batch to batch, so that all of it is on the device: rows are sorted by class, and
 * every kernel reads its class's counts from a table ({@code classes.cu}).
 */
abstract class ClassConditionalEstimator implements WeightEstimator {
    /** Most elements of the distances that are stored: 1 GiB. */
    private static final long MOST_ELEMENTS = 1L << 28;

    final Device device;
    final EstimatorOptions options;
    final int n, m, d, classes;
    /** The batch sorted by class, training rows first: transformed data {@code [n + m, d]}. */
    final Buffer rows;
    /** Class of every sorted row, int32 {@code [n + m]}. */
    final Buffer sorted;
    /** First training row, their number, first validation row, their number; int32 {@code [classes, 4]}. */
    final Buffer table;
    /** Squared distances inside the classes, {@code [n + m, n + m]}: n_c + m_c elements of every row. */
    final Buffer distances;
    /** Of every class: float64 {@code [classes]}; int32 {@code [classes]}, 1 where it is degenerate. */
    final Buffer gamma, status;
    /** What the estimator finds: the sorted training rows' ratios, float32 {@code [n]}; and a copy of what it begins from. */
    final Buffer found, ahead;
    private final Buffer labels, validationLabels, batchLabels, order, columns, ratios, weights, memory, state;
    private final List<AutoCloseable> owned = new ArrayList<>();

    ClassConditionalEstimator(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        this.device = device;
        this.options = options;
        this.n = options.n();
        this.m = options.m();
        this.d = options.d();
        this.classes = classes;
        this.labels = labels;
        this.validationLabels = validationLabels;
        if (labels.length() != options.samples() || validationLabels.length() != options.validationSamples()) {
            throw new IllegalArgumentException("estimation inside classes needs a label for each of the " + options.samples() + " training and "
                + options.validationSamples() + " validation samples, not " + labels.length() + " and " + validationLabels.length());
        }
        int all = n + m;
        if ((long) all * all > MOST_ELEMENTS) {
            throw new UsageException("estimation inside classes stores the distances of a batch, and " + n + " training and " + m
                + " validation samples are more than 16384 together: choose smaller batches");
        }
        batchLabels = keep(ElementType.INT32, all);
        order = keep(ElementType.INT32, all);
        sorted = keep(ElementType.INT32, all);
        table = keep(ElementType.INT32, 4L * classes);
        rows = keep(ElementType.FLOAT32, (long) all * d);
        columns = keep(ElementType.FLOAT32, (long) all * d);
        distances = keep(ElementType.FLOAT32, (long) all * all);
        gamma = keep(ElementType.FLOAT64, classes);
        status = keep(ElementType.INT32, classes);
        found = keep(ElementType.FLOAT32, n);
        ahead = keep(ElementType.FLOAT32, n);
        ratios = keep(ElementType.FLOAT32, n);
        weights = keep(ElementType.FLOAT32, n);
        memory = keep(ElementType.FLOAT32, options.samples());
        state = keep(ElementType.FLOAT32, options.samples());
        device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
        device.launch("fill", Launch.elements(options.samples()), state, 1f, options.samples());
    }

    /** A buffer that is closed with this. */
    final Buffer keep(ElementType type, long length) {
        return keep(device.allocate(type, length));
    }

    final <T extends AutoCloseable> T keep(T resource) {
        owned.add(resource);
        return resource;
    }

    /** Enqueues what sets {@link #found}; the sorted batch, its bandwidths and the state are there. */
    abstract void solve();

    @Override
    public final void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        prepare(indices, validationIndices, z, validation);
        solve();
        finish(indices);
    }

    final void prepare(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        Bandwidth.Kind kind = options.bandwidth().kind();
        device.launch("gather_labels", Launch.elements(n), labels, indices, batchLabels.slice(0, n), n);
        device.launch("gather_labels", Launch.elements(m), validationLabels, validationIndices, batchLabels.slice(n, m), m);
        device.launch("class_table", Launch.rows(classes), batchLabels, batchLabels.slice(n, m), table, n, m);
        device.launch("class_order", Launch.rows(n), batchLabels, order, sorted, n);
        device.launch("class_order", Launch.rows(m), batchLabels.slice(n, m), order.slice(n, m), sorted.slice(n, m), m);
        device.launch("class_rows", Launch.rows(n), z, order, rows, d);
        device.launch("class_rows", Launch.rows(m), validation, order.slice(n, m), rows.slice((long) n * d, (long) m * d), d);
        device.launch("transpose_columns", Launch.elements((long) (n + m) * d), rows, columns, n + m, d, (long) n + m, 0);
        device.launch("class_distances", Launch.rows(kind == Bandwidth.Kind.MEDIAN ? n + m : n), columns, sorted, table, distances, n, m, d);
        device.launch("class_bandwidth", Launch.rows(classes), distances, table, gamma, status, kind.ordinal(), options.bandwidth().value(), n, m);
        device.launch("class_recall", Launch.elements(n), state, indices, order, found, ahead, n);
    }

    final void finish(Buffer indices) {
        device.launch("class_finish", Launch.block(), order, sorted, table, status, memory, indices, found, ratios, weights, n, m,
            options.normalize() ? 1 : 0);
        device.launch("kmm_end", Launch.elements(n), memory, indices, weights, n);
        device.launch("kmm_end", Launch.elements(n), state, indices, ratios, n);
    }

    /** The sums of the classes' objectives, and the largest of their residuals; gamma is NaN, since every class has its own. */
    @Override
    public final Quality quality(Buffer z, Buffer validation) {
        float[] data = rows.toFloats();
        float[] r = found.toFloats();
        int[] ranges = table.toInts();
        int[] stopped = status.toInts();
        double[] gammas = new double[classes];
        gamma.download(gammas);
        double objective = 0;
        double residual = 0;
        for (int c = 0; c < classes; c++) {
            if (stopped[c] == 0) {
                ClassProgram program = new ClassProgram(data, d, ranges[4 * c], ranges[4 * c + 1], n + ranges[4 * c + 2], ranges[4 * c + 3],
                    gammas[c], r);
                objective += program.objective();
                residual = Math.max(residual, program.residual(device, options.upperBound()));
            }
        }
        return new Quality(Double.NaN, objective, residual);
    }

    /** Weights of the last batch, the class prior put back, float32 {@code [n]}; a ratio is at most B, a weight may be more. */
    @Override
    public final Buffer weights() {
        return weights;
    }

    @Override
    public final Buffer memory() {
        return memory;
    }

    /** The last ratio of every training sample inside its class, float32 {@code [N]}, 1 where it has none yet. */
    @Override
    public final Buffer state() {
        return state;
    }

    @Override
    public final void startFrom(float[] start) {
        memory.upload(start);
        state.upload(start);
    }

    @Override
    public final void close() {
        for (AutoCloseable resource : owned) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException("a resource of the device could not be released", e);
            }
        }
    }
}
