package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import java.io.Serializable;

/**
 * What a {@link RatioChoice} needs of the training rows, added up block by block, in any number of places: each place adds its own rows to
 * sums of its own, and these are added to each other. The order shows in the last digits alone. As large as an array of
 * {@code [centers]}, for {@code ls} of {@code [centers * (centers + 1) / 2]}, doubles; an empty one has neither. Serializable between
 * programs of the same version. For one thread at a time.
 */
public final class TrainingSums implements Serializable {
    private static final long serialVersionUID = 1;
    private final Standardization scaling;
    private final KernelSums kernels;

    TrainingSums(Standardization scaling, KernelSums kernels) {
        this.scaling = scaling;
        this.kernels = kernels;
    }

    /**
     * Adds rows.
     *
     * @param rows   {@code [count, d]}, finite
     * @param device open, and the calling thread's
     * @return this
     * @throws io.github.adiw.UsageException if a number is not finite
     */
    public TrainingSums add(Rows rows, Device device) {
        kernels.add(scaling.apply(rows, 0, rows.rows()), device);
        return this;
    }

    /**
     * Adds those of other rows, from the same choice.
     *
     * @return this
     */
    public TrainingSums add(TrainingSums other) {
        kernels.add(other.kernels);
        return this;
    }

    /** No sums yet, from the same choice. */
    public TrainingSums fresh() {
        return new TrainingSums(scaling, kernels.fresh());
    }

    /** How many rows were added. */
    public long rows() {
        return kernels.rows();
    }

    KernelSums kernels() {
        return kernels;
    }
}
