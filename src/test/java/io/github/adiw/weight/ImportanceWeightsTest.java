package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.sun.management.ThreadMXBean;
import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImportanceWeightsTest {
    private static final int SAMPLES = 60;
    private static final int VALIDATION = 30;
    private static final int N = 16;
    private static final int M = 12;
    private static final EstimationSettings SETTINGS = EstimationSettings.builder().bandwidth("median").steps(3).build();
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    /** A batch of samples; where it is one of training, its losses are larger than those of validation. */
    private record Batch(int[] indices, int[] validationIndices, float[] z, float[] validation) {
        static Batch of(int n, int m, int d, Random random) {
            return new Batch(distinct(n, SAMPLES, random), distinct(m, VALIDATION, random), values(n * d, 1.5, random), values(m * d, 1,
                random));
        }

        static int[] distinct(int count, int of, Random random) {
            return IntStream.generate(() -> random.nextInt(of)).distinct().limit(count).toArray();
        }

        static float[] values(int count, double scale, Random random) {
            float[] x = new float[count];
            for (int i = 0; i < count; i++) {
                x[i] = (float) (scale * Math.abs(random.nextGaussian()));
            }
            return x;
        }
    }

    private ImportanceWeights.Builder builder(String method, int d) {
        return ImportanceWeights.builder(device, SAMPLES).validationSamples(VALIDATION).batch(N).validationBatch(M).dimension(d)
            .method(method).settings(SETTINGS);
    }

    private WeightEstimator estimator(String method, int n, int m, int d) {
        return WeightEstimator.create(device, Divergences.get(method), new BatchShape(SAMPLES, VALIDATION, n, m, d), SETTINGS);
    }

    private static IntBuffer direct(int[] values) {
        IntBuffer buffer = ByteBuffer.allocateDirect(4 * values.length + 4).order(ByteOrder.nativeOrder()).asIntBuffer();
        return buffer.position(1).put(values).position(1);
    }

    private static FloatBuffer direct(float[] values) {
        FloatBuffer buffer = ByteBuffer.allocateDirect(4 * values.length + 8).order(ByteOrder.nativeOrder()).asFloatBuffer();
        return buffer.position(2).put(values).position(2);
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    private static LongBuffer direct(long[] values) {
        LongBuffer buffer = ByteBuffer.allocateDirect(8 * values.length + 8).order(ByteOrder.nativeOrder()).asLongBuffer();
        return buffer.position(1).put(values).position(1);
    }

    /** An estimator by itself does what the loop's object does, whatever the form of the data. */
    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact"})
    void everyFormOfDataGivesTheEstimatorsWeights(String method) {
        int d = method.equals("km") ? 3 : 1;
        Random random = new Random(5);
        try (WeightEstimator estimator = estimator(method, N, M, d); ImportanceWeights arrays = builder(method, d)
            .build();
             ImportanceWeights buffers = builder(method, d).build(); ImportanceWeights addresses = builder(method, d).build()) {
            for (int i = 0; i < 3; i++) {
                Batch b = Batch.of(N, M, d, random);
                try (Buffer indices = device.ints(b.indices); Buffer validationIndices = device.ints(b.validationIndices);
                     Buffer z = device.floats(b.z); Buffer validation = device.floats(b.validation)) {
                    estimator.estimate(indices, validationIndices, z, validation);
                    float[] expected = estimator.weights().toFloats();
                    assertThat(expected).doesNotContain(Float.NaN);
                    assertThat(IntStream.range(0, N).mapToObj(k -> expected[k]).distinct()).hasSizeGreaterThan(3);

                    assertThat(arrays.update(b.indices, b.validationIndices, b.z, b.validation)).containsExactly(expected);

                    FloatBuffer zBuffer = direct(b.z);
                    FloatBuffer out = direct(new float[N]);
                    buffers.update(direct(b.indices), direct(b.validationIndices), zBuffer, direct(b.validation), out);
                    float[] read = new float[N];
                    out.get(read);
                    assertThat(read).containsExactly(expected);
                    assertThat(zBuffer.position()).isEqualTo(2);

                    Buffer own = device.wrap(ElementType.FLOAT32, z.address(), z.length());
                    assertThat(addresses.update(indices, validationIndices, own, validation).toFloats()).containsExactly(expected);
                }
            }
            assertThat(arrays.memory()).containsExactly(estimator.memory().toFloats());
            Quality quality = arrays.quality();
            assertThat(quality).isEqualTo(addresses.quality());
            assertThat(quality.objective()).isFinite();
        }
    }

    /** Numbers in int32 and int64; arrays, and buffers that are direct, all of an array, a part of one, or read-only. */
    @Test
    void everyFormOfNumbersAndBuffersGivesTheSameWeights() {
        Batch b = Batch.of(N, M, 1, new Random(13));
        float[] expected;
        try (ImportanceWeights fresh = builder("kl", 1).build()) {
            expected = fresh.update(b.indices, b.validationIndices, b.z, b.validation);
        }
        long[] indices = longs(b.indices), validationIndices = longs(b.validationIndices);
        try (ImportanceWeights fresh = builder("kl", 1).build()) {
            assertThat(fresh.update(indices, validationIndices, b.z, b.validation)).containsExactly(expected);
        }
        FloatBuffer part = FloatBuffer.allocate(N + 5).position(3).limit(N + 3);
        for (FloatBuffer out : List.of(direct(new float[N]), FloatBuffer.allocate(N), part)) {
            int position = out.position();
            try (ImportanceWeights fresh = builder("kl", 1).build()) {
                fresh.update(LongBuffer.wrap(indices), direct(validationIndices), FloatBuffer.wrap(b.z).asReadOnlyBuffer(),
                    FloatBuffer.wrap(b.validation), out);
            }
            assertThat(out.position()).isEqualTo(position);
            assertThat(IntStream.range(0, N).mapToObj(i -> out.get(position + i))).containsExactly(boxed(expected));
            try (ImportanceWeights fresh = builder("kl", 1).build()) {
                fresh.update(IntBuffer.wrap(b.indices).asReadOnlyBuffer(), IntBuffer.wrap(b.validationIndices),
                    ByteBuffer.allocate(4 * N + 4).order(ByteOrder.nativeOrder()).position(4).slice().order(ByteOrder.nativeOrder())
                        .asFloatBuffer().put(b.z).flip(),
                    direct(b.validation), out);
            }
            assertThat(IntStream.range(0, N).mapToObj(i -> out.get(position + i))).containsExactly(boxed(expected));
        }
        assertThat(part.array()[2]).isZero();
        assertThat(part.array()[N + 3]).isZero();
        try (ImportanceWeights longer = builder("kl", 1).validationSamples(M).build();
             ImportanceWeights shorter = builder("kl", 1).validationSamples(M).build()) {
            FloatBuffer out = FloatBuffer.allocate(N);
            longer.update(LongBuffer.wrap(indices), FloatBuffer.wrap(b.z), FloatBuffer.wrap(b.validation), out);
            assertThat(out.array()).containsExactly(shorter.update(b.indices, b.z, b.validation));
            assertThat(longer.update(indices, b.z, b.validation)).containsExactly(shorter.update(b.indices, b.z, b.validation));
        }
    }

    private static Float[] boxed(float[] values) {
        return IntStream.range(0, values.length).mapToObj(i -> values[i]).toArray(Float[]::new);
    }

    /** These are 3 and -1 in their lower 32 bits. */
    @Test
    void numbersBeyondInt32AreNoSamples() {
        Batch b = Batch.of(N, M, 1, new Random(14));
        try (ImportanceWeights weights = builder("km", 1).build()) {
            for (long number : new long[] {(1L << 32) + 3, 0xffffffffL, Long.MIN_VALUE}) {
                long[] indices = longs(b.indices), validationIndices = longs(b.validationIndices);
                indices[5] = number;
                refused("row 5 of the batch is training sample " + number + ", but these have the numbers 0 to 59",
                    () -> weights.update(indices, b.z, b.validation));
                validationIndices[2] = number;
                refused("row 2 of the batch is validation sample " + number + ", but these have the numbers 0 to 29",
                    () -> weights.update(longs(b.indices), validationIndices, b.z, b.validation));
            }
            assertThat(weights.memory()).containsOnly(1);
        }
    }

    /** With labels it does what an estimator inside classes does, over batches of two sizes. */
    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "w1", "kl-direct", "ls-direct", "kmm-exact"})
    void labelsLetEveryClassBeEstimatedByItself(String method) {
        int d = 2;
        int[] labels = IntStream.range(0, SAMPLES).map(i -> i % 3).toArray();
        int[] validationLabels = IntStream.range(0, VALIDATION).map(j -> j * j % 4 % 3).toArray();
        validationLabels[2] = 2;
        Random random = new Random(12);
        try (Buffer l = device.ints(labels); Buffer vl = device.ints(validationLabels);
             WeightEstimator estimator = WeightEstimator.create(device, Divergences.get(method),
                 new BatchShape(SAMPLES, VALIDATION, N, M, d),
                 SETTINGS, new SampleLabels(l, vl, 3));
             ImportanceWeights weights = builder(method, d).labels(labels, validationLabels).build()) {
            for (int i = 0; i < 3; i++) {
                Batch b = Batch.of(N, M, d, random);
                try (Buffer indices = device.ints(b.indices); Buffer validationIndices = device.ints(b.validationIndices);
                     Buffer z = device.floats(b.z); Buffer validation = device.floats(b.validation)) {
                    estimator.estimate(indices, validationIndices, z, validation);
                    assertThat(weights.update(b.indices, b.validationIndices, b.z, b.validation))
                        .containsExactly(estimator.weights().toFloats());
                    assertThat(weights.quality()).isEqualTo(estimator.quality(z, validation));
                    assertThat(weights.quality().objective()).isFinite();
                }
            }
            Batch small = Batch.of(5, 7, d, random);
            weights.update(small.indices, small.validationIndices, small.z, small.validation);
            float[] state = weights.state();
            try (ImportanceWeights second = builder(method, d).labels(labels, validationLabels).build()) {
                second.restore(state);
                Batch b = Batch.of(N, M, d, random);
                float[] first = weights.update(b.indices, b.validationIndices, b.z, b.validation);
                if (!method.equals("w1")) {         // directions are drawn on
                    assertThat(second.update(b.indices, b.validationIndices, b.z, b.validation)).containsExactly(first);
                }
                refused("there is a label for each of the 30 validation samples: say which of them a batch has",
                    () -> second.update(b.indices, b.z, b.validation));
            }
        }
    }

    @Test
    void saysWhichShareIsAtTheBound() {
        float[] z = new float[N];
        Arrays.fill(z, 9, N, 5);
        z[0] = 0.1f;
        try (ImportanceWeights weights = builder("kl-direct", 1)
            .settings(EstimationSettings.builder().bandwidth("gamma:1").upperBound(1.5f).steps(30).build()).build()) {
            float[] w = weights.update(IntStream.range(0, N).toArray(), IntStream.range(0, M).toArray(), z, new float[M]);
            int atBound = 0;
            for (float x : w) {
                assertThat(x).isLessThanOrEqualTo(1.5f);
                atBound += x >= 1.499999f ? 1 : 0;
            }
            assertThat(weights.fractionAtBound()).isEqualTo(atBound / (double) N).isGreaterThan(0.5);
        }
    }

    /** Batches of other sizes start from the state that the others left, and leave theirs. */
    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "w1"})
    void sizesShareTheState(String method) {
        Random random = new Random(6);
        int[][] sizes = {{N, M}, {7, M}, {N, M}, {5, 4}, {1, 1}, {9, 9}, {3, 8}, {N, M}, {7, M}, {2, 2}};
        try (ImportanceWeights weights = builder(method, 1).build()) {
            float[] memory = weights.memory();
            assertThat(memory).hasSize(SAMPLES).containsOnly(1);
            float[] state = null;
            for (int[] size : sizes) {
                Batch b = Batch.of(size[0], size[1], 1, random);
                try (WeightEstimator estimator = estimator(method, size[0], size[1], 1);
                     Buffer indices = device.ints(b.indices);
                     Buffer validationIndices = device.ints(b.validationIndices); Buffer z = device.floats(b.z);
                     Buffer validation = device.floats(b.validation)) {
                    estimator.memory().upload(memory);
                    if (state != null) {
                        estimator.state().upload(state);
                    }
                    estimator.estimate(indices, validationIndices, z, validation);
                    assertThat(weights.update(b.indices, b.validationIndices, b.z, b.validation)).as(Arrays.toString(size))
                        .containsExactly(estimator.weights().toFloats());
                    memory = estimator.memory().toFloats();
                    state = estimator.state().toFloats();
                    assertThat(weights.memory()).containsExactly(memory);
                }
            }
            assertThat(memory).doesNotContain(Float.NaN);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "ls", "w1"})
    void goesOnFromAState(String method) {
        Random random = new Random(7);
        Batch[] batches = Stream.generate(() -> Batch.of(N, M, 1, random)).limit(4).toArray(Batch[]::new);
        try (ImportanceWeights first = builder(method, 1).build(); ImportanceWeights second = builder(method, 1).build()) {
            for (int i = 0; i < 2; i++) {
                first.update(batches[i].indices, batches[i].validationIndices, batches[i].z, batches[i].validation);
            }
            float[] state = first.state();
            assertThat(state.length).isEqualTo(switch (method) {
                case "ls" -> SAMPLES + VALIDATION;
                case "w1" -> 2 * SAMPLES;
                default -> SAMPLES;
            });
            second.restore(state);
            assertThat(second.memory()).containsExactly(first.memory());
            for (int i = 2; i < 4; i++) {
                assertThat(second.update(batches[i].indices, batches[i].validationIndices, batches[i].z, batches[i].validation))
                    .containsExactly(first.update(batches[i].indices, batches[i].validationIndices, batches[i].z, batches[i].validation));
            }
            assertThat(second.state()).containsExactly(first.state()).isNotEqualTo(state);
        }
    }

    @Test
    void saysHowManySamplesAreWorthAsMuch() {
        Batch b = Batch.of(N, M, 1, new Random(8));
        try (ImportanceWeights weights = builder("km", 1).build()) {
            assertThatThrownBy(weights::effectiveSampleSize).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("call update first");
            float[] w = weights.update(b.indices, b.z, b.validation);
            double sum = 0, squares = 0;
            for (float x : w) {
                sum += x;
                squares += (double) x * x;
            }
            assertThat(weights.effectiveSampleSize()).isEqualTo(sum * sum / squares).isBetween(1.0, N - 1e-3);
        }
    }

    @Test
    void weightsOnTheDeviceMayBeClosed() {
        Batch b = Batch.of(N, M, 1, new Random(8));
        try (ImportanceWeights weights = builder("km", 1).build(); ImportanceWeights other = builder("km", 1).build();
             Buffer indices = device.ints(b.indices); Buffer validationIndices = device.ints(b.validationIndices);
             Buffer z = device.floats(b.z);
             Buffer validation = device.floats(b.validation)) {
            for (int i = 0; i < 3; i++) {
                try (Buffer w = weights.update(indices, validationIndices, z, validation)) {
                    assertThat(w.toFloats()).containsExactly(other.update(b.indices, b.validationIndices, b.z, b.validation));
                }
            }
        }
    }

    @Test
    void refusesToBeRecordedAndGoesOn() {
        Batch b = Batch.of(N, M, 1, new Random(8));
        Batch small = Batch.of(5, M, 1, new Random(9));
        try (ImportanceWeights weights = builder("kl", 1).validationSamples(M).build();
             ImportanceWeights other = builder("kl", 1).validationSamples(M).build();
             Buffer indices = device.ints(small.indices); Buffer z = device.floats(small.z);
             Buffer validation = device.floats(small.validation)) {
            float[] first = other.update(b.indices, b.z, b.validation);
            assertThatThrownBy(() -> device.record(() -> weights.update(indices, z, validation))).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot be updated while a graph is recorded");
            assertThat(weights.update(b.indices, b.z, b.validation)).containsExactly(first);
            assertThatThrownBy(() -> device.record(() -> weights.update(indices, z, validation))).isInstanceOf(IllegalStateException.class);
            assertThat(weights.memory()).containsExactly(other.memory());
            assertThat(weights.update(small.indices, small.z, small.validation))
                .containsExactly(other.update(small.indices, small.z, small.validation));
        }
    }

    /** A rank that is too high is a matter of its batch alone. */
    @Test
    void aProblemEndsWithItsBatch() {
        assumeFalse(DeviceMatrix.slow(), "thousands of samples take minutes there");
        int n = 2100;
        int[] indices = IntStream.range(0, n).toArray();
        float[] far = new float[n];
        for (int i = 0; i < n; i++) {
            far[i] = 10 * i;
        }
        try (ImportanceWeights weights = ImportanceWeights.builder(device, n).batch(n).validationBatch(2).method("kmm-exact")
            .settings(EstimationSettings.builder().bandwidth("gamma:1").build()).build()) {
            assertThatThrownBy(() -> weights.update(indices, far, new float[2])).isInstanceOf(AdiwException.class)
                .hasMessageContaining("rank");
            assertThat(weights.update(indices, new float[n], new float[2])).as("all equal").containsOnly(1);
        }
    }

    @Test
    void closesTwiceAndWorksNoMore() {
        Batch b = Batch.of(N, M, 1, new Random(8));
        ImportanceWeights weights = builder("km", 1).build();
        weights.close();
        weights.close();
        assertThatThrownBy(() -> weights.update(b.indices, b.z, b.validation)).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("closed");
    }

    @Test
    void directBuffersNeedNoMemoryOfTheHeap() {
        assumeFalse(DeviceMatrix.slow(), "the driver's handles are objects");
        Batch b = Batch.of(N, M, 1, new Random(9));
        IntBuffer indices = direct(b.indices), validationIndices = direct(b.validationIndices);
        FloatBuffer z = direct(b.z), validation = direct(b.validation), out = direct(new float[N]);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Device one = Devices.open("host", 1);
             ImportanceWeights weights = ImportanceWeights.builder(one, SAMPLES).validationSamples(VALIDATION).batch(N).validationBatch(M)
                 .method("kl").build()) {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 3; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1000; i++) {
                    weights.update(indices, validationIndices, z, validation, out);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("bytes in 1,000 calls").isLessThan(1000);
        }
    }

    static Stream<Arguments> mistakes() {
        int[] indices = IntStream.range(0, N).toArray();
        int[] validationIndices = IntStream.range(0, M).toArray();
        float[] z = new float[2 * N];
        float[] v = new float[2 * M];
        int[] far = indices.clone();
        far[3] = SAMPLES;
        int[] negative = validationIndices.clone();
        negative[11] = -1;
        float[] nan = z.clone();
        nan[7] = Float.NaN;
        float[] infinite = v.clone();
        infinite[4] = Float.NEGATIVE_INFINITY;
        return Stream.of(
            Arguments.of("row 3 of the batch is training sample 60, but these have the numbers 0 to 59", far, validationIndices, z, v),
            Arguments.of("row 11 of the batch is validation sample -1, but these have the numbers 0 to 29", indices, negative, z, v),
            Arguments.of("the training data of the batch are NaN in row 3, column 1", indices, validationIndices, nan, v),
            Arguments.of("the validation data of the batch are -Infinity in row 2, column 0", indices, validationIndices, z, infinite),
            Arguments.of("a batch has 1 to 16 training samples, not 0", new int[0], validationIndices, new float[0], v),
            Arguments.of("a batch has 1 to 16 training samples, not 17", new int[N + 1], validationIndices, new float[2 * N + 2], v),
            Arguments.of("the training data of 16 samples of dimension 2 are 32 numbers, not 31", indices, validationIndices,
                new float[31], v),
            Arguments.of("the validation data are 1 to 12 samples of dimension 2, not 23 numbers", indices, validationIndices, z,
                new float[23]),
            Arguments.of("not 0 numbers", indices, new int[0], z, new float[0]),
            Arguments.of("give builder's validationBatch the largest", indices, new int[M + 1], z, new float[2 * M + 2]),
            Arguments.of("there are 11 numbers of validation samples for the data of 12", indices, new int[M - 1], z, v),
            Arguments.of("say which of them a batch has", indices, null, z, v));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void mistakesAreRefused(String expected, int[] indices, int[] validationIndices, float[] z, float[] validation) {
        try (ImportanceWeights weights = builder("kl", 2).build()) {
            float[] state = weights.state();
            assertThatThrownBy(() -> weights.update(indices, validationIndices, z, validation)).isInstanceOf(UsageException.class)
                .hasMessageContaining(expected);
            assertThatThrownBy(() -> weights.update(direct(indices), validationIndices == null ? null : direct(validationIndices),
                direct(z),
                direct(validation), direct(new float[indices.length]))).isInstanceOf(UsageException.class).hasMessageContaining(expected);
            assertThatThrownBy(
                () -> weights.update(longs(indices), validationIndices == null ? null : longs(validationIndices), z, validation))
                .isInstanceOf(UsageException.class).hasMessageContaining(expected);
            assertThat(weights.state()).containsExactly(state);
        }
    }

    @Test
    void namesWhatIsNull() {
        Batch b = Batch.of(N, M, 1, new Random(10));
        try (ImportanceWeights weights = builder("km", 1).build()) {
            refused("indices must be given", () -> weights.update((int[]) null, b.z, b.validation));
            refused("indices must be given", () -> weights.update((long[]) null, b.z, b.validation));
            refused("indices must be given", () -> weights.update((LongBuffer) null, direct(b.z), direct(b.validation), direct(b.z)));
            refused("z must be given", () -> weights.update(b.indices, (float[]) null, b.validation));
            refused("validation must be given", () -> weights.update(b.indices, b.z, (float[]) null));
            refused("weights must be given", () -> weights.update(direct(b.indices), direct(b.z), direct(b.validation), null));
            refused("z must be given", () -> weights.update(device.ints(b.indices), null, device.floats(b.validation)));
            refused("state must be given", () -> weights.restore(null));
        }
        refused("device must be given", () -> ImportanceWeights.builder(null, 1));
        refused("method must be given", () -> builder(null, 1));
        refused("settings must be given", () -> builder("km", 1).settings(null));
        refused("training must be given", () -> builder("km", 1).labels(null, new int[1]));
    }

    @Test
    void buffersMustBeOfTheRightOrderAndKind() {
        Batch b = Batch.of(N, M, 1, new Random(10));
        try (ImportanceWeights weights = builder("km", 1).build(); Buffer indices = device.ints(b.indices); Buffer z = device.floats(b.z);
             Buffer validation = device.floats(b.validation)) {
            FloatBuffer out = direct(new float[N]);
            ByteBuffer bytes = ByteBuffer.allocateDirect(4 * M);
            ByteOrder foreign = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
            refused("the buffer of the validation data must be in native byte order",
                () -> weights.update(direct(b.indices), direct(b.z), bytes.order(foreign).asFloatBuffer(), out));
            refused("the buffer of the training samples' numbers must be in native byte order",
                () -> weights.update(ByteBuffer.allocate(8 * N).order(foreign).asLongBuffer(), direct(b.z), direct(b.validation), out));
            refused("it has room for 15", () -> weights.update(direct(b.indices), direct(b.z), direct(b.validation),
                direct(new float[N - 1])));
            refused("it is read-only", () -> weights.update(direct(b.indices), direct(b.z), direct(b.validation), out.asReadOnlyBuffer()));
            refused("indices must be INT32 on ", () -> weights.update(z, z, validation));
            refused("has 60 numbers, not 61", () -> weights.restore(new float[SAMPLES + 1]));
            float[] state = weights.state();
            state[4] = -1;
            refused("number 4 of the state is -1.0, not a finite number of at least 0", () -> weights.restore(state));
            try (ImportanceWeights fresh = builder("km", 1).build()) {
                assertThat(weights.update(indices, z, validation).toFloats()).containsExactly(fresh.update(b.indices, b.z, b.validation));
            }
        }
    }

    private static void refused(String expected, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(UsageException.class).hasMessageContaining(expected);
    }

    static Stream<Arguments> contradictions() {
        return Stream.<Arguments>of(
            contradiction("give builder's batch and validationBatch", b -> b.batch(4).build()),
            contradiction("a batch of 61 is more than the 60 training samples", b -> b.batch(61).validationBatch(4).build()),
            contradiction("a validation batch of 5 is more than the 4 validation samples", b -> b.batch(4).validationBatch(5)
                .validationSamples(4).build()),
            contradiction("dimension must be at least 1, not 0", b -> b.dimension(0)),
            contradiction("there is no method kmm: choose one of ", b -> b.method("kmm")),
            contradiction("bandwidth wide is not known", b -> b.settings(EstimationSettings.builder().bandwidth("wide").build())),
            contradiction("upperBound must be at least 1", b -> b.settings(EstimationSettings.builder().upperBound(0.5f).build())),
            contradiction("60 training and 4 validation samples, and 59 and 4 labels",
                b -> b.batch(4).validationBatch(4).labels(new int[59], new int[4]).build()),
            contradiction("a label must be in 0 to 65535, not -1",
                b -> b.batch(4).validationBatch(2).labels(new int[60], new int[] {0, -1}).build()),
            contradiction("class 0 has training samples and no validation sample",
                b -> b.batch(4).validationBatch(2).labels(new int[60], new int[] {1, 2}).build()),
            contradiction("steps must be at least 1, not 0", b -> b.settings(EstimationSettings.builder().steps(0).build())));
    }

    private static Arguments contradiction(String expected, Consumer<ImportanceWeights.Builder> building) {
        return Arguments.of(expected, building);
    }

    @ParameterizedTest
    @MethodSource("contradictions")
    void contradictionsAreRefused(String expected, Consumer<ImportanceWeights.Builder> building) {
        refused(expected, () -> building.accept(ImportanceWeights.builder(device, SAMPLES)));
    }
}
