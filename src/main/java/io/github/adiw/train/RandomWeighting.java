package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;

/** Random weights, drawn once a batch: rectified normal numbers, normalised to the mean 1 (a baseline of Ren et al., ICML 2018). */
final class RandomWeighting extends RememberedWeighting {
    private final Buffer step;
    private final long seed;

    /** @param step int64 [1], the step counter */
    RandomWeighting(Device device, int samples, int n, Buffer step, long seed) {
        super(device, samples, n);
        this.step = step;
        this.seed = seed;
    }

    @Override
    public void estimate(Batch batch) {
        device.launch("random_weights", Launch.block(), weights, step, n, seed);
        remember(batch);
    }
}
