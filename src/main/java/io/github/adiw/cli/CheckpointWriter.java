package io.github.adiw.cli;

import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingResult;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Saves a run while it goes on; what it hears, another listener hears first. */
final class CheckpointWriter implements TrainingListener {
    /** Where nothing else was asked for: no more than this is lost, however long an epoch is. */
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Trainer trainer;
    private final Saving saving;
    private final TrainingListener next;
    private final LongSupplier clock;
    private long last;
    private long saved = -1;

    /**
     * Where a run is saved, and what it begins with.
     *
     * @param folder the run's
     * @param every  epochs from one checkpoint to the next; null for 1, and five minutes where an epoch is longer
     * @param from   what the run goes on from; null where it begins
     */
    record Saving(RunFolder folder, Integer every, Checkpoint from) {}

    /** @param clock nanoseconds, as {@link System#nanoTime} */
    CheckpointWriter(Trainer trainer, Saving saving, TrainingListener next, LongSupplier clock) {
        this.trainer = trainer;
        this.saving = saving;
        this.next = next;
        this.clock = clock;
        this.last = clock.getAsLong();
        if (saving.from == null) {
            save();     // so that the folder says which run has begun there
        } else {
            saved = saving.from.step();
        }
    }

    @Override
    public void step(long done, long total) {
        next.step(done, total);
        if (saving.every == null && clock.getAsLong() - last >= LONGEST.toNanos()) {
            save();
        }
    }

    @Override
    public void epoch(EpochReport report) {
        next.epoch(report);
    }

    @Override
    public void completed(int epoch) {
        next.completed(epoch);
        if (saving.every == null || epoch % saving.every == 0) {
            save();
        }
    }

    /** Saves what a run has come to that ended, unless it failed: then it would fail again from there. */
    void end(TrainingResult result) {
        if (result.failure() == null) {
            save();
        }
    }

    private void save() {
        Checkpoint checkpoint = trainer.checkpoint();
        if (checkpoint.step() > saved) {
            saving.folder.save(checkpoint);
            saved = checkpoint.step();
        }
        last = clock.getAsLong();
    }
}
