package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;

/** Breaks a small file in every way of a kind, and checks that reading it says so in one sentence that names the file. */
public final class FileCorruption {
    private FileCorruption() {
    }

    /** Every truncation of the file is refused; also the empty file, also a missing one and a folder. */
    public static void everyTruncationIsRefused(Path good, Path folder, Function<Path, ?> read) throws IOException {
        byte[] whole = Files.readAllBytes(good);
        Path broken = folder.resolve("cut-" + good.getFileName());
        for (int length = 0; length < whole.length; length++) {
            Files.write(broken, Arrays.copyOf(whole, length));
            refused(broken, read, "cut to " + length + " of " + whole.length + " bytes");
        }
        Files.delete(broken);
        refused(broken, read, "missing");
        Files.createDirectory(broken);
        refused(broken, read, "a folder");
    }

    /** Bytes after the end are refused. */
    public static void trailingBytesAreRefused(Path good, Path folder, Function<Path, ?> read) throws IOException {
        byte[] whole = Files.readAllBytes(good);
        Path broken = folder.resolve("long-" + good.getFileName());
        for (int extra : new int[] {1, 2, 4, 7, 8, 9, 20, 100, 70_000}) {
            for (byte filler : new byte[] {0, -1, 31}) {
                byte[] longer = Arrays.copyOf(whole, whole.length + extra);
                Arrays.fill(longer, whole.length, longer.length, filler);
                Files.write(broken, longer);
                refused(broken, read, extra + " bytes " + filler + " appended");
            }
        }
    }

    /** Any byte replaced by any other of a few: read, or refused in a sentence; nothing else is thrown. */
    public static void everyFlipIsReadOrRefused(Path good, Path folder, Function<Path, ?> read) throws IOException {
        byte[] whole = Files.readAllBytes(good);
        Path broken = folder.resolve("flip-" + good.getFileName());
        for (int at = 0; at < whole.length; at++) {
            for (int flip : new int[] {1, 2, 16, 128, 255}) {
                byte[] flipped = whole.clone();
                flipped[at] ^= (byte) flip;
                Files.write(broken, flipped);
                Throwable thrown = catchThrowable(() -> read.apply(broken));
                if (thrown != null) {
                    sentence(thrown, broken, "byte " + at + " ^ " + flip);
                }
            }
        }
    }

    public static void refused(Path broken, Function<Path, ?> read, String how) {
        Throwable thrown = catchThrowable(() -> read.apply(broken));
        assertThat(thrown).as("reading a file that is %s", how).isNotNull();
        sentence(thrown, broken, how);
    }

    private static void sentence(Throwable thrown, Path broken, String how) {
        assertThat(thrown).as(how).isExactlyInstanceOf(AdiwException.class);
        assertThat(thrown.getMessage()).as(how).contains(broken.getFileName().toString()).doesNotContain("\n", "null")
            .hasSizeBetween(30, 400);
    }
}
