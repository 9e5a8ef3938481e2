package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
