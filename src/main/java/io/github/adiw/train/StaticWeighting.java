package io.github.adiw.train;

import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** Static importance weighting: the weights of all samples are estimated once, before training ({@link Network#estimateOnce}). */
final class StaticWeighting extends RememberedWeighting {
    StaticWeighting(Device device, int samples, int n) {
        super(device, samples, n);
    }

    @Override
    public void estimate(Batch batch) {
        device.launch("recall_state", Launch.elements(n), memory, batch.indices(), null, null, null, weights, null, n, Float.NEGATIVE_INFINITY);
    }
}
