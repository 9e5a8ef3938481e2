package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.data.Augmentation;
import io.github.adiw.data.Augmenter;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.Normalization;
import io.github.adiw.data.SampleSource;
import io.github.adiw.data.TableSet;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.ModelInstance;
import io.github.adiw.nn.Optimizer;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import io.github.adiw.nn.SoftmaxCrossEntropy;
import io.github.adiw.nn.WeightDecay;
import io.github.adiw.train.StepTimer;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.ImportanceWeights;
import io.github.adiw.weight.Projection;
import io.github.adiw.weight.RememberedSamples;
import io.github.adiw.weight.SampleLabels;
import io.github.adiw.weight.SegmentedBatch;
import io.github.adiw.weight.WeightEstimator;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every public method that launches kernels refuses what does not fit them, in a sentence, where a kernel would read or write memory that
 * is not its own. A method that takes buffers is a line in {@link #methods}; {@link #noMethodIsForgotten} looks for those that have none.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BufferArgumentsTest {
    /** Samples N, validation samples V, rows n and m of a batch, numbers d of a row. */
    private static final int SAMPLES = 6, VALIDATION_SAMPLES = 3, N = 4, M = 2, D = 2;
    /** Columns and classes of a model, its rows, and those of them that are trained on. */
    private static final int COLUMNS = 5, CLASSES = 3, ROWS = 4, TRAINED = 2;

    /** Methods that take buffers and have no line in {@link #methods}, and why. */
    private static final Map<String, String> ELSEWHERE = Map.of(
        "Device.require(String, Buffer, ElementType, long[])", "is the check",
        "Device.require(String, Buffer, ElementType)", "is the check",
        "Device.copy(Buffer, Buffer)", "DeviceTest",
        "Device.zero(Buffer)", "DeviceTest",
        "Parameter(String, int[], boolean, boolean, Buffer, Buffer)", "holds them",
        "EvaluatedSegment.ofTraining(Buffer)", "EvaluatedSegmentTest",
        "EvaluatedSegment.ofValidation(Buffer)", "EvaluatedSegmentTest",
        "EvaluatedSegment.doubles(Buffer)", "EvaluatedSegmentTest",
        "SegmentedBatch.launchOnCluster(String, RememberedSamples, Buffer, Object[])", "not every device has clusters; as launchAtOnce");

    /**
     * A buffer that a method takes.
     *
     * @param optional whether null is right, too
     */
    private record Taken(String name, ElementType type, long length, boolean optional) {}

    private interface Call {
        void with(Buffer... given);
    }

    /** @param signature as {@link #signature} has it */
    private record Method(String signature, Call call, List<Taken> taken) {}

    private enum Wrong { SHORT, LONG, NULL, TYPE, DEVICE }

    private final Scope scope = Scope.open();
    private Device device, namesake;
    private List<Method> methods;

    private static Taken floats(String name, long length) {
        return new Taken(name, ElementType.FLOAT32, length, false);
    }

    private static Taken ints(String name, long length) {
        return new Taken(name, ElementType.INT32, length, false);
    }

    private static Taken longs(String name, long length) {
        return new Taken(name, ElementType.INT64, length, false);
    }

    private static Taken orNull(Taken taken) {
        return new Taken(taken.name, taken.type, taken.length, true);
    }

    private static Method method(String signature, Call call, Taken... taken) {
        return new Method(signature, call, List.of(taken));
    }

    @BeforeAll
    void open() {
        device = scope.keep(DeviceMatrix.open());
        namesake = scope.keep(Devices.open(DeviceMatrix.name(), 2));
        methods = new ArrayList<>();
        data();
        networks();
        weights();
    }

    @AfterAll
    void close() {
        scope.close();
    }

    private void data() {
        SampleSource rows = scope.keep(new TableSet(new float[] {1, 2, 3}, new int[3], 1).load(device, Normalization.NONE));
        SampleSource images = scope.keep(new ImageSet(new byte[3], new int[3], 1, 1, 1).load(device, Normalization.NONE));
        methods.add(method("SampleSource.gather(Buffer, Buffer)", b -> rows.gather(b[0], b[1]), ints("index", 2), floats("batch", 2)));
        methods.add(method("SampleSource.gather(Buffer, Buffer, int, Augmenter)",
            b -> images.gather(b[0], b[1], 1, new Augmenter(Augmentation.CROP_FLIP, b[2], 1)), ints("index", 2), floats("batch", 2),
            longs("step", 1)));
        methods.add(method("Augmenter(Augmentation, Buffer, long)",
            b -> rows.gather(device.ints(0), device.floats(0), 1, new Augmenter(Augmentation.NONE, b[0], 1)), longs("step", 1)));
    }

    private void networks() {
        Model model = Model.parse("mlp:4", COLUMNS, 1, 1, CLASSES);
        Parameters parameters = scope.keep(model.parameters(device));
        ModelInstance instance = scope.keep(model.instance(device, parameters, TRAINED, ROWS - TRAINED, Precision.FP32));
        Buffer input = scope.keep(device.floats(new float[ROWS * COLUMNS]));
        Buffer labels = scope.keep(device.ints(new int[ROWS]));
        Optimizer optimizer = scope.keep(Optimizer.sgd(device, parameters, scope.keep(device.floats(0)), scope.keep(device.ints(0)), 0,
            false, WeightDecay.ofAll(0)));
        Taken inputs = floats("input", ROWS * COLUMNS);
        Taken given = ints("labels", ROWS);
        Taken gradient = floats("logitGradient", TRAINED * CLASSES);
        Taken weights = floats("weights", TRAINED);
        methods.add(method("ModelInstance.forward(Buffer)", b -> instance.forward(b[0]), inputs));
        methods.add(method("ModelInstance.forward(Buffer, Mode)", b -> instance.forward(b[0], Mode.EVALUATE), inputs));
        methods.add(method("ModelInstance.backward(Buffer)", b -> {
            instance.forward(input);
            instance.backward(b[0]);
        }, gradient));
        methods.add(method("ModelInstance.backward(Buffer, Optimizer)", b -> {
            instance.forward(input);
            instance.backward(b[0], optimizer);
        }, gradient));
        SoftmaxCrossEntropy loss = scope.keep(new SoftmaxCrossEntropy(device, ROWS, TRAINED, CLASSES));
        methods.add(method("SoftmaxCrossEntropy.forward(Buffer, Buffer)", b -> loss.forward(b[0], b[1]), floats("logits", ROWS * CLASSES),
            given));
        methods.add(method("SoftmaxCrossEntropy.forward(ModelInstance, Buffer, Mode, Buffer)",
            b -> loss.forward(instance, b[0], Mode.TRAIN, b[1]), inputs, given));
        methods.add(method("SoftmaxCrossEntropy.forward(ModelInstance, Buffer, Buffer, Buffer, float)",
            b -> loss.forward(instance, b[0], b[1], b[2], 1), inputs, given, weights));
        methods.add(method("SoftmaxCrossEntropy.backward(Buffer, Buffer, float)", b -> {
            loss.forward(instance, input, Mode.TRAIN, labels);
            loss.backward(b[0], b[1], 1);
        }, given, weights));
        methods.add(method("SoftmaxCrossEntropy.backward(ModelInstance, Buffer, Buffer, float, Optimizer)", b -> {
            loss.forward(instance, input, Mode.TRAIN, labels);
            loss.backward(instance, b[0], b[1], 1, optimizer);
        }, given, weights));
        methods.add(method("Optimizer.sgd(Device, Parameters, Buffer, Buffer, float, boolean, WeightDecay)",
            b -> Optimizer.sgd(device, parameters, b[0], b[1], 0.5f, true, WeightDecay.ofAll(0)).close(), floats("rate", 1),
            ints("halted", 1)));
        methods.add(method("Optimizer.adam(Device, Parameters, Buffer, Buffer, Buffer, WeightDecay)",
            b -> Optimizer.adam(device, parameters, b[0], b[1], b[2], WeightDecay.ofAll(0)).close(), floats("rate", 1), longs("step", 1),
            ints("halted", 1)));
    }

    private void weights() {
        Projection box = scope.keep(Projection.box(device, 3, 1));
        methods.add(method("Projection.project(Buffer, Buffer)", b -> box.project(b[0], b[1]), floats("v", 3), floats("w", 3)));

        Taken indices = ints("indices", N);
        Taken validationIndices = ints("validationIndices", M);
        Taken z = floats("z", N * D);
        Taken validation = floats("validation", M * D);
        BatchShape shape = new BatchShape(SAMPLES, VALIDATION_SAMPLES, N, M, D);
        EstimationSettings settings = EstimationSettings.builder().bandwidth("gamma:1").eta(1f).ridge(0.1f).build();
        WeightEstimator estimator = scope.keep(WeightEstimator.create(device, Divergences.get("km"), shape, settings));
        methods.add(method("WeightEstimator.estimate(Buffer, Buffer, Buffer, Buffer)", b -> estimator.estimate(b[0], b[1], b[2], b[3]),
            indices, validationIndices, z, validation));
        methods.add(method("WeightEstimator.converge(Buffer, Buffer, Buffer, Buffer)", b -> estimator.converge(b[0], b[1], b[2], b[3]),
            indices, validationIndices, z, validation));
        methods.add(method("WeightEstimator.settle(Buffer, Buffer, Buffer, Buffer, StepWatch)",
            b -> estimator.settle(b[0], b[1], b[2], b[3], (steps, next, change) -> false), indices, validationIndices, z, validation));
        methods.add(method("WeightEstimator.quality(Buffer, Buffer)", b -> estimator.quality(b[0], b[1]), z, validation));

        Taken training = ints("training", SAMPLES);
        Taken other = ints("validation", VALIDATION_SAMPLES);
        methods.add(method("SampleLabels(Buffer, Buffer, int)", b -> WeightEstimator.create(device, Divergences.get("km"), shape, settings,
            new SampleLabels(b[0], b[1], 1)).close(), training, other));
        SegmentedBatch batch = scope.keep(SegmentedBatch.create(device, shape, settings, null));
        methods.add(method("SegmentedBatch.set(Buffer, Buffer, Buffer, Buffer)", b -> batch.set(b[0], b[1], b[2], b[3]), indices,
            validationIndices, z, validation));
        SegmentedBatch small = scope.keep(SegmentedBatch.create(device, new BatchShape(SAMPLES, VALIDATION_SAMPLES, N, M, 1), settings,
            null));
        small.set(scope.keep(device.ints(new int[N])), scope.keep(device.ints(new int[M])), scope.keep(device.floats(new float[N])),
            scope.keep(device.floats(new float[M])));
        Call atOnce = b -> small.launchAtOnce("ls_direct_estimation", new RememberedSamples(b[0], b[1], b[2], b[3], b[4]), b[5], 1f, 0f);
        Taken[] remembered = {indices, validationIndices, floats("state", SAMPLES), floats("memory", SAMPLES), floats("weights", N),
            floats("state", N)};
        methods.add(method("SegmentedBatch.launchAtOnce(String, RememberedSamples, Buffer, Object[])", atOnce, remembered));
        methods.add(method("RememberedSamples(Buffer, Buffer, Buffer, Buffer, Buffer)", atOnce, remembered));

        ImportanceWeights weights = scope.keep(ImportanceWeights.builder(device, SAMPLES).batch(N).validationBatch(M).dimension(D).build());
        methods.add(method("ImportanceWeights.update(Buffer, Buffer, Buffer)", b -> weights.update(b[0], b[1], b[2]), indices, z,
            validation));
        methods.add(method("ImportanceWeights.update(Buffer, Buffer, Buffer, Buffer)", b -> weights.update(b[0], b[1], b[2], b[3]), indices,
            orNull(validationIndices), z, validation));
    }

    private static Buffer[] right(Device device, Scope own, Method method) {
        return method.taken.stream().map(taken -> zeros(device, own, taken.type, taken.length)).toArray(Buffer[]::new);
    }

    private static Buffer zeros(Device device, Scope own, ElementType type, long length) {
        Buffer buffer = own.keep(device.allocate(type, length));
        device.zero(buffer);
        return buffer;
    }

    Stream<Named<Method>> methods() {
        return methods.stream().map(method -> Named.of(method.signature, method));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void takesWhatFits(Method method) {
        try (Scope own = Scope.open()) {
            method.call.with(right(device, own, method));
            device.synchronize();
        }
    }

    Stream<Arguments> wrongs() {
        return methods.stream().flatMap(method -> Stream.iterate(0, i -> i + 1).limit(method.taken.size())
            .flatMap(i -> Stream.of(Wrong.values()).filter(wrong -> wrong != Wrong.NULL || !method.taken.get(i).optional)
                .map(wrong -> Arguments.of(Named.of(method.signature, method), i, wrong))));
    }

    @ParameterizedTest(name = "{0}, argument {1}: {2}")
    @MethodSource("wrongs")
    void refusesWhatDoesNot(Method method, int position, Wrong wrong) {
        Taken taken = method.taken.get(position);
        ElementType otherType = taken.type == ElementType.INT32 ? ElementType.INT64 : ElementType.INT32;
        try (Scope own = Scope.open()) {
            Buffer[] given = right(device, own, method);
            given[position] = switch (wrong) {
                case SHORT -> zeros(device, own, taken.type, taken.length - 1);
                case LONG -> zeros(device, own, taken.type, taken.length + 1);
                case NULL -> null;
                case TYPE -> zeros(device, own, otherType, taken.length);
                case DEVICE -> zeros(namesake, own, taken.type, taken.length);
            };
            assertThatThrownBy(() -> method.call.with(given)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(switch (wrong) {
                    case SHORT -> Long.toString(taken.length - 1);
                    case LONG -> Long.toString(taken.length + 1);
                    case NULL -> taken.name + " must be given, and was null";
                    case TYPE -> "must be " + taken.type;
                    case DEVICE -> "on another device of that name";
                });
            device.synchronize();      // nothing had been enqueued that fails
        }
    }

    private static String signature(Executable executable) {
        String parameters = Arrays.stream(executable.getParameterTypes()).map(Class::getSimpleName).collect(Collectors.joining(", "));
        String owner = executable.getDeclaringClass().getSimpleName();
        return (executable instanceof java.lang.reflect.Method ? owner + "." + executable.getName() : owner) + "(" + parameters + ")";
    }

    private static Stream<Class<?>> publicClasses(String exported) {
        try {
            Path root = Path.of(AdiwException.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            List<Path> files;
            try (Stream<Path> listed = Files.list(root.resolve(exported.replace('.', File.separatorChar)))) {
                files = listed.filter(file -> file.toString().endsWith(".class")).toList();
            }
            List<Class<?>> classes = new ArrayList<>();
            for (Path file : files) {
                String name = file.getFileName().toString().replace(".class", "");
                if (!name.equals("package-info")) {
                    classes.add(Class.forName(exported + "." + name));
                }
            }
            return classes.stream().filter(c -> Modifier.isPublic(c.getModifiers()));
        } catch (URISyntaxException | IOException | ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void noMethodIsForgotten() throws URISyntaxException {
        Set<String> known = new TreeSet<>(ELSEWHERE.keySet());
        methods.forEach(method -> known.add(method.signature));
        Set<String> found = ModuleTest.module().exports().stream().flatMap(export -> publicClasses(export.source()))
            .flatMap(c -> Stream.concat(Arrays.stream(c.getDeclaredMethods()), Arrays.stream(c.getDeclaredConstructors())))
            .filter(executable -> Modifier.isPublic(executable.getModifiers()) && !executable.isSynthetic())
            .filter(executable -> Arrays.asList(executable.getParameterTypes()).contains(Buffer.class))
            .map(BufferArgumentsTest::signature).collect(Collectors.toCollection(TreeSet::new));
        assertThat(found).isEqualTo(known);
    }

    private static Arguments refused(String said, ThrowingCallable call) {
        return Arguments.of(said, call);
    }

    /** What is no buffer and must be given or fit all the same, lest a kernel gets a null pointer or reads beyond an end. */
    Stream<Arguments> others() {
        Model model = Model.parse("mlp:4", COLUMNS, 1, 1, CLASSES);
        Parameters parameters = scope.keep(model.parameters(device));
        Parameters wider = scope.keep(Model.parse("mlp:8", COLUMNS, 1, 1, CLASSES).parameters(device));
        Buffer rate = scope.keep(device.floats(0));
        Buffer halted = scope.keep(device.ints(0));
        WeightDecay none = WeightDecay.ofAll(0);
        TableSet table = new TableSet(new float[2], new int[1], 2);
        BatchShape shape = new BatchShape(SAMPLES, VALIDATION_SAMPLES, N, M, D);
        EstimationSettings settings = EstimationSettings.builder().bandwidth("gamma:1").eta(1f).build();
        SegmentedBatch unset = scope.keep(SegmentedBatch.create(device, shape, settings, null));
        SampleLabels labels = new SampleLabels(scope.keep(device.ints(new int[SAMPLES - 1])),
            scope.keep(device.ints(new int[VALIDATION_SAMPLES])), 1);
        WeightEstimator estimator = scope.keep(WeightEstimator.create(device, Divergences.get("kl"), shape, settings));
        Buffer z = scope.keep(device.floats(new float[N * D]));
        Buffer validation = scope.keep(device.floats(new float[M * D]));
        Projection box = scope.keep(Projection.box(device, 3, 1));
        TrainingOptions options = TrainingOptions.builder().build();
        return Stream.of(
            refused("device must be given", () -> table.load(null, Normalization.NONE)),
            refused("normalization must be given", () -> table.load(device, null)),
            refused("normalization has 3 means", () -> table.load(device, new Normalization(new float[3], new float[] {1, 1, 1}))),
            refused("parameters must be given", () -> model.instance(device, null, 1, 0, Precision.FP32)),
            refused("parameters are those of another model", () -> model.instance(device, wider, 1, 0, Precision.FP32)),
            refused("parameters must be FLOAT32 on", () -> model.instance(namesake, parameters, 1, 0, Precision.FP32)),
            refused("parameters must be FLOAT32 on", () -> Optimizer.sgd(namesake, parameters, rate, halted, 0, false, none)),
            refused("parameters must be given", () -> Optimizer.sgd(device, null, rate, halted, 0, false, none)),
            refused("weightDecay must be given", () -> Optimizer.sgd(device, parameters, rate, halted, 0, false, null)),
            refused("0 to as many rows", () -> new SoftmaxCrossEntropy(device, 2, 3, 2)),
            refused("device must be given", () -> new SoftmaxCrossEntropy(null, 2, 1, 2)),
            refused("a label for each", () -> SegmentedBatch.create(device, shape, settings, labels)),
            refused("labels must be given", () -> WeightEstimator.create(device, Divergences.get("km"), shape, settings, null)),
            refused("bandwidth must be given",
                () -> SegmentedBatch.create(device, shape, EstimationSettings.defaults(), null)),
            refused("there is no batch yet", unset::training),
            refused("there is no batch yet", unset::validationColumns),
            refused("there is no batch yet", () -> estimator.quality(z, validation)),
            refused("start must be given", () -> estimator.startFrom(null)),
            refused("start must have 3 numbers", () -> estimator.startFrom(new float[2])),
            refused("start must have 3 numbers", () -> estimator.startFrom(new float[4])),
            refused("device must be given", () -> new Trainer(null, FashionMnist.sample(), options)),
            refused("dataset must be given", () -> new Trainer(device, null, options)),
            refused("options must be given", () -> new Trainer(device, FashionMnist.sample(), null)),
            refused("methods must be given", () -> StepTimer.measure(device, FashionMnist.sample(), null, () -> false)),
            refused("stopping must be given", () -> StepTimer.measure(device, FashionMnist.sample(), List.of(options), null)),
            refused("v must be given", () -> box.project((float[]) null)),
            refused("v must be given", () -> Projection.simplex(null, 1)),
            refused("train must be given", () -> EstimatedWeights.builder(device).estimate(null, new float[1], 1)),
            refused("validation must be given", () -> EstimatedWeights.builder(device).estimate(new float[1], null, 1)));
    }

    @ParameterizedTest
    @MethodSource("others")
    void refusesTheRestInASentence(String said, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfAny(IllegalArgumentException.class, IllegalStateException.class).hasMessageContaining(said);
    }
}
