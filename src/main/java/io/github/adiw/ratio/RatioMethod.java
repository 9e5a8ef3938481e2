package io.github.adiw.ratio;

/** A way to estimate r = p_validation / p_train as a function, which holds at new points too. */
interface RatioMethod {
    /** As a user types it. */
    String name();

    /**
     * Chooses by these rows whatever the settings leave open, for instance a bandwidth; the same rows, settings and seed give the same
     * choice.
     *
     * @param train      training rows, at least 1
     * @param validation validation rows, at least 1
     * @throws FitCancelledException        if the listener wants no more
     * @throws io.github.adiw.AdiwException if nothing can be chosen, for instance since there are too few rows; a sentence
     */
    TunedMethod tune(Matrix train, Matrix validation, FitContext context);
}
