package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.WeightEstimator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is kept of every step on the device until it is read: losses and weights, in a ring of steps, and all weights, if asked for. */
final class StepMetrics implements AutoCloseable {
    private static final int VALUES = 5;

    private final Scope scope;
    private final Device device;
    private final TrainedModel model;
    private final int batch, ring;
    private final float lossScale;
    private final Buffer rows, weightRows;
    /** The first step, plus 1, of which a segment was not estimated, that segment and its status; 0 before. */
    private final Buffer failed;

    private StepMetrics(Scope scope, Device device, TrainedModel model, TrainingOptions options, int ring, int steps) {
        this.scope = scope;
        this.device = device;
        this.model = model;
        this.batch = options.batch();
        this.ring = ring;
        this.lossScale = options.lossScale();
        rows = scope.keep(device.allocate(ElementType.FLOAT32, (long) ring * VALUES));
        failed = scope.keep(device.allocate(ElementType.INT32, 3));
        device.zero(failed);
        weightRows = options.weightsTrace() ? scope.keep(device.allocate(ElementType.FLOAT32, (long) steps * batch)) : null;
    }

    /**
     * @param ring  steps between two readings, at most
     * @param steps in all
     */
    static StepMetrics create(Device device, TrainedModel model, TrainingOptions options, int ring, int steps) {
        return Scope.building(scope -> new StepMetrics(scope, device, model, options, ring, steps));
    }

    /**
     * Enqueues what keeps a step's losses, float32 {@code [n]}, and weights, and halts training where they are not finite; that an
     * estimation failed is kept, too.
     *
     * @param began is given the time at which this begins
     */
    void keep(Buffer losses, BatchWeighting weighting, StepClock.Stamp began) {
        WeightEstimator estimator = weighting.estimator();
        Buffer weights = weighting.weights();
        Buffer status = estimator == null ? null : estimator.status();
        device.launch("step_metrics", Launch.block(batch), losses, weights, rows, model.step(), model.halted(), status,
            estimator == null ? null : estimator.outcomes(), failed, status == null ? 0 : Math.toIntExact(status.length()), batch, ring,
            lossScale, began.stamps(), began.slots(), began.ring());
        if (weightRows != null) {
            device.launch("store_row", Launch.elements(batch), weights, weightRows, model.step(), batch);
        }
    }

    /** The steps {@code first} to {@code first + count - 1}; waits. */
    List<TrainingResult.TraceRow> read(long first, int count) {
        float[] values = rows.toFloats();
        List<TrainingResult.TraceRow> read = new ArrayList<>(count);
        for (long s = first; s < first + count; s++) {
            int at = (int) (s % ring) * VALUES;
            read.add(new TrainingResult.TraceRow((int) s, values[at], values[at + 1], values[at + 2], values[at + 3], values[at + 4]));
        }
        return read;
    }

    /**
     * The first step whose weights could not be estimated, or not those of a class.
     *
     * @param step   from 1
     * @param reason for a person
     */
    record Failure(int step, String reason) {}

    /**
     * The first failure of the run; null if there was none. Waits.
     *
     * @param estimator that failed
     */
    Failure failure(WeightEstimator estimator) {
        int[] read = failed.toInts();
        return read[0] == 0 ? null : new Failure(read[0], estimator.problem(read[1], read[2]));
    }

    /** The weights of the first {@code steps} steps, {@code [steps][n]}; empty if they were not asked for. */
    List<float[]> weights(int steps) {
        List<float[]> read = new ArrayList<>();
        if (weightRows != null) {
            float[] all = weightRows.toFloats();
            for (int s = 0; s < steps; s++) {
                read.add(Arrays.copyOfRange(all, s * batch, (s + 1) * batch));
            }
        }
        return read;
    }

    /** What a run that goes on needs for its reports, by name. */
    Map<String, Buffer> state() {
        Map<String, Buffer> state = new LinkedHashMap<>();
        state.put("steps", rows);
        state.put("failed", failed);
        if (weightRows != null) {
            state.put("weights", weightRows);
        }
        return state;
    }

    @Override
    public void close() {
        scope.close();
    }
}
