package io.github.adiw.nn;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Map;

/** Updates all parameters of a model in one launch. The learning rate and the step number are read on the device. */
public abstract class Optimizer implements AutoCloseable {

    /**
     * Stochastic gradient descent in PyTorch's form.
     *
     * @param parameters  what is updated, and its gradients
     * @param rate        float32 {@code [1]}, the learning rate
     * @param halted      int32 {@code [1]}: while it is not 0, nothing is updated
     * @param momentum    in [0, 1)
     * @param nesterov    whether it is Nesterov's
     * @param weightDecay added to the gradient times the parameter, at least 0
     */
    public static Optimizer sgd(Device device, Parameters parameters, Buffer rate, Buffer halted, float momentum, boolean nesterov, float weightDecay) {
        int n = Math.toIntExact(parameters.values().length());
        Buffer momenta = device.allocate(ElementType.FLOAT32, momentum == 0 ? 0 : n);
        device.zero(momenta);
        return new Optimizer() {
            @Override
            public void update() {
                device.launch("sgd", Launch.elements(n), parameters.values(), parameters.gradients(), momenta, rate, halted, n,
                    momentum, nesterov ? 1 : 0, weightDecay);
            }

            @Override
            public Map<String, Buffer> state() {
                return momentum == 0 ? Map.of() : Map.of("momenta", momenta);
            }

            @Override
            public void close() {
                momenta.close();
            }
        };
    }

    /**
     * Adam in PyTorch's form: beta 0.9 and 0.999, eps 1e-8, weight decay added to the gradient.
     *
     * @param parameters  what is updated, and its gradients
     * @param rate        float32 {@code [1]}, the learning rate
     * @param step        int64 {@code [1]}, updates done before this one
     * @param halted      int32 {@code [1]}: while it is not 0, nothing is updated
     * @param weightDecay added to the gradient times the parameter, at least 0
     */
    public static Optimizer adam(Device device, Parameters parameters, Buffer rate, Buffer step, Buffer halted, float weightDecay) {
        int n = Math.toIntExact(parameters.values().length());
        Buffer moments = device.allocate(ElementType.FLOAT32, 2L * n);
        device.zero(moments);
        return new Optimizer() {
            @Override
            public void update() {
                device.launch("adam", Launch.elements(n), parameters.values(), parameters.gradients(), moments.slice(0, n), moments.slice(n, n),
                    rate, step, halted, n, 0.9, 0.999, 1e-8f, weightDecay);
            }

            @Override
            public Map<String, Buffer> state() {
                return Map.of("moments", moments);
            }

            @Override
            public void close() {
                moments.close();
            }
        };
    }

    /** Enqueues one update. */
    public abstract void update();

    /** What it remembers from update to update, by name: all 0 before the first. */
    public abstract Map<String, Buffer> state();

    @Override
    public abstract void close();
}
