package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.AdiwException;
import io.github.adiw.ChildJvm;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the native library comes from, what is said where it cannot come from there, and that nothing of it stays behind. */
class NativeLibraryTest {
    @TempDir
    Path folder;

    @BeforeEach
    void once() {
        assumeFalse(DeviceMatrix.slow(), "the same for every device");
    }

    /** Tries three times what needs the library, and then waits for a line if it is asked to. */
    static final class ThreeTimes {
        private ThreeTimes() {}

        public static void main(String[] arguments) throws IOException {
            List<Runnable> tries = List.of(() -> Devices.open("host", 1).close(), () -> Devices.open("host").close(), Devices::gpus);
            for (Runnable attempt : tries) {
                try {
                    attempt.run();
                    System.out.println("done");
                } catch (AdiwException e) {
                    System.out.println(e.getMessage());
                }
            }
            if (arguments.length > 0) {
                System.in.read();
            }
        }
    }

    private static List<String> tried(ChildJvm java) throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = java.run(ThreeTimes.class);
        assertThat(outcome.code()).as(outcome.toString()).isZero();
        assertThat(outcome.err()).isEmpty();
        List<String> lines = outcome.out().lines().toList();
        assertThat(lines).as(outcome.toString()).hasSize(3);
        return lines;
    }

    private void refused(ChildJvm java, String... parts) throws IOException, InterruptedException {
        List<String> lines = tried(java);
        assertThat(lines).as("the same sentence each time").containsOnly(lines.get(0).replaceAll("adiw-\\d+", "adiw-1"));
        assertThat(lines.get(0)).contains(parts);
    }

    @Test
    void onAnotherPlatform() throws IOException, InterruptedException {
        refused(new ChildJvm().option("-Dos.arch=aarch64"), "ADIW runs on linux-x86_64; this is linux-aarch64");
        refused(new ChildJvm().option("-Dos.name=Mac OS X"), "this is mac os x-amd64");
    }

    @ParameterizedTest
    @ValueSource(strings = {"java.io.tmpdir", NativeLibrary.FOLDER_PROPERTY})
    void whereThereIsNoFolder(String property) throws IOException, InterruptedException {
        refused(new ChildJvm().option("-D" + property + "=" + folder.resolve("none")), "cannot unpack libadiw.so into "
            + folder.resolve("none"), "there is no such folder", "-Dadiw.native.dir=FOLDER");
        Path file = Files.writeString(folder.resolve("file"), "x");
        refused(new ChildJvm().option("-D" + property + "=" + file), "cannot unpack libadiw.so into " + file, "Not a directory");
    }

    /** Both are full or noexec where a sandbox lets such a file system be mounted. */
    @Test
    void whereTheFolderIsFullOrRunsNothing() throws IOException, InterruptedException {
        for (String option : new String[] {"size=64k", "noexec"}) {
            Path mounted = Files.createDirectories(folder.resolve(option));
            Process mount = new ProcessBuilder("mount", "-t", "tmpfs", "-o", option, "tmpfs", mounted.toString()).redirectErrorStream(true)
                .start();
            mount.getInputStream().readAllBytes();
            assumeThat(mount.waitFor()).as("this process may mount").isZero();
            try {
                refused(new ChildJvm().option("-Djava.io.tmpdir=" + mounted), mounted.toString(),
                    option.equals("noexec") ? "failed to map segment" : "No space left on device", "-Dadiw.native.dir=FOLDER");
                assertThat(mounted).isEmptyDirectory();
                assertThat(tried(new ChildJvm().option("-Djava.io.tmpdir=" + mounted)
                    .option("-Dadiw.native.dir=" + Files.createDirectories(folder.resolve("good")))).subList(0, 2)).containsOnly("done");
            } finally {
                new ProcessBuilder("umount", mounted.toString()).start().waitFor();
            }
        }
    }

    @Test
    void aRelativeFolderWillDo() throws IOException, InterruptedException {
        Path relative = Path.of("").toAbsolutePath().relativize(folder.toRealPath());
        assertThat(tried(new ChildJvm().option("-Djava.io.tmpdir=" + relative)).subList(0, 2)).containsOnly("done");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aKilledProcessLeavesNothing() throws IOException, InterruptedException {
        Process process = new ChildJvm().option("-Djava.io.tmpdir=" + folder).start(ThreeTimes.class, "wait");
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        assertThat(out.readLine()).isEqualTo("done");
        assertThat(out.readLine()).isEqualTo("done");
        assertThat(out.readLine()).isNotNull();
        process.destroyForcibly();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(folder).isEmptyDirectory();
    }

    /** What was built here runs on RHEL 8. */
    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void needsNoNewerGlibcThan228() throws IOException, InterruptedException {
        Path libraries = Path.of("target/native/resources/native/linux-x86_64");
        Process check = new ProcessBuilder("native/least-glibc.sh", libraries.resolve("libadiw.so").toString(),
            libraries.resolve("libcuda.so.1").toString()).redirectErrorStream(true).start();
        String said = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(check.waitFor()).as(said).isZero();
    }
}
