package io.github.adiw.ratio;

import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import java.util.function.Function;

/**
 * What a sample chose for a ratio: method, bandwidth, regularisation and scaling of the columns. It is then fitted to all training rows,
 * which may lie in more places than one:
 *
 * <pre>{@code
 * RatioChoice choice = DensityRatio.builder().choose(sample, validation);
 * if (choice.isSummed()) {
 *     TrainingSums sums = choice.sums();               // wherever there are rows
 *     sums.add(block, device);                         // for each block of them
 *     sums.add(sumsFromElsewhere);
 *     DensityRatio ratio = choice.fit(sums);
 * } else {
 *     DensityRatio ratio = choice.fit(rows);           // all of them, or a sample
 * }
 * }</pre>
 *
 * <p>For one thread at a time.
 */
public final class RatioChoice {
    private final RatioFit fit;
    private final DensityRatio ofSample;
    private final Device device;

    RatioChoice(RatioFit fit, DensityRatio ofSample, Device device) {
        this.fit = fit;
        this.ofSample = ofSample;
        this.device = device;
    }

    /**
     * Whether the method needs sums of the training rows alone: {@code kl} and {@code ls}; not {@code classifier}, nor samples without a
     * column that varies.
     */
    public boolean isSummed() {
        return fit.summed() != null;
    }

    /** Whether no column of the samples varies: the ratio is 1, and other training rows change nothing. */
    public boolean isConstant() {
        return fit.isConstant();
    }

    /**
     * No sums yet.
     *
     * @throws UsageException if the method is not {@linkplain #isSummed summed}
     */
    public TrainingSums sums() {
        requireSummed();
        return fit.sums();
    }

    /** The ratio that is fitted to the sample alone, as {@link DensityRatio.Builder#fit} fits. */
    public DensityRatio fit() {
        return ofSample;
    }

    /**
     * The ratio that is fitted to the rows of these sums. Weights are normalised by the mean over them; where there is an upper bound, by
     * the mean over the sample, since sums do not know the other ({@link DensityRatio#dividedBy}). {@link DensityRatio#weights} and
     * {@link DensityRatio#diagnostics} are those of the sample.
     *
     * @param sums at least one row's
     * @throws UsageException               if the method is not {@linkplain #isSummed summed}, there are no rows or null, or the sums are
     *                                      of another choice
     * @throws io.github.adiw.AdiwException if there is no ratio
     */
    public DensityRatio fit(TrainingSums sums) {
        requireSummed();
        UsageException.given("sums", sums).requireLike("sums", fit.sums());
        if (sums.rows() == 0) {
            throw UsageException.of("sums", "sums are of no rows: add the training rows");
        }
        return on(place -> fit.fit(sums, place));
    }

    /**
     * The ratio that is fitted to these training rows, as far as something was chosen: samples without a column that varies have the ratio
     * 1. Weights are normalised by the mean over them. {@link DensityRatio#weights} and {@link DensityRatio#diagnostics} are those of the
     * sample.
     *
     * @param training {@code [n, d]}, finite, of the sample's columns; {@link #mostRows} at most if memory counts
     * @throws UsageException               if there are no rows or null, they have other columns, or a number is not finite
     * @throws io.github.adiw.AdiwException if there is no ratio
     */
    public DensityRatio fit(Rows training) {
        UsageException.given("training", training);
        if (training.rows() == 0 || training.columns() != ofSample.columns().size()) {
            throw UsageException.of("training", "training rows must be at least one of " + ofSample.columns().size() + " columns, not "
                + training.rows() + " of " + training.columns());
        }
        return fit.isConstant() ? ofSample : on(place -> fit.fit(training, place));
    }

    /**
     * How many training rows {@link #fit(Rows)} can be given without holding more than 2^26 numbers (256 MiB) of what a
     * {@code classifier} makes of them: a million where there are ten columns and their squares and products. It holds as many numbers for
     * each of the validation rows, which are not counted here.
     */
    public int mostRows() {
        return fit.mostRows();
    }

    private DensityRatio on(Function<Device, DensityRatio> work) {
        if (device != null) {
            return work.apply(device);
        }
        try (Device own = Devices.open("auto")) {
            return work.apply(own);
        }
    }

    private void requireSummed() {
        if (!isSummed()) {
            throw new UsageException("method " + ofSample.method() + " is not fitted by sums here: take fit() or fit(rows)");
        }
    }
}
