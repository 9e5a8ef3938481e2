package com.example.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.cli.Main;
import io.github.adiw.data.file.Npy;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One class and one kernel of somebody else, compiled into the libraries by {@code -Dadiw.kernels}, are a method like the others. */
@Tag(Fixtures.SOURCE_TREE)
class OwnKernelTest {
    private static final Path BUILT = Path.of("target/native");
    @TempDir
    Path folder;

    /** With the times of the files, so that no more is made than is new. */
    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private String run(List<String> command) throws IOException, InterruptedException {
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).as(command.toString()).isTrue();
        assertThat(process.exitValue()).as("%s: %s", command, Files.readString(err)).isZero();
        return Files.readString(out);
    }

    private static String absolute(String path) {
        return Path.of(path).toAbsolutePath().toString();
    }

    @Test
    void isAMethodToo() throws IOException, InterruptedException {
        Path built = folder.resolve("native");
        copy(BUILT, built);
        run(List.of("make", "-s", "-j2", "-C", "native", "OUT=" + built, "JAVA_HOME=" + System.getProperty("java.home"),
            "EXTRA=" + absolute("src/test/kernels")));
        Path services = Files.createDirectories(folder.resolve("plugin/META-INF/services"));
        Files.writeString(services.resolve("io.github.adiw.weight.Divergence"), EnergyDistance.class.getName() + "\n",
            StandardCharsets.UTF_8);

        int n = 24;
        int m = 20;
        Random random = new Random(1);
        float[] train = new float[n];
        float[] validation = new float[m];
        for (int i = 0; i < n; i++) {
            train[i] = (float) random.nextGaussian();
        }
        for (int j = 0; j < m; j++) {
            validation[j] = (float) (0.6 * random.nextGaussian() + 0.5);
        }
        Npy.write(folder.resolve("train.npy"), train, n, 1);
        Npy.write(folder.resolve("validation.npy"), validation, m, 1);
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
            String.join(File.pathSeparator, folder.resolve("plugin").toString(), built.resolve("resources").toString(),
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))),
            Main.class.getName()));
        command.addAll(List.of("weights", "--method", "energy", "--device", DeviceMatrix.name(), "--train", folder.resolve("train.npy")
            .toString(),
            "--validation", folder.resolve("validation.npy").toString(), "--steps", "100", "--json", "--output",
            folder.resolve("w.npy").toString()));
        if (!DeviceMatrix.slow()) {
            command.add("--until-converged");
        }
        JsonNode json = new ObjectMapper().readTree(run(command));
        assertThat(json.get("converged").asBoolean()).isEqualTo(!DeviceMatrix.slow());
        float[] w = Npy.read(folder.resolve("w.npy")).toFloats();
        assertThat(energy(train, w, validation)).isLessThan(0.1 * energy(train, null, validation));
        assertThat(json.get("objective").asDouble()).isCloseTo(objective(train, w, validation), within(1e-3));
    }

    /** The form that the kernel's head has. */
    private static double objective(float[] x, float[] w, float[] y) {
        int n = x.length;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                sum -= 0.5 * w[i] * w[j] * Math.abs(x[i] - x[j]);
            }
            for (float v : y) {
                sum += (double) n / y.length * w[i] * Math.abs(x[i] - v);
            }
        }
        return sum;
    }

    /** For one dimension: twice the integral of the squared difference of the distribution functions. */
    private static double energy(float[] x, float[] w, float[] y) {
        double[] at = IntStream.range(0, x.length + y.length).mapToDouble(i -> i < x.length ? x[i] : y[i - x.length]).sorted().toArray();
        double sum = 0;
        for (int k = 0; k + 1 < at.length; k++) {
            double difference = 0;
            for (int i = 0; i < x.length; i++) {
                difference += x[i] <= at[k] ? (w == null ? 1.0 : w[i]) / x.length : 0;
            }
            for (float v : y) {
                difference -= v <= at[k] ? 1.0 / y.length : 0;
            }
            sum += 2 * difference * difference * (at[k + 1] - at[k]);
        }
        return sum;
    }
}
