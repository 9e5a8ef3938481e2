package io.github.adiw.cli.plot;

import io.github.adiw.AdiwException;
import io.github.adiw.train.TrainingResult;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;

/** The pictures of one or more training runs. */
public final class Pictures {
    private Pictures() { }

    /**
     * Writes accuracy.png, step-time.png and weights.png, as far as there is something to show. Where this machine cannot
     * draw (no fonts, or Java without its desktop part), {@code notice} hears why, and nothing is thrown: results matter more.
     *
     * @param folder  where to; it exists
     * @param results the runs, at least one, in the order to show
     * @throws AdiwException if a file cannot be written
     */
    public static void write(Path folder, List<TrainingResult> results, Consumer<String> notice) {
        try {
            if (results.stream().anyMatch(r -> !r.epochs().isEmpty())) {
                PlotStyle.write(folder.resolve("accuracy.png"), List.of(AccuracyPlot.of(results)));
            }
            CategoryChart times = StepTimePlot.of(results);
            if (times != null) {
                PlotStyle.write(folder.resolve("step-time.png"), List.of(times));
            }
            List<TrainingResult> weighted = results.stream().filter(r -> r.options().adaptive()).toList();
            List<TrainingResult> shown = weighted.isEmpty() ? results.subList(0, 1) : weighted;
            List<XYChart> panels = shown.stream().map(r -> WeightHistogram.of(r, shown.size() == 1)).toList();
            PlotStyle.write(folder.resolve("weights.png"), panels);
        } catch (AdiwException e) {
            throw e;
        } catch (RuntimeException | LinkageError | InternalError e) {
            notice.accept("The pictures were not drawn: Java finds no fonts or lacks java.desktop here (" + e
                + "); on Debian, install fontconfig and fonts-dejavu-core.");
        }
    }

    /** What was trained on, for a title. */
    static String subject(TrainingResult result) {
        String noise = result.options().labels() != null ? "labels from a file"
            : result.options().noise().equals("none") ? "clean labels" : result.options().noise() + " label noise";
        return result.dataset() + " with " + noise;
    }
}
