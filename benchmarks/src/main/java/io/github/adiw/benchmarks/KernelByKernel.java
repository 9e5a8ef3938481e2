package io.github.adiw.benchmarks;

import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.data.SampleSource;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Optimizer;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.nn.SoftmaxCrossEntropy;
import io.github.adiw.nn.WeightDecay;
import io.github.adiw.nn.block.Convolution;
import io.github.adiw.nn.block.MatrixKernels;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.Minimizer;
import io.github.adiw.weight.SegmentedBatch;
import io.github.adiw.weight.WeightEstimator;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Where does the time of LeNet's step go? Its parts one by one, at batch 256 + 256, and what they are made of: convolutions, products, the
 * optimizers, an estimation by kernel mean matching and its parts (bandwidth, Gram matrix, a step); each recorded and replayed, through
 * what the library itself calls.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KernelByKernel {
    private static final int BATCH = 256;
    private static final int PIXELS = 784;

    @Param({"gather", "forward", "loss", "backward", "adam", "sgd", "gemm-fc1", "gemm-1024", "conv2-forward", "conv2-backward-data",
        "conv2-backward-weights", "estimation", "bandwidth", "gram", "km-step"})
    private String part;

    @Param("auto")
    private String device;

    @Param({"FP32"})
    private Precision precision;

    private Device opened;
    private Graph graph;

    @Setup
    public void record() {
        opened = Devices.open(device);
        graph = opened.record(work());
        graph.replay();
        opened.synchronize();
    }

    private Runnable work() {
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        Parameters parameters = model.parameters(opened);
        parameters.initialize(1);
        ModelInstance network = model.instance(opened, parameters, BATCH, BATCH, precision);
        SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy(opened, 2 * BATCH, BATCH, 10);
        Buffer inputs = zeros(ElementType.FLOAT32, 2L * BATCH * PIXELS);
        Buffer labels = zeros(ElementType.INT32, 2L * BATCH);
        Buffer ones = zeros(ElementType.FLOAT32, BATCH);
        opened.launch("fill", Launch.elements(BATCH), ones, 1f, BATCH);
        Buffer logits = network.forward(inputs);
        loss.forward(logits, labels);
        Buffer gradient = loss.backward(labels, ones, 1f);
        return switch (part) {
            case "gather" -> {
                ImageSet images = new ImageSet(new byte[10_000 * PIXELS], new int[10_000], 1, 28, 28);
                SampleSource source = images.load(opened, Normalization.NONE);
                Buffer index = zeros(ElementType.INT32, 2L * BATCH);
                yield () -> source.gather(index, inputs);
            }
            case "forward" -> () -> network.forward(inputs);
            case "loss" -> () -> loss.forward(logits, labels);
            case "backward" -> () -> network.backward(gradient);
            case "adam" -> Optimizer.adam(opened, parameters, zeros(ElementType.FLOAT32, 1), zeros(ElementType.INT64, 1),
                zeros(ElementType.INT32, 1), WeightDecay.ofAll(0))::update;
            case "sgd" ->
                Optimizer.sgd(opened, parameters, zeros(ElementType.FLOAT32, 1), zeros(ElementType.INT32, 1), 0.9f, false,
                    WeightDecay.ofAll(0))::update;
            case "conv2-forward", "conv2-backward-data", "conv2-backward-weights" -> convolution();
            case "estimation", "bandwidth", "gram", "km-step" -> matching();
            case "gemm-fc1" -> gemm(2 * BATCH, 120, 400);
            case "gemm-1024" -> gemm(1024, 1024, 1024);
            default -> throw new IllegalArgumentException(part);
        };
    }

    private Runnable gemm(int m, int n, int k) {
        Buffer a = zeros(ElementType.FLOAT32, (long) m * k);
        Buffer b = zeros(ElementType.FLOAT32, (long) k * n);
        Buffer c = zeros(ElementType.FLOAT32, (long) m * n);
        return () -> MatrixKernels.gemm(opened, precision, a, b, c, null, m, n, k, false, true, 0);
    }

    /** LeNet's second convolution with its ReLU and pool: 6 channels of 14 x 14, 16 filters of 5 x 5. */
    private Runnable convolution() {
        Convolution forward = new Convolution(2 * BATCH, 6, 14, 14, 16, 5, 1, 0);
        Convolution backward = forward.withBatch(BATCH);
        Buffer x = zeros(ElementType.FLOAT32, 2L * BATCH * 6 * 14 * 14);
        Buffer weight = zeros(ElementType.FLOAT32, forward.weights());
        Buffer bias = zeros(ElementType.FLOAT32, 16);
        Buffer y = zeros(ElementType.FLOAT32, 2L * BATCH * 16 * 5 * 5);
        Buffer choice = zeros(ElementType.UINT8, 2L * BATCH * 16 * 5 * 5);
        Buffer partials = zeros(ElementType.FLOAT32, MatrixKernels.pooledPartials(opened, backward));
        return switch (part) {
            case "conv2-forward" -> () -> MatrixKernels.conv2dReluPoolForward(opened, precision, forward, x, weight, bias, y, choice);
            case "conv2-backward-data" ->
                () -> MatrixKernels.conv2dReluPoolBackwardData(opened, precision, backward, y, choice, weight, x);
            default -> () -> MatrixKernels.conv2dReluPoolBackwardWeights(opened, precision, backward, x, y, choice, partials, weight, bias);
        };
    }

    /** What an estimation by kernel mean matching is made of where it is not one launch, one loss a sample. */
    private Runnable matching() {
        Random random = new Random(1);
        Buffer z = opened.floats(losses(random));
        Buffer validation = opened.floats(losses(random));
        Buffer indices = opened.ints(IntStream.range(0, BATCH).toArray());
        BatchShape shape = new BatchShape(BATCH, BATCH, BATCH, BATCH, 1);
        EstimationSettings settings = EstimationSettings.builder().bandwidth("median").eta(1f).ridge(0.02f).build();
        Divergence matching = Divergences.get("km");
        if (part.equals("estimation")) {
            WeightEstimator estimator = WeightEstimator.create(opened, matching, shape, settings);
            return () -> estimator.estimate(indices, indices, z, validation);
        }
        SegmentedBatch batch = SegmentedBatch.create(opened, shape, settings, null);
        Minimizer minimizer = matching.minimizer(batch);
        opened.launch("fill", Launch.elements(BATCH), minimizer.state(), 1f, BATCH);
        opened.launch("fill", Launch.elements(BATCH), minimizer.stateCopy(), 1f, BATCH);
        batch.set(indices, indices, z, validation);
        minimizer.begin(false);
        minimizer.step(false);      // the product of the first step is made with the matrix
        return switch (part) {
            case "bandwidth" -> () -> batch.set(indices, indices, z, validation);
            case "gram" -> () -> minimizer.begin(false);
            default -> () -> minimizer.step(false);
        };
    }

    /** Positive and skewed, as losses are. */
    private static float[] losses(Random random) {
        float[] values = new float[BATCH];
        for (int i = 0; i < BATCH; i++) {
            values[i] = (float) -Math.log(1 - random.nextDouble());
        }
        return values;
    }

    private Buffer zeros(ElementType type, long length) {
        Buffer buffer = opened.allocate(type, length);
        opened.zero(buffer);
        return buffer;
    }

    @Benchmark
    public void replay() {
        graph.replay();
        opened.synchronize();
    }

    @TearDown
    public void close() {
        opened.close();
    }
}
