package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Updates all parameters of a model in one launch, before which comes another where weight decay reaches weights alone. The learning rate
 * and the step number are read on the device.
 */
public abstract class Optimizer implements AutoCloseable {
    /** Numbers that one block adds the decay of. */
    private static final int LONGEST_SPAN = 1 << 13;

    private final Scope scope;
    private final Device device;
    private final Map<String, Buffer> state = new LinkedHashMap<>();

    private Optimizer(Scope scope, Device device) {
        this.scope = scope;
        this.device = device;
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
     */
    public static Optimizer sgd(Device device, Parameters parameters, Buffer rate, Buffer halted, float momentum, boolean nesterov,
                                WeightDecay weightDecay) {
        return Scope.building(scope -> new Optimizer(scope, device) {
            private final Buffer momenta = momentum == 0 ? null : zeros("momentum", parameters);
            private final Decay decay = decay(parameters, weightDecay);

            @Override
            public void update() {
                int n = Math.toIntExact(parameters.values().length());
                decay.apply();
                device.launch("sgd", Launch.elements(n), parameters.values(), parameters.gradients(), momenta, rate, halted, n,
                    momentum, nesterov ? 1 : 0, decay.everywhere);
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
     */
    public static Optimizer adam(Device device, Parameters parameters, Buffer rate, Buffer step, Buffer halted,
                                 WeightDecay weightDecay) {
        return Scope.building(scope -> new Optimizer(scope, device) {
            private final Decay decay = decay(parameters, weightDecay);
            private final Buffer means = zeros("mean", parameters);
            private final Buffer squares = zeros("square", parameters);

            @Override
            public void update() {
                int n = Math.toIntExact(parameters.values().length());
                decay.apply();
                device.launch("adam", Launch.elements(n), parameters.values(), parameters.gradients(), means, squares, rate, step,
                    halted, n, 0.9, 0.999, 1e-8f, decay.everywhere);
            }
        });
    }

    /** A part of the state: a number for each of {@link Parameters#values}. */
    final Buffer zeros(String name, Parameters parameters) {
        Buffer buffer = scope.keep(device.allocate(ElementType.FLOAT32, parameters.values().length()));
        device.zero(buffer);
        state.put(name, buffer);
        return buffer;
    }

    /** How decay reaches the gradients: all of them in the optimizer's own launch, or those of weights in one before it. */
    final class Decay {
        final float everywhere;
        private final float weights;
        private final Parameters parameters;
        private final Buffer spans;

        private Decay(Parameters parameters, float everywhere, float weights, Buffer spans) {
            this.parameters = parameters;
            this.everywhere = everywhere;
            this.weights = weights;
            this.spans = spans;
        }

        void apply() {
            if (spans != null) {
                device.launch("decay_spans", Launch.rows(spans.length() / 2), parameters.values(), parameters.gradients(),
                    spans, weights);
            }
        }
    }

    final Decay decay(Parameters parameters, WeightDecay decay) {
        int[] spans = decay.weightsAlone() && decay.rate() > 0 ? parameters.decayedSpans(LONGEST_SPAN) : new int[0];
        if (spans.length == 0) {
            return new Decay(parameters, decay.weightsAlone() ? 0 : decay.rate(), 0, null);
        }
        return new Decay(parameters, 0, decay.rate(), scope.keep(device.ints(spans)));
    }

    /** Enqueues one update. */
    public abstract void update();

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
