package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where a step's time goes, measured by the device itself: a kernel writes the device's clock into a ring of stamps,
 * int64 [steps, 5], which is read once an epoch. So nothing waits while it is measured.
 */
final class StepClock implements AutoCloseable {
    /** Moments of a step, in their order. */
    static final int START = 0, ESTIMATION_START = 1, ESTIMATION_FORWARD_END = 2, ESTIMATION_END = 3, END = 4;
    private static final int SLOTS = 5;

    private final Device device;
    private final Buffer step;
    private final Buffer stamps;
    private final int ring;
    private final long[] read;
    private double[] total = new double[1024];
    private double[] estimation = new double[1024];
    private double[] forward = new double[1024];
    private int recorded;

    /**
     * @param step the step counter on the device, int64 [1]
     * @param ring steps between two readings, at most
     */
    StepClock(Device device, Buffer step, int ring) {
        this.device = device;
        this.step = step;
        this.ring = ring;
        this.stamps = device.allocate(ElementType.INT64, (long) ring * SLOTS);
        this.read = new long[ring * SLOTS];
        device.zero(stamps);
    }

    /**
     * Where a kernel that runs anyway writes when it began: to the ring of stamps of a moment, as {@code kernels/clock.cuh} says.
     *
     * @param stamps int64, from the moment's first stamp on; null if nobody asks
     * @param slots  stamps of a step
     * @param ring   steps
     */
    record Stamp(Buffer stamps, int slots, int ring) {
        /** Of no moment. */
        static final Stamp NONE = new Stamp(null, 1, 1);
    }

    /** For the kernel whose start is this moment of the current step. */
    Stamp stamp(int moment) {
        return new Stamp(stamps.slice(moment, stamps.length() - moment), SLOTS, ring);
    }

    /** Enqueues a stamp of this moment of the current step, where no kernel begins there that writes one. */
    void mark(int moment) {
        Stamp stamp = stamp(moment);
        device.launch("mark_time", Launch.block(1), stamp.stamps, step, stamp.slots, stamp.ring);
    }

    /**
     * Reads the steps {@code first} to {@code first + count - 1}.
     *
     * @param keep whether they count for the medians (warm-up does not)
     * @return seconds in estimation, seconds in training
     */
    double[] read(long first, int count, boolean keep) {
        stamps.download(read);
        double estimationNanos = 0;
        double totalNanos = 0;
        for (long s = first; s < first + count; s++) {
            long inEstimation = nanos(s, ESTIMATION_START, ESTIMATION_END);
            long inAll = nanos(s, START, END);
            estimationNanos += inEstimation;
            totalNanos += inAll;
            if (keep) {
                keep(inAll, inEstimation, nanos(s, ESTIMATION_START, ESTIMATION_FORWARD_END));
            }
        }
        return new double[] {estimationNanos * 1e-9, (totalNanos - estimationNanos) * 1e-9};
    }

    /**
     * From one moment to another of a step that was read; 0 where the later one was not marked, and has the stamp of an earlier step or
     * none.
     */
    private long nanos(long ofStep, int from, int to) {
        int row = (int) (ofStep % ring) * SLOTS;
        return Math.max(0, read[row + to] - read[row + from]);
    }

    /** Milliseconds of the steps {@code first} to {@code first + count - 1}; they do not count for the medians. */
    List<TrainingResult.StepMillis> steps(long first, int count) {
        stamps.download(read);
        List<TrainingResult.StepMillis> millis = new ArrayList<>();
        for (long s = first; s < first + count; s++) {
            double estimationMillis = nanos(s, ESTIMATION_START, ESTIMATION_END) * 1e-6;
            double totalMillis = nanos(s, START, END) * 1e-6;
            millis.add(new TrainingResult.StepMillis(totalMillis, estimationMillis,
                nanos(s, ESTIMATION_START, ESTIMATION_FORWARD_END) * 1e-6, totalMillis - estimationMillis));
        }
        return millis;
    }

    private void keep(long inAll, long inEstimation, long inForward) {
        if (recorded == total.length) {
            total = Arrays.copyOf(total, 2 * recorded + 1);
            estimation = Arrays.copyOf(estimation, 2 * recorded + 1);
            forward = Arrays.copyOf(forward, 2 * recorded + 1);
        }
        total[recorded] = inAll * 1e-6;
        estimation[recorded] = inEstimation * 1e-6;
        forward[recorded] = inForward * 1e-6;
        recorded++;
    }

    /** Medians over the steps kept, and what the estimation's leaves of the total's; NaN if there are none. */
    TrainingResult.StepMillis medians() {
        double inAll = median(Arrays.copyOf(total, recorded));
        double inEstimation = median(Arrays.copyOf(estimation, recorded));
        return new TrainingResult.StepMillis(inAll, inEstimation, median(Arrays.copyOf(forward, recorded)), inAll - inEstimation);
    }

    /** Milliseconds of every step kept, in order. */
    double[] totals() {
        return Arrays.copyOf(total, recorded);
    }

    /** Milliseconds in estimation of every step kept, in order. */
    double[] estimations() {
        return Arrays.copyOf(estimation, recorded);
    }

    /** Milliseconds in the estimation's own forward pass of every step kept, in order. */
    double[] estimationForwards() {
        return Arrays.copyOf(forward, recorded);
    }

    /** Keeps these steps, and no others: {@link #totals}, {@link #estimations} and {@link #estimationForwards} of another clock. */
    void restore(double[] totals, double[] estimations, double[] estimationForwards) {
        total = totals.clone();
        estimation = estimations.clone();
        forward = estimationForwards.clone();
        recorded = totals.length;
    }

    private static double median(double[] values) {
        if (values.length == 0) {
            return Double.NaN;
        }
        Arrays.sort(values);
        return (values[(values.length - 1) / 2] + values[values.length / 2]) / 2;
    }

    @Override
    public void close() {
        stamps.close();
    }
}
