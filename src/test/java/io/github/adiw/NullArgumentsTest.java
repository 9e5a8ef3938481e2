package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.adiw.data.Augmentation;
import io.github.adiw.data.BatchOrder;
import io.github.adiw.data.Cifar;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Datasets;
import io.github.adiw.data.DownloadListener;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.FeatureShift;
import io.github.adiw.data.LabelNoise;
import io.github.adiw.data.Rows;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.Shift;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.LearningRateSchedule;
import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.ratio.Diagnostics;
import io.github.adiw.ratio.FitListener;
import io.github.adiw.ratio.RatioChoice;
import io.github.adiw.ratio.TrainingSums;
import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Whoever gives null to a method that builds, reads or fits hears at once which parameter it was. */
class NullArgumentsTest {
    private static final Rows ROWS = Rows.of(new double[] {1, 2, 3, 4, 5, 6}, 1);
    /** Where null means something, as the Javadoc says: the method's class and name, and the parameter's type. */
    private static final Set<String> HAS_A_MEANING = Set.of("DensityRatio.Builder.bandwidth Bandwidth",
        "DensityRatio.Builder.device Device",
        "TrainingOptions.Builder.initialParameters Path", "TrainingOptions.Builder.labels Path", "TrainingOptions.Builder.trainOrder Path",
        "TrainingOptions.Builder.validationOrder Path", "TrainingResult.Builder.failure String", "Datasets.open Path",
        "FashionMnist.open Path", "Cifar.open Path");

    /** What the parameters beside the one that is null are. */
    private static final Map<Class<?>, Object> SAMPLES = samples();

    private static Map<Class<?>, Object> samples() {
        Map<Class<?>, Object> samples = new LinkedHashMap<>();
        samples.put(int.class, 1);
        samples.put(long.class, 1L);
        samples.put(float.class, 1f);
        samples.put(double.class, 1.0);
        samples.put(boolean.class, true);
        samples.put(String.class, "fashion-mnist");
        samples.put(float[].class, new float[] {1, 2});
        samples.put(double[].class, new double[] {1});
        samples.put(int[].class, new int[] {1});
        samples.put(FloatBuffer.class, FloatBuffer.wrap(new float[] {1, 2}));
        samples.put(Path.class, Path.of("no such folder"));
        samples.put(List.class, List.of("x"));
        samples.put(Map.class, Map.of());
        samples.put(Set.class, Set.of(ElementType.FLOAT32));
        samples.put(Rows.class, ROWS);
        samples.put(FitListener.class, FitListener.NONE);
        samples.put(DownloadListener.class, DownloadListener.SILENT);
        samples.put(Bandwidth.class, Bandwidth.MEDIAN);
        samples.put(EstimationSettings.class, EstimationSettings.defaults());
        samples.put(Shift.class, Shift.NONE);
        return samples;
    }

