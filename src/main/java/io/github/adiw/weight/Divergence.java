package io.github.adiw.weight;

import io.github.adiw.device.Device;

/**
 * A divergence between the world and the weighted training data, as a maker of estimators that minimise it. Implementations
 * with a public constructor without parameters, named in {@code META-INF/services/io.github.adiw.weight.Divergence}, are found
 * by {@link Divergences} through {@link java.util.ServiceLoader}.
 *
 * <p>An implementation of somebody else launches the kernels that there are ({@link Device#launch}; the files of {@code kernels/} say what
 * they compute and take), or its own: a file {@code K.cu} in a folder F, written like those, and compiled into the libraries for every
 * device by {@code mvn -Dadiw.kernels=F package}, F absolute. Kernels cannot be added to a jar that is built.
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
