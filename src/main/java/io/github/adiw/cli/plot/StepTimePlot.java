package io.github.adiw.cli.plot;

import io.github.adiw.train.TrainingResult;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** Median time of a step by method: a bar each, training below and weight estimation on top of it. */
final class StepTimePlot {
    private StepTimePlot() { }

    /** The methods whose step time was measured; null if there is none. */
    static CategoryChart of(List<TrainingResult> all) {
        List<TrainingResult> results = all.stream().filter(r -> Double.isFinite(r.stepMillis().total())).toList();
        if (results.isEmpty()) {
            return null;
        }
        CategoryChart chart = new CategoryChartBuilder().width(900).height(520)
            .title("Time of a training step, " + Pictures.subject(results.get(0)) + ", on " + results.get(0).device())
            .xAxisTitle("").yAxisTitle("median time of a step (ms)").build();
        PlotStyle.apply(chart.getStyler());
        List<String> methods = results.stream().map(r -> r.options().method()).toList();
        CategorySeries training = chart.addSeries("training: forward, backward, update", methods,
            results.stream().map(r -> known(r.stepMillis().training())).toList());
        CategorySeries estimation = chart.addSeries("weight estimation", methods,
            results.stream().map(r -> known(r.stepMillis().weightEstimation())).toList());
        training.setFillColor(PlotStyle.TRAINING);
        estimation.setFillColor(PlotStyle.ESTIMATION);
        double highest = results.stream().mapToDouble(StepTimePlot::height).max().orElse(1);
        chart.getStyler().setStacked(true);
        chart.getStyler().setAvailableSpaceFill(0.2 + 0.1 * Math.min(4, methods.size()));
        chart.getStyler().setXAxisTitleVisible(false);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(1.12 * highest);
        chart.getStyler().setAnnotationTextFont(chart.getStyler().getAxisTickLabelsFont());
        for (int i = 0; i < results.size(); i++) {
            TrainingResult.StepMillis millis = results.get(i).stepMillis();
            String text = written(millis.total()) + " ms";
            if (millis.weightEstimation() > 0) {
                text += String.format(Locale.ROOT, " (%s + %s)", written(millis.training()), written(millis.weightEstimation()));
            }
            chart.addAnnotation(new AnnotationText(text, i + 0.5, height(results.get(i)) + 0.045 * highest, false));
        }
        return chart;
    }

    private static double height(TrainingResult result) {
        return known(result.stepMillis().training()) + known(result.stepMillis().weightEstimation());
    }

    private static double known(double millis) {
        return Double.isFinite(millis) ? millis : 0;
    }

    private static String written(double millis) {
        return String.format(Locale.ROOT, millis < 10 ? "%.2f" : "%.1f", millis);
    }
}
