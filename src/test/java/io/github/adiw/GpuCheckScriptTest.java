package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code benchmarks/gpu/check.sh} promises of its stages, with a stand-in for Java that fails, hangs or prints as each test says. The
 * script itself over the stand-in driver takes minutes and is run by hand.
 */
@Tag(Fixtures.SOURCE_TREE)
class GpuCheckScriptTest {
    @TempDir
    private Path folder;
    private Path out;

    @BeforeEach
    void copyTheScript() throws IOException {
        out = folder.resolve("results");
        Files.copy(Path.of("benchmarks/gpu/check.sh"), folder.resolve("check.sh"));
        Files.createDirectories(folder.resolve("runtime/bin"));
    }

    /** @param branches of a case of bash's: patterns of Java's arguments, and what is done */
    private ProcessBuilder check(String branches, String... environment) throws IOException {
        Path java = folder.resolve("runtime/bin/java");
        Files.writeString(java, "#!/bin/bash\ncase \"$*\" in\n" + branches + "\nesac\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        ProcessBuilder builder = new ProcessBuilder("bash", folder.resolve("check.sh").toString()).redirectErrorStream(true);
        builder.environment().putAll(Map.of("OUT", out.toString(), "ADIW_CHECK_DEVICE", "simt", "PYTHON", "false"));
        for (int i = 0; i < environment.length; i += 2) {
            builder.environment().put(environment[i], environment[i + 1]);
        }
        return builder;
    }

    private List<String> summary() throws IOException {
        return Files.readAllLines(out.resolve("summary.txt"));
    }

    @Test
    void aStageThatFailsOrHangsStopsNoOther() throws IOException, InterruptedException {
        Process process = check("""
            *StepsOnDevice*) echo 'lenet step 5 us'; exit 3;;
            *DeviceLimits*) echo 'tick 32 ns'; sleep 60;;
            *EstimationOnDevice*) echo 'estimation 7 us';;
            *) echo good;;""", "ADIW_CHECK_STAGES", "info steps torch_graph limits estimation", "ADIW_CHECK_SECONDS", "8").start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isEqualTo(1);
        assertThat(summary()).as(printed).anyMatch(line -> line.startsWith("info: the device opens") && line.contains("yes"))
            .contains("lenet step 5 us").anyMatch(line -> line.matches("steps +FAILED \\(status [13]\\)"))
            .anyMatch(line -> line.matches("PyTorch +left out: false has no torch")).contains("tick 32 ns")
            .anyMatch(line -> line.matches("limits +STOPPED after its [5-8] s"))
            .anyMatch(line -> line.matches("estimation +left out: the time is up")).last().asString().contains("NOT ALL PASSED");
        assertThat(printed).contains("tick 32 ns");
        try (var files = Files.list(out)) {
            assertThat(files.count()).isLessThanOrEqualTo(8);
        }
    }

    @Test
    void saysThatAllPassed() throws IOException, InterruptedException {
        Process process = check("*EstimationOnDevice*) echo 'estimation 7 us';;\n*) echo good;;", "ADIW_CHECK_STAGES", "info estimation")
            .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(summary()).contains("estimation 7 us").last().asString().contains("all passed").doesNotContain("NOT");
    }

    @Test
    void whatIsDoneSoFarIsThereWhenItIsEnded() throws IOException, InterruptedException {
        Process process = check("*DeviceLimits*) echo 'tick 32 ns'; sleep 60;;\n*) echo good;;", "ADIW_CHECK_STAGES", "info limits")
            .start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < end && !(Files.exists(out.resolve("summary.txt")) && summary().contains("tick 32 ns"))) {
            Thread.sleep(50);
        }
        assertThat(summary()).anyMatch(line -> line.startsWith("machine")).contains("tick 32 ns");
        process.toHandle().destroy();        // unlike the process's own, it leaves the stream open
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isEqualTo(143);
        assertThat(printed).contains("tick 32 ns").containsPattern("ended early +in the stage limits").contains("NOT ALL PASSED");
    }
}
