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
}
