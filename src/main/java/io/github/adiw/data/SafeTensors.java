package io.github.adiw.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Named float32 tensors in the safetensors format (github.com/huggingface/safetensors, "Format"): the header's length as
 * 8 little-endian bytes, a JSON header that gives each tensor's dtype, shape and place, and the values, little-endian
 * and in C order, one tensor after the other without gaps.
 *
 * @param tensors by name, in the order of their values in the file
 * @param metadata free text by name; may be empty
 */
public record SafeTensors(Map<String, Tensor> tensors, Map<String, String> metadata) {
    private static final String METADATA = "__metadata__";
    /** The reference implementation's limit. */
    private static final long LONGEST_HEADER = 100_000_000;
    private static final int CHUNK = 1 << 16;
    private static final ObjectMapper JSON = new ObjectMapper()
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /**
     * A tensor.
     *
     * @param shape its sizes; empty for a single number
     * @param values in C order, as many as the sizes' product
     */
    public record Tensor(int[] shape, float[] values) {
        /** @throws IllegalArgumentException if the number of values is not the product of the sizes */
        public Tensor {
            if (Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact) != values.length) {
                throw new IllegalArgumentException(values.length + " values were given for the shape "
                    + Arrays.toString(shape));
            }
        }

        /** @return for instance {@code float32[6, 1, 5, 5]} */
        @Override
        public String toString() {
            return "float32" + Arrays.toString(shape);
        }
    }

    /** Copies both maps and keeps their order. */
    public SafeTensors {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /**
     * Reads a whole file.
     *
     * @param path the file
     * @return its tensors and metadata
     * @throws AdiwException if it is missing, truncated, no safetensors file, inconsistent in itself, or holds tensors of
     *     another type than float32
     */
    public static SafeTensors read(Path path) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and a .safetensors file was expected");
        }
        try (FileChannel channel = FileChannel.open(path)) {
            return new Reader(path.toString(), channel).read();
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Writes a file, whole or not at all; the tensors' values follow each other in the map's order.
     *
     * @param path the file; an existing one is replaced
     * @throws AdiwException if it cannot be written
     */
    public void write(Path path) {
        byte[] header = header();
        AtomicFile.write(path, out -> {
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            out.write(chunk.putLong(0, header.length).array(), 0, 8);
            out.write(header);
            for (Tensor tensor : tensors.values()) {
                for (int done = 0; done < tensor.values.length;) {
                    int count = Math.min(tensor.values.length - done, CHUNK / 4);
                    chunk.clear().asFloatBuffer().put(tensor.values, done, count);
                    out.write(chunk.array(), 0, count * 4);
                    done += count;
                }
            }
        });
    }

    private byte[] header() {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject(METADATA);
            metadata.forEach(node::put);
        }
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            if (entry.getKey().equals(METADATA)) {
                throw new IllegalArgumentException("a tensor cannot have the name " + METADATA);
            }
            ObjectNode node = root.putObject(entry.getKey()).put("dtype", "F32");
            ArrayNode shape = node.putArray("shape");
            Arrays.stream(entry.getValue().shape).forEach(shape::add);
            long end = offset + 4L * entry.getValue().values.length;
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        try {
            StringBuilder text = new StringBuilder(JSON.writeValueAsString(root));
            // Values begin at a multiple of 8, as the reference implementation has it: spaces are allowed at the end.
            int bytes = text.toString().getBytes(StandardCharsets.UTF_8).length;
            return text.append(" ".repeat((8 - bytes % 8) % 8)).toString().getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("names and numbers can always be written as JSON", e);
        }
    }

    private static final class Reader {
        private final String name;
        private final FileChannel channel;

        Reader(String name, FileChannel channel) {
            this.name = name;
            this.channel = channel;
        }

        /** Where a tensor's values are, in bytes from the end of the header. */
        private record Place(String tensor, int[] shape, long begin, long end) {
        }

        SafeTensors read() throws IOException {
            long size = channel.size();
            if (size == 0) {
                throw new AdiwException(name + " is empty, and a .safetensors file was expected");
            }
            if (size < 8) {
                throw broken("it is truncated: it has " + size + " bytes, and the header's length alone takes 8");
            }
            long length = take(8).getLong(0);
            if (length < 2 || length > LONGEST_HEADER) {
                throw new AdiwException(name + " is not a safetensors file: its header is said to have "
                    + Long.toUnsignedString(length) + " bytes, and 2 to " + LONGEST_HEADER + " was expected");
            }
            if (length > size - 8) {
                throw broken("it is truncated: its header is said to have " + length + " bytes, and " + (size - 8) + " follow");
            }
            JsonNode root = parse(take((int) length));
            Map<String, String> metadata = new LinkedHashMap<>();
            List<Place> places = new ArrayList<>();
            for (Map.Entry<String, JsonNode> entry : root.properties()) {
                if (entry.getKey().equals(METADATA)) {
                    readMetadata(entry.getValue(), metadata);
                } else {
                    places.add(place(entry.getKey(), entry.getValue()));
                }
            }
            places.sort(Comparator.comparingLong(Place::begin).thenComparingLong(Place::end));
            checkPlaces(places, size - 8 - length);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Place place : places) {
                tensors.put(place.tensor, new Tensor(place.shape, values((int) ((place.end - place.begin) / 4))));
            }
            return new SafeTensors(tensors, metadata);
        }

        @SuppressWarnings("ByteBufferBackingArray")     // take() allocates just as much
        private JsonNode parse(ByteBuffer header) throws IOException {
            JsonNode root;
            try {
                root = JSON.readTree(header.array());
            } catch (JsonProcessingException e) {
                throw new AdiwException(message("its header is not valid JSON"
                    + (e.getLocation() == null ? "" : " at byte " + (8 + e.getLocation().getByteOffset()))), e);
            }
            if (!root.isObject()) {
                throw broken("its header is not a JSON object");
            }
            return root;
        }

        private void readMetadata(JsonNode node, Map<String, String> metadata) {
            if (!node.isObject()) {
                throw broken("its " + METADATA + " is not a JSON object");
            }
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                if (!entry.getValue().isTextual()) {
                    throw broken("its " + METADATA + " has '" + entry.getKey() + "', which is not text");
                }
                metadata.put(entry.getKey(), entry.getValue().textValue());
            }
        }

        private Place place(String tensor, JsonNode node) {
            String dtype = node.path("dtype").asText("");
            if (!dtype.equals("F32")) {
                if (dtype.isEmpty()) {
                    throw broken("tensor '" + tensor + "' has no dtype");
                }
                throw new AdiwException(name + " holds tensor '" + tensor + "' of type " + dtype + ", and F32 was expected");
            }
            JsonNode sizes = node.path("shape");
            JsonNode offsets = node.path("data_offsets");
            if (!sizes.isArray() || !offsets.isArray() || offsets.size() != 2) {
                throw broken("tensor '" + tensor + "' has no shape or no pair of data_offsets");
            }
            int[] shape = new int[sizes.size()];
            long count = 1;
            for (int i = 0; i < shape.length; i++) {
                if (!sizes.get(i).isIntegralNumber() || !sizes.get(i).canConvertToInt() || sizes.get(i).intValue() < 0) {
                    throw broken("tensor '" + tensor + "' has the shape " + sizes);
                }
                shape[i] = sizes.get(i).intValue();
                count *= shape[i];
                if (count > Integer.MAX_VALUE - 16) {
                    throw broken("tensor '" + tensor + "' has the shape " + sizes + ", and at most 2^31 values can be read");
                }
            }
            for (JsonNode offset : offsets) {
                if (!offset.isIntegralNumber() || !offset.canConvertToLong() || offset.longValue() < 0) {
                    throw broken("tensor '" + tensor + "' has the data_offsets " + offsets);
                }
            }
            long begin = offsets.get(0).longValue();
            long end = offsets.get(1).longValue();
            if (end - begin != 4 * count) {
                throw broken("tensor '" + tensor + "' has the shape " + sizes + ", which takes " + 4 * count
                    + " bytes, and the data_offsets " + offsets);
            }
            return new Place(tensor, shape, begin, end);
        }

        private void checkPlaces(List<Place> places, long bytes) {
            long expected = 0;
            for (Place place : places) {
                if (place.begin != expected) {
                    throw broken("tensor '" + place.tensor + "' begins at byte " + place.begin + " of the values, and "
                        + expected + " was expected: tensors must follow each other without gap or overlap");
                }
                expected = place.end;
            }
            if (expected > bytes) {
                throw broken("it is truncated: its tensors take " + expected + " bytes, and " + bytes + " follow the header");
            }
            if (expected < bytes) {
                throw broken("it goes on after its last tensor: its tensors take " + expected + " bytes, and " + bytes
                    + " follow the header");
            }
        }

        private float[] values(int count) throws IOException {
            float[] values = new float[count];
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (int done = 0; done < count;) {
                int part = Math.min(count - done, CHUNK / 4);
                fill(chunk.clear().limit(4 * part)).asFloatBuffer().get(values, done, part);
                done += part;
            }
            return values;
        }

        private ByteBuffer take(int bytes) throws IOException {
            return fill(ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN));
        }

        private ByteBuffer fill(ByteBuffer buffer) throws IOException {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer) < 0) {
                    throw broken("it became shorter while it was read");
                }
            }
            return buffer.flip();
        }

        private AdiwException broken(String what) {
            return new AdiwException(message(what));
        }

        private String message(String what) {
            return name + " is broken: " + what;
        }
    }
}
