package io.github.adiw.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.HeapRoom;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.StringJoiner;

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
    /** Of a tensor; numpy has no more either. */
    private static final int MOST_DIMENSIONS = 32;
    /** Names come once each: a table of them would only grow. */
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .build());

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
     * Reads a whole file. The memory that it takes is in step with what the file holds, and not with what its header promises.
     *
     * @param path the file
     * @return its tensors and metadata
     * @throws AdiwException if it is missing, truncated, no safetensors file, inconsistent in itself, holds tensors of
     *     another type than float32 or of more than 32 dimensions, or Java has no memory for it
     */
    public static SafeTensors read(Path path) {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new AdiwException(path + " is " + (Files.isDirectory(path) ? "a folder" : "a device or a pipe")
                + ", and a .safetensors file was expected");
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
            Map<String, String> metadata = new LinkedHashMap<>();
            List<Place> places = HeapRoom.of(name, length, () -> header(length, metadata));
            places.sort(Comparator.comparingLong(Place::begin).thenComparingLong(Place::end));
            checkPlaces(places, size - 8 - length);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Place place : places) {
                tensors.put(place.tensor, new Tensor(place.shape, values(place)));
            }
            return new SafeTensors(tensors, metadata);
        }

        /** Reads the header as it comes: a tree of it would take many times its length. */
        private List<Place> header(long length, Map<String, String> metadata) {
            List<Place> places = new ArrayList<>();
            try (JsonParser json = JSON.createParser(new Header(length))) {
                if (json.nextToken() != JsonToken.START_OBJECT) {
                    throw broken("its header is not a JSON object");
                }
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String key = json.currentName();
                    json.nextToken();
                    if (key.equals(METADATA)) {
                        readMetadata(json, metadata);
                    } else {
                        places.add(place(key, json));
                    }
                }
                if (json.nextToken() != null) {
                    throw broken("its header is not valid JSON: it goes on after its end");
                }
                return places;
            } catch (JsonProcessingException e) {
                throw new AdiwException(message("its header is not valid JSON"
                    + (e.getLocation() == null || e.getLocation().getByteOffset() < 0 ? ""
                        : " at byte " + (8 + e.getLocation().getByteOffset()))),
                    e);
            } catch (IOException e) {
                throw new AdiwException("cannot read " + name + ": " + AtomicFile.reason(e), e);
            }
        }

        /** The bytes of the header. */
        private final class Header extends InputStream {
            private long left;

            Header(long length) {
                left = length;
            }

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                if (left == 0) {
                    return -1;
                }
                int count = (int) Math.min(left, length);
                fill(ByteBuffer.wrap(bytes, offset, count));
                left -= count;
                return count;
            }
        }

        private void readMetadata(JsonParser json, Map<String, String> metadata) throws IOException {
            if (!json.isExpectedStartObjectToken()) {
                throw broken("its " + METADATA + " is not a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.currentName();
                if (json.nextToken() != JsonToken.VALUE_STRING) {
                    throw broken("its " + METADATA + " has '" + key + "', which is not text");
                }
                metadata.put(key, json.getText());
            }
        }

        /** Whole numbers of at least 0 in brackets, and how they are written; -1 where something else stands. */
        private record Numbers(String written, long[] values) {
            boolean whole(long most) {
                return Arrays.stream(values).allMatch(value -> value >= 0 && value <= most);
            }

            @Override
            public String toString() {
                return written;
            }
        }

        /** @return null if there is no list; the first {@code most + 1} numbers of one that is longer than {@code most} */
        private static Numbers numbers(JsonParser json, int most) throws IOException {
            if (!json.isExpectedStartArrayToken()) {
                json.skipChildren();
                return null;
            }
            StringJoiner written = new StringJoiner(",", "[", "]");
            long[] values = new long[most + 1];
            int count = 0;
            for (JsonToken token = json.nextToken(); token != JsonToken.END_ARRAY; token = json.nextToken()) {
                if (count <= most) {
                    boolean fits = token == JsonToken.VALUE_NUMBER_INT && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
                    values[count++] = fits ? Math.max(-1, json.getLongValue()) : -1;
                    written.add(token.isScalarValue() ? json.getText() : "...");
                }
                json.skipChildren();
            }
            return new Numbers(written.toString(), Arrays.copyOf(values, count));
        }

        private Place place(String tensor, JsonParser json) throws IOException {
            String dtype = "";
            Numbers sizes = null;
            Numbers offsets = null;
            if (json.isExpectedStartObjectToken()) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String key = json.currentName();
                    JsonToken value = json.nextToken();
                    switch (key) {
                        case "dtype" -> {
                            dtype = value.isScalarValue() ? json.getText() : "";
                            json.skipChildren();
                        }
                        case "shape" -> sizes = numbers(json, MOST_DIMENSIONS);
                        case "data_offsets" -> offsets = numbers(json, 2);
                        default -> json.skipChildren();
                    }
                }
            } else {
                json.skipChildren();
            }
            if (!dtype.equals("F32")) {
                if (dtype.isEmpty()) {
                    throw broken("tensor '" + tensor + "' has no dtype");
                }
                throw new AdiwException(name + " holds tensor '" + tensor + "' of type " + dtype + ", and F32 was expected");
            }
            if (sizes == null || offsets == null || offsets.values.length != 2) {
                throw broken("tensor '" + tensor + "' has no shape or no pair of data_offsets");
            }
            return place(tensor, sizes, offsets);
        }

        private Place place(String tensor, Numbers sizes, Numbers offsets) {
            if (sizes.values.length > MOST_DIMENSIONS) {
                throw broken("tensor '" + tensor + "' has more than " + MOST_DIMENSIONS + " dimensions");
            }
            if (!sizes.whole(Integer.MAX_VALUE)) {
                throw broken("tensor '" + tensor + "' has the shape " + sizes);
            }
            int[] shape = Arrays.stream(sizes.values).mapToInt(Math::toIntExact).toArray();
            long count = 1;
            for (int size : shape) {
                count *= size;
                if (count > Integer.MAX_VALUE - 16) {
                    throw broken("tensor '" + tensor + "' has the shape " + sizes + ", and at most 2^31 values can be read");
                }
            }
            if (!offsets.whole(Long.MAX_VALUE)) {
                throw broken("tensor '" + tensor + "' has the data_offsets " + offsets);
            }
            long begin = offsets.values[0];
            long end = offsets.values[1];
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

        private float[] values(Place place) throws IOException {
            int count = (int) ((place.end - place.begin) / 4);
            float[] values = HeapRoom.of(name, place.end - place.begin, () -> new float[count]);
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
