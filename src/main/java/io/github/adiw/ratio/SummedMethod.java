package io.github.adiw.ratio;

/** A method with everything chosen, which needs sums over the training rows alone: they may lie in any number of places. */
interface SummedMethod extends TunedMethod {
    /** No sums yet, of what is fitted to these validation rows. */
    KernelSums sums(Matrix validation, FitContext context);

    /**
     * Fits to the training rows that were summed.
     *
     * @param validation that {@link #sums} was given
     * @throws io.github.adiw.AdiwException as {@link TunedMethod#fit}
     */
    KernelFunction fit(KernelSums sums, Matrix validation, FitContext context);

    @Override
    default KernelFunction fit(Matrix train, Matrix validation, FitContext context) {
        KernelSums sums = sums(validation, context);
        sums.add(train, context.device());
        return fit(sums, validation, context);
    }
}
