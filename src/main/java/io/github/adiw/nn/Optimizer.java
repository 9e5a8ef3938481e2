package io.github.adiw.nn;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.block.Update;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Updates all parameters of a model in one launch, before which comes another where weight decay reaches weights alone. The learning rate
 * and the step number are read on the device.
 */
public abstract class Optimizer implements AutoCloseable {
    /** Numbers that one block adds the decay of. */
    private static final int LONGEST_SPAN = 1 << 13;

    private final Scope scope;
    private final Device device;
    private final Parameters parameters;
    private final Decay decay;
    private final Map<String, Buffer> state = new LinkedHashMap<>();

    private Optimizer(Scope scope, Device device, Parameters parameters, Buffer rate, Buffer halted, WeightDecay weightDecay) {
        UsageException.given("weightDecay", weightDecay);
        UsageException.given("device", device).require("parameters", UsageException.given("parameters", parameters).values(),
            ElementType.FLOAT32);
        device.require("rate", rate, ElementType.FLOAT32, 1);
        device.require("halted", halted, ElementType.INT32, 1);
        this.scope = scope;
        this.device = device;
        this.parameters = parameters;
        decay = decay(weightDecay);
    }

    /**
     * Stochastic gradient descent in PyTorch's form.
     *
     * @param parameters  what is updated, and its gradients
     * @param rate        float32 {@code [1]}, the learning rate
     * @param halted      int32 {@code [1]}: while it is not 0, nothing is updated
     * @param momentum    in [0, 1)
     * @param nesterov    whether it is Nesterov's
     * @param weightDecay added to the gradient, times the parameter
     * @throws UsageException if something is null, or a buffer of another device, type or length
     */
    public static Optimizer sgd(Device device, Parameters parameters, Buffer rate, Buffer halted, float momentum, boolean nesterov,
                                WeightDecay weightDecay) {
        return Scope.building(scope -> new Optimizer(scope, device, parameters, rate, halted, weightDecay) {
            private final Buffer momenta = momentum == 0 ? null : zeros("momentum");

            @Override
            Update launch() {
                return new Update("sgd", parameters.values(), parameters.gradients(), momenta, rate, halted, momentum, nesterov ? 1 : 0,
                    decayEverywhere());
            }
        });
    }

    /**
     * Adam in PyTorch's form: beta 0.9 and 0.999, eps 1e-8, weight decay added to the gradient.
     *
     * @param parameters  what is updated, and its gradients
     * @param rate        float32 {@code [1]}, the learning rate
     * @param step        int64 {@code [1]}, updates done before this one
     * @param halted      int32 {@code [1]}: while it is not 0, nothing is updated
     * @param weightDecay added to the gradient, times the parameter
     * @throws UsageException if something is null, or a buffer of another device, type or length
     */
    public static Optimizer adam(Device device, Parameters parameters, Buffer rate, Buffer step, Buffer halted,
                                 WeightDecay weightDecay) {
        UsageException.given("device", device).require("step", step, ElementType.INT64, 1);
        return Scope.building(scope -> new Optimizer(scope, device, parameters, rate, halted, weightDecay) {
            private final Buffer means = zeros("mean");
            private final Buffer squares = zeros("square");

            @Override
            Update launch() {
                return new Update("adam", parameters.values(), parameters.gradients(), means, squares, rate, step, halted, 0.9, 0.999,
                    1e-8f, decayEverywhere());
            }
        });
    }

    /** A part of the state: a number for each of {@link Parameters#values}. */
    final Buffer zeros(String name) {
        Buffer buffer = scope.keep(device.allocate(ElementType.FLOAT32, parameters.values().length()));
        device.zero(buffer);
        state.put(name, buffer);
        return buffer;
    }

    /**
     * How decay reaches the gradients.
     *
     * @param everywhere in the optimizer's own launch: the rate, or 0
     * @param spans      where a launch before it adds the decay of weights alone; null if there is none
     * @param weights    the rate of that
     */
    private record Decay(float everywhere, Buffer spans, float weights) {}

    private Decay decay(WeightDecay decay) {
        int[] spans = decay.weightsAlone() && decay.rate() > 0 ? parameters.decayedSpans(LONGEST_SPAN) : new int[0];
        if (spans.length == 0) {
            return new Decay(decay.weightsAlone() ? 0 : decay.rate(), null, 0);
        }
        return new Decay(0, scope.keep(device.ints(spans)), decay.rate());
    }

    final float decayEverywhere() {
        return decay.everywhere;
    }

    /** The launch that moves the parameters. */
    abstract Update launch();

    /** Whether {@link #launch} is all that there is to an update. */
    final boolean isOneLaunch() {
        return decay.spans == null;
    }

    /** What is updated. */
    final Parameters parameters() {
        return parameters;
    }

    /** Enqueues one update. */
    public final void update() {
        if (decay.spans != null) {
            device.launch("decay_spans", Launch.rows(decay.spans.length() / 2), parameters.values(), parameters.gradients(), decay.spans,
                decay.weights);
        }
        int n = Math.toIntExact(parameters.values().length());
        Update update = launch();
        device.launch(update.kernel(), Launch.elements(n), Stream.concat(update.arguments().stream(), Stream.of(n)).toArray());
    }

    /**
     * All that a run must have to go on, laid out as {@link Parameters#values}, float32: {@code momentum} of stochastic gradient descent,
     * if it has one; {@code mean} and {@code square} of Adam, the running means of the gradients and of their squares.
     */
    public final Map<String, Buffer> state() {
        return Collections.unmodifiableMap(state);
    }

    @Override
    public final void close() {
        scope.close();
    }
}
