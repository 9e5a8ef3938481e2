package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.IntSupplier;

/**
 * Estimates importance weights w_i ~ p_test / p_train of a training batch from its transformed data z and those of a validation batch z',
 * starting from what it remembers of these samples, and remembers what it found.
 *
 * <p>A divergence's {@link Minimizer} finds ratios r inside every segment of the batch: in the whole of it, or, given labels, in every
 * class, for transformed data that do not say the label. There the class prior is put back: of n_c training and m_c validation samples of
 * class c,
 * <pre>w_i = [(m_c / m) / (n_c / n)] min(max(r_i, 0), B)</pre>
 * (the factor is 1 for a whole batch), and with {@link EstimationSettings#normalize} w is divided by its mean. A segment that is degenerate
 * in a batch (no validation row, no two training rows that differ) is given the weights that are remembered. So is one that cannot be
 * computed, since its numbers, or what a step makes of them, are not finite in single precision; {@link #problem} says that.
 *
 * <p><b>What is remembered.</b> The {@link #state}, from which a sample's next visit starts, is what the steps move: in the terms of the
 * method the ratios r (not multiplied by the prior, not normalised), or the coefficients alpha. The {@link #memory} holds the last weight w
 * that every sample was given. Where both are the same numbers (ratios of whole batches, not normalised) they are one buffer. A degenerate
 * segment changes neither.
 *
 * <p>All memory is allocated at construction. The buffers that it shows are its own, and nobody else's to close. One thread, the device's.
 */
