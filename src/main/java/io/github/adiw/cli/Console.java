package io.github.adiw.cli;

import io.github.adiw.data.DownloadListener;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The two streams of a command, and what is known about them.
 *
 * @param out for results
 * @param err for notices and progress
 */
record Console(PrintStream out, PrintStream err) {
    /** Bytes of a file whose download may take minutes. */
    private static final long LARGE = 100_000_000;

    /** A line for the person who waits. */
    void notice(String line) {
        err.println(line);
    }

    /**
     * What speaks against a result. A command says each so, whether its result is text or JSON; JSON has them too, under {@code warnings},
     * and text does not.
     */
    void warning(String sentence) {
        err.println("Warning: " + sentence);
    }

    /** A result. */
    void result(String line) {
        out.println(line);
    }

    /** Whether notices go to a terminal, where a progress bar can be redrawn; the stream must be the process's own. */
    static boolean terminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Columns of the terminal, as the launcher found them; 100 if it did not. */
    static int columns() {
        String columns = System.getenv("COLUMNS");
        return columns != null && columns.matches("[1-9]\\d{1,3}") ? Integer.parseInt(columns) : 100;
    }

    /** Says what happens while a data set is looked for. */
    DownloadListener downloads() {
        return new DownloadListener() {
            private int shown = -1;

            @Override
            public void notice(String sentence) {
                Console.this.notice(sentence);
            }

            @Override
            public void progress(String file, long bytes, long total) {
                int percent = (int) (100 * bytes / Math.max(1, total));
                int step = total < LARGE ? 25 : 5;
                if (bytes < total ? percent / step == shown / step && shown >= 0 : shown < 0) {
                    return;
                }
                shown = bytes < total ? percent : -1;
                err.printf(Locale.ROOT, "downloading %s: %d %% of %.1f MB%n", file, percent, total / 1e6);
            }
        };
    }
}
