package io.github.adiw.ratio;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;

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
 *     DensityRatio ratio = choice.fit();
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
     * @throws UsageException               if the method is not {@linkplain #isSummed summed}, or there are no rows
     * @throws io.github.adiw.AdiwException if there is no ratio
     */
    public DensityRatio fit(TrainingSums sums) {
        requireSummed();
        if (sums.rows() == 0) {
            throw UsageException.of("sums", "sums are of no rows: add the training rows");
        }
        if (device != null) {
            return fit.fit(sums, device);
        }
        try (Device own = Devices.open("auto")) {
            return fit.fit(sums, own);
        }
    }

    private void requireSummed() {
        if (!isSummed()) {
            throw new UsageException("method " + ofSample.method() + " is not fitted by sums here: take fit()");
        }
    }
}
