package io.github.adiw.train;

/** Hears how training goes on, in the training thread. */
public interface TrainingListener {
    /** After some steps were enqueued: {@code done} of {@code total} in all. */
    default void step(long done, long total) {}

    /** After the evaluation that ends an epoch. */
    default void epoch(EpochReport report) {}
}
