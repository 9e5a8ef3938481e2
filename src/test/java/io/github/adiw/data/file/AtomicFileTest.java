package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.ChildJvm;
import io.github.adiw.AdiwException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void aFailedWriteLeavesTheOldFile() throws IOException {
        Path file = Files.writeString(folder.resolve("kept"), "old");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
            out.write(new byte[100_000]);
            throw new IOException("disk full");
        })).isInstanceOf(AdiwException.class).hasMessage("cannot write " + file + ": disk full");
        assertThat(file).hasContent("old");
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    /** Writes a file, in a process of its own. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) {
            AtomicFile.writeString(Path.of(args[0]), "content");
        }
    }

    /** What must survive a loss of power, by the calls that the operating system hears, in their order. */
    @Test
    void theContentIsOnTheDiskBeforeTheNameAndTheNameBeforeTheEnd() throws Exception {
        Path log = folder.resolve("calls");
        Path library = folder.resolve("durability.so");
        Path source = Path.of(AtomicFileTest.class.getResource("/durability.c").toURI());
        assertThat(new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl").inheritIO().start()
            .waitFor()).isZero();
        Path results = folder.resolve("new/results");
        ChildJvm.Outcome writer = new ChildJvm().environment("LD_PRELOAD", library.toString()).environment("DURABILITY_LOG", log.toString())
            .run(Writer.class, results.resolve("file").toString());
        assertThat(writer.code()).as(writer.err()).isZero();
        assertThat(results.resolve("file")).hasContent("content");
        String root = folder.toRealPath().toString();
        List<String> calls = Files.readAllLines(log).stream().filter(call -> call.contains(root))
            .map(call -> call.replaceAll("\\.file\\.[^ ]*tmp", "TEMPORARY").replace(root, "").strip()).toList();
        assertThat(calls).containsExactly("sync /new", "sync", "sync /new/results/TEMPORARY",
            "rename /new/results/TEMPORARY /new/results/file", "sync /new/results");
    }

    @Test
    void whatKilledProcessesLeftIsDeleted() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Path dead = Files.createFile(folder.resolve(".a.csv." + ended.pid() + "-1f.tmp"));
        List<Path> kept = List.of(Files.createFile(folder.resolve(".a.csv." + ProcessHandle.current().pid() + "-1f.tmp")),
            Files.createFile(folder.resolve(".notes.tmp")), Files.createFile(folder.resolve("a.csv." + ended.pid() + "-1f.tmp")));
        AtomicFile.deleteLeftOvers(folder);
        assertThat(dead).doesNotExist();
        assertThat(kept).allMatch(Files::exists);
        AtomicFile.deleteLeftOvers(folder.resolve("missing"));
    }

    @Test
    void replacesAndMakesFolders() {
        Path file = folder.resolve("a/b/c.txt");
        AtomicFile.writeString(file, "one");
        AtomicFile.writeString(file, "zw\u00f6lf");
        assertThat(file).hasContent("zw\u00f6lf");
    }

    @Test
    void saysBeforehandThatAFolderCannotBeWritten() throws IOException {
        Path good = folder.resolve("runs/1");
        AtomicFile.prepareFolder(good);
        AtomicFile.prepareFolder(good);
        assertThat(good).isEmptyDirectory();
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (Path bad : new Path[] {file, file.resolve("below"), Path.of("/proc/adiw")}) {
            assertThatThrownBy(() -> AtomicFile.prepareFolder(bad)).isInstanceOf(AdiwException.class)
                .hasMessageStartingWith("cannot write to the folder " + bad + ": ").hasMessageNotContaining("null");
        }
    }

    /** What a process of this number has left, which was killed that long ago. */
    private Path leftBy(long process, Duration ago) throws IOException {
        Path file = Files.writeString(folder.resolve(".epochs.csv." + process + "-1f3a5.tmp"), "half");
        return Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(ago)));
    }

    @Test
    void whatADeadProcessLeftGoesWithTheNextFile() throws IOException, InterruptedException {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Path own = leftBy(ProcessHandle.current().pid(), Duration.ofMinutes(2));
        Path fresh = Files.writeString(folder.resolve(".a." + dead.pid() + "-2.tmp"), "perhaps of a process on another machine");
        Path another = Files.writeString(folder.resolve(".somebody-else.tmp"), "kept");
        Files.setLastModifiedTime(another, FileTime.from(Instant.now().minus(Duration.ofDays(9))));
        Path leftover = leftBy(dead.pid(), Duration.ofMinutes(2));
        AtomicFile.writeString(folder.resolve("other.csv"), "new");
        assertThat(leftover).doesNotExist();
        assertThat(own).exists();
        assertThat(fresh).exists();
        assertThat(another).exists();
    }
}
