package io.github.adiw.cli.plot;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.ratio.ColumnBalance;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import io.github.adiw.train.TrainingResult.StepMillis;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.knowm.xchart.CategoryChart;

/** The pictures of one or more training runs. */
public final class Pictures {
    private static final String ACCURACY = "accuracy.png", STEP_TIME = "step-time.png", WEIGHTS = "weights.png";
    /** All that there may be of a run. */
    public static final List<String> NAMES = List.of(ACCURACY, STEP_TIME, WEIGHTS);

    private Pictures() {}

    /**
     * As {@link #write(Path, List, Map, Consumer)}, of one run, with the times of its own steps.
     *
     * @param result the run
     */
    public static List<String> write(Path folder, TrainingResult result, Consumer<String> notice) {
        return write(folder, List.of(result), StepTimePlot.MEDIAN, Map.of(result.options().method(), result.stepMillis()), notice);
    }

    /**
     * Writes accuracy.png, step-time.png and weights.png, as far as there is something to show. Where this machine cannot
     * draw (no fonts, or Java without its desktop part), {@code notice} hears why, and nothing is thrown: results matter more.
     *
     * @param folder  where to; it exists
     * @param results the runs, at least one, in the order to show; runs of the same method (from several seeds) are shown as one
     * @param times   what a step of each method takes: lower quartiles
     * @return the names of the files that were written
     * @throws AdiwException if a file cannot be written
     */
    public static List<String> write(Path folder, List<TrainingResult> results, Map<String, StepMillis> times, Consumer<String> notice) {
        return write(folder, results, StepTimePlot.LOWER_QUARTILE, times, notice);
    }

    private static List<String> write(Path folder, List<TrainingResult> results, String measure, Map<String, StepMillis> millis,
                                      Consumer<String> notice) {
        List<String> written = new ArrayList<>();
        try {
            List<MethodRuns> methods = MethodRuns.of(results);
            if (results.stream().anyMatch(r -> !r.epochs().isEmpty())) {
                PlotStyle.write(folder.resolve(ACCURACY), List.of(AccuracyPlot.of(methods)));
                written.add(ACCURACY);
            }
            CategoryChart times = StepTimePlot.of(methods, measure, millis);
            if (times != null) {
                PlotStyle.write(folder.resolve(STEP_TIME), List.of(times));
                written.add(STEP_TIME);
            }
            List<MethodRuns> weighted = methods.stream().filter(m -> m.any().options().adaptive()).toList();
            List<MethodRuns> shown = weighted.isEmpty() ? methods.subList(0, 1) : weighted;
            PlotStyle.write(folder.resolve(WEIGHTS), shown.stream().map(m -> WeightHistogram.of(m, shown.size())).toList());
            written.add(WEIGHTS);
        } catch (AdiwException e) {
            throw e;
        } catch (RuntimeException | LinkageError | InternalError e) {
            notice.accept(notDrawn(e));
        }
        return written;
    }

    /**
     * Checks, before any work, the name of a file to draw to.
     *
     * @throws UsageException if it does not end with .png
     */
    public static void requirePng(Path file) {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw UsageException.of("plot", "plot must be a file whose name ends with .png, not " + file);
        }
    }

    /**
     * Draws the histogram of weights of anybody's data, and beside it the rows of one column, or the balance of several, before and after.
     * Where this machine cannot draw, {@code notice} hears why, and nothing is thrown.
     *
     * @param file       where to, a PNG
     * @param weights    {@code [n]}
     * @param balance    of every column, the worst first; empty where it is not known
     * @param train      {@code [n, d]}
     * @param validation {@code [m, d]}
     * @throws AdiwException if the file cannot be written
     */
    public static void writeWeights(Path file, String method, float[] weights, List<ColumnBalance> balance, Rows train, Rows validation,
                                    Consumer<String> notice) {
        try {
            PlotStyle.writePanels(file, EstimatedWeightsPlot.of(method, weights, balance, train, validation));
        } catch (AdiwException e) {
            throw e;
        } catch (RuntimeException | LinkageError | InternalError e) {
            notice.accept(notDrawn(e));
        }
    }

    private static String notDrawn(Throwable e) {
        return "The pictures were not drawn: Java finds no fonts or lacks java.desktop here (" + e
            + "); on Debian, install fontconfig and fonts-dejavu-core.";
    }

    /** What was trained on, for a title. */
    static String subject(MethodRuns runs) {
        TrainingOptions options = runs.any().options();
        String noise = options.shift();
        String what = options.labels() != null ? "labels from a file" : noise.equals("none") ? "clean labels"
            : noise.startsWith("symmetric:") || noise.startsWith("pair:") ? noise + " label noise" : noise;
        return runs.any().dataset() + " with " + what;
    }

    /** Over how many runs the mean is, if over several; {@code before} stands before it. */
    static String seeds(String before, List<MethodRuns> methods) {
        int most = methods.stream().mapToInt(m -> m.runs().size()).max().orElse(1);
        return most == 1 ? "" : before + "mean of " + most + " seeds";
    }
}
