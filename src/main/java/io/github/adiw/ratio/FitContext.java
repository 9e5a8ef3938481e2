package io.github.adiw.ratio;

import io.github.adiw.device.Device;
import io.github.adiw.weight.Bandwidth;
import java.util.function.Consumer;

/**
 * What all parts of a fit share.
 *
 * @param device    where matrices are computed; used by the fitting thread alone
 * @param bandwidth the rule or value of the Gaussian kernel's bandwidth, on scaled columns; null where the data choose it
 * @param lambda    of {@code ls}, at least 0; null where the data choose it
 * @param centers   most centers of kernel models, at least 1
 * @param seed      of everything that is drawn
 * @param listener  of whoever waits
 * @param warnings  gets sentences that speak against the weights; the same one perhaps several times
 */
record FitContext(Device device, Bandwidth bandwidth, Float lambda, int centers, long seed, FitListener listener,
                  Consumer<String> warnings) {
    /** Warnings are notices to the listener. */
    FitContext(Device device, Bandwidth bandwidth, Float lambda, int centers, long seed, FitListener listener) {
        this(device, bandwidth, lambda, centers, seed, listener, listener::notice);
    }

    /** The same, on another device. */
    FitContext on(Device other) {
        return new FitContext(other, bandwidth, lambda, centers, seed, listener, warnings);
    }

    /** Says what was done, and stops if no more is wanted. */
    void progress(String what, long done, long of) {
        listener.progress(what, done, of);
        if (listener.cancelled()) {
            throw new FitCancelledException();
        }
    }
}
