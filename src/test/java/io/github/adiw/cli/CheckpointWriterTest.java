package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Device;
import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When checkpoints are written. */
class CheckpointWriterTest {
    private static final int STEPS = 4;

    @TempDir
    Path folder;
    private long now;
    private final List<Long> seen = new ArrayList<>();

    private RunFolder run(Device device, TrainingOptions options, String data) {
        return RunFolder.anywhere(folder, RunFolder.settings(options, data, device, 1));
    }

    /** Steps at which there were new checkpoints, over three epochs of four steps that take {@code minutes} each. */
    private List<Long> written(Integer every, int minutes) {
        Dataset dataset = FashionMnist.sample();
        TrainingOptions options = TrainingOptions.builder().model("mlp:4").method("uniform").trainSamples(STEPS * 8).validationSamples(8)
            .batch(8).validationBatch(8).epochs(3).build();
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, dataset, options)) {
            RunFolder run = run(device, options, dataset.identity());
            TrainingListener looks = new TrainingListener() {
                @Override
                public void step(long done, long total) {
                    look();
                    now += Duration.ofMinutes(minutes).toNanos();
                }

                @Override
                public void epoch(EpochReport report) {
                    look();
                }
            };
            CheckpointWriter writer = new CheckpointWriter(trainer, new CheckpointWriter.Saving(run, every, null), looks, () -> now);
            writer.end(trainer.run(writer));
            look();
            Checkpoint found = run.find(notice -> {}).checkpoint();
            assertThat(found.step()).isEqualTo(3L * STEPS);
        }
        return seen;
    }

    /** Two are kept, so that none that was written between two looks is missed. */
    private void look() {
        List<Path> files = new Checkpoints(folder).files();
        assertThat(files).hasSizeLessThanOrEqualTo(2);
        for (int i = files.size() - 1; i >= 0; i--) {
            long step = Checkpoint.read(files.get(i)).step();
            if (!seen.contains(step)) {
                seen.add(step);
            }
        }
    }

    @Test
    void everyEpoch() {
        assertThat(written(null, 1)).containsExactly(0L, 4L, 8L, 12L);
    }

    @Test
    void insideALongEpoch() {
        assertThat(written(null, 3)).containsExactly(0L, 2L, 4L, 6L, 8L, 10L, 12L);
    }

    @Test
    void everySecondEpochAndAtTheEnd() {
        assertThat(written(2, 3)).containsExactly(0L, 8L, 12L);
    }
}
