package io.github.adiw.benchmarks;

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
import io.github.adiw.nn.block.MatrixKernels;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * Where does the time of LeNet's step go? Its parts one by one, at batch 256 + 256, and the kernels that they are made of: convolutions,
 * products, the optimizers, those of kernel mean matching (sort, quantile, Gram matrix, its product, a projected step); each recorded and
 * replayed.
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
        "conv2-backward-weights", "sort", "quantile", "gram", "matrix-product", "km-step"})
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
                Buffer images = zeros(ElementType.UINT8, 10_000L * PIXELS);
                Buffer index = zeros(ElementType.INT32, 2L * BATCH);
                yield () -> opened.launch("gather_images", Launch.rows(2 * BATCH), images, index, inputs, PIXELS, PIXELS, null, null);
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
            case "sort", "quantile", "gram", "matrix-product", "km-step" -> matching();
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
        int splits = 64;
        String kernel = "conv2d_relu_pool_" + part.substring("conv2-".length()).replace('-', '_') + "_"
            + precision.name().toLowerCase(Locale.ROOT);
        Buffer x = zeros(ElementType.FLOAT32, 2L * BATCH * 6 * 14 * 14);
        Buffer weight = zeros(ElementType.FLOAT32, 16L * 6 * 25);
        Buffer bias = zeros(ElementType.FLOAT32, 16);
        Buffer y = zeros(ElementType.FLOAT32, 2L * BATCH * 16 * 5 * 5);
        Buffer choice = zeros(ElementType.UINT8, 2L * BATCH * 16 * 5 * 5);
        Buffer partials = zeros(ElementType.FLOAT32, splits * (16L * 6 * 25 + 16));
        return switch (part) {
            case "conv2-forward" ->
                () -> opened.launch(kernel, Launch.tiles((2 * BATCH * 100 + 127) / 128, 1, 1), x, weight, bias, y, choice,
                    2 * BATCH, 6, 14, 14, 16, 5, 1, 0);
            case "conv2-backward-data" -> () -> opened.launch(kernel, Launch.tiles((BATCH * 196 + 127) / 128, 1, 1), y, choice, weight, x,
                BATCH, 6, 14, 14, 16, 5, 1, 0);
            default ->
                () -> opened.launch(kernel, Launch.tiles(2, 16, splits), x, y, choice, partials, BATCH, 6, 14, 14, 16, 5, 1, 0, splits);
        };
    }

    /** What an estimation by kernel mean matching is made of, one loss a sample. */
    private Runnable matching() {
        int n = BATCH;
        Random random = new Random(1);
        float[] losses = new float[n];
        for (int i = 0; i < n; i++) {
            losses[i] = (float) -Math.log(1 - random.nextDouble());
        }
        Buffer z = opened.floats(losses);
        Buffer sorted = zeros(ElementType.FLOAT32, n);
        Buffer gamma = zeros(ElementType.FLOAT64, 1);
        Buffer status = zeros(ElementType.INT32, 1);
        Buffer gram = zeros(ElementType.FLOAT32, (long) n * n);
        Buffer[] vectors = new Buffer[6];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = zeros(ElementType.FLOAT32, n);
            opened.launch("fill", Launch.elements(n), vectors[i], 1f, n);
        }
        Runnable sort = () -> opened.launch("rank_sort", Launch.rows(n), z, z, sorted, n, 0);
        double position = 0.01 * (n * (n - 1) / 2 - 1);
        Runnable quantile = () -> opened.launch("bandwidth_sorted", Launch.block(), sorted, z, z, gamma, status, n, 0, (long) position,
            position - (long) position, n, n);
        Runnable rows = () -> opened.launch("gram_rows", Launch.rows(n), z, z, gamma, vectors[0], gram, vectors[1], vectors[2], vectors[3],
            (long) n,
            n, n, 1, 1e-5f);
        sort.run();
        quantile.run();
        rows.run();
        return switch (part) {
            case "sort" -> sort;
            case "quantile" -> quantile;
            case "gram" -> rows;
            case "matrix-product" -> () -> opened.launch("matrix_product", Launch.rows(n), gram, vectors[0], vectors[3], n);
            default -> () -> opened.launch("kmm_step", Launch.block(), vectors[3], vectors[2], vectors[1], status, vectors[4], vectors[5],
                vectors[0],
                n, 1f, 0f, 50.0, Math.sqrt(n), 2 * n - Math.sqrt(n));
        };
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
