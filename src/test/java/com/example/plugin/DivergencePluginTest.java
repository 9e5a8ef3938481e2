package com.example.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.cli.Main;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.ImportanceWeights;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A divergence from outside the library is found, and is a method like the others. */
class DivergencePluginTest {
    private static final int N = 40;
    private static final int M = 30;

    @TempDir
    Path folder;

    /** Rows of two numbers around (centre, -centre). */
    private static float[] rows(int count, double centre, Random random) {
        float[] x = new float[2 * count];
        for (int i = 0; i < 2 * count; i++) {
            x[i] = (float) (random.nextGaussian() + (i % 2 == 0 ? centre : -centre));
        }
        return x;
    }

    private static double mean(float[] x, float[] w, int column) {
        double sum = 0;
        int count = x.length / 2;
        for (int i = 0; i < count; i++) {
            sum += (w == null ? 1 : w[i]) * x[2 * i + column];
        }
        return sum / count;
    }

    private static void meets(float[] train, float[] validation, float[] w, double tolerance) {
        for (int column = 0; column < 2; column++) {
            double target = mean(validation, null, column);
            assertThat(Math.abs(mean(train, null, column) - target)).isGreaterThan(0.3);
            assertThat(mean(train, w, column)).isCloseTo(target, within(tolerance));
        }
    }

    @Test
    void isFound() {
        assertThat(MeanMatching.class.getPackageName()).doesNotStartWith("io.github.adiw");
        assertThat(Divergences.all()).containsKeys("km", "mean");
        assertThat(Divergences.get("mean")).isInstanceOf(MeanMatching.class);
        assertThat(TrainingOptions.methods()).contains("adiw-mean");
        assertThat(Modifier.isPublic(MeanMatching.class.getModifiers())).isTrue();
    }

