package io.github.adiw.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.data.file.NpyTest;
import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors.Tensor;
import io.github.adiw.data.file.Allocated;
import io.github.adiw.data.file.FileCorruption;
import io.github.adiw.device.ElementType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
    @TempDir
    Path folder;

    @Test
    void readsWhatTheReferenceWrote() {
        SafeTensors read = SafeTensors.read(NpyTest.fixture("reference.safetensors"));
        assertThat(read.tensors()).containsOnlyKeys("conv1.weight", "conv1.bias", "scale");
        Tensor weight = read.tensors().get("conv1.weight");
        assertThat(weight.shape()).containsExactly(3, 1, 2, 2);
        assertThat(weight.values()).hasSize(12);
        assertThat(weight.values()[11]).isEqualTo(11f / 7f);
        assertThat(read.tensors().get("conv1.bias").values()).containsExactly(-1f, 0.5f, 3f);
        assertThat(read.tensors().get("scale").shape()).isEmpty();
        assertThat(read.tensors().get("scale").values()).containsExactly(4.25f);
        assertThat(read.metadata()).isEqualTo(Map.of("format", "pt", "made by", "äöü"));
    }

    @Test
    void refusesBrokenFiles() throws IOException {
        Path good = NpyTest.fixture("reference.safetensors");
        FileCorruption.everyTruncationIsRefused(good, folder, SafeTensors::read);
        FileCorruption.trailingBytesAreRefused(good, folder, SafeTensors::read);
        FileCorruption.everyFlipIsReadOrRefused(good, folder, SafeTensors::read);
    }

    @Test
    void refusesOtherTypes() {
        assertThatThrownBy(() -> SafeTensors.read(NpyTest.fixture("half.safetensors"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("half.safetensors").hasMessageContaining("F16, and F32 was expected");
    }

    /** Values whose bits are known, and random ones, which the nearest float16 or bfloat16 gives back. */
    @Test
    void parametersBecomeFloat32() throws IOException {
        short[] halves = {0, (short) 0x8000, 0x3c00, (short) 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x3555, 0x7c00, (short) 0xfc00,
            0x7e00};
        float[] fromHalves = {0f, -0f, 1f, -2f, 65504f, 0x1p-14f, 0x1p-24f, 1023 * 0x1p-24f, 1365 * 0x1p-12f, Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY, Float.NaN};
        short[] brains = {0x3f80, (short) 0xc0a0, 0x0001, 0x7f80, 0x7fc0};
        float[] fromBrains = {1f, -5f, 0x1p-133f, Float.POSITIVE_INFINITY, Float.NaN};
        double[] doubles = {1.0 / 3, -1e300, 1e-50};
        ByteBuffer values = ByteBuffer.allocate(24 + 10 + 24 + 8 + 4).order(ByteOrder.LITTLE_ENDIAN);
        values.asShortBuffer().put(halves).put(brains);
        values.position(34);
        for (double value : doubles) {
            values.putDouble(value);
        }
        values.putLong(-7).putFloat(2.5f);
        byte[] header = ("{'half':{'dtype':'F16','shape':[3,4],'data_offsets':[0,24]},"
            + "'brain':{'dtype':'BF16','shape':[5],'data_offsets':[24,34]},"
            + "'double':{'dtype':'F64','shape':[3],'data_offsets':[34,58]},'count':{'dtype':'I64','shape':[],'data_offsets':[58,66]},"
            + "'float':{'dtype':'F32','shape':[1],'data_offsets':[66,70]}}").replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("converted.safetensors");
        Files.write(file, ByteBuffer.allocate(8 + header.length + 70).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header)
            .put(values.array()).array());
        Map<String, Tensor> tensors = SafeTensors.readParameters(file).tensors();
        assertThat(tensors.get("half").values()).containsExactly(fromHalves);
        assertThat(tensors.get("half").shape()).containsExactly(3, 4);
        assertThat(tensors.get("brain").values()).containsExactly(fromBrains);
        assertThat(tensors.get("double").values()).containsExactly(1f / 3, Float.NEGATIVE_INFINITY, 0);
        assertThat(tensors.get("count").array()).isEqualTo(new long[] {-7});
        assertThat(tensors.get("float").values()).containsExactly(2.5f);
        assertThat(SafeTensors.readParameters(NpyTest.fixture("half.safetensors")).tensors().values())
            .allSatisfy(tensor -> assertThat(tensor.type()).isEqualTo(ElementType.FLOAT32));
        FileCorruption.everyTruncationIsRefused(file, folder, SafeTensors::readParameters);
        Path bytes = folder.resolve("bytes.safetensors");
        new SafeTensors(Map.of("u8", new Tensor(new int[] {1}, new byte[1])), Map.of()).write(bytes);
        assertThatThrownBy(() -> SafeTensors.readParameters(bytes)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("'u8' of type U8, and F32 or F16 or BF16 or F64 or I64 was expected");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | overlap",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | gap",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | takes 12 bytes",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | goes on after its last tensor",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}} | truncated",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | has the shape",
        "{'a':{'dtype':'F32','shape':[1.5],'data_offsets':[0,6]}} | has the shape",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | data_offsets",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | data_offsets",
        "{'a':{'dtype':'F32','shape':[2]}} | no pair of data_offsets",
        "{'a':{'shape':[2],'data_offsets':[0,8]}} | no dtype",
        "{'a':3} | no dtype",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | not valid JSON",
        "{'a':{'dtype':'F32','shape':[65536,65536],'data_offsets':[0,8]}} | at most 2^31",
        "{'__metadata__':{'a':1}} | not text",
        "{'__metadata__':1} | not a JSON object",
        "[] | not a JSON object",
        "{} x | not valid JSON",
        "{'a' | not valid JSON",
    })
    void refusesHeadersThatContradictThemselves(String header, String reason) throws IOException {
        byte[] text = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("made.safetensors");
        Files.write(file, ByteBuffer.allocate(8 + text.length + 8).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text)
            .array());
        FileCorruption.refused(file, SafeTensors::read, header);
        assertThatThrownBy(() -> SafeTensors.read(file)).hasMessageContaining(reason);
    }

    /** 60 MB of JSON beside a tensor of nothing. */
    @Test
    void aLongHeaderIsReadInStep() throws IOException {
        byte[] header = ("{'empty':{'dtype':'F32','more':[" + "1,".repeat(30_000_000) + "1],'shape':[0],'data_offsets':[0,0]}}")
            .replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("long.safetensors");
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            out.write(header);
        }
        long allocated = Allocated.by(() -> assertThat(SafeTensors.read(file).tensors()).containsOnlyKeys("empty"));
        assertThat(allocated).isLessThan(16L << 20);
    }

    @Test
    void refusesMoreThan32Dimensions() throws IOException {
        for (int dimensions : new int[] {32, 33, 1_000_000}) {
            byte[] header = ("{'deep':{'dtype':'F32','shape':[" + "1,".repeat(dimensions - 1) + "1],'data_offsets':[0,4]}}")
                .replace('\'', '"')
                .getBytes(StandardCharsets.UTF_8);
            Path file = Files.write(folder.resolve("deep.safetensors"),
                ByteBuffer.allocate(12 + header.length).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).array());
            if (dimensions == 32) {
                assertThat(SafeTensors.read(file).tensors().get("deep").shape()).hasSize(32);
            } else {
                assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(AdiwException.class)
                    .hasMessageContaining("tensor 'deep' has more than 32 dimensions");
            }
        }
    }

    @Test
    void refusesDevices() {
        assertThatThrownBy(() -> SafeTensors.read(Path.of("/dev/zero"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("/dev/zero is a device or a pipe, and a .safetensors file was expected");
    }

    @Test
    void namesAHeaderLengthThatCannotBe() throws IOException {
        Path file = Files.write(folder.resolve("zip.safetensors"), "PK\3\4 something else altogether".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("is not a safetensors file");
    }

    @Test
    void everyTypeComesBack() {
        Path file = folder.resolve("types.safetensors");
        byte[] many = new byte[100_001];
        new Random(3).nextBytes(many);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("f32", new Tensor(new int[] {2}, new float[] {Float.MIN_VALUE, Float.NaN}));
        tensors.put("f64", new Tensor(new int[] {1, 2}, new double[] {Math.PI, Double.NEGATIVE_INFINITY}));
        tensors.put("i32", new Tensor(new int[] {}, new int[] {Integer.MIN_VALUE}));
        tensors.put("i64", new Tensor(new int[] {3}, new long[] {Long.MAX_VALUE, -1, 0}));
        tensors.put("u8", new Tensor(new int[] {many.length}, many));
        tensors.put("none", new Tensor(new int[] {0, 4}, new long[0]));
        new SafeTensors(tensors, Map.of()).write(file);
        SafeTensors read = SafeTensors.read(file, EnumSet.allOf(ElementType.class));
        assertThat(read.tensors().keySet()).containsExactlyElementsOf(tensors.keySet());
        read.tensors().forEach((name, tensor) -> {
            assertThat(tensor.toString()).as(name).isEqualTo(tensors.get(name).toString());
            assertThat(tensor.array()).as(name).isEqualTo(tensors.get(name).array());
        });
        assertThat(read.tensors().get("f64")).hasToString("float64[1, 2]");
        assertThatThrownBy(() -> read.tensors().get("i64").values()).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("int64[3], and float32 was expected");
        assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("'f64' of type F64, and F32 was expected");
        assertThatThrownBy(() -> SafeTensors.read(file, EnumSet.of(ElementType.FLOAT32, ElementType.INT32)))
            .hasMessageContaining("'f64' of type F64, and F32 or I32 was expected");
        assertThatThrownBy(() -> new Tensor(new int[] {3}, new long[2])).isInstanceOf(IllegalArgumentException.class)
            .hasMessage("2 values were given for the shape [3]");
    }

    @Property(tries = 50)
    void whatIsWrittenIsRead(@ForAll @Size(max = 6) List<@Size(max = 50) float[]> values, @ForAll String text) throws IOException {
        Path file = Files.createTempFile("adiw", ".safetensors");
        try {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int i = 0; i < values.size(); i++) {
                tensors.put("t" + i + text, new Tensor(new int[] {values.get(i).length, 1}, values.get(i)));
            }
            new SafeTensors(tensors, Map.of("text", text)).write(file);
            assertThat(ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
            SafeTensors read = SafeTensors.read(file);
            assertThat(read.metadata())
                .isEqualTo(Map.of("text", new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)));
            assertThat(List.copyOf(read.tensors().values())).hasSameSizeAs(values);
            int i = 0;
            for (Tensor tensor : read.tensors().values()) {
                assertThat(tensor.shape()).containsExactly(values.get(i).length, 1);
                assertThat(tensor.values()).isEqualTo(values.get(i++));
            }
        } finally {
            Files.delete(file);
        }
    }
}
