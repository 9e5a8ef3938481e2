package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Importance weights for a training loop of your own: made once for N training samples, asked for every batch. It remembers what it
 * found for each sample, so that a batch costs a few steps (ADIW, Fang et al., arXiv 2605.25499).
 *
 * <p>The data z of a batch is what the weights are to match: the samples' losses under the present model (d = 1) where labels are
 * wrong or the shift is unknown, or, for covariate shift, the inputs themselves or features of them. Weights are 1 on average, more or
 * less, and multiply the samples' losses.
 *
 * <p>A complete example. Inputs of training and use lie in different places, and the model, a straight line, fits no more than one of
 * them. Where it is used, inputs are at hand without labels; weights that make the training inputs look like these move the line there.
 * <pre>{@code
 * // Two numbers a sample, around (centre, 0), of standard deviation 1.
 * static float[] inputs(int count, double centre, Random random) {
 *     float[] x = new float[2 * count];
 *     for (int i = 0; i < 2 * count; i++) {
 *         x[i] = (float) (random.nextGaussian() + (i % 2 == 0 ? centre : 0));
 *     }
 *     return x;
 * }
 *
 * // The truth is a parabola, which no straight line is.
 * static int label(float[] x, int i) {
 *     return x[2 * i + 1] > 0.5f * x[2 * i] * x[2 * i] - 1 ? 1 : 0;
 * }
 *
 * // Logistic regression by stochastic gradient steps on samples x; validation: inputs from where it is used, or null.
 * static double[] fit(Device device, float[] x, float[] validation, Random random) {
 *     int samples = x.length / 2, batch = 100;
 *     double[] line = new double[3];
 *     int[] order = IntStream.range(0, samples).toArray();
 *     try (ImportanceWeights weights = ImportanceWeights.builder(device, samples).batch(batch).validationBatch(100).validationSamples(100)
 *         .dimension(2).method("km").settings(EstimationSettings.builder().bandwidth("median").build()).build()) {
 *         for (int epoch = 0; epoch < 12; epoch++) {
 *             for (int i = samples - 1; i > 0; i--) {
 *                 int j = random.nextInt(i + 1), swapped = order[i];
 *                 order[i] = order[j];
 *                 order[j] = swapped;
 *             }
 *             for (int start = 0; start < samples; start += batch) {
 *                 int[] chosen = Arrays.copyOfRange(order, start, Math.min(start + batch, samples));
 *                 float[] z = new float[2 * chosen.length];
 *                 for (int i = 0; i < z.length; i++) {
 *                     z[i] = x[2 * chosen[i / 2] + i % 2];
 *                 }
 *                 float[] w = new float[chosen.length];
 *                 Arrays.fill(w, 1);
 *                 if (validation != null) {
 *                     w = weights.update(chosen, z, validation);
 *                 }
 *                 double[] gradient = new double[3];
 *                 for (int i = 0; i < w.length; i++) {
 *                     double p = 1 / (1 + Math.exp(-line[0] - line[1] * z[2 * i] - line[2] * z[2 * i + 1]));
 *                     double slope = w[i] * (p - label(x, chosen[i])) / w.length;
 *                     gradient[0] += slope;
 *                     gradient[1] += slope * z[2 * i];
 *                     gradient[2] += slope * z[2 * i + 1];
 *                 }
 *                 for (int k = 0; k < 3; k++) {
 *                     line[k] -= 0.5 * gradient[k];
 *                 }
 *             }
 *         }
 *     }
 *     return line;
 * }
 *
 * // Share of mistakes on inputs.
 * static double error(double[] line, float[] x) {
 *     int wrong = 0;
 *     for (int i = 0; i < x.length / 2; i++) {
 *         wrong += (line[0] + line[1] * x[2 * i] + line[2] * x[2 * i + 1] > 0 ? 1 : 0) == label(x, i) ? 0 : 1;
 *     }
 *     return wrong / (x.length / 2.0);
 * }
 *
 * // Test errors without and with weights: training inputs lie around 0, those of use around 1.5.
 * static double[] compare(Device device, long seed) {
 *     Random random = new Random(seed);
 *     float[] train = inputs(1_050, 0, random), validation = inputs(100, 1.5, random), test = inputs(10_000, 1.5, random);
 *     return new double[] {error(fit(device, train, null, random), test), error(fit(device, train, validation, random), test)};
 * }
 * }</pre>
 *
 * <p><b>Data</b> come as arrays, as buffers in native byte order, or as {@link Buffer buffers} of the device, which wrap
 * {@linkplain Device#wrap addresses} of another library's memory. Arrays and Java's buffers are checked, and the call waits for its
 * weights; where all buffers are direct and numbers int32, it allocates nothing on the Java heap on {@code host}. A call with the device's
 * buffers waits for nothing. Samples' numbers may be int64, as other libraries have them, in arrays and in Java's buffers.
 *
 * <p><b>Batches</b> may have from 1 to {@link Builder#batch} samples, so that an epoch's last one may be smaller, and from 1 to
 * {@link Builder#validationBatch} validation samples. Memory for the largest is allocated by {@link Builder#build}, for another size
 * when it first comes; sizes beyond the last {@value #MOST_SIZES} are forgotten. A degenerate batch (one sample, all z equal) is given
 * the weights that are remembered. So is one that single precision cannot compute (distances beyond 1e19, say, under the rule of the
 * median), which {@link #problem} says; what is remembered is always finite.
 *
 * <p><b>Classes.</b> Features do not say a sample's label, as a loss does. {@link Builder#labels} lets every class be estimated by itself,
 * and puts the class prior back: w_i = [(m_c / m) / (n_c / n)] r_i for n_c training and m_c validation samples of class c in the batch.
 * A class that is degenerate in a batch (no validation sample, one training sample, all z equal) is given the weights that are remembered.
 *
 * <p><b>Validation samples</b> have numbers, 0 to V - 1, since the state of {@code kl} and {@code ls} is a coefficient for each of
 * them, and {@link Builder#labels} says their labels; else they are not used. Calls without numbers mean 0 to m - 1.
 *
 * <p>It belongs to the thread that its device belongs to, and goes with it to another by {@link Device#handOver}. Close it before the
 * device.
 */
public final class ImportanceWeights implements AutoCloseable {
    /** Classes that labels may say, at most. */
    private static final int MOST_CLASSES = 1 << 16;
    /** Sizes of batches for which memory is kept. */
    private static final int MOST_SIZES = 4;
    /** How far a weight may be above its bound, relative to it. */
    private static final double ROUNDING = 1e-5;

    private final Scope scope;
    private final Device device;
    private final Divergence divergence;
    private final BatchShape largest;
    private final EstimationSettings settings;
    private final SampleLabels labels;
    private final List<Batch> batches = new ArrayList<>();
    private Batch last;
    private boolean updated;

    private ImportanceWeights(Scope scope, Builder from, BatchShape largest) {
        this.scope = scope;
        this.device = from.device;
        this.divergence = from.divergence;
        this.largest = largest;
        this.settings = from.settings;
        if (from.labels == null) {
            labels = null;
        } else {
            int most = IntStream.concat(Arrays.stream(from.labels), Arrays.stream(from.validationLabels)).max().orElse(0);
            labels = new SampleLabels(scope.keep(device.ints(from.labels)), scope.keep(device.ints(from.validationLabels)), most + 1);
        }
        scope.keep(this::closeBatches);
        last = newBatch(largest.n(), largest.m());
        batches.add(last);
    }

    /**
     * A builder.
     *
     * @param device  where the weights are estimated
     * @param samples N, training samples in all, at least 1
     */
    public static Builder builder(Device device, int samples) {
        return new Builder(device, samples);
    }

    /** As {@link #update(int[], int[], float[], float[])} with the validation samples 0 to m - 1. */
    public float[] update(int[] indices, float[] z, float[] validation) {
        return update(indices, null, z, validation);
    }

    /**
     * The weights of a batch.
     *
     * @param indices           {@code [n]}, the training samples' numbers, each in 0 to N - 1; where one stands twice, its last row's
     *                          weight is remembered
     * @param validationIndices {@code [m]}, the validation samples' numbers, each in 0 to V - 1; null for 0 to m - 1
     * @param z                 {@code [n, d]}, row-major, finite
     * @param validation        {@code [m, d]}, row-major, finite
     * @return {@code [n]}, at least 0
     * @throws UsageException if a length, a number or a value is not as said; nothing is remembered then
     * @throws AdiwException  if there is a {@link #problem}: distances too large for single precision; of {@code diw} and
     *                        {@code kmm-exact}, a Gram matrix of too high a rank (beyond 2,048, or 2^26 / n). Nothing new is remembered of
     *                        the batch, or of the class that has it
     */
    public float[] update(int[] indices, int[] validationIndices, float[] z, float[] validation) {
        float[] weights = new float[UsageException.given("indices", indices).length];
        update(IntBuffer.wrap(indices), validationIndices == null ? null : IntBuffer.wrap(validationIndices),
            FloatBuffer.wrap(UsageException.given("z", z)), FloatBuffer.wrap(UsageException.given("validation", validation)),
            FloatBuffer.wrap(weights));
        return weights;
    }

    /** As {@link #update(long[], long[], float[], float[])} with the validation samples 0 to m - 1. */
    public float[] update(long[] indices, float[] z, float[] validation) {
        return update(indices, null, z, validation);
    }

    /** As {@link #update(int[], int[], float[], float[])}, of numbers in int64. */
    public float[] update(long[] indices, long[] validationIndices, float[] z, float[] validation) {
        float[] weights = new float[UsageException.given("indices", indices).length];
        update(LongBuffer.wrap(indices), validationIndices == null ? null : LongBuffer.wrap(validationIndices),
            FloatBuffer.wrap(UsageException.given("z", z)), FloatBuffer.wrap(UsageException.given("validation", validation)),
            FloatBuffer.wrap(weights));
        return weights;
    }

    /** As {@link #update(IntBuffer, IntBuffer, FloatBuffer, FloatBuffer, FloatBuffer)} with the validation samples 0 to m - 1. */
    public void update(IntBuffer indices, FloatBuffer z, FloatBuffer validation, FloatBuffer weights) {
        update(indices, null, z, validation, weights);
    }

    /**
     * As {@link #update(int[], int[], float[], float[])}, of the remaining elements of buffers in native byte order, direct or not, whose
     * positions stay as they are.
     *
     * @param weights takes the weights; n remain
     * @throws UsageException also if a buffer is not in native byte order, or the one for the weights is read-only
     */
    public void update(IntBuffer indices, IntBuffer validationIndices, FloatBuffer z, FloatBuffer validation, FloatBuffer weights) {
        checkOrder("the training samples' numbers", UsageException.given("indices", indices).order());
        if (validationIndices != null) {
            checkOrder("the validation samples' numbers", validationIndices.order());
        }
        checkOrder("the training data", UsageException.given("z", z).order());
        checkOrder("the validation data", UsageException.given("validation", validation).order());
        checkOrder("the weights", UsageException.given("weights", weights).order());
        if (weights.isReadOnly() || weights.remaining() != indices.remaining()) {
            throw new UsageException("the buffer for the weights must have room for the batch's " + indices.remaining()
                + " and not be read-only, but " + (weights.isReadOnly() ? "it is read-only" : "it has room for " + weights.remaining()));
        }
        Batch batch = checked(indices, validationIndices, z, validation);
        HostMemory.upload(indices, batch.indices);
        if (validationIndices == null) {
            batch.numberFromZero();
        } else {
            HostMemory.upload(validationIndices, batch.number());
        }
        HostMemory.upload(z, batch.z);
        HostMemory.upload(validation, batch.validation);
        HostMemory.download(run(batch), weights);
        estimated(batch);
    }

    /** As {@link #update(LongBuffer, LongBuffer, FloatBuffer, FloatBuffer, FloatBuffer)} with the validation samples 0 to m - 1. */
    public void update(LongBuffer indices, FloatBuffer z, FloatBuffer validation, FloatBuffer weights) {
        update(indices, null, z, validation, weights);
    }

    /** As {@link #update(IntBuffer, IntBuffer, FloatBuffer, FloatBuffer, FloatBuffer)}, of numbers in int64. */
    public void update(LongBuffer indices, LongBuffer validationIndices, FloatBuffer z, FloatBuffer validation, FloatBuffer weights) {
        update(narrowed("training", UsageException.given("indices", indices), largest.samples()),
            validationIndices == null ? null : narrowed("validation", validationIndices, largest.validationSamples()), z, validation,
            weights);
    }

    /** As {@link #update(Buffer, Buffer, Buffer, Buffer)} with the validation samples 0 to m - 1. */
    public Buffer update(Buffer indices, Buffer z, Buffer validation) {
        return update(indices, null, z, validation);
    }

    /**
     * Enqueues what sets the weights of a batch whose data lie on the device; waits for nothing, save the first time that a size of
     * batch comes. Lengths are checked. A number out of its range, or a value that is not finite, is no exception here: the batch, or the
     * class, is given weights that are remembered, and {@link #problem} says so. Who writes the data on another stream than the device's
     * waits for it before, and for {@link Device#synchronize} before reading the weights there.
     *
     * @param indices           int32 {@code [n]}, the training samples' numbers, each in 0 to N - 1
     * @param validationIndices int32 {@code [m]}, the validation samples' numbers, each in 0 to V - 1; null for 0 to m - 1
     * @param z                 float32 {@code [n, d]}, row-major
     * @param validation        float32 {@code [m, d]}, row-major
     * @return float32 {@code [n]} on the device, a view that need not be closed; of use until the next call and {@link #close}
     * @throws UsageException        if a length, type or device is not as said
     * @throws IllegalStateException while a graph is recorded
     */
    public Buffer update(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        if (device.isRecording()) {
            throw new IllegalStateException("importance weights cannot be updated while a graph is recorded: do it before or after");
        }
        device.require("indices", indices, ElementType.INT32);
        device.require("z", z, ElementType.FLOAT32);
        device.require("validation", validation, ElementType.FLOAT32);
        if (validationIndices != null) {
            device.require("validationIndices", validationIndices, ElementType.INT32);
        }
        Batch batch = batch(indices.length(), z.length(), validation.length(), validationIndices == null ? -1 : validationIndices.length());
        device.copy(z, batch.z);
        device.copy(validation, batch.validation);
        takeNumbers(indices, batch.indices, batch.z, largest.samples());
        if (validationIndices == null) {
            batch.numberFromZero();
        } else {
            takeNumbers(validationIndices, batch.number(), batch.validation, largest.validationSamples());
        }
        return run(batch).slice(0, batch.n);
    }

    private void takeNumbers(Buffer given, Buffer numbers, Buffer data, int samples) {
        int rows = Math.toIntExact(numbers.length());
        device.launch("known_rows", Launch.elements(rows), given, numbers, data, rows, largest.d(), samples);
    }

    /**
     * Why the last batch, or a class of it, has not been estimated, for a person, so that it was given the weights that are remembered;
     * null if it has been, or is degenerate; waits. Calls with arrays and Java's buffers throw it.
     *
     * @throws IllegalStateException before the first batch
     */
    public String problem() {
        return lastBatch().estimator.problem();
    }

    /**
     * (sum w)^2 / sum w^2 of the last batch, in 0 to n: how many samples of equal weight are worth as much; waits.
     *
     * @throws IllegalStateException before the first batch
     */
    public double effectiveSampleSize() {
        return EstimatedWeights.effectiveSampleSize(lastBatch().estimator.weights().toFloats());
    }

    /**
     * The share of the last batch's weights that are at least B, in 0 to 1; waits. (With {@link EstimationSettings#normalize} these are the
     * weights after the division; with {@link Builder#labels} they have the class prior in them, and may be above B.)
     *
     * @throws IllegalStateException before the first batch
     */
    public double fractionAtBound() {
        return EstimatedWeights.fractionAtBound(lastBatch().estimator.weights().toFloats(), settings.upperBound());
    }

    /**
     * How good the estimate of the last batch is; waits. With {@link Builder#labels}: the sum of the classes' objectives and the largest of
     * their residuals, degenerate classes left out.
     *
     * @throws IllegalStateException before the first batch
     */
    public Quality quality() {
        Batch batch = lastBatch();
        return batch.estimator.quality(batch.z, batch.validation);
    }

    /** A copy of the last weight of every training sample, {@code [N]}, 1 where it has none yet; waits. */
    public float[] memory() {
        return last.estimator.memory().toFloats();
    }

    /**
     * A copy of what is remembered, for {@link #restore}: the N last weights, and, where the method starts its next visit from
     * something else, that behind them ({@code [V]} for {@code kl} and {@code ls}); waits.
     */
    public float[] state() {
        float[] memory = memory();
        if (!last.hasOwnState()) {
            return memory;
        }
        float[] own = last.estimator.state().toFloats();
        float[] all = Arrays.copyOf(memory, memory.length + own.length);
        System.arraycopy(own, 0, all, memory.length, own.length);
        return all;
    }

    /**
     * Goes on from a {@link #state} of the same method, N and V as if nothing had been between. (The directions of {@code w1} for d > 1
     * are drawn on, not again.)
     *
     * @throws UsageException if it has another length, a number in it is not finite, or a weight is less than 0 or more than these settings
     *                        allow
     */
    public void restore(float[] state) {
        int samples = largest.samples();
        int length = samples + (last.hasOwnState() ? Math.toIntExact(last.estimator.state().length()) : 0);
        if (UsageException.given("state", state).length != length) {
            throw new UsageException(
                "the state of " + divergence.name() + " for " + samples + " training and " + largest.validationSamples()
                    + " validation samples has " + length + " numbers, not " + state.length + ": restore one of the same method and sizes");
        }
        for (int i = 0; i < length; i++) {
            boolean weight = i < samples || !divergence.stateIsOfValidation();
            if (!Float.isFinite(state[i]) || weight && state[i] < 0) {
                throw new UsageException("number " + i + " of the state is " + state[i] + ", not a finite number"
                    + (weight ? " of at least 0, as a sample's weight is" : ""));
            }
            if (weight && state[i] > largestWeight() * (1 + ROUNDING)) {
                throw new UsageException("number " + i + " of the state is " + state[i] + ", but no weight is above "
                    + (float) largestWeight() + " with these settings: restore a state of the same settings");
            }
        }
        last.estimator.memory().upload(Arrays.copyOf(state, samples));
        if (last.hasOwnState()) {
            last.estimator.state().upload(Arrays.copyOfRange(state, samples, length));
        }
    }

    /** What a weight can be: B, times a class prior, which is at most n; or n, where the mean is 1. */
    private double largestWeight() {
        double bound = settings.upperBound() * (labels == null ? 1.0 : largest.n());
        return settings.normalize() ? Math.max(bound, largest.n()) : bound;
    }

    /** Releases the memory. A second call does nothing. */
    @Override
    public void close() {
        scope.close();
    }

    private void closeBatches() {
        batches.forEach(Batch::close);
        batches.clear();
    }

    private Batch lastBatch() {
        if (!updated) {
            throw new IllegalStateException("there is no batch yet: call update first");
        }
        return last;
    }

    private Buffer run(Batch batch) {
        if (batch != last) {
            Map<String, Buffer> to = batch.estimator.everything();
            last.estimator.everything().forEach((name, buffer) -> {
                if (!name.equals("state") || batch.hasOwnState()) {
                    device.copy(buffer, to.get(name));
                }
            });
            last = batch;
        }
        updated = true;
        batch.graph.replay();
        return batch.estimator.weights();
    }

    private static void estimated(Batch batch) {
        String problem = batch.estimator.problem();
        if (problem != null) {
            throw new AdiwException(problem);
        }
    }

    private Batch checked(IntBuffer indices, IntBuffer validationIndices, FloatBuffer z, FloatBuffer validation) {
        int m = validationIndices == null ? -1 : validationIndices.remaining();
        checkLengths(indices.remaining(), z.remaining(), validation.remaining(), m);
        checkNumbers("training", indices, largest.samples());
        if (validationIndices != null) {
            checkNumbers("validation", validationIndices, largest.validationSamples());
        }
        checkFinite("training", z);
        checkFinite("validation", validation);
        return batch(indices.remaining(), z.remaining(), validation.remaining(), m);
    }

    private void checkLengths(long n, long z, long validation, long numbered) {
        if (batches.isEmpty()) {
            throw new IllegalStateException("the importance weights are closed");
        }
        int d = largest.d();
        if (n < 1 || n > largest.n()) {
            throw new UsageException("a batch has 1 to " + largest.n() + " training samples, not " + n
                + ": give builder's batch the largest");
        }
        if (z != n * d) {
            throw new UsageException("the training data of " + n + (n == 1 ? " sample" : " samples") + " of dimension " + d + " are "
                + n * d + " numbers, not " + z);
        }
        long m = validation / d;
        if (validation % d != 0 || m < 1 || m > largest.m()) {
            throw new UsageException("the validation data are 1 to " + largest.m() + " samples of dimension " + d + ", not " + validation
                + " numbers" + (m > largest.m() ? ": give builder's validationBatch the largest" : ""));
        }
        if (numbered >= 0 && numbered != m) {
            throw new UsageException("there are " + numbered + " numbers of validation samples for the data of " + m);
        }
        if (numbered < 0 && largest.validationSamples() > largest.m() && (divergence.stateIsOfValidation() || labels != null)) {
            throw new UsageException(
                (labels != null ? "there is a label" : "the state of " + divergence.name() + " is a coefficient") + " for each of the "
                    + largest.validationSamples() + " validation samples: say which of them a batch has");
        }
    }

    private Batch batch(long trainingSamples, long z, long validation, long numbered) {
        checkLengths(trainingSamples, z, validation, numbered);
        int n = (int) trainingSamples;
        int m = (int) (validation / largest.d());
        for (int i = 0; i < batches.size(); i++) {
            Batch batch = batches.get(i);
            if (batch.n == n && batch.m == m) {
                return batch;
            }
        }
        if (batches.size() == MOST_SIZES) {
            int forgotten = batches.get(1) == last ? 2 : 1;
            device.synchronize();
            batches.remove(forgotten).close();
        }
        Batch batch = newBatch(n, m);
        batches.add(batch);
        return batch;
    }

    private Batch newBatch(int n, int m) {
        return Scope.building(own -> new Batch(own, n, m));
    }

    private static void checkNumbers(String kind, IntBuffer numbers, int samples) {
        for (int row = 0, at = numbers.position(); at < numbers.limit(); row++, at++) {
            checkNumber(kind, row, numbers.get(at), samples);
        }
    }

    private static void checkNumber(String kind, int row, long number, int samples) {
        if (number < 0 || number >= samples) {
            throw new UsageException("row " + row + " of the batch is " + kind + " sample " + number
                + ", but these have the numbers 0 to " + (samples - 1));
        }
    }

    /** The remaining numbers in int32; beyond that there are no samples. */
    private static IntBuffer narrowed(String kind, LongBuffer numbers, int samples) {
        checkOrder("the " + kind + " samples' numbers", numbers.order());
        int[] narrow = new int[numbers.remaining()];
        for (int row = 0; row < narrow.length; row++) {
            long number = numbers.get(numbers.position() + row);
            checkNumber(kind, row, number, samples);
            narrow[row] = (int) number;
        }
        return IntBuffer.wrap(narrow);
    }

    private void checkFinite(String kind, FloatBuffer data) {
        for (int i = 0, at = data.position(); at < data.limit(); i++, at++) {
            if (!Float.isFinite(data.get(at))) {
                throw new UsageException("the " + kind + " data of the batch are " + data.get(at) + " in row " + i / largest.d()
                    + ", column " + i % largest.d()
                    + ": weights need finite numbers; lower the learning rate if these are losses that diverged");
            }
        }
    }

    private static void checkOrder(String what, ByteOrder order) {
        if (order != ByteOrder.nativeOrder()) {
            throw new UsageException("the buffer of " + what + " must be in native byte order: take it from"
                + " bytes.order(ByteOrder.nativeOrder())");
        }
    }

    /** An estimator for one size of batch, its data, and its work as a graph. */
    private final class Batch implements AutoCloseable {
        final int n;
        final int m;
        final WeightEstimator estimator;
        final Buffer indices;
        final Buffer z;
        final Buffer validation;
        final Graph graph;
        private final Scope own;
        private final Buffer validationIndices;
        private final Buffer fromZero;
        private boolean numberedFromZero = true;

        Batch(Scope own, int n, int m) {
            this.own = own;
            this.n = n;
            this.m = m;
            BatchShape shape = new BatchShape(largest.samples(), largest.validationSamples(), n, m, largest.d());
            estimator = own.keep(labels == null ? WeightEstimator.create(device, divergence, shape, settings)
                : WeightEstimator.create(device, divergence, shape, settings, labels));
            indices = own.keep(device.allocate(ElementType.INT32, n));
            validationIndices = own.keep(device.ints(IntStream.range(0, m).toArray()));
            fromZero = own.keep(device.ints(IntStream.range(0, m).toArray()));
            z = own.keep(device.allocate(ElementType.FLOAT32, (long) n * largest.d()));
            validation = own.keep(device.allocate(ElementType.FLOAT32, (long) m * largest.d()));
            graph = own.keep(device.record(() -> estimator.estimate(indices, validationIndices, z, validation)));
        }

        boolean hasOwnState() {
            return estimator.state() != estimator.memory();
        }

        /** Takes the validation samples' numbers. */
        Buffer number() {
            numberedFromZero = false;
            return validationIndices;
        }

        void numberFromZero() {
            if (!numberedFromZero) {
                device.copy(fromZero, validationIndices);
                numberedFromZero = true;
            }
        }

        @Override
        public void close() {
            own.close();
        }
    }

    /** Says what for; defaults are those of {@link EstimationSettings}. */
    public static final class Builder {
        private final Device device;
        private final int samples;
        private int validationSamples;
        private int batch;
        private int validationBatch;
        private int dimension = 1;
        private Divergence divergence = Divergences.get("km");
        private EstimationSettings settings = EstimationSettings.defaults();
        private int[] labels;
        private int[] validationLabels;

        private Builder(Device device, int samples) {
            this.device = UsageException.given("device", device);
            this.samples = samples;
        }

        /** Training samples of the largest batch, n; must be given. */
        public Builder batch(int n) {
            batch = UsageException.atLeast("batch", 1, n);
            return this;
        }

        /** Validation samples of the largest batch, m; must be given. */
        public Builder validationBatch(int m) {
            validationBatch = UsageException.atLeast("validationBatch", 1, m);
            return this;
        }

        /** Validation samples in all, V; those of the largest batch where it is not given. */
        public Builder validationSamples(int count) {
            validationSamples = UsageException.atLeast("validationSamples", 1, count);
            return this;
        }

        /** Dimension d of the data; 1 where it is not given, as for losses. */
        public Builder dimension(int d) {
            dimension = UsageException.atLeast("dimension", 1, d);
            return this;
        }

        /**
         * The name of one of {@link Divergences#all}; {@code km} where it is not given.
         *
         * @throws UsageException if there is none of that name
         */
        public Builder method(String name) {
            divergence = Divergences.get(name);
            return this;
        }

        /** How weights are estimated; {@link EstimationSettings#defaults} where it is not given. */
        public Builder settings(EstimationSettings value) {
            settings = UsageException.given("settings", value);
            return this;
        }

        /**
         * Lets every class be estimated by itself; where it is not given, all samples are of one class.
         *
         * @param training   {@code [N]}, the training samples' labels, each at least 0
         * @param validation {@code [V]}, the validation samples'; every class of the training samples must be among them
         */
        public Builder labels(int[] training, int[] validation) {
            labels = UsageException.given("training", training).clone();
            validationLabels = UsageException.given("validation", validation).clone();
            return this;
        }

        private void checkLabels(int validations) {
            if (labels.length != samples || validationLabels.length != validations) {
                throw new UsageException("there are " + samples + " training and " + validations + " validation samples, and "
                    + labels.length + " and " + validationLabels.length + " labels: give builder's labels one for each");
            }
            IntStream.concat(Arrays.stream(labels), Arrays.stream(validationLabels)).filter(y -> y < 0 || y >= MOST_CLASSES).findFirst()
                .ifPresent(y -> {
                    throw new UsageException(
                        "a label must be in 0 to " + (MOST_CLASSES - 1) + ", not " + y + ": number the classes from 0 on");
                });
            boolean[] known = new boolean[MOST_CLASSES];
            Arrays.stream(validationLabels).forEach(y -> known[y] = true);
            Arrays.stream(labels).filter(y -> !known[y]).findFirst().ifPresent(y -> {
                throw new UsageException("class " + y + " has training samples and no validation sample, so that its weights would never be"
                    + " estimated: add validation samples of it, or leave its training samples out");
            });
        }

        /**
         * Allocates the memory for the largest batch.
         *
         * @throws UsageException if N is less than 1, a batch was not given, is larger than the samples there are, the labels are not as
         *                        {@link #labels} says, or the method cannot meet the options
         */
        public ImportanceWeights build() {
            UsageException.atLeast("samples", 1, samples);
            if (batch == 0 || validationBatch == 0) {
                throw new UsageException("importance weights need the size of the largest batch: give builder's batch and validationBatch");
            }
            int validations = validationSamples == 0 ? validationBatch : validationSamples;
            if (batch > samples || validationBatch > validations) {
                throw new UsageException(batch > samples ? "a batch of " + batch + " is more than the " + samples
                    + " training samples there are"
                    : "a validation batch of " + validationBatch + " is more than the " + validations + " validation samples there are");
            }
            if (labels != null) {
                checkLabels(validations);
            }
            BatchShape largest = new BatchShape(samples, validations, batch, validationBatch, dimension);
            return Scope.building(scope -> new ImportanceWeights(scope, this, largest));
        }
    }
}
