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
}
