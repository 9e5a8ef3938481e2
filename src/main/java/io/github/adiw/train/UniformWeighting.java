package io.github.adiw.train;

import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/** Every weight is 1: plain training, and the warm-up of the other methods. */
final class UniformWeighting extends RememberedWeighting {
    private UniformWeighting(Scope scope, WeightingContext context) {
        super(scope, context.device(), context.samples(), context.batch());
        device.launch("fill", Launch.elements(n), weights, 1f, n);
    }

    static UniformWeighting create(WeightingContext context) {
        return Scope.building(scope -> new UniformWeighting(scope, context));
    }

    @Override
    public boolean constant() {
        return true;
    }

    @Override
    public void estimate(Batch batch) {
        // The weights are those that were filled in.
    }
}
