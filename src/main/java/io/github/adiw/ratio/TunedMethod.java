package io.github.adiw.ratio;

/** A method with everything chosen. */
interface TunedMethod {
    /** What was chosen. */
    Selection selection();

    /** Training rows of so many columns that {@link #fit} can be given without holding more than 2^26 numbers of them. */
    default int mostRows(int columns) {
        return Integer.MAX_VALUE;
    }

    /**
     * Fits to these rows with what was chosen. Centers are drawn from these validation rows, by the context's seed: where the rows are
     * those that it was tuned by, the same ones.
     *
     * @throws FitCancelledException        if the listener wants no more
     * @throws io.github.adiw.AdiwException if there is no such function, for instance since it is not finite; a sentence
     */
    RatioFunction fit(Matrix train, Matrix validation, FitContext context);
}