    @TestFactory
    Stream<DynamicTest> nullIsRefusedByName() {
        Device device = DeviceMatrix.open();
        SAMPLES.put(Device.class, device);
        DensityRatio.Builder builder = DensityRatio.builder().method("kl").bandwidth("gamma:1").device(device);
        RatioChoice choice = builder.choose(ROWS, ROWS);
        TrainingSums sums = choice.sums();
        EstimatedWeights weights = EstimatedWeights.builder(device).estimate(new float[] {1, 2}, new float[] {2, 3}, 1);
        SAMPLES.put(EstimatedWeights.class, weights);
        SAMPLES.put(TrainingSums.class, sums);
        Dataset images = FashionMnist.sample();
        SAMPLES.put(TrainingSplit.class, TrainingSplit.of(images).build());
        TrainingOptions options = TrainingOptions.builder().build();

        Map<Object, List<String>> tried = new LinkedHashMap<>();
        tried.put(DensityRatio.class, List.of("fit", "load"));
        tried.put(Diagnostics.class, List.of("of"));
        tried.put(builder, List.of());
        tried.put(choice, List.of());
        tried.put(sums, List.of());
        tried.put(choice.fit(), List.of("save", "score", "scoreRow"));
        tried.put(TrainingOptions.builder(), List.of());
        tried.put(TrainingResult.class, List.of("of"));
        tried.put(TrainingResult.of(options), List.of());
        tried.put(Checkpoint.class, List.of("read"));
        tried.put(EpochReport.class, List.of("of"));
        tried.put(Bandwidth.class, List.of());
        tried.put(EstimatedWeights.class, List.of("effectiveSampleSize"));
        tried.put(LearningRateSchedule.class, List.of("parse"));
        tried.put(Augmentation.class, List.of("of"));
        tried.put(BatchOrder.class, List.of());
        tried.put(Datasets.class, List.of());
        tried.put(FashionMnist.class, List.of("open"));
        tried.put(Cifar.TEN, List.of("open"));
        tried.put(Rows.class, List.of("of"));
        tried.put(Scope.class, List.of("building"));
        tried.put(SafeTensors.class, List.of("read", "readParameters"));
        tried.put(Shift.class, List.of("parse"));
        tried.put(LabelNoise.class, List.of());
        tried.put(FeatureShift.class, List.of());
        tried.put(TrainingSplit.class, List.of("of"));
        tried.put(TrainingSplit.of(images), List.of());

        List<DynamicTest> tests = new ArrayList<>();
        tried.forEach((target, names) -> tests.addAll(of(target, names)));
        return tests.stream().onClose(device::close);
    }

    /** Of a class, its static methods and constructors; of an object, its methods; of these names, or all where none is named. */
    private static List<DynamicTest> of(Object target, List<String> names) {
        Class<?> type = target instanceof Class<?> given ? given : target.getClass();
        List<Executable> all = new ArrayList<>();
        for (Method method : type.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && Modifier.isStatic(method.getModifiers()) == target instanceof Class
                && (names.isEmpty() ? !method.getName().equals("equals") && !method.getName().equals("valueOf")
                    : names.contains(method.getName()))) {
                all.add(method);
            }
        }
        if (target instanceof Class && names.isEmpty()) {
            all.addAll(List.of(type.getConstructors()));
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (Executable executable : all) {
            Class<?>[] parameters = executable.getParameterTypes();
            for (int i = 0; i < parameters.length; i++) {
                String name = type.getCanonicalName().substring(type.getPackageName().length() + 1);
                String what = name + (executable instanceof Method ? "." + executable.getName() : "") + " " + parameters[i].getSimpleName();
                if (!parameters[i].isPrimitive() && !HAS_A_MEANING.contains(what)) {
                    int at = i;
                    tests.add(DynamicTest.dynamicTest(what + ", parameter " + i + " of " + Arrays.toString(parameters),
                        () -> check(executable, target instanceof Class ? null : target, at)));
                }
            }
        }
        assertThat(tests).as("methods of %s", type).isNotEmpty();
        return tests;
    }

    private static void check(Executable executable, Object target, int missing) {
        Class<?>[] parameters = executable.getParameterTypes();
        Object[] arguments = new Object[parameters.length];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = i == missing ? null : sample(parameters[i]);
        }
        Throwable thrown = catchThrowable(() -> {
            try {
                if (executable instanceof Method method) {
                    method.invoke(target, arguments);
                } else {
                    ((Constructor<?>) executable).newInstance(arguments);
                }
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
        assertThat(thrown).isInstanceOf(UsageException.class).hasMessageMatching("\\w+ must be given, and was null");
        assertThat(((UsageException) thrown).parameter()).isEqualTo(thrown.getMessage().split(" ")[0]);
    }

    private static Object sample(Class<?> type) {
        if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        assertThat(SAMPLES).as("a sample for another parameter").containsKey(type);
        return SAMPLES.get(type);
    }
}
