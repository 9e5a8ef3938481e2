package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.Fixtures;
import org.junit.jupiter.api.Tag;
import io.github.adiw.DeviceMatrix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Builds and runs {@code native/simt/test}: kernels that break a rule (a missing barrier among them) must be caught. */
@Tag(Fixtures.SOURCE_TREE)
class StandInSelfTest {
    @Test
    void catchesKernelsThatBreakARule() throws IOException, InterruptedException {
        assumeTrue(DeviceMatrix.slow(), "the stand-in's own checks run in its test run (-Dadiw.test.device=simt)");
        Process make = new ProcessBuilder("make", "-s", "-C", "native", "OUT=" + Path.of("target/native").toAbsolutePath(),
            "JAVA_HOME=" + System.getProperty("java.home"), "selftest").redirectErrorStream(true).start();
        String output = new String(make.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(make.waitFor()).as(output).isZero();
        assertThat(output).containsPattern("(\\d\\d+) of \\1 checks passed");
    }
}
