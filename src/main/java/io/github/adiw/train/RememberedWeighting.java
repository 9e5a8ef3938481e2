package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/** A weighting with memory of its own for the weights of a batch of n and of all N samples, 1 at first. */
abstract class RememberedWeighting implements BatchWeighting {
    final Device device;
    final int n;
    final Buffer weights, memory;
    private final Scope scope;

    /** @param scope owns what this and its subclass open, and is closed with this */
    RememberedWeighting(Scope scope, Device device, int samples, int n) {
        this.scope = scope;
        this.device = device;
        this.n = n;
        weights = scope.keep(device.allocate(ElementType.FLOAT32, n));
        memory = scope.keep(device.allocate(ElementType.FLOAT32, samples));
        device.launch("fill", Launch.elements(samples), memory, 1f, samples);
    }

    /** Enqueues what keeps {@link #weights} as the samples' last ones. */
    final void remember(Batch batch) {
        device.launch("store_state", Launch.elements(n), memory, batch.indices(), null, null, null, weights, n);
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
        scope.close();
    }
}
