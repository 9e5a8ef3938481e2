package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.ArrayList;
import java.util.List;

/** An estimator that begins from its state, takes steps, and writes the state back. */
abstract class SteppedEstimator implements WeightEstimator {
    final Device device;
    final EstimatorOptions options;
    final int n, m, d;
    final BatchBandwidth bandwidth;
    final BatchPoints points;
    final Buffer weights, memory;
    private final List<Runnable> closing = new ArrayList<>();

    SteppedEstimator(Device device, EstimatorOptions options, Bandwidth bandwidth) {
        this.device = device;
        this.options = options;
        this.n = options.n();
        this.m = options.m();
        this.d = options.d();
        this.bandwidth = keep(new BatchBandwidth(device, n, m, d, bandwidth));
        this.points = keep(new BatchPoints(device, n, m, d));
        this.weights = floats(n);
        this.memory = floats(options.samples());
        device.launch("fill", Launch.elements(options.samples()), memory, 1f, options.samples());
    }

    /** A resource that is closed with this. */
    final <T extends AutoCloseable> T keep(T resource) {
        closing.add(() -> {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException("a resource of the device could not be released", e);
            }
        });
        return resource;
    }

    /** A buffer that is closed with this. */
    final Buffer floats(long length) {
        return keep(device.allocate(ElementType.FLOAT32, length));
    }

    /** A kernel matrix that is closed with this. */
    final GaussianMatrix matrix(int rows, int columns) {
        return keep(new GaussianMatrix(device, rows, columns));
    }

    /** Enqueues the sample weights of the state into {@link #weights} and, unless it is null, {@code ahead}. */
    final void recall(Buffer indices, Buffer ahead) {
        device.launch("recall_state", Launch.elements(n), memory, indices, weights, ahead, n);
    }

    /** Enqueues everything before the first step; bandwidth and points are there. */
    abstract void begin(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge);

    abstract void step(boolean converge);

    /** Enqueues what sets the weights, and what writes the state back where it is not the weights. */
    abstract void finish(Buffer indices, Buffer validationIndices);

    /** What {@link Quality#gap} has to reach, where it is known, before a solution is near enough. */
    double wantedGap(double objective) {
        return Double.POSITIVE_INFINITY;
    }

    /** How good the state is, given that {@link #points} are set. */
    abstract Quality qualityOfState(Buffer z, Buffer validation);

    @Override
    public final void estimate(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        start(indices, validationIndices, z, validation, false);
        for (int i = 0; i < options.steps(); i++) {
            step(false);
        }
        finish(indices, validationIndices);
        remember(indices);
    }

    private void start(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation, boolean converge) {
        bandwidth.compute(z, validation);
        points.set(z, validation);
        begin(indices, validationIndices, z, validation, converge);
    }

    /** Enqueues what keeps the weights for the samples' next visit. */
    final void remember(Buffer indices) {
        if (options.normalize()) {
            device.launch("normalize", Launch.block(), bandwidth.status(), weights, n);
        }
        device.launch("store_state", Launch.elements(n), memory, indices, weights, n);
    }

    @Override
    public int converge(Buffer indices, Buffer validationIndices, Buffer z, Buffer validation) {
        start(indices, validationIndices, z, validation, true);
        int steps = 0;
        if (bandwidth.status().toInts()[0] == 0) {      // else no step moves anything
            steps = Convergence.reach(device, () -> step(true), () -> {
                finish(indices, validationIndices);
                return qualityOfState(z, validation);
            }, this::wantedGap);
        }
        finish(indices, validationIndices);
        remember(indices);
        device.synchronize();
        return steps;
    }

    @Override
    public final Quality quality(Buffer z, Buffer validation) {
        points.set(z, validation);
        return qualityOfState(z, validation);
    }

    /** What an objective is evaluated on, {@link #points} being set. */
    final EvaluatedBatch evaluated() {
        return new EvaluatedBatch(device, points, bandwidth.gamma(), n, m, options);
    }

    @Override
    public void startFrom(float[] start) {
        memory.upload(start);
    }

    @Override
    public final Buffer weights() {
        return weights;
    }

    @Override
    public final Buffer memory() {
        return memory;
    }

    @Override
    public final void close() {
        closing.forEach(Runnable::run);
    }
}
