package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.ImageSet;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a run of the command line in this process gave.
 *
 * @param code the exit code
 * @param out  standard output
 * @param err  standard error
 */
record Cli(int code, String out, String err) {
    /** Runs {@code adiw} with these arguments. */
    static Cli run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(args, new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Cli(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** What it printed, as JSON; a failure is the test's. */
    JsonNode json() {
        assertThat(code).as(err).isZero();
        try {
            return new ObjectMapper().readTree(out);
        } catch (JsonProcessingException e) {
            throw new AssertionError(out, e);
        }
    }

    /** The lines of standard error that are the command line's complaint. */
    List<String> complaints() {
        return err.lines().filter(line -> line.startsWith("adiw: ")).toList();
    }

    /** As {@link #run}, of a call that ends well. */
    static Cli done(String... args) {
        Cli run = run(args);
        assertThat(run.code()).as("stderr: %s", run.err()).isZero();
        return run;
    }

    /** Arguments as a user would type them, separated by spaces, {@code more} as they are. */
    static String[] args(String line, Object... more) {
        return Stream.concat(Arrays.stream(line.trim().split("\\s+")), Arrays.stream(more).map(Object::toString)).toArray(String[]::new);
    }

    /** All files below a folder, by their relative names; empty if it is not there. */
    static TreeSet<String> files(Path folder) {
        if (!Files.exists(folder)) {
            return new TreeSet<>();
        }
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).map(p -> folder.relativize(p).toString())
                .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the first images of the embedded sample as a small data set of four plain IDX files. */
    static Path smallData(Path folder, int train, int test) throws IOException {
        Files.createDirectories(folder);
        writeIdx(folder, "train", (ImageSet) FashionMnist.sample().train(), train);
        writeIdx(folder, "t10k", (ImageSet) FashionMnist.sample().test(), test);
        return folder;
    }

    private static void writeIdx(Path folder, String name, ImageSet set, int count) throws IOException {
        try (DataOutputStream out = stream(folder.resolve(name + "-images-idx3-ubyte"))) {
            for (int word : new int[] {0x803, count, set.height(), set.width()}) {
                out.writeInt(word);
            }
            out.write(set.images(), 0, count * set.imageSize());
        }
        try (DataOutputStream out = stream(folder.resolve(name + "-labels-idx1-ubyte"))) {
            out.writeInt(0x801);
            out.writeInt(count);
            for (int i = 0; i < count; i++) {
                out.writeByte(set.labels()[i]);
            }
        }
    }

    private static DataOutputStream stream(Path file) throws IOException {
        OutputStream out = Files.newOutputStream(file);
        return new DataOutputStream(new java.io.BufferedOutputStream(out));
    }
}
