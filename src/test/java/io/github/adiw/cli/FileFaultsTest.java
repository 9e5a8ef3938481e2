package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.ChildJvm;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Faults;
import io.github.adiw.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens where a process has no more file descriptors. */
class FileFaultsTest {
    @TempDir
    Path folder;

    /** Every opening of a file fails once, in every command: one sentence that says why, and nothing is lost. */
    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void eachOpeningMayFail() throws IOException, InterruptedException {
        assumeFalse(DeviceMatrix.slow(), "the stand-in driver is slow, and files are the command line's matter");
        table("train.csv", 40, 0);
        table("validation.csv", 30, 0.5);
        Cli.smallData(folder, 96, 20);
        Path orders = folder.resolve("orders");
        ChildJvm.Outcome outcome = Faults.java(orders).run(FileFaultProgram.class, orders.toString(), folder.toString());
        assertThat(outcome.code()).as(outcome.toString()).isZero();
        assertThat(outcome.out().lines()).as(outcome.err()).allMatch(line -> line.matches("\\w+ \\d+ \\d+")).hasSize(5).allSatisfy(line -> {
            String[] words = line.split(" ");
            assertThat(Integer.parseInt(words[1])).as(line).isGreaterThan(3);
            assertThat(Integer.parseInt(words[2])).as(line).isGreaterThan(1);
        });
    }

    private void table(String name, int rows, double mean) throws IOException {
        Random random = new Random(name.hashCode());
        StringBuilder text = new StringBuilder("a,b\n");
        for (int i = 0; i < rows; i++) {
            text.append(random.nextGaussian() + mean).append(',').append(random.nextGaussian()).append('\n');
        }
        Files.writeString(folder.resolve(name), text);
    }
}
