package io.github.adiw.ratio;

import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import java.io.Serializable;
import java.util.Arrays;

/**
 * What a {@link RatioChoice} needs of the training rows, added up block by block, in any number of places: each place adds its own rows to
 * sums of its own, and these are added to each other. The order shows in the last digits alone. As large as an array of
 * {@code [centers]}, for {@code ls} of {@code [centers * (centers + 1) / 2]}, doubles; an empty one has neither. Serializable between
 * programs of the same version. For one thread at a time.
 */
public final class TrainingSums implements Serializable {
    private static final long serialVersionUID = 1;
    private final int columns;
    private final Standardization scaling;
    private final KernelSums kernels;

    /** @param columns that a row has, also those that the scaling leaves out */
    TrainingSums(int columns, Standardization scaling, KernelSums kernels) {
        this.columns = columns;
        this.scaling = scaling;
        this.kernels = kernels;
    }

    /**
     * Adds rows.
     *
     * @param rows   {@code [count, d]}, finite
     * @param device open, and the calling thread's
     * @return this
     * @throws UsageException if something is null, the rows have other columns than the choice's, or a number is not finite
     */
    public TrainingSums add(Rows rows, Device device) {
        UsageException.given("device", device);
        if (UsageException.given("rows", rows).columns() != columns) {
            throw UsageException.of("rows", "rows have " + rows.columns() + " columns, and the choice was made by rows of " + columns);
        }
        kernels.add(scaling.apply(rows, 0, rows.rows()), device);
        return this;
    }

    /**
     * Adds those of other rows, from the same choice.
     *
     * @return this
     * @throws UsageException if they are null, or from another choice
     */
    public TrainingSums add(TrainingSums other) {
        UsageException.given("other", other).requireLike("other", this);
        kernels.add(other.kernels);
        return this;
    }

    /**
     * Refuses sums that are not those of the same choice.
     *
     * @param name what these sums are called
     */
    void requireLike(String name, TrainingSums expected) {
        if (columns != expected.columns || !alike(scaling, expected.scaling) || !kernels.isLike(expected.kernels)) {
            throw UsageException.of(name, name + " are sums of another choice: take those that sums() or fresh() of the same one began");
        }
    }

    private static boolean alike(Standardization a, Standardization b) {
        return Arrays.equals(a.columns(), b.columns()) && Arrays.equals(a.center(), b.center()) && Arrays.equals(a.scale(), b.scale())
            && Arrays.equals(a.heavy(), b.heavy());
    }

    /** No sums yet, from the same choice. */
    public TrainingSums fresh() {
        return new TrainingSums(columns, scaling, kernels.fresh());
    }

    /** How many rows were added. */
    public long rows() {
        return kernels.rows();
    }

    KernelSums kernels() {
        return kernels;
    }
}
