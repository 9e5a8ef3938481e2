package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.weight.WeightEstimator;
import java.util.Map;

/** Dynamic importance weighting: the weights of every batch by an estimator, on the batch's losses or features. */
final class DynamicWeighting implements BatchWeighting {
    private final WeightEstimator estimator;

    /** @param estimator is closed with this */
    DynamicWeighting(WeightEstimator estimator) {
        this.estimator = estimator;
    }

    @Override
    public boolean observes() {
        return true;
    }

    @Override
    public void estimate(Batch batch) {
        estimator.estimate(batch.indices(), batch.validationIndices(), batch.transformed(), batch.validationTransformed());
    }

    @Override
    public WeightEstimator estimator() {
        return estimator;
    }

    @Override
    public Buffer weights() {
        return estimator.weights();
    }

    @Override
    public Buffer memory() {
        return estimator.memory();
    }

    @Override
    public Map<String, Buffer> state() {
        return estimator.everything();
    }

    @Override
    public void close() {
        estimator.close();
    }
}
