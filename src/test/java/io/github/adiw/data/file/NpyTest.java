package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import io.github.adiw.Fixtures;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class NpyTest {
    @TempDir
    Path folder;

    /** A file that NumPy or the safetensors package wrote (make_fixtures.py). */
    public static Path fixture(String name) {
        return Fixtures.path("data/" + name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "float64", "version2", "version3", "fortran", "big-endian"})
    void readsWhatNumPyWrote(String name) {
        Npy array = Npy.read(fixture(name + ".npy")).requireFinite().requireShape(2, 3).requireShape(-1, 3);
        assertThat(array.toFloats()).containsExactly(-2f, -0.5f, 1f, 2.5f, 4f, 5.5f);
        assertThat(array.toDoubles()).containsExactly(-2, -0.5, 1, 2.5, 4, 5.5);
        assertThat(array.isFloating()).isTrue();
        assertThatThrownBy(array::toInts).isInstanceOf(AdiwException.class).hasMessageContaining("int32 or int64 or uint8");
    }

    @Test
    void readsThreeDimensionsInEitherOrder() {
        int[] expected = IntStream.range(0, 24).toArray();
        assertThat(Npy.read(fixture("cube.npy")).requireShape(2, 3, 4).toInts()).containsExactly(expected);
        assertThat(Npy.read(fixture("cube-fortran.npy")).requireShape(2, 3, 4).toInts()).containsExactly(expected);
    }

    @Test
    void readsIntegersAndScalars() {
        assertThat(Npy.read(fixture("int32.npy")).toInts()).containsExactly(-2, 0, Integer.MAX_VALUE);
        assertThat(Npy.read(fixture("int64.npy")).toInts()).containsExactly(-2, 0, 9);
        assertThat(Npy.read(fixture("uint8.npy")).toInts()).containsExactly(0, 128, 255);
        assertThat(Npy.read(fixture("uint8.npy")).toDoubles()).containsExactly(0, 128, 255);
        assertThat(Npy.read(fixture("bool.npy")).requireType(Npy.Type.BOOL).toDoubles()).containsExactly(1, 0);
        assertThat(Npy.read(fixture("scalar.npy")).shape()).isEmpty();
        assertThat(Npy.read(fixture("scalar.npy")).toFloats()).containsExactly(2.5f);
    }

    @ParameterizedTest
    @CsvSource({"complex, <c8", "records, records",
        "empty, 'empty array of shape [0, 3]'"})
    void refusesWhatItDoesNotRead(String name, String reason) {
        assertThatThrownBy(() -> Npy.read(fixture(name + ".npy"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining(name + ".npy").hasMessageContaining(reason.replace("'", "")).hasMessageContaining("expected");
    }

    @Test
    void namesTheElementThatIsNotFinite() {
        assertThatThrownBy(() -> Npy.read(fixture("nan.npy")).requireFinite()).isInstanceOf(AdiwException.class)
            .hasMessageContaining("NaN at index [1, 1]");
        assertThatThrownBy(() -> Npy.read(fixture("infinite.npy")).requireFinite()).isInstanceOf(AdiwException.class)
            .hasMessageContaining("-Infinity at index [1]");
    }

    @Test
    void refusesBrokenFiles() throws IOException {
        for (String name : new String[] {"float32.npy", "version2.npy", "version3.npy", "int64.npy", "fortran.npy"}) {
            FileCorruption.everyTruncationIsRefused(fixture(name), folder, Npy::read);
            FileCorruption.trailingBytesAreRefused(fixture(name), folder, Npy::read);
            FileCorruption.everyFlipIsReadOrRefused(fixture(name), folder, Npy::read);
        }
    }

    @Test
    void writesByteForByteWhatNumPyWrites() throws IOException {
        Path file = folder.resolve("a/b/out.npy");
        Npy.write(file, Npy.read(fixture("float32.npy")).toFloats(), 2, 3);
        assertThat(file).hasSameBinaryContentAs(fixture("float32.npy"));
        Npy.write(file, Npy.read(fixture("float64.npy")).toDoubles(), 2, 3);
        assertThat(file).hasSameBinaryContentAs(fixture("float64.npy"));
        Npy.write(file, new int[] {-2, 0, Integer.MAX_VALUE}, 3);
        assertThat(file).hasSameBinaryContentAs(fixture("int32.npy"));
        Npy.write(file, new long[] {-2, 0, 9}, 1, 3);
        assertThat(file).hasSameBinaryContentAs(fixture("int64.npy"));
        Npy.write(file, new byte[] {0, (byte) 128, (byte) 255}, 3);
        assertThat(file).hasSameBinaryContentAs(fixture("uint8.npy"));
        Npy.write(file, new float[] {2.5f});
        assertThat(file).hasSameBinaryContentAs(fixture("scalar.npy"));
        try (var left = Files.list(file.getParent())) {
            assertThat(left).containsExactly(file);
        }
    }

    @Property(tries = 50)
    void whatIsWrittenIsRead(@ForAll @Size(min = 1, max = 200) float[] values, @ForAll @IntRange(min = 1, max = 300) int repeat)
        throws IOException {
        Path file = Files.createTempFile("adiw", ".npy");
        try {
            float[] many = new float[values.length * repeat];
            for (int i = 0; i < many.length; i++) {
                many[i] = values[i % values.length];
            }
            Npy.write(file, many, repeat, values.length);
            Npy read = Npy.read(file).requireShape(repeat, values.length).requireType(Npy.Type.FLOAT32);
            assertThat(read.toFloats()).isEqualTo(many);
        } finally {
            Files.delete(file);
        }
    }

    /** Reads a file in a process of its own, and prints why it could not. */
    static final class Reader {
        private Reader() {}

        public static void main(String[] args) {
            assertThatThrownBy(() -> Npy.read(Path.of(args[0]))).isInstanceOf(AdiwException.class)
                .satisfies(e -> System.out.println(e.getMessage()));
        }
    }

    @Test
    void aSparseFileOfEightGigabytesIsRefusedInASentence() throws Exception {
        for (boolean fortran : new boolean[] {false, true}) {
            Path sparse = Files.write(folder.resolve("sparse.npy"), header("<f8", fortran, (1 << 29) + ", 2"));
            try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
                file.setLength(file.length() + (8L << 30));
            }
            Process reader = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Reader.class.getName(),
                sparse.toString()).redirectErrorStream(true).start();
            String said = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(reader.waitFor()).as(said).isZero();
            assertThat(said).startsWith(sparse + " holds values that take 8,193 MiB").contains("64 MiB has no room");
        }
    }

    @Test
    void refusesMoreThan32Dimensions() throws IOException {
        byte[] value = {7};
        for (int dimensions : new int[] {32, 33, 100_000}) {
            Path file = folder.resolve("deep.npy");
            Files.write(file, header("|u1", false, "1,".repeat(dimensions)));
            Files.write(file, value, StandardOpenOption.APPEND);
            if (dimensions == 32) {
                assertThat(Npy.read(file).shape()).hasSize(32);
            } else {
                assertThatThrownBy(() -> Npy.read(file)).isInstanceOf(AdiwException.class)
                    .hasMessageContaining("its shape has " + dimensions + " dimensions, and at most 32");
            }
        }
    }

    /** Of version 2. */
    private static byte[] header(String type, boolean fortran, String shape) {
        byte[] text = ("{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" + shape + "), }\n")
            .getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(12 + text.length).order(ByteOrder.LITTLE_ENDIAN).put(NpyHeader.MAGIC).put((byte) 2).put((byte) 0)
            .putInt(text.length).put(text).array();
    }

    @Test
    void refusesNumbersThatDoNotFit() {
        Path file = folder.resolve("large.npy");
        Npy.write(file, new double[] {1, 1e300}, 2);
        assertThatThrownBy(() -> Npy.read(file).toFloats()).isInstanceOf(AdiwException.class)
            .hasMessageContaining("1.0E300 at index [1]");
        Npy.write(file, new long[] {1L << 40}, 1);
        assertThatThrownBy(() -> Npy.read(file).toInts()).isInstanceOf(AdiwException.class)
            .hasMessageContaining("1099511627776 at index [0]");
    }

    @Test
    void saysWhyAFileCannotBeWritten() throws IOException {
        Path occupied = Files.writeString(folder.resolve("occupied"), "x");
        assertThatThrownBy(() -> Npy.write(occupied.resolve("w.npy"), new float[1], 1)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("w.npy").hasMessageContaining("a folder was expected");
        assertThatThrownBy(() -> Npy.write(folder, new float[1], 1)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("it is a folder");
    }
}
