package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import java.util.Arrays;

/**
 * What a {@link Minimizer} works on: the transformed data of a training batch z {@code [n, d]} and of a validation batch z' {@code [m, d]},
 * in the order of {@link Segments}, with the Gaussian kernel's gamma of every segment. Made once for its sizes; every batch comes into the
 * same memory.
 */
public final class SegmentedBatch implements AutoCloseable {
    /** The {@link #status} of a segment that cannot be computed. */
    static final int OUT_OF_RANGE = 2;
    /** As most_rows of {@code kernels/estimation.cuh}. */
    private static final int MOST_SMALL = 256;
    /** As blocks of {@code kernels/estimation_cluster.cu}. */
    private static final int CLUSTER = 4;

    private final Scope scope;
    private final Device device;
    private final BatchShape shape;
    private final EstimationSettings settings;
    private final Segments segments;
    private final BatchBandwidth bandwidth;
    private final Buffer rows;
    private final Buffer columns;
    private Buffer training;
    private Buffer validation;

    private SegmentedBatch(Scope scope, Device device, BatchShape shape, EstimationSettings settings, SampleLabels labels) {
        this.scope = scope;
        this.device = device;
        this.shape = shape;
        this.settings = settings;
        long numbers = (shape.n() + (long) shape.m()) * shape.d();
        if (labels == null) {
            segments = scope.keep(Segments.whole(device, shape.n(), shape.m()));
            bandwidth = scope.keep(WholeBatchBandwidth.create(device, shape, settings.bandwidth()));
            rows = null;
        } else {
            segments = scope.keep(Segments.byLabel(device, shape.n(), shape.m(), labels));
            bandwidth = scope.keep(SegmentBandwidth.create(device, shape, segments.count(), settings.bandwidth()));
            rows = scope.keep(device.allocate(ElementType.FLOAT32, numbers));
        }
        columns = scope.keep(device.allocate(ElementType.FLOAT32, shape.d() == 1 ? 0 : numbers));
    }

    /**
     * Memory for batches of one size; {@link WeightEstimator} makes one for itself.
     *
     * @param settings with bandwidth and eta set
     * @param labels   null for whole batches
     * @throws UsageException           if something else is null, or the bandwidth in the settings
     * @throws IllegalArgumentException if there is not a label for each sample, or one is out of its range
     */
    public static SegmentedBatch create(Device device, BatchShape shape, EstimationSettings settings, SampleLabels labels) {
        UsageException.given("device", device);
        UsageException.given("shape", shape);
        UsageException.given("bandwidth", UsageException.given("settings", settings).bandwidth());
        if (labels != null) {
            labels.check(device, shape);
        }
        return Scope.building(scope -> new SegmentedBatch(scope, device, shape, settings, labels));
    }

    /**
     * Enqueues everything for a batch: its segments, its data in their order, its bandwidths.
     *
     * @param indices           int32 {@code [n]}, the training samples' numbers
     * @param validationIndices int32 {@code [m]}, the validation samples' numbers
     * @param z                 float32 {@code [n, d]}
     * @param zv                float32 {@code [m, d]}
     * @throws UsageException if a buffer is of another device, type or length
     */
    public void set(Buffer indices, Buffer validationIndices, Buffer z, Buffer zv) {
        requireNumbers(indices, validationIndices);
        requireData(z, zv);
        segments.arrange(indices, validationIndices);
        place(z, zv);
        bandwidth.compute(this);
    }

    /** Refuses what are no samples' numbers of such a batch. */
    void requireNumbers(Buffer indices, Buffer validationIndices) {
        device.require("indices", indices, ElementType.INT32, n());
        device.require("validationIndices", validationIndices, ElementType.INT32, m());
    }

    /** Refuses what are no transformed data of such a batch. */
    void requireData(Buffer z, Buffer zv) {
        device.require("z", z, ElementType.FLOAT32, n(), d());
        device.require("validation", zv, ElementType.FLOAT32, m(), d());
    }

    /** @throws IllegalStateException if there has been no batch */
    void requireSet() {
        if (training == null) {
            throw new IllegalStateException("there is no batch yet: set one first");
        }
    }

    /** Enqueues the data of the batch that {@link #set} was last given. */
    void place(Buffer z, Buffer zv) {
        int n = n();
        int m = m();
        int d = d();
        training = z;
        validation = zv;
        if (rows != null) {
            training = rows.slice(0, (long) n * d);
            validation = rows.slice((long) n * d, (long) m * d);
            device.launch("segment_rows", Launch.rows(n), z, segments.trainingOrder(), training, d);
            device.launch("segment_rows", Launch.rows(m), zv, segments.validationOrder(), validation, d);
        }
        if (d > 1) {
            device.launch("transpose_columns", Launch.elements((long) n * d), training, columns, n, d, stride(), 0);
            device.launch("transpose_columns", Launch.elements((long) m * d), validation, columns, m, d, stride(), n);
        }
    }

