package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** A weighting with memory for the weights of a batch of n and of all N samples, 1 at first. */
abstract class RememberedWeighting implements BatchWeighting {
    final Device device;
    final int n;
    final Buffer weights, memory;

    RememberedWeighting(Device device, int samples, int n) {
        this.device = device;
        this.n = n;
        weights = device.allocate(ElementType.FLOAT32, n);
        memory = device.allocate(ElementType.FLOAT32, samples);
        device.launch("fill", Launch.elements(samples), memory, 1f, samples);
    }

    /** Enqueues what keeps {@link #weights} as the samples' last ones. */
    final void remember(Batch batch) {
        device.launch("store_state", Launch.elements(n), memory, batch.indices(), null, weights, n);
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
    public void close() {
        weights.close();
        memory.close();
    }
}
