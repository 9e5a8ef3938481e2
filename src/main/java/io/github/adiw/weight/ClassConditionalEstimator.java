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
 * the memory of its samples as it is, and has the weights that it holds (with normalisation they are divided as the batch's others are,
 * but not remembered so).
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
    /** The state of the batch's samples in the order of classes, which goes on to the next visit; and a copy of what it begins from. */
    final Buffer current, ahead;
    private final boolean stateOfValidation;
    private final Buffer labels, validationLabels, batchLabels, order, columns, restored, weights, known, memory, state;
    private final List<AutoCloseable> owned = new ArrayList<>();

    /** @param stateOfValidation whether the state is a coefficient for every validation sample, and not a ratio for every training sample */
    ClassConditionalEstimator(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes,
                              boolean stateOfValidation) {
        this.device = device;
        this.options = options;
        this.n = options.n();
        this.m = options.m();
        this.d = options.d();
        this.classes = classes;
        this.labels = labels;
        this.validationLabels = validationLabels;
        this.stateOfValidation = stateOfValidation;
        if (labels.length() != options.samples() || validationLabels.length() != options.validationSamples()) {
            throw new IllegalArgumentException("estimation inside classes needs a label for each of the " + options.samples()
                + " training and " + options.validationSamples() + " validation samples, not " + labels.length() + " and "
                + validationLabels.length());
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
        int states = stateOfValidation ? options.validationSamples() : options.samples();
        current = keep(ElementType.FLOAT32, stateOfValidation ? m : n);
        ahead = keep(ElementType.FLOAT32, current.length());
        restored = keep(ElementType.FLOAT32, current.length());
        weights = keep(ElementType.FLOAT32, n);
        known = keep(ElementType.FLOAT32, n);
        memory = keep(ElementType.FLOAT32, options.samples());
        state = keep(ElementType.FLOAT32, states);
        device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
        device.launch("fill", Launch.elements(states), state, stateOfValidation ? -1f : 1f, states);
    }

    /** A buffer that is closed with this. */
    final Buffer keep(ElementType type, long length) {
        return keep(device.allocate(type, length));
    }

    final <T extends AutoCloseable> T keep(T resource) {
        owned.add(resource);
        return resource;
    }

    /** Enqueues what sets {@link #current} and {@link #found}; the sorted batch, its bandwidths and the state are there. */
    abstract void solve();

    /** The sorted training rows' ratios, float32 {@code [n]}; whatever they are in degenerate classes. */
    Buffer found() {
        return current;
    }

    /** Whether distances between validation samples are needed; they are for a median. */
    boolean everyDistance() {
        return options.bandwidth().kind() == Bandwidth.Kind.MEDIAN;
    }

    @Override
    public final void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        prepare(indices, validationIndices, z, validation);
        solve();
        finish(indices, validationIndices);
    }

    final void prepare(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        Buffer otherLabels = batchLabels.slice(n, m);
        Buffer otherOrder = order.slice(n, m);
        Bandwidth rule = options.bandwidth();
        device.launch("gather_labels", Launch.elements(n), labels, indices, batchLabels.slice(0, n), n);
        device.launch("gather_labels", Launch.elements(m), validationLabels, validationIndices, otherLabels, m);
        device.launch("class_table", Launch.rows(classes), batchLabels, otherLabels, table, n, m);
        device.launch("class_order", Launch.rows(n), batchLabels, order, sorted, n);
        device.launch("class_order", Launch.rows(m), otherLabels, otherOrder, sorted.slice(n, m), m);
        device.launch("class_rows", Launch.rows(n), z, order, rows, d);
        device.launch("class_rows", Launch.rows(m), validation, otherOrder, validationRows(), d);
        device.launch("transpose_columns", Launch.elements((long) (n + m) * d), rows, columns, n + m, d, (long) n + m, 0);
        device.launch("class_distances", Launch.rows(everyDistance() ? n + m : n), columns, sorted, table, distances, n, m, d);
        device.launch("class_bandwidth", Launch.rows(classes), distances, table, gamma, status, rule.kind().ordinal(), rule.value(), n, m);
        device.launch("class_recall", Launch.elements(current.length()), state, stateOfValidation ? validationIndices : indices,
            stateOfValidation ? otherOrder : order, current, ahead, Math.toIntExact(current.length()));
    }

    final Buffer validationRows() {
        return rows.slice((long) n * d, (long) m * d);
    }

    final void finish(Buffer indices, Buffer validationIndices) {
        int states = Math.toIntExact(current.length());
        device.launch("class_finish", Launch.block(), order, sorted, table, status, memory, indices, found(), weights, known, n, m,
            options.normalize() ? 1 : 0);
        device.launch("store_state", Launch.elements(n), memory, indices, known, n);
        device.launch("class_restore", Launch.elements(states), current, stateOfValidation ? order.slice(n, m) : order, restored, states);
        device.launch("store_state", Launch.elements(states), state, stateOfValidation ? validationIndices : indices, restored, states);
    }

    /**
     * The sum of the classes' objectives, the largest of their residuals and the sum of their gaps, of the last batch; gamma is NaN, since
     * every class has its own. Degenerate classes are left out, so that of a batch of these alone all is 0.
     */
    @Override
    public final Quality quality(Buffer z, Buffer validation) {
        beginQuality();
        int[] counts = table.toInts();
        int[] degenerate = status.toInts();
        double objective = 0;
        double residual = 0;
        double gap = 0;
        for (int c = 0; c < classes; c++) {
            if (degenerate[c] == 0) {
                Quality own = quality(new ClassRows(c, counts[4 * c], counts[4 * c + 1], counts[4 * c + 2], counts[4 * c + 3]));
                objective += own.objective();
                residual = Math.max(residual, own.kktResidual());
                gap += own.gap();
            }
        }
        return new Quality(Double.NaN, objective, residual, gap);
    }

    /** What a class has of the sorted rows: n training rows from {@code first} on, m validation rows from {@code firstOther} on. */
    record ClassRows(int number, int first, int n, int firstOther, int m) { }

    /** Before the first class's {@link #quality(ClassRows)}. */
    void beginQuality() { }

    /** How good the estimate of a class is, which is not degenerate. */
    abstract Quality quality(ClassRows own);

    /** The same where it is a matter of a kernel matrix. */
    final Quality quality(ClassRows own, EvaluatedBatch.Objective objective) {
        try (BatchPoints points = new BatchPoints(device, own.n, own.m, d)) {
            points.set(rows.slice((long) own.first * d, (long) own.n * d), validationRows().slice((long) own.firstOther * d, (long) own.m * d));
            Buffer state = stateOfValidation ? current.slice(own.firstOther, own.m) : found().slice(own.first, own.n);
            return objective.of(new EvaluatedBatch(device, points, gamma.slice(own.number, 1), own.n, own.m, options),
                EvaluatedBatch.doubles(state));
        }
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

    /**
     * The last ratio of every training sample inside its class, float32 {@code [N]}, 1 where it has none yet; or the coefficients of
     * the validation samples, float32 {@code [V]}, negative where a sample has none yet.
     */
    @Override
    public final Buffer state() {
        return state;
    }

    @Override
    public final void startFrom(float[] start) {
        if (!stateOfValidation) {
            memory.upload(start);
        }
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
