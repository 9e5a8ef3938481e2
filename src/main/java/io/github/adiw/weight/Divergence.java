package io.github.adiw.weight;

import io.github.adiw.device.Device;

/**
 * A divergence between the world and the weighted training data, as a maker of estimators that minimise it. Implementations
 * with a public constructor without parameters, named in {@code META-INF/services/io.github.adiw.weight.Divergence}, are found
 * by {@link Divergences} through {@link java.util.ServiceLoader}.
 */
public interface Divergence {
    /** What a user types: {@code km}, {@code kl}, ... */
    String name();

    /** The step size where none is given. */
    default float defaultEta() {
        return 1;
    }

    /** The rule of the bandwidth in training where none is given, as {@link Bandwidth#parse} reads it. */
    default String defaultBandwidth() {
        return "median";
    }

    /** Whether {@link WeightEstimator#state} is a coefficient for every validation sample, and not a weight for every training sample. */
    default boolean stateIsOfValidation() {
        return false;
    }

    /**
     * A new estimator, which allocates all its memory now; the caller closes it.
     *
     * @throws io.github.adiw.UsageException if the options cannot be met, in one sentence
     */
    WeightEstimator estimator(Device device, EstimatorOptions options);
}
