package io.github.adiw.weight;

import io.github.adiw.device.Device;

/**
 * A divergence between the world and the weighted training data, as a maker of {@linkplain Minimizer minimisers} that work in every segment
 * of a batch: the whole of it, or its classes. Implementations with a public constructor without parameters are found by
 * {@link Divergences} through {@link java.util.ServiceLoader}: named in {@code META-INF/services/io.github.adiw.weight.Divergence}, or by a
 * {@code provides} of a module.
 *
 * <p>An implementation of somebody else launches the kernels that there are ({@link Device#launch}; the files of {@code kernels/} say what
 * they compute and take, {@code segments.cuh} how they know the segments), or its own: a file {@code K.cu} in a folder F, written like
 * those, and compiled into the libraries for every device by {@code mvn -Dadiw.kernels=F package}, F absolute. Kernels cannot be added to a
 * jar that is built.
 */
public interface Divergence {
    /** What a user types: {@code km}, {@code kl}, ... */
    String name();

    /** The step size where none is given. */
    default float defaultEta() {
        return 1;
    }

    /** Whether it takes steps, or solves every batch to convergence. */
    default boolean takesSteps() {
        return true;
    }

    /** Whether {@link EstimationSettings#eta} has a part in it. */
    default boolean usesEta() {
        return takesSteps();
    }

    /** Whether {@link EstimationSettings#ridge} has a part in it. */
    default boolean usesRidge() {
        return false;
    }

    /** The ridge in training where none is given. */
    default float defaultRidge() {
        return 0;
    }

    /** Whether {@link EstimationSettings#lambda} has a part in it. */
    default boolean usesLambda() {
        return false;
    }

    /** Whether {@link EstimationSettings#momentum} has a part in it. */
    default boolean usesMomentum() {
        return false;
    }

    /** Whether {@link EstimationSettings#projections} has a part in it, where samples have several columns. */
    default boolean usesProjections() {
        return false;
    }

    /** Whether it has a Gaussian kernel, so that {@link EstimationSettings#bandwidth} has a part in it. */
    default boolean usesBandwidth() {
        return true;
    }

    /**
     * The rule of the bandwidth where none is given; the command {@code weights} always gives one, {@code diw:0.01} if the user does not.
     */
    default Bandwidth defaultBandwidth() {
        return Bandwidth.MEDIAN;
    }

    /**
     * Whether the state is a coefficient for every validation sample, negative where it has none yet, and not a ratio for every training
     * sample.
     */
    default boolean stateIsOfValidation() {
        return false;
    }

    /**
     * A new minimiser for batches that come into {@code batch}; it allocates all its memory now, and whoever calls closes it, before the
     * batch.
     *
     * @throws io.github.adiw.UsageException if the settings cannot be met, in one sentence
     */
    Minimizer minimizer(SegmentedBatch batch);
}
