package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** What the values of a parameter or buffer are before training. */
@FunctionalInterface
public interface Initial {
    /**
     * Enqueues the filling of {@code values}.
     *
     * @param values float32
     * @param seed   of the run
     * @param stream another one for each parameter, so that no two share their random numbers
     */
    void fill(Device device, Buffer values, long seed, long stream);

    /**
     * PyTorch's default for weights and biases of linear layers and convolutions: uniform in +-1/sqrt(fan in).
     *
     * @param fanIn inputs that meet in one output
     */
    static Initial uniform(int fanIn) {
        float bound = (float) (1 / Math.sqrt(fanIn));
        return (device, values, seed, stream) -> {
            int n = Math.toIntExact(values.length());
            device.launch("uniform_fill", Launch.elements(n), values, n, -bound, bound, seed, stream);
        };
    }

    /**
     * Kaiming-normal (He et al., ICCV 2015): normal with deviation sqrt(2 / fan out), so that gradients keep their size from layer to
     * layer where ReLU follows.
     *
     * @param fanOut outputs that an input reaches
     */
    static Initial normal(int fanOut) {
        float deviation = (float) Math.sqrt(2.0 / fanOut);
        return (device, values, seed, stream) -> {
            int n = Math.toIntExact(values.length());
            device.launch("normal_fill", Launch.elements(n), values, n, deviation, seed, stream);
        };
    }

    /** The same value everywhere. */
    static Initial constant(float value) {
        return (device, values, seed, stream) -> {
            int n = Math.toIntExact(values.length());
            device.launch("fill", Launch.elements(n), values, value, n);
        };
    }
}
