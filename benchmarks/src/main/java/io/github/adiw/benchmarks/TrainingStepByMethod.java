package io.github.adiw.benchmarks;

import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.SampleSet;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does a training step take, by method, and what does it leave on the Java heap ({@code -prof gc}: nothing, but what
 * measuring itself leaves)? LeNet, batch 256 + 256, Adam. All steps are of one epoch, so that no epoch's end is among them: the
 * 10,000 images are repeated for that.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, batchSize = TrainingStepByMethod.STEPS)
@Measurement(iterations = 5, batchSize = TrainingStepByMethod.STEPS)
@Fork(1)
public class TrainingStepByMethod {
    /** In an iteration; all iterations together are less than an epoch. */
    static final int STEPS = 120;
    private static final int REPEATS = 24;

    @Param({"uniform", "adiw-km", "diw"})
    private String method;

    @Param("auto")
    private String device;

    private Device opened;
    private Trainer trainer;
    private Thread training;
    private final Gate gate = new Gate();

    /**
     * Nothing closes what is opened here: JMH counts what a trial's tear-down does (an evaluation, a report) into the last
     * iteration, and the fork ends with this method's only trial.
     */
    @Setup
    public void open() {
        opened = Devices.open(device);
        trainer = new Trainer(opened, images(), TrainingOptions.builder().method(method).shift("symmetric:0.4").optimizer("adam")
            .learningRate(1e-3f).weightDecay(0).schedule("none").warmupEpochs(0).epochs(1).build());
        opened.handOver();
        training = new Thread(() -> trainer.run(gate), "training");
        training.setDaemon(true);
        training.start();
        gate.await(1);
    }

    private static Dataset images() {
        Dataset sample = FashionMnist.sample();
        int count = sample.train().count();
        SampleSet many = sample.train().gather(IntStream.range(0, REPEATS * count).map(i -> i % count).toArray());
        return new Dataset(sample.name(), many, sample.test(), sample.classNames(), sample.normalization(), sample.source(), true);
    }

    /** Lets the training thread make one step, and waits for it. */
    @Benchmark
    public void step() {
        gate.open(training);
    }

    /** Where the training thread waits between two steps; neither side allocates. */
    private final class Gate implements TrainingListener {
        private volatile long made;
        private volatile long allowed = 1;
        private volatile Thread waiting;

        @Override
        public void step(long done, long total) {
            opened.synchronize();
            made = done;
            LockSupport.unpark(waiting);
            while (allowed <= done) {
                LockSupport.park(this);
            }
        }

        void open(Thread training) {
            long next = made + 1;
            waiting = Thread.currentThread();
            allowed = next;
            LockSupport.unpark(training);
            await(next);
        }

        void await(long step) {
            waiting = Thread.currentThread();
            while (made < step && training.isAlive()) {
                LockSupport.parkNanos(this, 100_000_000);
            }
            if (made < step) {
                throw new IllegalStateException("training ended after " + made + " steps");
            }
        }
    }
}
