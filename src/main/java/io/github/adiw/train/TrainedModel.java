package io.github.adiw.train;

import io.github.adiw.data.SampleShape;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Optimizer;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.nn.WeightDecay;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** A model in training: its parameters, the optimizer that changes them, the learning rate, and how many steps have been made. */
final class TrainedModel implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final Model model;
    private final Precision precision;
    private final Parameters parameters;
    private final Optimizer optimizer;
    private final Buffer step, rate, halted;
    /** Running statistics and counts as they were before the last pass in training; null where the model has none. */
    private final Buffer statistics, counts;

    private TrainedModel(Scope scope, Device device, SampleShape shape, int classes, TrainingOptions options) {
        this.scope = scope;
        this.device = device;
        model = Model.parse(options.model(), shape.channels(), shape.height(), shape.width(), classes);
        precision = Precision.valueOf(options.precision().toUpperCase(Locale.ROOT));
        step = scope.keep(device.allocate(ElementType.INT64, 1));
        rate = scope.keep(device.allocate(ElementType.FLOAT32, 1));
        halted = scope.keep(device.allocate(ElementType.INT32, 1));
        device.zero(step);
        device.zero(rate);
        device.zero(halted);
        parameters = scope.keep(model.parameters(device));
        if (options.initialParameters() != null) {
            parameters.load(options.initialParameters());
        } else {
            parameters.initialize(options.seed());
        }
        WeightDecay decay = new WeightDecay(options.weightDecay(), options.decay().equals("weights"));
        optimizer = scope.keep(options.optimizer().equals("adam")
            ? Optimizer.adam(device, parameters, rate, step, halted, decay)
            : Optimizer.sgd(device, parameters, rate, halted, options.momentum(), options.nesterov(), decay));
        long kept = parameters.statistics().length();
        statistics = kept == 0 ? null : scope.keep(device.allocate(ElementType.FLOAT32, kept));
        counts = kept == 0 ? null : scope.keep(device.allocate(ElementType.INT64, parameters.counts().length()));
    }

    /**
     * A model that no step has been made with.
     *
     * @param shape of one sample
     */
    static TrainedModel create(Device device, SampleShape shape, int classes, TrainingOptions options) {
        return Scope.building(scope -> new TrainedModel(scope, device, shape, classes, options));
    }

    /** An instance; the caller closes it. Arguments as {@link Model#instance}'s. */
    ModelInstance instance(int trained, int untrained) {
        return model.instance(device, parameters, trained, untrained, precision);
    }

    /** What the parameters belong to. */
    Model model() {
        return model;
    }

    /** Values and gradients. */
    Parameters parameters() {
        return parameters;
    }

    /** Of its matrix products. */
    Precision precision() {
        return precision;
    }

    /** The number of classes. */
    int classes() {
        return model.classes();
    }

    /** Elements of a sample's features. */
    int features() {
        return model.features();
    }

    /** The step counter, int64 {@code [1]}: steps made. */
    Buffer step() {
        return step;
    }

    /** 0, or 1 more than the step whose loss or weights were not finite; int32 {@code [1]}. */
    Buffer halted() {
        return halted;
    }

    /** Steps made; waits. */
    long steps() {
        long[] made = new long[1];
        step.download(made);
        return made[0];
    }

    /** Sets the learning rate of the steps to come. */
    void learningRate(float value) {
        rate.upload(new float[] {value});
    }

    /** Enqueues what must come before a pass in training, which moves running statistics before it is known whether its loss is finite. */
    void beginPass() {
        if (statistics != null) {
            device.copy(parameters.statistics(), statistics);
            device.copy(parameters.counts(), counts);
        }
    }

    /**
     * Enqueues a backward pass and an update by its gradients; where training has halted, nothing moves, and running statistics are put
     * back.
     *
     * @param backward enqueues both, and is given the optimizer
     */
    void update(Consumer<Optimizer> backward) {
        backward.accept(optimizer);
        if (statistics != null) {
            int kept = Math.toIntExact(statistics.length());
            device.launch("put_back", Launch.elements(kept), parameters.statistics(), statistics, parameters.counts(), counts, halted, kept,
                Math.toIntExact(counts.length()));
        }
    }

    /**
     * Enqueues the end of a step.
     *
     * @param end is given the time
     */
    void endStep(StepClock.Stamp end) {
        device.launch("end_step", Launch.block(1), end.stamps(), step, end.slots(), end.ring());
    }

    /** What training changes, by name. */
    Map<String, Buffer> state() {
        Map<String, Buffer> state = new LinkedHashMap<>();
        parameters.state().forEach((name, buffer) -> state.put("parameters." + name, buffer));
        optimizer.state().forEach((name, buffer) -> state.put("optimizer." + name, buffer));
        state.put("step", step);
        state.put("halted", halted);
        return state;
    }

    /** A copy of the {@link #state} as it is now. */
    Snapshot snapshot() {
        return Snapshot.of(device, state());
    }

    @Override
    public void close() {
        scope.close();
    }
}
