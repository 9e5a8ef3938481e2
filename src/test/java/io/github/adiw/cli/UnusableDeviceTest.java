package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.ChildJvm;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line where the system does not give what it needs. */
class UnusableDeviceTest {
    @TempDir
    Path folder;

    @BeforeEach
    void once() {
        assumeFalse(DeviceMatrix.slow(), "the same for every device");
    }

    private static ChildJvm.Outcome answered(ChildJvm java, String... arguments) throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = java.run(Main.class, arguments);
        assertThat(outcome.code()).as(outcome.toString()).isZero();
        assertThat(outcome.err()).doesNotContain("\tat ");
        return outcome;
    }

    private static void refused(ChildJvm java, String sentence, String... arguments) throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = java.run(Main.class, arguments);
        assertThat(outcome.code()).as(outcome.toString()).isEqualTo(1);
        assertThat(outcome.err().lines().filter(line -> line.startsWith("adiw: "))).as(outcome.toString()).singleElement().asString()
            .contains(sentence);
        assertThat(outcome.err()).doesNotContain("\tat ").doesNotContain("Exception");
    }

    @Test
    void infoAlwaysAnswers() throws IOException, InterruptedException {
        String[] faults = {"-Dos.arch=aarch64", "-Djava.io.tmpdir=" + folder.resolve("none"),
            "-Dadiw.native.dir=" + folder.resolve("none")};
        for (String fault : faults) {
            ChildJvm.Outcome outcome = answered(new ChildJvm().option(fault), "info");
            assertThat(outcome.out()).containsPattern("host +not usable: (ADIW runs on linux-x86_64|cannot unpack)").contains("because");
            JsonNode json = new ObjectMapper().readTree(answered(new ChildJvm().option(fault), "info", "--json").out());
            assertThat(json.get("chosen").get("usable").asBoolean()).isFalse();
        }
        assertThat(answered(new ChildJvm().option("-Xmx64m"), "info").out()).containsPattern("chosen +host: \\S");
    }

    @Test
    void commandsRefuseInASentence() throws IOException, InterruptedException {
        Path file = folder.resolve("x.npy");
        Npy.write(file, new float[] {0.1f, 0.5f, 0.9f, 1.4f}, 4);
        String[] weights = Cli
            .args("weights --method km --train " + file + " --validation " + file + " --output " + folder.resolve("w.npy"));
        refused(new ChildJvm().option("-Djava.io.tmpdir=" + folder.resolve("none")), "there is no such folder", weights);
        refused(new ChildJvm().option("-Dos.arch=aarch64"), "this is linux-aarch64", weights);
        refused(new ChildJvm().option("-Xmx20m"), "Java's heap of", Cli.args("train --data "
            + Cli.smallData(folder.resolve("data"), 100, 50) + " --device host --model mlp:8192 --batch 16 --validation-batch 16"
            + " --validation-samples 50 --epochs 1 --output " + folder.resolve("run")));
    }

    @Test
    void moreThreadsThanProcessorsAreSaid() throws IOException, InterruptedException {
        Path file = folder.resolve("x.npy");
        Npy.write(file, new float[] {0.1f, 0.5f, 0.9f, 1.4f}, 4);
        Cli run = Cli
            .done(Cli.args("weights --method km --device host --threads 1000 --train " + file + " --validation " + file + " --output "
                + folder.resolve("w.npy")));
        assertThat(run.err()).containsOnlyOnce("1000 threads are more than the");
    }
}
