package io.github.adiw.cli.plot;

import io.github.adiw.train.TrainingResult.StepMillis;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** Time of a step by method: a bar each, training below and weight estimation on top of it. */
final class StepTimePlot {
    /** What the times are of the steps'. */
    static final String MEDIAN = "median", LOWER_QUARTILE = "lower quartile of the";
    /** With more bars than this there is room for the total above them, and not for its parts. */
    private static final int FEW = 4;

    private StepTimePlot() {}

    /**
     * The methods whose step time was measured; null if there is none.
     *
     * @param runs    what the methods were trained on
     * @param measure what the times are of the steps'
     * @param times   by method, in order
     */
    static CategoryChart of(List<MethodRuns> runs, String measure, Map<String, StepMillis> times) {
        List<String> methods = times.keySet().stream().filter(method -> Double.isFinite(times.get(method).total())).toList();
        if (methods.isEmpty()) {
            return null;
        }
        List<StepMillis> bars = methods.stream().map(times::get).toList();
        CategoryChart chart = new CategoryChartBuilder().width(PlotStyle.width(methods.size())).height(520)
            .title("Time of a training step, " + Pictures.subject(runs.get(0)) + ", on " + runs.get(0).any().device())
            .xAxisTitle("").yAxisTitle(measure + " time of a step (ms" + Pictures.seeds(", ", runs) + ")").build();
        PlotStyle.apply(chart.getStyler());
        CategorySeries training = chart.addSeries("training: forward, backward, update", methods,
            bars.stream().map(StepMillis::training).toList());
        CategorySeries estimation = chart.addSeries("weight estimation", methods,
            bars.stream().map(StepMillis::weightEstimation).toList());
        training.setFillColor(PlotStyle.TRAINING);
        estimation.setFillColor(PlotStyle.ESTIMATION);
        double highest = bars.stream().mapToDouble(StepMillis::total).max().orElse(1);
        chart.getStyler().setStacked(true);
        chart.getStyler().setAvailableSpaceFill(0.2 + 0.1 * Math.min(4, methods.size()));
        chart.getStyler().setXAxisTitleVisible(false);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(1.12 * highest);
        chart.getStyler().setAnnotationTextFont(chart.getStyler().getAxisTickLabelsFont());
        boolean many = methods.size() > FEW;
        if (many) {
            chart.getStyler().setXAxisLabelRotation(40);
        }
        for (int i = 0; i < bars.size(); i++) {
            StepMillis millis = bars.get(i);
            String text = written(millis.total()) + (many ? "" : " ms");
            if (millis.weightEstimation() > 0 && !many) {
                text += String.format(Locale.ROOT, " (%s + %s)", written(millis.training()), written(millis.weightEstimation()));
            }
            chart.addAnnotation(new AnnotationText(text, i + 0.5, millis.total() + 0.045 * highest, false));
        }
        return chart;
    }

    private static String written(double millis) {
        return String.format(Locale.ROOT, millis < 10 ? "%.2f" : "%.1f", millis);
    }
}
