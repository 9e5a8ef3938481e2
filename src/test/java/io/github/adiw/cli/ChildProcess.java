package io.github.adiw.cli;

import io.github.adiw.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** The command line in a process of its own, which can be killed. */
final class ChildProcess implements AutoCloseable {
    private static final int LONGEST_SECONDS = 300;

    private final Process process;
    private final Queue<String> said = new ConcurrentLinkedQueue<>();
    private final Thread reader;

    private ChildProcess(Process process) {
        this.process = process;
        this.reader = new Thread(this::read, "output of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts {@code adiw} with these arguments. */
    static ChildProcess start(List<String> arguments) throws IOException {
        return new ChildProcess(new ChildJvm().option("--enable-native-access=ALL-UNNAMED").start(Launcher.class,
            arguments.toArray(String[]::new)));
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.add(line);
            }
        } catch (IOException e) {
            said.add(e.toString());        // its end
        }
    }

    /** Waits until it has said this, or has ended; whether it has said it. */
    boolean awaitOutput(String text) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_SECONDS);
        while (!said().contains(text) && System.nanoTime() < end && (process.isAlive() || reader.isAlive())) {
            Thread.sleep(1);
        }
        return said().contains(text);
    }

    /** Sends a signal by its name, {@code TERM} for instance. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    /** Waits at most so long for its end; whether it came. */
    boolean endsWithin(long millis) throws InterruptedException {
        return process.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    /** Ends it as SIGKILL does, and waits until it is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
        reader.join();
    }

    /** Waits for its end; its exit code. */
    int code() throws InterruptedException {
        if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("not ended after " + LONGEST_SECONDS + " s; it said: " + said());
        }
        reader.join();
        return process.exitValue();
    }

    /** What it has said until now, on both streams. */
    String said() {
        return String.join("\n", said);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
