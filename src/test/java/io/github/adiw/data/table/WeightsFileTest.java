package io.github.adiw.data.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import io.github.adiw.ChildJvm;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.Npy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsFileTest {
    @TempDir
    Path folder;

    @Test
    void writesTextOrNumPysFormatBySuffix() throws IOException {
        float[] weights = {0.5f, 1e-7f, 2};
        Path csv = folder.resolve("new/w.CSV");
        WeightsFile.write(csv, null, weights);
        assertThat(csv).hasContent("id,weight\n0,0.5\n1,1.0E-7\n2,2.0\n");
        WeightsFile.write(csv, new String[] {"a", "b,\"c\"", ""}, weights);
        assertThat(csv).hasContent("id,weight\na,0.5\n\"b,\"\"c\"\"\",1.0E-7\n\"\",2.0\n");
        Path npy = folder.resolve("w.npy");
        WeightsFile.write(npy, null, weights);
        assertThat(Npy.read(npy).requireType(Npy.Type.FLOAT32).requireShape(3).toFloats()).containsExactly(weights);
        Path expected = folder.resolve("expected.npy");
        Npy.write(expected, weights, 3);
        assertThat(npy).hasSameBinaryContentAs(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.txt", "w", "w.npy.gz", "csv"})
    void refusesOtherSuffixes(String name) {
        assertThatThrownBy(() -> WeightsFile.requireSuffix("output", Path.of(name))).isInstanceOf(UsageException.class)
            .hasMessageContaining("output must end with .npy or .csv, and " + name + " does not");
        assertThatThrownBy(() -> WeightsFile.write(folder.resolve(name), null, new float[1])).isInstanceOf(UsageException.class);
        assertThat(folder.resolve(name)).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.csv", "w.npy"})
    void writesBlocksOrNothing(String name) throws IOException {
        Path path = folder.resolve(name);
        float[] block = new float[70_000];
        Arrays.fill(block, 0.25f);
        WeightsFile.write(path, sink -> {
            sink.add(null, block, 70_000);
            sink.add(null, block, 1);
            sink.add(null, block, 0);
        });
        if (name.endsWith("csv")) {
            assertThat(Files.readAllLines(path)).hasSize(70_002).endsWith("70000,0.25");
        } else {
            assertThat(Npy.read(path).requireShape(70_001).toFloats()).containsOnly(0.25f);
        }
        Files.delete(path);
        assertThatThrownBy(() -> WeightsFile.write(path, sink -> {
            sink.add(null, block, 1);
            throw new AdiwException("enough");
        })).hasMessage("enough");
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    /** Writes weights of known and of unknown number. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) {
            WeightsFile.write(Path.of(args[0]), null, new float[] {1, 2});
            WeightsFile.write(Path.of(args[1]), sink -> sink.add(null, new float[] {3}, 1));
        }
    }

    @Test
    void needsNoPlaceForTemporaryFiles() throws Exception {
        Path known = folder.resolve("known.npy");
        Path blocks = folder.resolve("blocks.npy");
        ChildJvm.Outcome writer = new ChildJvm().option("-Djava.io.tmpdir=" + folder.resolve("missing/place")).run(Writer.class,
            known.toString(), blocks.toString());
        assertThat(writer.code()).as(writer.err()).isZero();
        assertThat(Npy.read(known).toFloats()).containsExactly(1, 2);
        assertThat(Npy.read(blocks).toFloats()).containsExactly(3);
    }

    /** On the way to a device there is no other place: that is where the message looks for what is wrong. */
    @Test
    void saysWherePlaceIsWantedForTemporaryFiles() throws Exception {
        Path place = folder.resolve("missing");
        Path device = Files.createSymbolicLink(folder.resolve("device.npy"), Path.of("/dev/null"));
        ChildJvm.Outcome writer = new ChildJvm().option("-Djava.io.tmpdir=" + place).run(Writer.class, device.toString(),
            device.toString());
        assertThat(writer.err()).contains("cannot write " + device + " by way of " + place + ": no such file or folder");
    }
}
