package io.github.adiw.benchmarks;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.MatrixKernels;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Optimizer;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.nn.SoftmaxCrossEntropy;
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

/** Where does the time of LeNet's step go? Its parts one by one, at batch 256 + 256; each recorded and replayed. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KernelByKernel {
    private static final int BATCH = 256;
    private static final int PIXELS = 784;

    @Param({"gather", "forward", "loss", "backward", "adam", "gemm-fc1", "gemm-1024"})
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
                yield () -> opened.launch("gather_images", Launch.rows(2 * BATCH), images, index, inputs, PIXELS);
            }
            case "forward" -> () -> network.forward(inputs);
            case "loss" -> () -> loss.forward(logits, labels);
            case "backward" -> () -> network.backward(gradient);
            case "adam" -> Optimizer.adam(opened, parameters, zeros(ElementType.FLOAT32, 1), zeros(ElementType.INT64, 1),
                zeros(ElementType.INT32, 1), 0)::update;
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
