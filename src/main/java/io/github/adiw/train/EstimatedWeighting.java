package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.weight.WeightEstimator;

/** Dynamic importance weighting: weights by an estimator, on the losses or features of the batch. */
final class EstimatedWeighting implements BatchWeighting {
    private final WeightEstimator estimator;

    EstimatedWeighting(WeightEstimator estimator) {
        this.estimator = estimator;
    }

    @Override
    public void estimate(Batch batch) {
        estimator.estimate(batch.indices(), batch.validationIndices(), batch.transformed(), batch.validationTransformed());
    }

    @Override
    public String problem() {
        return estimator.problem();
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
    public void close() {
        estimator.close();
    }
}
