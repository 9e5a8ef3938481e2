package io.github.adiw.cli;

import io.github.adiw.ratio.FitListener;
import java.util.Locale;

/** Shows how a fit goes on, once it has taken a second: one line that is redrawn on a terminal, now and then a plain line elsewhere. */
final class FitProgress implements FitListener, AutoCloseable {
    private static final long FIRST_AFTER = 1_000_000_000L;
    private static final long LINE_EVERY = 5_000_000_000L;
    private static final long REDRAW_EVERY = 200_000_000L;

    private final Console console;
    private final boolean terminal;
    private final long begun = System.nanoTime();
    private volatile boolean cancelled;
    private String what = "";
    private long started = begun;
    private long heard = begun;
    private long shown = begun;
    private int width;

    /** @param terminal whether to redraw one line */
    FitProgress(Console console, boolean terminal) {
        this.console = console;
        this.terminal = terminal;
    }

    @Override
    public void notice(String sentence) {
        clear();
        console.notice(sentence);
    }

    @Override
    public void progress(String now, long done, long of) {
        long time = System.nanoTime();
        if (!subject(now).equals(subject(what))) {
            started = heard;
        }
        heard = time;
        what = now;
        if (time - begun < FIRST_AFTER || time - shown < (terminal ? REDRAW_EVERY : LINE_EVERY)) {
            return;
        }
        shown = time;
        double left = done == 0 ? Double.NaN : (time - started) * 1e-9 * (of - done) / done;
        String line = String.format(Locale.ROOT, "%s, %,d of %,d%s", now, done, of,
            Double.isNaN(left) ? "" : String.format(Locale.ROOT, ", about %.0f s left", left));
        if (terminal) {
            int most = Math.max(40, Console.columns() - 1);
            String cut = line.length() > most ? line.substring(0, most) : line;
            console.err().print("\r" + cut + " ".repeat(Math.max(0, width - cut.length())));
            console.err().flush();
            width = cut.length();
        } else {
            console.notice(line);
        }
    }

    /** What is going on, without numbers that change. */
    private static String subject(String what) {
        int comma = what.indexOf(',');
        return comma < 0 ? what : what.substring(0, comma);
    }

    /** Asks the fit to stop; by any thread. */
    void cancel() {
        cancelled = true;
    }

    @Override
    public boolean cancelled() {
        return cancelled;
    }

    @Override
    public void close() {
        clear();
    }

    /** Clears the line, so that something else can be said. */
    void clear() {
        if (width > 0) {
            console.err().print("\r" + " ".repeat(width) + "\r");
            width = 0;
        }
    }
}