public final class WeightEstimator implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final BatchShape shape;
    private final EstimationSettings settings;
    private final boolean stateIsOfValidation;
    private final SegmentedBatch batch;
    private final Minimizer minimizer;
    private final Buffer weights;
    private final Buffer memory;
    private final Buffer state;
    private final Buffer scale;
    private final int[] statuses;

    private WeightEstimator(Scope scope, Device device, Divergence divergence, BatchShape shape, EstimationSettings given,
                            SampleLabels labels) {
        this.scope = scope;
        this.device = device;
        this.shape = shape;
        settings = given.toBuilder().eta(given.eta(divergence)).ridge(given.ridge(divergence, labels != null))
            .bandwidth(divergence.usesBandwidth()
                ? given.bandwidth(divergence, labels != null) : new Bandwidth(Bandwidth.Kind.GIVEN, 1))
            .build();
        stateIsOfValidation = divergence.stateIsOfValidation();
        batch = scope.keep(SegmentedBatch.create(device, shape, settings, labels));
        minimizer = scope.keep(divergence.minimizer(batch));
        statuses = new int[batch.segments().count()];
        weights = scope.keep(device.allocate(ElementType.FLOAT32, shape.n()));
        scale = settings.normalize() ? scope.keep(device.allocate(ElementType.FLOAT32, 1)) : null;
        memory = scope.keep(device.allocate(ElementType.FLOAT32, shape.samples()));
        device.launch("fill", Launch.elements(shape.samples()), memory, 1f, shape.samples());
        boolean same = labels == null && !settings.normalize() && minimizer.state() == minimizer.ratios();
        if (same) {
            state = memory;
        } else {
            int states = stateIsOfValidation ? shape.validationSamples() : shape.samples();
            state = scope.keep(device.allocate(ElementType.FLOAT32, states));
            device.launch("fill", Launch.elements(states), state, stateIsOfValidation ? -1f : 1f, states);
        }
    }

    /**
     * A new estimator for whole batches.
     *
     * @throws UsageException if the settings cannot be met, or something is null
     */
    public static WeightEstimator create(Device device, Divergence divergence, BatchShape shape, EstimationSettings settings) {
        return building(device, divergence, shape, settings, null);
    }

    /**
     * A new estimator inside classes.
     *
     * @throws UsageException           if the settings cannot be met, or something is null
     * @throws IllegalArgumentException if there is not a label for each sample
     */
    public static WeightEstimator create(Device device, Divergence divergence, BatchShape shape, EstimationSettings settings,
                                         SampleLabels labels) {
        return building(device, divergence, shape, settings, UsageException.given("labels", labels));
    }

    private static WeightEstimator building(Device device, Divergence divergence, BatchShape shape, EstimationSettings settings,
                                            SampleLabels labels) {
        UsageException.given("device", device);
        UsageException.given("divergence", divergence);
        UsageException.given("shape", shape);
        UsageException.given("settings", settings);
        return Scope.building(scope -> new WeightEstimator(scope, device, divergence, shape, settings, labels));
    }

    /**
     * Enqueues what sets {@link #weights}, {@link #memory} and {@link #state} for a batch; it waits for nothing, so that it may be called
     * while a graph is recorded.
     *
     * @param indices           int32 {@code [n]}, the training samples' numbers, each in 0 to N - 1; where one stands twice, its last row
     *                          is remembered
     * @param validationIndices int32 {@code [m]}, the validation samples' numbers, each in 0 to V - 1
     * @param z                 float32 {@code [n, d]}, transformed training data
     * @param validation        float32 {@code [m, d]}, transformed validation data
     * @throws UsageException if a buffer is of another device, type or length
     */
    public void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        batch.requireNumbers(indices, validationIndices);
        batch.requireData(z, validation);
        if (batch.isSmall()) {
            batch.place(z, validation);
            if (minimizer.estimateAtOnce(new RememberedSamples(indices, validationIndices, state, memory, weights))) {
                return;
            }
        }
        batch.set(indices, validationIndices, z, validation);
        recall(indices, validationIndices);
        minimizer.begin(false);
        for (int i = 0; i < settings.steps(); i++) {
            minimizer.step(false);
        }
        minimizer.finish();
        remember(indices, validationIndices);
    }

    /**
     * As {@link #estimate}, but goes on until the {@link Quality#kktResidual residual} is at most 1e-6 and, for up to ten times the steps
     * to there, a {@link Quality#gap} that is known is small, or until 100,000 steps are made; waits, and cannot be recorded.
     *
     * @return steps made, or iterations of a solver that takes none
     * @throws UsageException if a buffer is of another device, type or length
     * @throws AdiwException  if the batch could not be solved: its weights are then those that were remembered
     */
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        return solved(indices, validationIndices, z, validation, () -> Convergence.reach(device, () -> minimizer.step(true), () -> {
            minimizer.finish();
            return qualityOfState();
        }, minimizer::wantedGap));
    }

    /**
     * As {@link #converge}, but goes on until a doubling of the steps has changed no weight by more than 1e-3 of the largest.
     *
     * @param watch hears how it goes on, and may stop it; the weights are then those that were reached
     * @return steps made, or iterations of a solver that takes none; negated where it was stopped, or 100,000 steps were not enough
     * @throws UsageException if a buffer is of another device, type or length
     * @throws AdiwException  if the batch could not be solved: its weights are then those that were remembered
     */
    public int settle(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, StepWatch watch) {
        UsageException.given("watch", watch);
        return solved(indices, validationIndices, z, validation, () -> Convergence.settle(device, () -> minimizer.step(true), () -> {
            minimizer.finish();
            return minimizer.ratios().toFloats();
        }, watch));
    }

    private int solved(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, IntSupplier stepping) {
        batch.set(indices, validationIndices, z, validation);
        recall(indices, validationIndices);
        int steps = 0;
        if (Arrays.stream(batch.status().toInts()).anyMatch(degenerate -> degenerate == 0)) {      // else nothing moves
            OptionalInt iterations = minimizer.solve();
            if (iterations.isPresent()) {
                steps = iterations.getAsInt();
            } else {
                recall(indices, validationIndices);
                minimizer.begin(true);
                steps = stepping.getAsInt();
            }
        } else {
            minimizer.begin(true);
        }
        minimizer.finish();
        remember(indices, validationIndices);
        device.synchronize();
        String unsolved = minimizer.problem();
        if (unsolved != null) {
            throw new AdiwException(unsolved);
        }
        return steps;
    }

    private void recall(Buffer indices, Buffer validationIndices) {
        Segments segments = batch.segments();
        Buffer current = minimizer.state();
        int count = Math.toIntExact(current.length());
        device.launch("recall_state", Launch.elements(count), state, stateIsOfValidation ? validationIndices : indices,
            stateIsOfValidation ? segments.validationOrder() : segments.trainingOrder(),
            stateIsOfValidation ? segments.ofValidation() : segments.of(), batch.status(), current, minimizer.stateCopy(), count,
            minimizer.leastState());
    }

    private void remember(Buffer indices, Buffer validationIndices) {
        Segments segments = batch.segments();
        int n = shape.n();
        int m = shape.m();
        Buffer ratios = minimizer.ratios();
        Buffer current = minimizer.state();
        device.launch("refuse_broken", segments.blocks(), current, ratios, segments.table(), batch.status(),
            stateIsOfValidation ? 1 : 0);
        if (scale != null) {
            device.launch("mean_scale", Launch.block(n), ratios, segments.trainingOrder(), segments.of(), segments.table(), batch.status(),
                indices, memory, scale, n, m, settings.upperBound());
        }
        device.launch("weights_of_ratios", Launch.elements(n), ratios, segments.trainingOrder(), segments.of(), segments.table(),
            batch.status(), scale, indices, memory, weights, n, m, settings.upperBound(), 1);
        if (state != memory) {
            int count = Math.toIntExact(current.length());
            device.launch("store_state", Launch.elements(count), state, stateIsOfValidation ? validationIndices : indices,
                stateIsOfValidation ? segments.validationOrder() : segments.trainingOrder(),
                stateIsOfValidation ? segments.ofValidation() : segments.of(), batch.status(), current, count);
        }
    }

    /**
     * How good the last batch's estimate is, given the same data again; waits. Inside classes: the sum of the classes' objectives, the
     * largest of their residuals and the sum of their gaps, degenerate classes left out, gamma NaN.
     *
     * @throws UsageException        if a buffer is of another device, type or length
     * @throws IllegalStateException before the first batch
     */
    public Quality quality(Buffer z, Buffer validation) {
        batch.requireData(z, validation);
        batch.requireSet();
        batch.place(z, validation);
        return qualityOfState();
    }

    private Quality qualityOfState() {
        int[] table = batch.segments().table().toInts();
        minimizer.beginQuality();
        if (batch.segments().count() == 1) {
            return minimizer.quality(new EvaluatedSegment(batch, 0, table));
        }
        int[] degenerate = batch.status().toInts();
        double objective = 0;
        double residual = 0;
        double gap = 0;
        for (int c = 0; c < degenerate.length; c++) {
            if (degenerate[c] == 0) {
                Quality own = minimizer.quality(new EvaluatedSegment(batch, c, table));
                objective += own.objective();
                residual = Math.max(residual, own.kktResidual());
                gap += own.gap();
            }
        }
        return new Quality(Double.NaN, objective, residual, gap);
    }

    /**
     * Why the last batch, or a class of it, has not been estimated, for a person, so that it was given the weights that were remembered;
     * null if it has been, or is degenerate. Waits.
     */
    public String problem() {
        batch.status().download(statuses);
        for (int c = 0; c < statuses.length; c++) {
            if (statuses[c] == SegmentedBatch.OUT_OF_RANGE) {
                return problem(c, statuses[c]);
            }
        }
        return minimizer.problem();
    }

    /**
     * Why a segment of some batch has not been estimated, of which {@link #status} or {@link #outcomes} said so at the time.
     *
     * @param status its {@link #status}
     */
    public String problem(int segment, int status) {
        return status == SegmentedBatch.OUT_OF_RANGE ? "the data of "
            + (statuses.length == 1 ? "this batch" : "class " + segment + " in this batch")
            + " are not finite, or their distances are too large for single precision, so that the weights stay as they were:"
            + " divide the data by their standard deviation" : minimizer.problem(segment);
    }

    /** Of every segment of the last batch, {@link SegmentedBatch#status}. */
    public Buffer status() {
        return batch.status();
    }

    /** Of every segment of the last batch, {@link Minimizer#outcomes}; null where everything is solved. */
    public Buffer outcomes() {
        return minimizer.outcomes();
    }

    /** Weights of the last batch, float32 {@code [n]}. */
    public Buffer weights() {
        return weights;
    }

    /** The last weight of every training sample, float32 {@code [N]}, 1 where it has none yet. */
    public Buffer memory() {
        return memory;
    }

    /**
     * What the next visit starts from: {@link #memory} itself, or the ratios of the training samples {@code [N]}, or the coefficients of
     * the validation samples, float32 {@code [V]}, negative where a sample has none yet.
     */
    public Buffer state() {
        return state;
    }

    /**
     * All that it holds from batch to batch, by name: {@code memory}, {@code state}, and counters of what was drawn. Another one, of the
     * same divergence, shape and settings, whose buffers are filled with these goes on as this one would.
     */
    public Map<String, Buffer> everything() {
        Map<String, Buffer> all = new LinkedHashMap<>();
        all.put("memory", memory);
        all.put("state", state);
        all.putAll(minimizer.counters());
        return all;
    }

    /**
     * Makes this the {@link #state}, and, where the state is ratios, also what is remembered as the samples' last weights.
     *
     * @param start as long as {@link #state}
     * @throws UsageException if it is not
     */
    public void startFrom(float[] start) {
        if (UsageException.given("start", start).length != state.length()) {
            throw UsageException.of("start", "start must have " + state.length() + " numbers, as the state has, not " + start.length);
        }
        state.upload(start);
        if (!stateIsOfValidation && state != memory) {
            memory.upload(start);
        }
    }

    /** How it estimates, bandwidth and step size set. */
    public EstimationSettings settings() {
        return settings;
    }

    /** What works on its batches. */
    Minimizer minimizer() {
        return minimizer;
    }

    @Override
    public void close() {
        scope.close();
    }
}
