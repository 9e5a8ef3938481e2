package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.LeftOut;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LauncherTest {
    @Test
    void findsWhatIsMissing() throws IOException {
        assertThat(Launcher.missing(LauncherTest.class.getClassLoader())).isEmpty();
        try (LeftOut loader = new LeftOut("me/tongfei/")) {
            assertThat(Launcher.missing(loader)).containsExactly("progressbar");
        }
    }

    @Test
    void saysSoInOneLine() throws Exception {
        String classes = Path.of(Launcher.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classes,
            Launcher.class.getName(), "info").redirectErrorStream(true).start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines()).singleElement().asString()
            .startsWith("adiw: the command line needs picocli, progressbar, xchart").contains("classifier cli");
        assertThat(process.waitFor()).isEqualTo(1);
    }
}
