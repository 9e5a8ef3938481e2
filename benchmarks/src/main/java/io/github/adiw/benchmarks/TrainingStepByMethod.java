package io.github.adiw.benchmarks;

import com.sun.management.ThreadMXBean;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.ImageDataset;
import io.github.adiw.data.ImageSet;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does a training step take, by method? LeNet, batch 256 + 256, 10,000 images, Adam. Also says how many bytes
 * thirty steady steps allocate on the Java heap ({@code heapBytes}: expected 0).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 8)
@Fork(1)
public class TrainingStepByMethod {
    private static final int STEPS = 120;

    @Param({"uniform", "adiw-km", "diw"})
    private String method;

    @Param("auto")
    private String device;

    private Device opened;
    private ImageDataset images;
    private Trainer trainer;

    /** Ten test images: the evaluation at the end must not count. */
    @Setup
    public void open() {
        opened = Devices.open(device);
        ImageDataset sample = FashionMnist.sample();
        ImageSet test = sample.test();
        ImageSet few = new ImageSet(Arrays.copyOf(test.images(), 10 * test.imageSize()), Arrays.copyOf(test.labels(), 10), test.channels(),
            test.height(), test.width());
        images = new ImageDataset(sample.name(), sample.train(), few, sample.classNames(), sample.source(), true);
    }

    @Setup(Level.Iteration)
    public void prepare() {
        trainer = new Trainer(opened, images, TrainingOptions.builder().method(method).noise("symmetric:0.4").trainSamples(10_000)
            .optimizer("adam").learningRate(1e-3f).weightDecay(0).schedule("none").warmupEpochs(0).steps(STEPS).build());
    }

    @Benchmark
    @OperationsPerInvocation(STEPS)
    public TrainingResult step(Heap heap) {
        return trainer.run(heap);
    }

    /** Watches what the training thread allocates between two steps of the first epoch. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Heap implements TrainingListener {
        private static final int FROM = 5;
        private static final int TO = 35;
        private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        private final long[] at = new long[2];

        /** Bytes allocated during thirty steps within an epoch. */
        public long heapBytes() {
            return at[1] - at[0];
        }

        @Override
        public void step(long done, long total) {
            if (done == FROM) {
                at[0] = threads.getCurrentThreadAllocatedBytes();
            } else if (done == TO) {
                at[1] = threads.getCurrentThreadAllocatedBytes();
            }
        }
    }

    @TearDown(Level.Iteration)
    public void release() {
        trainer.close();
    }

    @TearDown
    public void close() {
        opened.close();
    }
}
