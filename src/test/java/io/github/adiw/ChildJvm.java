package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A Java program with the tests' class path in a process of its own, for what a process does or suffers as a whole. Signals do there what
 * they do by default, also where this process ignores them.
 */
public final class ChildJvm {
    /**
     * What came of it.
     *
     * @param code the exit code
     * @param out  standard output
     * @param err  standard error
     */
    public record Outcome(int code, String out, String err) {}

    private final List<String> options = new ArrayList<>(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"));
    private final Map<String, String> environment = new HashMap<>();
    private Path group;

    /** With an option of the virtual machine. */
    public ChildJvm option(String option) {
        options.add(option);
        return this;
    }

    /** With an environment variable. */
    public ChildJvm environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** In a control group (its folder). */
    public ChildJvm inGroup(Path folder) {
        group = folder;
        return this;
    }

    /** Starts a class's {@code main}; standard output is the caller's to read, and comes with standard error. */
    public Process start(Class<?> program, String... arguments) throws IOException {
        return builder(program, arguments).redirectErrorStream(true).start();
    }

    /** Runs a class's {@code main} to its end. */
    public Outcome run(Class<?> program, String... arguments) throws IOException, InterruptedException {
        Path out = Files.createTempFile("adiw-child", ".out");
        Path err = Files.createTempFile("adiw-child", ".err");
        try {
            Process process = builder(program, arguments).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
            boolean ended = process.waitFor(5, TimeUnit.MINUTES);
            process.destroyForcibly();
            Outcome outcome = new Outcome(process.waitFor(), Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
            assertThat(ended).as("ended: %s", outcome).isTrue();
            return outcome;
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    private ProcessBuilder builder(Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>();
        if (group != null) {
            command.addAll(List.of("sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", group.resolve("cgroup.procs").toString()));
        }
        command.addAll(List.of("env", "--default-signal=INT,TERM,HUP"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            program.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return builder;
    }
}
