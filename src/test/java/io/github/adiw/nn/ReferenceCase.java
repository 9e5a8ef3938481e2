package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.Fixtures;
import io.github.adiw.data.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A case of {@code fixtures/layers}: its sizes, its inputs, and PyTorch's results in double precision. */
public final class ReferenceCase {
    private static final Path FOLDER = Fixtures.path("layers");
    private static final SafeTensors TENSORS = SafeTensors.read(FOLDER.resolve("layers.safetensors"));
    private static final List<ReferenceCase> ALL = read();
    private final JsonNode json;

    private ReferenceCase(JsonNode json) {
        this.json = json;
    }

    private static List<ReferenceCase> read() {
        try {
            List<ReferenceCase> cases = new ArrayList<>();
            new ObjectMapper().readTree(FOLDER.resolve("layers.json").toFile()).forEach(node -> cases.add(new ReferenceCase(node)));
            return cases;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<ReferenceCase> ofKind(String kind) {
        List<ReferenceCase> cases = ALL.stream().filter(c -> c.json.get("kind").asText().equals(kind)).toList();
        assertThat(cases).as("cases of " + kind).isNotEmpty();
        return cases;
    }

    int size(String name) {
        return number(name).intValue();
    }

    boolean flag(String name) {
        return json.get("sizes").path(name).asBoolean();
    }

    Number number(String name) {
        return json.get("sizes").get(name).numberValue();
    }

    int[] labels() {
        return integers(json.get("labels"));
    }

    float[] rates() {
        JsonNode node = json.get("rates");
        float[] rates = new float[node.size()];
        for (int i = 0; i < rates.length; i++) {
            rates[i] = (float) node.get(i).asDouble();
        }
        return rates;
    }

    boolean hasInput(String name) {
        return json.get("inputs").has(name);
    }

    /** Mantissa bits of the input. */
    int bits(String name) {
        return json.get("inputs").get(name).get("bits").asInt();
    }

    /** The values that {@code fixture_files.values} makes. */
    float[] input(String name) {
        JsonNode node = json.get("inputs").get(name);
        int length = 1;
        for (int size : integers(node.get("shape"))) {
            length *= size;
        }
        return values(node.get("seed").asInt(), length, node.get("scale").asDouble(), bits(name));
    }

    /** {@code fixture_files.values}. */
    public static float[] values(int seed, int length, double scale, int bits) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            int x = i * 0x9E3779B1 + seed * 0x85EBCA6B;
            x ^= x >>> 16;
            x *= 0x7FEB352D;
            x ^= x >>> 15;
            x *= 0x846CA68B;
            x ^= x >>> 16;
            values[i] = (float) (((x >>> 32 - bits) * Math.pow(2, 1 - bits) - 1) * scale);
        }
        return values;
    }

    private static int[] integers(JsonNode node) {
        int[] values = new int[node.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = node.get(i).asInt();
        }
        return values;
    }

    boolean has(String tensor) {
        return TENSORS.tensors().containsKey(this + "/" + tensor);
    }

    /** Checks the largest difference, relative to the largest value of the reference. */
    void check(String tensor, float[] actual, double tolerance) {
        assertThat(has(tensor)).as("the reference " + this + "/" + tensor).isTrue();
        assertClose(this + "/" + tensor, actual, TENSORS.tensors().get(this + "/" + tensor).values(), tolerance);
    }

    static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        double most = 0;
        double worst = 0;
        int at = -1;
        for (int i = 0; i < expected.length; i++) {
            most = Math.max(most, Math.abs(expected[i]));
            double difference = Math.abs((double) actual[i] - expected[i]);
            if (!(difference <= worst)) {
                worst = difference;
                at = i;
            }
        }
        assertThat(worst).as("%s: the largest difference, at element %d, where the largest value is %s", what, at, most)
            .isLessThanOrEqualTo(tolerance * most);
    }

    @Override
    public String toString() {
        return json.get("name").asText();
    }
}
