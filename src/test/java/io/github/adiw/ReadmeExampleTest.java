package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.ImportanceWeights;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The README's example: it runs, does what is said there, and stands there as it stands here. */
class ReadmeExampleTest {
    private static void example() {
        // README begins
        Random random = new Random(1);
        float[] train = new float[1_000]; // what there is to train on, between 0 and 4
        float[] used = new float[200]; // what the model will meet, between 1 and 2
        for (int i = 0; i < 1_000; i++) {
            train[i] = 4 * random.nextFloat();
            used[i % 200] = 1 + random.nextFloat();
        }
        try (Device device = Devices.open("auto");
             ImportanceWeights weights = ImportanceWeights.builder(device, 1_000).batch(100).validationBatch(200).method("kl").build()) {
            for (int start = 0; start < 1_000; start += 100) {
                int[] batch = IntStream.range(start, start + 100).toArray();
                float[] w = weights.update(batch, Arrays.copyOfRange(train, start, start + 100), used);
                System.out.printf("sample %d at %.2f: weight %.2f%n", batch[0], train[batch[0]], w[0]);
            }
        }
        // README ends
    }

    private static String printed() {
        assumeFalse(DeviceMatrix.slow(), "auto is not the stand-in driver");
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            example();
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static List<MatchResult> lines(String text) {
        return Pattern.compile("sample (\\d+) at (\\d\\.\\d\\d): weight (\\d+\\.\\d\\d)").matcher(text).results().toList();
    }

    @Test
    void runs() {
        List<MatchResult> lines = lines(printed());
        assertThat(lines).hasSize(10);
        for (MatchResult line : lines) {
            double at = Double.parseDouble(line.group(2));
            double weight = Double.parseDouble(line.group(3));
            if (at > 1.1 && at < 1.9) {
                assertThat(weight).as(line.group()).isGreaterThan(1);
            } else if (at < 0.5 || at > 2.5) {
                assertThat(weight).as(line.group()).isLessThan(1);
            }
        }
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void printsWhatTheReadmeSays() throws IOException {
        List<MatchResult> printed = lines(printed());
        List<MatchResult> said = lines(Files.readString(Path.of("README.md")));
        assertThat(said).hasSize(2);
        for (MatchResult line : said) {
            MatchResult same = printed.stream().filter(other -> other.group(1).equals(line.group(1))).findFirst().orElseThrow();
            assertThat(same.group(2)).as(line.group()).isEqualTo(line.group(2));
            assertThat(Double.parseDouble(same.group(3))).as(line.group()).isCloseTo(Double.parseDouble(line.group(3)), within(0.011));
        }
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void standsInTheReadme() throws IOException {
        List<String> source = Files.readAllLines(Path.of("src/test/java/io/github/adiw/ReadmeExampleTest.java"));
        List<String> example = source
            .subList(source.indexOf("        // README begins") + 1, source.indexOf("        // README ends"))
            .stream().map(line -> line.substring(8)).toList();
        assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + String.join("\n", example) + "\n```");
    }
}
