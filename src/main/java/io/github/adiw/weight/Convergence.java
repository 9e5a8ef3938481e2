package io.github.adiw.weight;

import io.github.adiw.device.Device;
import io.github.adiw.device.Graph;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;

/** Takes the steps of an estimator until it has converged. */
final class Convergence {
    /** The residual at which a solution counts as converged. */
    static final double TOLERANCE = 1e-6;
    private static final int MOST_STEPS = 100_000;
    private static final int CHUNK = 100;
    /** Steps between two looks at who waits, at most. */
    private static final int FEW = 10;
    /** Nanoseconds between two looks, at most, but for the length of a step. */
    private static final long LOOK_EVERY = 100_000_000;
    /** Steps after which the weights are looked at first; fewer could change little since they are few. */
    private static final int FIRST_CHECK = 100;
    /** What no weight has changed by in a doubling of the steps, over the largest, when they are taken as settled. */
    static final double UNCHANGED = 1e-3;
    /** How many times the steps to the residual may be spent on the gap. */
    private static final int MOST_FOR_GAP = 10;

    private Convergence() {}

    /**
     * Takes steps until the residual is at most {@link #TOLERANCE}, and the gap, where it is known, at most what is wanted: where the
     * objective is flat, the residual alone is small too soon. At most 100,000 steps. Waits.
     *
     * @param step       enqueues a step; it is recorded
     * @param evaluated  how good the estimate is
     * @param wantedGap  what {@link Quality#gap} has to reach, given the objective
     * @return steps made
     */
    static int reach(Device device, Runnable step, Supplier<Quality> evaluated, DoubleUnaryOperator wantedGap) {
        int steps = 0;
        try (Graph chunk = device.record(() -> {
            for (int i = 0; i < CHUNK; i++) {
                step.run();
            }
        })) {
            int most = MOST_STEPS;
            int next = CHUNK;
            boolean near = false;
            while (!near && steps < most) {
                for (; steps < next; steps += CHUNK) {
                    chunk.replay();
                }
                Quality quality = evaluated.get();
                if (quality.kktResidual() <= TOLERANCE) {
                    near = !(quality.gap() > wantedGap.applyAsDouble(quality.objective()));
                    most = Math.min(most, MOST_FOR_GAP * steps);
                }
                next = Math.min(most, steps + Math.max(CHUNK, steps / 4 / CHUNK * CHUNK));
            }
        }
        return steps;
    }

    /**
     * Takes steps until a doubling of them has changed no weight by more than {@link #UNCHANGED} of the largest, at most 100,000. Waits.
     *
     * @param step    enqueues a step; it is recorded
     * @param weights those that were reached
     * @param watch   hears of it, and may stop
     * @return steps made, negated where the weights may still change
     */
    static int settle(Device device, Runnable step, Supplier<float[]> weights, StepWatch watch) {
        int steps = 0;
        try (Graph one = device.record(step)) {
            float[] before = null;
            double change = Double.NaN;
            long looked = System.nanoTime();
            for (int next = FIRST_CHECK; next <= MOST_STEPS; next *= 2) {
                while (steps < next) {
                    one.replay();
                    steps++;
                    if (steps % FEW == 0 || System.nanoTime() - looked > LOOK_EVERY) {
                        device.synchronize();
                        looked = System.nanoTime();
                        if (!watch.goOn(steps, next, change)) {
                            return -steps;
                        }
                    }
                }
                float[] now = weights.get();
                if (before != null) {
                    change = change(before, now);
                    if (change <= UNCHANGED) {
                        return steps;
                    }
                }
                before = now;
            }
        }
        return -steps;
    }

    /** The largest change of a weight, over the largest weight. */
    private static double change(float[] before, float[] now) {
        double most = 0;
        double largest = 0;
        for (int i = 0; i < now.length; i++) {
            most = Math.max(most, Math.abs(now[i] - before[i]));
            largest = Math.max(largest, now[i]);
        }
        return largest == 0 ? 0 : most / largest;
    }
}
