package io.github.adiw.benchmarks;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.Graph;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
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

/** How long does weight estimation take as the batch grows? n = m, one loss a sample, DIW's bandwidth; five steps or to convergence. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class WeightEstimationByBatchSize {
    @Param({"64", "128", "256", "512", "1024", "2048", "4096", "8192", "16384"})
    private int n;

    @Param({"km", "kmm-exact", "kl", "ls", "w1", "kl-direct", "ls-direct"})
    private String method;

    @Param("auto")
    private String device;

    private Device opened;
    private Runnable estimation;

    @Setup
    public void prepare() {
        opened = Devices.open(device);
        Random random = new Random(1);
        Buffer indices = opened.ints(IntStream.range(0, n).toArray());
        Buffer z = opened.floats(losses(random, 2.0));
        Buffer validation = opened.floats(losses(random, 0.5));
        WeightEstimator estimator = WeightEstimator.create(opened, Divergences.get(method), new BatchShape(n, n, n, n, 1),
            EstimationSettings.builder().bandwidth("diw:0.01").build());
        Graph graph = opened.record(() -> estimator.estimate(indices, indices, z, validation));
        estimation = graph::replay;
    }

    /** Positive and skewed, as losses are. */
    private float[] losses(Random random, double mean) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (-mean * Math.log(1 - random.nextDouble()));
        }
        return values;
    }

    @Benchmark
    public void estimate() {
        estimation.run();
        opened.synchronize();
    }

    @TearDown
    public void close() {
        opened.close();
    }
}
