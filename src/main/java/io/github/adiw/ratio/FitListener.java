package io.github.adiw.ratio;

/** Hears how a fit goes on, and may stop it. Called by the fitting thread. */
public interface FitListener {
    /** Hears nothing. */
    FitListener NONE = new FitListener() {};

    /** A sentence for a person: a column that was dropped, rows that were drawn. */
    default void notice(String sentence) {}

    /**
     * Something was done.
     *
     * @param what what is going on, a few words, for instance {@code kl: choosing the bandwidth}
     * @param done how much of it is done
     * @param of   how much there is, at least 1; most that it can be, where it may end earlier
     */
    default void progress(String what, long done, long of) {}

    /** Whether to stop: what was reached is returned where there is anything, else {@link FitCancelledException} is thrown. */
    default boolean cancelled() {
        return false;
    }
}
