package io.github.adiw.cli.plot;

import java.util.List;
import java.util.Locale;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** Median time of a step by method: a bar each, training below and weight estimation on top of it. */
final class StepTimePlot {
    /** With more bars than this there is room for the total above them, and not for its parts. */
    private static final int FEW = 4;

    private StepTimePlot() { }

    /** The methods whose step time was measured; null if there is none. */
    static CategoryChart of(List<MethodRuns> all) {
        List<MethodRuns> results = all.stream().filter(m -> Double.isFinite(total(m))).toList();
        if (results.isEmpty()) {
            return null;
        }
        CategoryChart chart = new CategoryChartBuilder().width(PlotStyle.width(results.size())).height(520)
            .title("Time of a training step, " + Pictures.subject(results.get(0)) + ", on " + results.get(0).any().device())
            .xAxisTitle("").yAxisTitle("median time of a step (ms" + Pictures.seeds(", ", results) + ")").build();
        PlotStyle.apply(chart.getStyler());
        List<String> methods = results.stream().map(MethodRuns::method).toList();
        CategorySeries training = chart.addSeries("training: forward, backward, update", methods,
            results.stream().map(r -> training(r)).toList());
        CategorySeries estimation = chart.addSeries("weight estimation", methods,
            results.stream().map(r -> estimation(r)).toList());
        training.setFillColor(PlotStyle.TRAINING);
        estimation.setFillColor(PlotStyle.ESTIMATION);
        double highest = results.stream().mapToDouble(StepTimePlot::height).max().orElse(1);
        chart.getStyler().setStacked(true);
        chart.getStyler().setAvailableSpaceFill(0.2 + 0.1 * Math.min(4, methods.size()));
        chart.getStyler().setXAxisTitleVisible(false);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(1.12 * highest);
        chart.getStyler().setAnnotationTextFont(chart.getStyler().getAxisTickLabelsFont());
        boolean many = results.size() > FEW;
        if (many) {
            chart.getStyler().setXAxisLabelRotation(40);
        }
        for (int i = 0; i < results.size(); i++) {
            MethodRuns runs = results.get(i);
            String text = written(total(runs)) + (many ? "" : " ms");
            if (estimation(runs) > 0 && !many) {
                text += String.format(Locale.ROOT, " (%s + %s)", written(training(runs)), written(estimation(runs)));
            }
            chart.addAnnotation(new AnnotationText(text, i + 0.5, height(runs) + 0.045 * highest, false));
        }
        return chart;
    }

    private static double total(MethodRuns runs) {
        return runs.mean(r -> r.stepMillis().total());
    }

    private static double training(MethodRuns runs) {
        return known(runs.mean(r -> r.stepMillis().training()));
    }

    private static double estimation(MethodRuns runs) {
        return known(runs.mean(r -> r.stepMillis().weightEstimation()));
    }

    private static double height(MethodRuns runs) {
        return training(runs) + estimation(runs);
    }

    private static double known(double millis) {
        return Double.isFinite(millis) ? millis : 0;
    }

    private static String written(double millis) {
        return String.format(Locale.ROOT, millis < 10 ? "%.2f" : "%.1f", millis);
    }
}