    /**
     * Whether it is one that a single block estimates in one launch, {@code kernels/estimation.cu}, and the device gains by that: at most
     * {@link #MOST_SMALL} rows on either side, in one segment, of one number each, whose weights are not normalised.
     */
    boolean isSmall() {
        return device.prefersFewLaunches() && segments.of() == null && d() == 1 && n() <= MOST_SMALL && m() <= MOST_SMALL
            && !settings.normalize();
    }

    /**
     * For the divergences of the library itself: enqueues a kernel of {@code kernels/estimation.cu}, for a batch that has been placed.
     *
     * @param state of the minimiser, {@link Minimizer#state}
     * @param more  the arguments behind those that all of these kernels have
     * @throws UsageException        if a buffer is of another device, type or length
     * @throws IllegalStateException before the first batch
     */
    public void launchAtOnce(String kernel, RememberedSamples samples, Buffer state, Object... more) {
        device.launch(kernel, Launch.block(2 * MOST_SMALL), argumentsAtOnce(samples, state, more));
    }

    /** As {@link #launchAtOnce}, of {@code kernels/estimation_cluster.cu}; {@link Device#hasClusters} says where that can be. */
    public void launchOnCluster(String kernel, RememberedSamples samples, Buffer state, Object... more) {
        device.launch(kernel, Launch.tiles(CLUSTER, 1, 1), argumentsAtOnce(samples, state, more));
    }

    private Object[] argumentsAtOnce(RememberedSamples samples, Buffer state, Object... more) {
        requireNumbers(UsageException.given("samples", samples).indices(), samples.validationIndices());
        device.require("memory", samples.memory(), ElementType.FLOAT32, shape.samples());
        device.require("weights", samples.weights(), ElementType.FLOAT32, n());
        requireEither("samples.state", samples.state(), shape.samples(), shape.validationSamples());
        requireEither("state", state, n(), m());
        requireSet();
        UsageException.given("more", more);
        Bandwidth rule = settings.bandwidth();
        Object[] all = {training, validation, samples.indices(), samples.memory(), state, samples.weights(), gamma(), status(), n(), m(),
            rule.kind() == Bandwidth.Kind.GIVEN ? 1 : 0, rule.kind() == Bandwidth.Kind.MEDIAN ? 1 : 0, rule.value(), settings.steps(),
            settings.upperBound()};
        Object[] arguments = Arrays.copyOf(all, all.length + more.length);
        System.arraycopy(more, 0, arguments, all.length, more.length);
        return arguments;
    }

    /** A state is of the training or of the validation samples. */
    private void requireEither(String parameter, Buffer state, int ofTraining, int ofValidation) {
        device.require(parameter, state, ElementType.FLOAT32, UsageException.given(parameter, state).length() == ofValidation
            ? ofValidation : ofTraining);
    }

    /** Where it lies. */
    public Device device() {
        return device;
    }

    /** Training rows. */
    public int n() {
        return shape.n();
    }

    /** Validation rows. */
    public int m() {
        return shape.m();
    }

    /** Dimension of the data. */
    public int d() {
        return shape.d();
    }

    /** How weights are estimated; bandwidth, {@link EstimationSettings#eta()} and {@link EstimationSettings#ridge()} are set. */
    public EstimationSettings settings() {
        return settings;
    }

    /** Which rows belong together. */
    public Segments segments() {
        return segments;
    }

    /**
     * Training data in the order of the segments, float32 {@code [n, d]}.
     *
     * @throws IllegalStateException before the first batch
     */
    public Buffer training() {
        requireSet();
        return training;
    }

    /**
     * Validation data in the order of the segments, float32 {@code [m, d]}.
     *
     * @throws IllegalStateException before the first batch
     */
    public Buffer validation() {
        requireSet();
        return validation;
    }

    /**
     * The same as {@link #training} by columns, as the kernels of {@code gram.cu} read them: coordinate k of row i at
     * {@code [k stride + i]}.
     *
     * @throws IllegalStateException before the first batch
     */
    public Buffer trainingColumns() {
        requireSet();
        return d() > 1 ? columns : training;
    }

    /**
     * The same as {@link #validation} by columns.
     *
     * @throws IllegalStateException before the first batch
     */
    public Buffer validationColumns() {
        requireSet();
        return d() > 1 ? columns.slice(n(), columns.length() - n()) : validation;
    }

    /** From one coordinate to the next in {@link #trainingColumns}: n + m. */
    public long stride() {
        return n() + (long) m();
    }

    /** Of the Gaussian kernel exp(-gamma |a - b|^2) of every segment, float64 {@code [S]}. */
    public Buffer gamma() {
        return bandwidth.gamma();
    }

    /**
     * Not 0 for every segment in which nothing may move, int32 {@code [S]}: 1 where it is degenerate, since it has no two training rows
     * that differ or no validation row, 2 where its numbers are not finite, or too large for single precision.
     */
    public Buffer status() {
        return bandwidth.status();
    }

    /**
     * Squared distances inside segments that are known, float32 {@code [k, n + m]}, k from 0 to n + m: row i from training row i, or,
     * behind these, from validation row i - n, to all training and validation rows of its segment.
     */
    public Buffer distances() {
        return bandwidth.distances();
    }

    @Override
    public void close() {
        scope.close();
    }
}
