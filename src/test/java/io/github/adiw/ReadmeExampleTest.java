package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.data.DownloadListener;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.Datasets;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.Trainer;
import io.github.adiw.train.TrainingListener;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The README's example: it runs, and stands there as it stands here. */
class ReadmeExampleTest {
    private static final String URL = System.getProperty("adiw.fashion-mnist.url");

    @BeforeAll
    static void noDownload() {
        System.setProperty("adiw.fashion-mnist.url", "");
    }

    @AfterAll
    static void restore() {
        if (URL == null) {
            System.clearProperty("adiw.fashion-mnist.url");
        } else {
            System.setProperty("adiw.fashion-mnist.url", URL);
        }
    }

    private static void example() {
        // README begins
        try (Device device = Devices.open("auto")) {
            Dataset images = Datasets.open("fashion-mnist", null, DownloadListener.SILENT);
            TrainingOptions options = TrainingOptions.builder().method("adiw-km").shift("symmetric:0.4").trainSamples(2_000)
                .optimizer("adam").learningRate(1e-3f).weightDecay(0).schedule("none").epochs(3).build();
            try (Trainer trainer = new Trainer(device, images, options)) {
                TrainingResult result = trainer.run(new TrainingListener() { });
                EpochReport last = result.epochs().get(2);
                System.out.printf("accuracy %.3f, mean weight of clean samples %.2f, of mislabelled ones %.2f%n",
                    last.testAccuracy(), last.meanWeightClean(), last.meanWeightNoisy());
            }
        }
        // README ends
    }

    @Test
    void runs() {
        assumeFalse(DeviceMatrix.slow(), "auto is not the stand-in driver");
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            example();
        } finally {
            System.setOut(before);
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).matches("accuracy 0\\.\\d{3}, mean weight of clean samples \\d\\.\\d\\d, of mislabelled ones \\d\\.\\d\\d\\R");
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void standsInTheReadme() throws IOException {
        List<String> source = Files.readAllLines(Path.of("src/test/java/io/github/adiw/ReadmeExampleTest.java"));
        List<String> example = source.subList(source.indexOf("        // README begins") + 1, source.indexOf("        // README ends")).stream()
            .map(line -> line.substring(8)).toList();
        assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + String.join("\n", example) + "\n```");
    }
}
