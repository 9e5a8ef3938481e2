package io.github.adiw.cli;

import io.github.adiw.train.EpochReport;
import io.github.adiw.train.TrainingListener;
import java.util.Locale;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how training goes on: a bar with accuracy and time left on a terminal, now and then a plain line elsewhere. */
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private static final long LINE_EVERY = 5_000_000_000L;

    private final Console console;
    private final String method;
    private final int epochs;
    private final boolean terminal;
    private final long started = System.nanoTime();
    private ProgressBar bar;
    private long before = -1;
    private long lastLine = started;
    private long done;
    private long total;
    private EpochReport unsaid;

    /**
     * @param epochs   in all; 0 where steps are counted instead
     * @param terminal whether to redraw one line
     */
    TrainingProgress(Console console, String method, int epochs, boolean terminal) {
        this.console = console;
        this.method = method;
        this.epochs = epochs;
        this.terminal = terminal;
    }

    @Override
    public void step(long done, long total) {
        if (before < 0) {
            before = done - 1;
        }
        this.done = done;
        this.total = total;
        if (!terminal) {
            return;
        }
        if (bar == null) {
            int width = Math.max(40, Math.min(Console.columns() - 1, 110));
            bar = new ProgressBarBuilder().setTaskName(String.format(Locale.ROOT, "%-8s", method)).setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new DelegatingProgressBarConsumer(line -> console.err().print("\r" + line), width)).build();
        }
        bar.stepTo(done);
    }

    @Override
    public void epoch(EpochReport report) {
        if (terminal) {
            if (bar != null) {
                bar.setExtraMessage(String.format(Locale.ROOT, " accuracy %.1f %%", 100 * report.testAccuracy()));
            }
            return;
        }
        long now = System.nanoTime();
        if (report.epoch() == 1 || now - lastLine >= LINE_EVERY) {
            line(report);
            lastLine = now;
        } else {
            unsaid = report;
        }
    }

    private void line(EpochReport report) {
        unsaid = null;
        double elapsed = (System.nanoTime() - started) / 1e9;
        double left = done == 0 ? 0 : elapsed * (total - done) / (done - before);
        String where = epochs == 0 ? "step " + done + " of " + total : "epoch " + report.epoch() + " of " + epochs;
        console.notice(String.format(Locale.ROOT, "%-8s %s: accuracy %.1f %%, train loss %.3f, %.0f s left", method, where,
            100 * report.testAccuracy(), report.trainLoss(), left));
    }

    /** Ends the bar's line, or says the last line that was held back. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            console.err().println();
            bar = null;
        }
        if (unsaid != null) {
            line(unsaid);
        }
    }
}
