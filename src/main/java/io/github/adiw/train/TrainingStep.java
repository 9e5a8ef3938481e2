package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Graph;

/**
 * One step of training, recorded once: forward pass, weights, what is kept of it, backward pass, update; where weights are estimated from a
 * forward pass of their own, this comes first, and the one that is trained on after the weights.
 */
final class TrainingStep implements AutoCloseable {
    private final Graph graph;
    private final Buffer losses;

    /**
     * Records the step. What it is given stays open as long as it runs.
     *
     * @param clock   hears when which part begins
     * @param metrics keep what the step has come to
     */
    TrainingStep(Device device, TrainedModel model, BatchPass pass, BatchWeighting weighting, StepClock clock, StepMetrics metrics) {
        losses = pass.observedLosses();
        graph = device.record(() -> {
            pass.next(clock.stamp(StepClock.START));
            StepClock.Stamp metricsBegin = StepClock.Stamp.NONE;
            if (weighting.constant()) {
                pass.forward(weighting.weights());
            } else if (pass.apart()) {
                clock.mark(StepClock.ESTIMATION_START);
                pass.observe();
                clock.mark(StepClock.ESTIMATION_FORWARD_END);
                weighting.estimate(pass);
                clock.mark(StepClock.ESTIMATION_END);
                pass.forward(weighting.weights());
            } else {
                pass.forward();
                clock.mark(StepClock.ESTIMATION_START);
                weighting.estimate(pass);
                metricsBegin = clock.stamp(StepClock.ESTIMATION_END);
            }
            metrics.keep(pass.losses(), weighting, metricsBegin);
            pass.update(weighting.weights());
            model.endStep(clock.stamp(StepClock.END));
        });
    }

    /** The losses that weights were estimated from in its last run, float32 {@code [n + m]}, those of the training batch first. */
    Buffer losses() {
        return losses;
    }

    /** {@link Graph#nodes} of the recording. */
    int nodes() {
        return graph.nodes();
    }

    /** Enqueues the step. */
    void run() {
        graph.replay();
    }

    @Override
    public void close() {
        graph.close();
    }
}
