package io.github.adiw.cli.plot;

import io.github.adiw.train.EpochReport;
import io.github.adiw.train.TrainingResult;
import java.awt.BasicStroke;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Test accuracy over epochs, a line a method. */
final class AccuracyPlot {
    /** The axis begins at most so far below the best: the first epochs would press the differences together. */
    private static final double SPAN = 20;

    private AccuracyPlot() { }

    static XYChart of(List<TrainingResult> results) {
        XYChart chart = new XYChartBuilder().width(900).height(520).title("Test accuracy, " + Pictures.subject(results.get(0)))
            .xAxisTitle("epoch").yAxisTitle("test accuracy (%)").build();
        PlotStyle.apply(chart.getStyler());
        double best = 100 * results.stream().mapToDouble(TrainingResult::bestTestAccuracy).max().orElse(1);
        double worst = 100 * results.stream().flatMap(r -> r.epochs().stream()).mapToDouble(EpochReport::testAccuracy).min().orElse(0);
        double floor = Math.max(0, 5 * Math.floor(Math.max(worst, best - SPAN) / 5));
        int last = 1;
        for (TrainingResult result : results) {
            double[] epoch = result.epochs().stream().filter(e -> 100 * e.testAccuracy() >= floor).mapToDouble(EpochReport::epoch).toArray();
            double[] accuracy = result.epochs().stream().mapToDouble(e -> 100 * e.testAccuracy()).filter(a -> a >= floor).toArray();
            if (epoch.length == 0) {
                continue;
            }
            XYSeries series = chart.addSeries(result.options().method(), epoch, accuracy);
            series.setLineColor(PlotStyle.method(result.options().method()));
            series.setMarkerColor(PlotStyle.method(result.options().method()));
            series.setLineStyle(new BasicStroke(2.4f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
            series.setMarker(epoch.length < 8 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
            last = Math.max(last, (int) epoch[epoch.length - 1]);
        }
        chart.getStyler().setYAxisMin(floor);
        chart.getStyler().setYAxisMax(Math.min(100, 2.5 * Math.ceil((best + 0.5) / 2.5)));
        chart.getStyler().setYAxisDecimalPattern("0.#");
        chart.getStyler().setXAxisMin(last > 10 ? 0.0 : 1.0);
        chart.getStyler().setXAxisMax((double) last);
        chart.getStyler().setXAxisTickMarkSpacingHint(60);
        chart.getStyler().setxAxisTickLabelsFormattingFunction(epoch -> epoch == Math.rint(epoch) ? String.valueOf(epoch.intValue()) : "");
        return chart;
    }
}
