package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.ChildJvm;
import io.github.adiw.AdiwException;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @Test
    void linksStayAndLeadToWhatIsWritten() throws IOException {
        Path file = Files.writeString(Files.createDirectory(folder.resolve("there")).resolve("file"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("there/file"));
        Path chain = Files.createSymbolicLink(folder.resolve("chain"), link);
        Path open = Files.createSymbolicLink(folder.resolve("open"), Path.of("made/by/it"));
        AtomicFile.writeString(link, "one");
        assertThat(file).hasContent("one");
        AtomicFile.writeString(chain, "two");
        assertThat(file).hasContent("two");
        AtomicFile.writeString(open, "three");
        assertThat(folder.resolve("made/by/it")).hasContent("three");
        AtomicFile.moveTo(Files.writeString(folder.resolve("new"), "four"), chain);
        assertThat(file).hasContent("four");
        assertThat(List.of(link, chain, open)).allMatch(Files::isSymbolicLink);
        assertThat(folder.resolve("new")).doesNotExist();
        Path circle = Files.createSymbolicLink(folder.resolve("circle"), Path.of("round"));
        Files.createSymbolicLink(folder.resolve("round"), circle);
        assertThatThrownBy(() -> AtomicFile.writeString(circle, "five")).isInstanceOf(AdiwException.class)
            .hasMessage(circle + " is a link that leads round in a circle, and a file was expected");
        try (var left = Files.walk(folder)) {
            assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.endsWith(".tmp"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "rw-rw-rw-", "r--r-----"})
    void permissionsAreThoseOfTheFileThatWasThere(String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        AtomicFile.write(file, out -> {
            out.write("new".getBytes(StandardCharsets.UTF_8));
            try (var all = Files.list(folder)) {
                Path temporary = all.filter(path -> !path.equals(file)).findFirst().orElseThrow();
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temporary))).isEqualTo("rw-------");
            }
        });
        assertThat(file).content().isEqualTo("new");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo(permissions);
        AtomicFile.moveTo(Files.writeString(folder.resolve("next"), "next"), file);
        assertThat(file).content().isEqualTo("next");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo(permissions);
    }

    /** Writes where links lead to its own streams, and prints besides. */
    static final class StreamWriter {
        private StreamWriter() {}

        public static void main(String[] args) {
            for (String link : args) {
                System.out.println("before");
                System.err.println("before");
                AtomicFile.writeString(Path.of(link), "content\n");
                System.out.println("after");
                System.err.println("after");
            }
        }
    }

    /** Output that was directed into a file: its name stays, and what is written stands between what is printed. */
    @Test
    void standardOutputAndErrorAreWrittenToWhereTheyStand() throws Exception {
        Path out = Files.createSymbolicLink(folder.resolve("out"), Path.of("/proc/self/fd/1"));
        Path err = Files.createSymbolicLink(folder.resolve("err"), Path.of("/dev/stderr"));
        ChildJvm.Outcome writer = new ChildJvm().run(StreamWriter.class, out.toString(), err.toString(), "/dev/fd/1");
        assertThat(writer.code()).as(writer.err()).isZero();
        assertThat(writer.out()).isEqualTo("before\ncontent\nafter\nbefore\nafter\nbefore\ncontent\nafter\n");
        assertThat(writer.err()).isEqualTo("before\nafter\nbefore\ncontent\nafter\nbefore\nafter\n");
        assertThat(List.of(out, err, Path.of("/dev/stderr"))).allMatch(Files::isSymbolicLink);
    }

    @Test
    void anotherDescriptorIsWrittenToAtItsEnd() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old, ");
        try (FileInputStream held = new FileInputStream(file.toFile()); var all = Files.list(Path.of("/proc/self/fd"))) {
            Path descriptor = all.filter(path -> leadsTo(path, file)).findFirst().orElseThrow();
            AtomicFile.writeString(Files.createSymbolicLink(folder.resolve("link"), descriptor), "new");
            assertThat(new String(held.readAllBytes(), StandardCharsets.UTF_8)).as("the file that was open").isEqualTo("old, new");
        }
    }

    private static boolean leadsTo(Path descriptor, Path file) {
        try {
            return Files.readSymbolicLink(descriptor).equals(file.toRealPath());
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void devicesAndPipesAreWrittenToAsTheyAre() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        for (Path path : List.of(pipe, Files.createSymbolicLink(folder.resolve("link"), pipe))) {
            CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
                try (InputStream in = new BufferedInputStream(new FileInputStream(pipe.toFile()))) {
                    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            AtomicFile.writeString(path, "content");
            assertThat(read.get(1, TimeUnit.MINUTES)).isEqualTo("content");
        }
        Path full = Files.createSymbolicLink(folder.resolve("full"), Path.of("/dev/full"));
        assertThatThrownBy(() -> AtomicFile.writeString(full, "content")).isInstanceOf(AdiwException.class)
            .hasMessage("cannot write " + full + ": No space left on device");
        assertThat(full).isSymbolicLink();
    }

    /** The rest waits beside the file, under a name that says whose it is, and that the next file's writer knows. */
    @Test
    void whatComesFirstMayBeWrittenLast() throws IOException {
        Path file = folder.resolve("new/file");
        AtomicFile.write(file, out -> {
            out.write("rest".getBytes(StandardCharsets.UTF_8));
            try (var all = Files.list(file.getParent())) {
                assertThat(all.map(path -> path.getFileName().toString())).singleElement().asString()
                    .matches("\\.file\\." + ProcessHandle.current().pid() + "-[0-9a-f]+\\.tmp");
            }
        }, out -> out.write("head, ".getBytes(StandardCharsets.UTF_8)));
        assertThat(file).hasContent("head, rest");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
            throw new IOException("disk full");
        }, out -> out.write(1))).hasMessage("cannot write " + file + ": disk full");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> out.write(1), out -> {
            throw new IllegalStateException("enough");
        })).hasMessage("enough");
        assertThat(file).hasContent("head, rest");
        try (var left = Files.list(file.getParent())) {
            assertThat(left).containsExactly(file);
        }
    }
}
