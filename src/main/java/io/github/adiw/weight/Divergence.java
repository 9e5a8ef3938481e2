package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
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

    /** Whether {@link EstimatorOptions#eta} has a part in it. */
    default boolean usesEta() {
        return true;
    }

    /** Whether {@link EstimatorOptions#momentum} has a part in it. */
    default boolean usesMomentum() {
        return false;
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

    /** Whether {@link #classConditional} makes estimators. */
    default boolean hasClassConditional() {
        return false;
    }

    /**
     * As {@link #estimator}, for transformed data that do not say the label: estimation runs inside every class, and the class prior is put
     * back, w_i = [(m_c / m) / (n_c / n)] r_i with n_c training and m_c validation samples of class c in the batch. A class without a
     * validation sample in a batch keeps the weights that are remembered.
     *
     * @param labels           int32 {@code [N]}, each training sample's label, in 0 to {@code classes - 1}; the caller's to close
     * @param validationLabels int32 {@code [V]}, each validation sample's, likewise
     * @throws io.github.adiw.UsageException if the options cannot be met, or the divergence has no such estimators
     */
    default WeightEstimator classConditional(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes) {
        throw new UsageException("the divergence " + name() + " has no estimation inside classes");
    }
}