    /** What is registered and not there is said in a sentence. */
    @Test
    void saysWhichIsRegisteredAndCannotBeMade() throws IOException {
        Path services = folder.resolve("META-INF/services");
        Files.createDirectories(services);
        Files.writeString(services.resolve("io.github.adiw.weight.Divergence"), "com.example.Nowhere\n");
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader broken = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            Thread.currentThread().setContextClassLoader(broken);
            assertThatThrownBy(Divergences::all).isInstanceOf(AdiwException.class).hasMessageContaining("com.example.Nowhere");
            assertThatThrownBy(TrainingOptions::methods).isInstanceOf(AdiwException.class).hasMessageContaining("com.example.Nowhere");
            assertThat(Divergences.get("km").name()).as("one that can be made").isEqualTo("km");
            assertThatThrownBy(() -> Divergences.get("nowhere")).as("one that might be it").isInstanceOf(AdiwException.class)
                .hasMessageContaining("com.example.Nowhere");
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    /** Looks for the library's classes among its own first, as application servers do. */
    private static final class ChildFirst extends URLClassLoader {
        ChildFirst(URL library, ClassLoader parent) {
            super(new URL[] {library}, parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                if (!name.startsWith("io.github.adiw.")) {
                    return super.loadClass(name, resolve);
                }
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? findClass(name) : loaded;
            }
        }
    }

    /** Its divergences are no divergences here, and disable none. */
    @Test
    void anotherCopyOfTheLibraryIsPassedOver() throws IOException, ClassNotFoundException {
        Map<String, Divergence> alone = Divergences.all();
        URL library = Divergence.class.getProtectionDomain().getCodeSource().getLocation();
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (ChildFirst copy = new ChildFirst(library, before)) {
            assertThat(copy.loadClass(Divergence.class.getName())).isNotEqualTo(Divergence.class);
            Thread.currentThread().setContextClassLoader(copy);
            assertThat(Divergences.all().keySet()).isEqualTo(alone.keySet());
            assertThat(Divergences.get("mean")).isInstanceOf(MeanMatching.class);
            float[] train = {1, 2, 3, 4};
            assertThat(DensityRatio.builder().method("ls").fit(train, train, 1).weights()).hasSize(4);
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    @Test
    void convergesToWhatItSays() {
        Random random = new Random(1);
        float[] train = rows(N, 0, random);
        float[] validation = rows(M, 0.7, random);
        try (Device device = DeviceMatrix.open()) {
            EstimatedWeights found = EstimatedWeights.builder(device).method("mean").untilConverged(true).estimate(train, validation, 2);
            assertThat(found.converged()).isTrue();
            assertThat(found.sum()).isCloseTo(N, within(1e-3));
            assertThat(found.objective()).isLessThan(1e-4);
            meets(train, validation, found.weights(), 1e-3);
        }
    }

    @Test
    void servesATrainingLoop() {
        Random random = new Random(2);
        float[] train = rows(N, 0, random);
        float[] validation = rows(M, 0.7, random);
        try (Device device = DeviceMatrix.open(); ImportanceWeights weights = ImportanceWeights.builder(device, N).batch(N)
            .validationBatch(M)
            .dimension(2).method("mean").settings(EstimationSettings.builder().steps(10).build()).build()) {
            float[] w = null;
            for (int epoch = 0; epoch < 30; epoch++) {
                w = weights.update(IntStream.range(0, N).toArray(), train, validation);
            }
            meets(train, validation, w, 1e-2);
        }
    }

    /** Written once, it works inside classes: every class's weighted mean meets that of its validation samples. */
    @Test
    void worksInsideClasses() {
        Random random = new Random(7);
        float[] train = rows(N, 0, random);
        float[] validation = rows(M, 0.4, random);
        int[] labels = IntStream.range(0, N).map(i -> i % 2).toArray();
        int[] validationLabels = IntStream.range(0, M).map(j -> j % 4 == 0 ? 0 : 1).toArray();
        try (Device device = DeviceMatrix.open();
             ImportanceWeights weights = ImportanceWeights.builder(device, N).batch(N).validationBatch(M)
                 .dimension(2).method("mean").labels(labels, validationLabels).settings(EstimationSettings.builder().steps(10).build())
                 .build()) {
            float[] w = null;
            for (int epoch = 0; epoch < 60; epoch++) {
                w = weights.update(IntStream.range(0, N).toArray(), train, validation);
            }
            for (int c = 0; c < 2; c++) {
                double[] weighted = new double[2];
                double[] target = new double[2];
                double sum = 0;
                int count = 0;
                for (int i = 0; i < N; i++) {
                    if (labels[i] == c) {
                        sum += w[i];
                        weighted[0] += w[i] * train[2 * i];
                        weighted[1] += w[i] * train[2 * i + 1];
                    }
                }
                for (int j = 0; j < M; j++) {
                    if (validationLabels[j] == c) {
                        count++;
                        target[0] += validation[2 * j];
                        target[1] += validation[2 * j + 1];
                    }
                }
                assertThat(sum).as("the prior of class " + c).isCloseTo((double) N * count / M, within(1e-3 * N));
                assertThat(weighted[0] / sum).as("class " + c).isCloseTo(target[0] / count, within(2e-2));
                assertThat(weighted[1] / sum).as("class " + c).isCloseTo(target[1] / count, within(2e-2));
            }
        }
    }

    private static JsonNode run(Object... arguments) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new), new PrintStream(out, true,
            StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
        assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
        return new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void isAMethodOfWeights() throws IOException {
        Random random = new Random(3);
        float[] train = rows(N, 0, random);
        float[] validation = rows(M, 0.7, random);
        Path trainFile = folder.resolve("train.npy"), validationFile = folder.resolve("validation.npy"), output = folder.resolve("w.npy");
        Npy.write(trainFile, train, N, 2);
        Npy.write(validationFile, validation, M, 2);
        JsonNode json = run("weights", "--method", "mean", "--device", DeviceMatrix.name(), "--train", trainFile, "--validation",
            validationFile,
            "--until-converged", "--json", "--output", output);
        assertThat(json.get("method").asText()).isEqualTo("mean");
        assertThat(json.get("converged").asBoolean()).isTrue();
        meets(train, validation, Npy.read(output).toFloats(), 1e-2);
    }

    /** A data set whose images are brighter the higher their label. */
    private Path images() throws IOException {
        Random random = new Random(4);
        for (String part : List.of("train", "t10k")) {
            int count = part.equals("train") ? 192 : 32;
            byte[] labels = new byte[count];
            byte[] pixels = new byte[count * 784];
            for (int i = 0; i < pixels.length; i++) {
                labels[i / 784] = (byte) (i / 784 % 10);
                pixels[i] = (byte) (20 * labels[i / 784] + random.nextInt(40));
            }
            Files.write(folder.resolve(part + "-images-idx3-ubyte"),
                ByteBuffer.allocate(16 + pixels.length).putInt(0x803).putInt(count).putInt(28).putInt(28).put(pixels).array());
            Files.write(folder.resolve(part + "-labels-idx1-ubyte"), ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count).put(labels)
                .array());
        }
        return folder;
    }

    @Test
    void isAMethodOfTraining() throws IOException {
        JsonNode summary = run("train", "--method", "adiw-mean", "--device", DeviceMatrix.name(), "--data", images(), "--model", "mlp:8",
            "--noise", "symmetric:0.4", "--validation-samples", 32, "--batch", 32, "--validation-batch", 16, "--epochs", 3,
            "--optimizer", "adam", "--lr", "1e-3", "--seed", 1, "--json", "--output", folder.resolve("run"));
        assertThat(summary.get("method").asText()).isEqualTo("adiw-mean");
        assertThat(summary.get("effectiveSampleSize").asDouble()).as("weights that moved").isBetween(1.0, 191.9);
    }
}
