package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/** Random weights, drawn once a batch: rectified normal numbers, normalised to the mean 1 (a baseline of Ren et al., ICML 2018). */
final class RandomWeighting extends RememberedWeighting {
    private final Buffer step;
    private final long seed;

    private RandomWeighting(Scope scope, WeightingContext context) {
        super(scope, context.device(), context.samples(), context.batch());
        this.step = context.model().step();
        this.seed = context.options().seed();
    }

    static RandomWeighting create(WeightingContext context) {
        return Scope.building(scope -> new RandomWeighting(scope, context));
    }

    @Override
    public void estimate(Batch batch) {
        device.launch("random_weights", Launch.block(n), weights, step, n, seed);
        remember(batch);
    }
}
