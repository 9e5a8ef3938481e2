package io.github.adiw.train;

/** Hears how training goes on, in the training thread; in every one of these calls {@link Trainer#checkpoint} may be taken. */
public interface TrainingListener {
    /** After some steps were enqueued: {@code done} of {@code total} in all. */
    default void step(long done, long total) {}

    /** After the evaluation that ends an epoch, or a part of one where training was stopped. */
    default void epoch(EpochReport report) {}

    /** After an epoch was completed, with or without an evaluation: {@code epoch}, from 1. */
    default void completed(int epoch) {}
}
