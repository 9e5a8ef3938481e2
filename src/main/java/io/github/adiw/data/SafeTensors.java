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
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.device.ElementType;
import io.github.adiw.data.file.HeapRoom;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
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
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.Checksum;
import java.util.StringJoiner;

/**
 * Named tensors in the safetensors format (github.com/huggingface/safetensors, "Format"): the header's length as
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
    /** What parameters are stored as. */
    private static final List<Encoding> PARAMETERS = List.of(Encoding.of(ElementType.FLOAT32), Encoding.F16, Encoding.BF16,
        Encoding.F64_AS_FLOAT32, Encoding.of(ElementType.INT64));
    /** Of a tensor; numpy has no more either. */
    private static final int MOST_DIMENSIONS = 32;
    /** Names come once each: a table of them would only grow. */
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .build());

    /** How a file stores a value, and what it becomes. */
    private record Encoding(String dtype, ElementType type, int bytes) {
        static final Encoding F16 = new Encoding("F16", ElementType.FLOAT32, 2);
        static final Encoding BF16 = new Encoding("BF16", ElementType.FLOAT32, 2);
        static final Encoding F64_AS_FLOAT32 = new Encoding("F64", ElementType.FLOAT32, 8);

        /** The one that keeps values as they are. */
        static Encoding of(ElementType type) {
            return new Encoding(switch (type) {
                case FLOAT32 -> "F32";
                case FLOAT64 -> "F64";
                case INT32 -> "I32";
                case INT64 -> "I64";
                case UINT8 -> "U8";
            }, type, type.bytes());
        }

        /** Whether values become others. */
        boolean converts() {
            return !equals(of(type));
        }

        /** The next value of a chunk, as float32. */
        float next(ByteBuffer chunk) {
            return switch (dtype) {
                case "F64" -> (float) chunk.getDouble();
                case "F16" -> half(chunk.getShort());
                default -> Float.intBitsToFloat(chunk.getShort() << 16);      // BF16 is the first half of a float
            };
        }

        /** IEEE 754 binary16, exactly. */
        private static float half(short bits) {
            int exponent = bits >> 10 & 0x1f;
            int fraction = bits & 0x3ff;
            float size = exponent == 0x1f ? (fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN)
                : exponent == 0 ? Math.scalb((float) fraction, -24) : Math.scalb((float) (fraction | 0x400), exponent - 25);
            return bits < 0 ? -size : size;
        }
    }

    /** A tensor: values of one type in C order, and their shape. Arrays are shared, not copied: nobody writes to them. */
    public static final class Tensor {
        private final ElementType type;
        private final int[] shape;
        private final Object array;

        /**
         * Float32.
         *
         * @param shape  its sizes; empty for a single number
         * @param values in C order, as many as the sizes' product
         * @throws IllegalArgumentException if the number of values is not the product of the sizes
         */
        public Tensor(int[] shape, float[] values) {
            this(ElementType.FLOAT32, shape, values);
        }

        /** Float64; otherwise as {@link #Tensor(int[], float[])}. */
        public Tensor(int[] shape, double[] values) {
            this(ElementType.FLOAT64, shape, values);
        }

        /** Int32; otherwise as {@link #Tensor(int[], float[])}. */
        public Tensor(int[] shape, int[] values) {
            this(ElementType.INT32, shape, values);
        }

        /** Int64; otherwise as {@link #Tensor(int[], float[])}. */
        public Tensor(int[] shape, long[] values) {
            this(ElementType.INT64, shape, values);
        }

        /** Uint8; otherwise as {@link #Tensor(int[], float[])}. */
        public Tensor(int[] shape, byte[] values) {
            this(ElementType.UINT8, shape, values);
        }

        private Tensor(ElementType type, int[] shape, Object array) {
            this.type = type;
            this.shape = shape;
            this.array = array;
            if (Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact) != length()) {
                throw new IllegalArgumentException(length() + " values were given for the shape " + Arrays.toString(shape));
            }
        }

        /** What its values are. */
        public ElementType type() {
            return type;
        }

        /** Its sizes; empty for a single number. */
        public int[] shape() {
            return shape;
        }

        /** How many values it has. */
        public int length() {
            return Array.getLength(array);
        }

        /**
         * Its values where they are float32.
         *
         * @throws IllegalStateException if they are not
         */
        public float[] values() {
            if (type != ElementType.FLOAT32) {
                throw new IllegalStateException("the tensor is " + this + ", and float32 was expected");
            }
            return (float[]) array;
        }

        /** Its values: {@code float[]}, {@code double[]}, {@code int[]}, {@code long[]} or {@code byte[]}, as the {@link #type} is. */
        public Object array() {
            return array;
        }

        /** Copies values into all that is left of a buffer, whose byte order holds. */
        private void copyTo(ByteBuffer target, int first) {
            int count = target.remaining() / type.bytes();
            switch (type) {
                case FLOAT32 -> target.asFloatBuffer().put((float[]) array, first, count);
                case FLOAT64 -> target.asDoubleBuffer().put((double[]) array, first, count);
                case INT32 -> target.asIntBuffer().put((int[]) array, first, count);
                case INT64 -> target.asLongBuffer().put((long[]) array, first, count);
                case UINT8 -> target.duplicate().put((byte[]) array, first, count);
            }
        }

        /** The reverse of {@link #copyTo}. */
        private void copyFrom(ByteBuffer source, int first) {
            int count = source.remaining() / type.bytes();
            switch (type) {
                case FLOAT32 -> source.asFloatBuffer().get((float[]) array, first, count);
                case FLOAT64 -> source.asDoubleBuffer().get((double[]) array, first, count);
                case INT32 -> source.asIntBuffer().get((int[]) array, first, count);
                case INT64 -> source.asLongBuffer().get((long[]) array, first, count);
                case UINT8 -> source.duplicate().get((byte[]) array, first, count);
            }
        }

        /** Hands over its values, little-endian, piece by piece. */
        private void forEachChunk(Chunk chunk) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (int done = 0; done < length();) {
                int count = Math.min(length() - done, CHUNK / type.bytes());
                copyTo(bytes.clear().limit(count * type.bytes()), done);
                chunk.accept(bytes.array(), count * type.bytes());
                done += count;
            }
        }

        private static Tensor empty(ElementType type, int[] shape, int count) {
            return new Tensor(type, shape, switch (type) {
                case FLOAT32 -> new float[count];
                case FLOAT64 -> new double[count];
                case INT32 -> new int[count];
                case INT64 -> new long[count];
                case UINT8 -> new byte[count];
            });
        }

        /** @return for instance {@code float32[6, 1, 5, 5]} */
        @Override
        public String toString() {
            return type.name().toLowerCase(Locale.ROOT) + Arrays.toString(shape);
        }
    }

    /** Takes the first {@code count} of some bytes. */
    @FunctionalInterface
    private interface Chunk {
        void accept(byte[] bytes, int count) throws IOException;
    }

    /** Copies both maps and keeps their order. */
    public SafeTensors {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /**
     * Reads a whole file of float32 tensors. The memory that it takes is in step with what the file holds, and not with what its header
     * promises.
     *
     * @param path the file
     * @return its tensors and metadata
     * @throws AdiwException if it is missing, truncated, no safetensors file, inconsistent in itself, holds tensors of
     *     another type than float32 or of more than 32 dimensions, or Java has no memory for it
     */
    public static SafeTensors read(Path path) {
        return read(path, EnumSet.of(ElementType.FLOAT32));
    }

    /**
     * As {@link #read(Path)}, of a file whose tensors may be of several types.
     *
     * @param types those that are expected
     */
    public static SafeTensors read(Path path, Set<ElementType> types) {
        return read(path, UsageException.given("types", types).stream().sorted().map(Encoding::of).toList());
    }

    private static SafeTensors read(Path path, List<Encoding> encodings) {
        if (Files.exists(UsageException.given("path", path)) && !Files.isRegularFile(path)) {
            throw new AdiwException(path + " is " + (Files.isDirectory(path) ? "a folder" : "a device or a pipe")
                + ", and a .safetensors file was expected");
        }
        try (FileChannel channel = FileChannel.open(path)) {
            return new Reader(path.toString(), channel, encodings).read();
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * As {@link #read(Path)}, of a file with the parameters of a model, as PyTorch's are after conversion: float16, bfloat16 and float64
     * are given as float32 (rounded where they have more digits, infinite where they are too large); int64 as it is.
     */
    public static SafeTensors readParameters(Path path) {
        return read(path, PARAMETERS);
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
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length).array());
            out.write(header);
            for (Tensor tensor : tensors.values()) {
                tensor.forEachChunk((bytes, count) -> out.write(bytes, 0, count));
            }
        });
    }

    /** Adds names, types, shapes and values of all tensors to a checksum, in their order. */
    public void addTo(Checksum checksum) {
        tensors.forEach((name, tensor) -> {
            checksum.update((name + " " + tensor).getBytes(StandardCharsets.UTF_8));
            try {
                tensor.forEachChunk((bytes, count) -> checksum.update(bytes, 0, count));
            } catch (IOException e) {
                throw new UncheckedIOException(e);      // a checksum throws none
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
            Tensor tensor = entry.getValue();
            ObjectNode node = root.putObject(entry.getKey()).put("dtype", Encoding.of(tensor.type).dtype);
            ArrayNode shape = node.putArray("shape");
            Arrays.stream(tensor.shape).forEach(shape::add);
            long end = offset + (long) tensor.type.bytes() * tensor.length();
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
        private final List<Encoding> encodings;

        Reader(String name, FileChannel channel, List<Encoding> encodings) {
            this.name = name;
            this.channel = channel;
            this.encodings = encodings;
        }

        /** Where a tensor's values are, in bytes from the end of the header. */
        private record Place(String tensor, Encoding encoding, int[] shape, long begin, long end) {
            int count() {
                return (int) ((end - begin) / encoding.bytes);
            }
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
                tensors.put(place.tensor, tensor(place));
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
            Encoding encoding = encoding(tensor, dtype);
            if (sizes == null || offsets == null || offsets.values.length != 2) {
                throw broken("tensor '" + tensor + "' has no shape or no pair of data_offsets");
            }
            return place(tensor, encoding, sizes, offsets);
        }

        private Encoding encoding(String tensor, String dtype) {
            if (dtype.isEmpty()) {
                throw broken("tensor '" + tensor + "' has no dtype");
            }
            return encodings.stream().filter(known -> known.dtype.equals(dtype)).findFirst()
                .orElseThrow(() -> new AdiwException(name + " holds tensor '" + tensor + "' of type " + dtype + ", and "
                    + encodings.stream().map(Encoding::dtype).collect(Collectors.joining(" or ")) + " was expected"));
        }

        private Place place(String tensor, Encoding encoding, Numbers sizes, Numbers offsets) {
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
            if (end - begin != encoding.bytes * count) {
                throw broken("tensor '" + tensor + "' has the shape " + sizes + ", which takes " + encoding.bytes * count
                    + " bytes, and the data_offsets " + offsets);
            }
            return new Place(tensor, encoding, shape, begin, end);
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

        private Tensor tensor(Place place) throws IOException {
            Tensor tensor = HeapRoom.of(name, (long) place.count() * place.encoding.type.bytes(),
                () -> Tensor.empty(place.encoding.type, place.shape, place.count()));
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (int done = 0; done < tensor.length();) {
                int part = Math.min(tensor.length() - done, CHUNK / place.encoding.bytes);
                fill(chunk.clear().limit(part * place.encoding.bytes));
                if (place.encoding.converts()) {
                    for (int i = 0; i < part; i++) {
                        ((float[]) tensor.array)[done + i] = place.encoding.next(chunk);
                    }
                } else {
                    tensor.copyFrom(chunk, done);
                }
                done += part;
            }
            return tensor;
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
