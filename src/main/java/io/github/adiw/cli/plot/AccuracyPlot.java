package io.github.adiw.cli.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Test accuracy over epochs, a line a method; over several seeds the mean, in a band of one standard deviation. */
final class AccuracyPlot {
    /** The axis begins so far below the best, or below where a method ends: the first epochs would press the differences together. */
    private static final double SPAN = 20;
    private static final double MARGIN = 1;
    private static final int BAND = 40;

    private AccuracyPlot() {}

    static XYChart of(List<MethodRuns> methods) {
        XYChart chart = new XYChartBuilder().width(PlotStyle.width(methods.size())).height(520)
            .title("Test accuracy, " + Pictures.subject(methods.get(0)) + Pictures.seeds(", ", methods))
            .xAxisTitle("epoch").yAxisTitle("test accuracy (%)").build();
        PlotStyle.apply(chart.getStyler());
        PlotStyle.legend(chart.getStyler(), methods.size());
        DoubleSummaryStatistics all = methods.stream()
            .flatMapToDouble(m -> IntStream.range(0, m.epochs()).mapToDouble(e -> m.accuracy(e)[0])).summaryStatistics();
        double best = all.getMax();
        double end = methods.stream().filter(m -> m.epochs() > 0).mapToDouble(m -> m.accuracy(m.epochs() - 1)[0]).min().orElse(100);
        double floor = Math.max(0, 5 * Math.floor(Math.max(all.getMin(), Math.min(end - MARGIN, best - SPAN)) / 5));
        double ceiling = Math.min(100, 2.5 * Math.ceil((best + 0.5) / 2.5));
        int last = 1;
        for (MethodRuns runs : methods) {
            if (runs.runs().size() > 1) {
                band(chart, runs, floor, ceiling);
            }
        }
        for (MethodRuns runs : methods) {
            int[] shown = shown(runs, floor);
            if (shown.length == 0) {
                continue;
            }
            double[] epoch = IntStream.of(shown).mapToDouble(e -> runs.any().epochs().get(e).epoch()).toArray();
            XYSeries series = chart.addSeries(runs.method(), epoch,
                IntStream.of(shown).mapToDouble(e -> Math.max(floor, runs.accuracy(e)[0])).toArray());
            series.setLineColor(PlotStyle.method(runs.method()));
            series.setMarkerColor(PlotStyle.method(runs.method()));
            series.setLineStyle(PlotStyle.line(runs.method()));
            series.setMarker(epoch.length < 8 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
            last = Math.max(last, (int) epoch[epoch.length - 1]);
        }
        chart.getStyler().setYAxisMin(floor);
        chart.getStyler().setYAxisMax(ceiling);
        chart.getStyler().setYAxisDecimalPattern("0.#");
        chart.getStyler().setXAxisMin(last > 10 ? 0.0 : 1.0);
        chart.getStyler().setXAxisMax((double) last);
        chart.getStyler().setXAxisTickMarkSpacingHint(60);
        chart.getStyler().setXAxisTickLabelsFormattingFunction(epoch -> epoch == Math.rint(epoch) ? String.valueOf(epoch.intValue()) : "");
        return chart;
    }

    /** All epochs from the first that the axis reaches down to. */
    private static int[] shown(MethodRuns runs, double floor) {
        return IntStream.range(0, runs.epochs()).dropWhile(e -> runs.accuracy(e)[0] < floor).toArray();
    }

    /** There along the upper edge and back along the lower one. */
    private static void band(XYChart chart, MethodRuns runs, double floor, double ceiling) {
        int[] shown = shown(runs, floor);
        if (shown.length < 2) {
            return;
        }
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (int i = 0; i < 2 * shown.length; i++) {
            boolean there = i < shown.length;
            int e = there ? shown[i] : shown[2 * shown.length - 1 - i];
            double[] accuracy = runs.accuracy(e);
            x.add((double) runs.any().epochs().get(e).epoch());
            y.add(Math.max(floor, Math.min(ceiling, accuracy[0] + (there ? accuracy[1] : -accuracy[1]))));
        }
        XYSeries series = chart.addSeries(runs.method() + " ± deviation", x, y);
        Color colour = PlotStyle.method(runs.method());
        series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
        series.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), BAND));
        series.setLineColor(new Color(0, 0, 0, 0));
        series.setLineStyle(new BasicStroke(0));
        series.setMarker(SeriesMarkers.NONE);
        series.setShowInLegend(false);
    }
}
