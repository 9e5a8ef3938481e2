package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

public class IdxFileTest {
    @TempDir
    Path folder;
    private final byte[] values = new byte[2 * 3 * 5];
    private Path plain;
    private Path gzip;

    @BeforeEach
    void write() throws IOException {
        new Random(1).nextBytes(values);
        plain = Files.write(folder.resolve("plain"), idx(0x803, values, 2, 3, 5));
        gzip = Files.write(folder.resolve("gzip"), gzip(idx(0x803, values, 2, 3, 5)));
    }

    public static byte[] idx(int magic, byte[] values, int... shape) {
        ByteBuffer file = ByteBuffer.allocate(4 + 4 * shape.length + values.length).putInt(magic);
        for (int length : shape) {
            file.putInt(length);
        }
        return file.put(values).array();
    }

    public static byte[] gzip(byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(content);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return out.toByteArray();
    }

    @Test
    void readsPlainAndGzipWhateverTheName() {
        for (Path file : new Path[] {plain, gzip}) {
            IdxFile read = IdxFile.read(file, 3);
            assertThat(read.shape()).containsExactly(2, 3, 5);
            assertThat(read.values()).isEqualTo(values);
        }
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        FileCorruption.everyTruncationIsRefused(plain, folder, p -> IdxFile.read(p, 3));
        FileCorruption.everyTruncationIsRefused(gzip, folder, p -> IdxFile.read(p, 3));
    }

    @Test
    void refusesTrailingBytes() throws IOException {
        FileCorruption.trailingBytesAreRefused(plain, folder, p -> IdxFile.read(p, 3));
        FileCorruption.trailingBytesAreRefused(gzip, folder, p -> IdxFile.read(p, 3));
        byte[] longer = idx(0x803, new byte[31], 2, 3, 5);
        FileCorruption.refused(Files.write(folder.resolve("inside"), gzip(longer)), p -> IdxFile.read(p, 3), "longer inside");
    }

    @Test
    void refusesFlippedBytesInASentence() throws IOException {
        FileCorruption.everyFlipIsReadOrRefused(plain, folder, p -> IdxFile.read(p, 3));
        FileCorruption.everyFlipIsReadOrRefused(gzip, folder, p -> IdxFile.read(p, 3));
    }

    @Test
    void saysWhatWasFoundAndWhatWasExpected() throws IOException {
        assertThatThrownBy(() -> IdxFile.read(plain, 1)).isInstanceOf(AdiwException.class)
            .hasMessage(plain + " is broken: its magic number is 0x00000803, and 0x00000801 was expected (unsigned bytes,"
                + " 1 dimension)");
        Path floats = Files.write(folder.resolve("floats"), idx(0xd01, new byte[4], 1));
        assertThatThrownBy(() -> IdxFile.read(floats, 1)).hasMessageContaining("0x00000d01").hasMessageContaining("0x00000801");
        Path none = Files.write(folder.resolve("none"), idx(0x801, new byte[0], 0));
        assertThatThrownBy(() -> IdxFile.read(none, 1)).hasMessageContaining("dimension 0").hasMessageContaining("is 0");
        Path short1 = Files.write(folder.resolve("short"), gzip(idx(0x803, new byte[29], 2, 3, 5)));
        assertThatThrownBy(() -> IdxFile.read(short1, 3)).hasMessageContaining("2 x 3 x 5 = 30 values, and 29 follow");
    }

    @Test
    void refusesAHugeHeaderBeforeAllocating() throws IOException {
        for (int[] shape : new int[][] {{40_000, 200, 200}, {Integer.MAX_VALUE, Integer.MAX_VALUE, 1}, {-1, 1, 1}}) {
            Path huge = Files.write(folder.resolve("huge"), gzip(idx(0x803, new byte[10], shape)));
            FileCorruption.refused(huge, p -> IdxFile.read(p, 3), "huge");
        }
    }

    @Test
    void memoryIsInStepWithWhatWasReadAndNotWithTheHeader() throws IOException {
        byte[] noise = new byte[920_000];       // gzip cannot make it smaller: its 0.9 MB could hold the 940 MB that the header claims
        new Random(2).nextBytes(noise);
        Path claims = Files.write(folder.resolve("claims"), gzip(idx(0x803, noise, 940_000, 10, 100)));
        long allocated = Allocated.by(() -> assertThatThrownBy(() -> IdxFile.read(claims, 3)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("940000 x 10 x 100 = 940000000 values, and 920000 follow"));
        assertThat(allocated).isLessThan(16L << 20);
    }

    @Test
    void aBombIsRefusedByItsShapeBeforeItIsUnpacked() throws IOException {
        Path bomb = Files.write(folder.resolve("bomb"), gzip(idx(0x801, new byte[50_000_000], 50_000_000)));
        long allocated = Allocated.by(() -> assertThatThrownBy(() -> IdxFile.read(bomb, 1, shape -> {
            throw new AdiwException("not " + shape[0]);
        })).hasMessage("not 50000000"));
        assertThat(allocated).isLessThan(16L << 20);
        assertThat(IdxFile.read(bomb, 1).values()).hasSize(50_000_000);
    }

    @Test
    void anEndlessDeviceIsNotReadToItsEnd() {
        assertThatThrownBy(() -> IdxFile.read(Path.of("/dev/zero"), 3)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("magic number is 0x00000000");
        assertThatThrownBy(() -> IdxFile.read(Path.of("/dev/null"), 3)).hasMessageContaining("is empty");
    }

    @Test
    void whatDoesNotFitIntoTheHeapIsSaid() {
        assertThatThrownBy(() -> HeapRoom.of("x.gz", 3L << 30, () -> {
            throw new OutOfMemoryError("Java heap space");
        })).isInstanceOf(AdiwException.class).hasMessageContaining("x.gz holds values that take 3,073 MiB").hasMessageContaining("-Xmx");
    }
}
