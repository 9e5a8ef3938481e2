package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Builds and runs {@code native/simt/test}: kernels that break a rule (a missing barrier among them) must be caught. */
@Tag(Fixtures.SOURCE_TREE)
class StandInSelfTest {
    @Test
    void catchesKernelsThatBreakARule() throws IOException, InterruptedException {
        assumeTrue(DeviceMatrix.slow(), "the stand-in's own checks run in its test run (-Dadiw.test.device=simt)");
        assertThat(StandInControl.make("selftest")).containsPattern("(\\d\\d+) of \\1 checks passed");
    }
}
