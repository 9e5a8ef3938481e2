package io.github.adiw.cli.plot;

import io.github.adiw.data.Rows;
import io.github.adiw.ratio.ColumnBalance;
import io.github.adiw.weight.EstimatedWeights;
import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Weights of anybody's data: their histogram, and what they do to the training rows. */
final class EstimatedWeightsPlot {
    private static final int BINS = 48;

    private EstimatedWeightsPlot() {}

    /**
     * The histogram, and beside it how training rows lie before and after weighting: one column as a density, several by their means.
     *
     * @param weights    {@code [n]}
     * @param balance    of every column, the worst first; empty where it is not known
     * @param train      {@code [n, d]}
     * @param validation {@code [m, d]}
     */
    static List<Panel> of(String method, float[] weights, List<ColumnBalance> balance, Rows train, Rows validation) {
        Panel histogram = Panel.of(weights(method, weights));
        if (train.columns() == 1) {
            return List.of(histogram, Panel.of(samples(weights, values(train), values(validation))));
        }
        return balance.isEmpty() ? List.of(histogram) : List.of(histogram, new BalancePlot(balance));
    }

    private static double[] values(Rows rows) {
        double[] values = new double[rows.rows()];
        rows.read(0, values.length, values);
        return values;
    }

    /** The histogram. */
    static XYChart weights(String method, float[] weights) {
        double end = 1;
        for (float w : weights) {
            end = Math.max(end, w);
        }
        double[] counts = new double[BINS];
        for (float w : weights) {
            counts[bin(w, 0, end)]++;
        }
        XYChart chart = chart("Weights by " + method,
            String.format(Locale.ROOT, "weight (%,d samples, effective sample size %,.0f)", weights.length,
                EstimatedWeights.effectiveSampleSize(weights)),
            "training samples (logarithmic)");
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        steps(0, end, Arrays.stream(counts).map(c -> Math.max(c, PlotStyle.NOTHING)).toArray(), x, y);
        PlotStyle.counts(chart, "weights", x, y, PlotStyle.method("adiw-" + method));
        PlotStyle.countsAbove(chart.getStyler(), Arrays.stream(counts).max().orElse(1));
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setLegendVisible(false);
        return chart;
    }

    private static XYChart samples(float[] weights, double[] train, double[] validation) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double[] x : new double[][] {train, validation}) {
            for (double v : x) {
                least = Math.min(least, v);
                most = Math.max(most, v);
            }
        }
        most = most > least ? most : least + 1;
        float[] ones = new float[Math.max(train.length, validation.length)];
        Arrays.fill(ones, 1);
        XYChart chart = chart("The samples, before and after weighting", "value", "share of the samples");
        add(chart, "training", least, most, shares(train, ones, least, most), PlotStyle.method("uniform"), false);
        add(chart, "validation", least, most, shares(validation, ones, least, most), PlotStyle.CLEAN, true);
        add(chart, "training, weighted", least, most, shares(train, weights, least, most), PlotStyle.method("diw"), false);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisDecimalPattern("0.00");
        return chart;
    }

    private static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChartBuilder().width(700).height(520).title(title).xAxisTitle(x).yAxisTitle(y).build();
        PlotStyle.apply(chart.getStyler());
        chart.getStyler().setXAxisDecimalPattern("0.###");
        return chart;
    }

    private static double[] shares(double[] x, float[] weights, double least, double most) {
        double[] shares = new double[BINS];
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            shares[bin(x[i], least, most)] += weights[i];
            sum += weights[i];
        }
        double total = sum;
        return Arrays.stream(shares).map(s -> total > 0 ? s / total : 0).toArray();
    }

    private static int bin(double x, double least, double most) {
        return Math.max(0, Math.min(BINS - 1, (int) ((x - least) / (most - least) * BINS)));
    }

    /** Outline of bins. */
    private static void steps(double least, double most, double[] heights, List<Double> x, List<Double> y) {
        for (int b = 0; b < BINS; b++) {
            for (double side : new double[] {b, b + 0.9999}) {
                x.add(least + (most - least) * side / BINS);
                y.add(heights[b]);
            }
        }
    }

    private static void add(XYChart chart, String name, double least, double most, double[] heights, Color colour, boolean filled) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        steps(least, most, heights, x, y);
        XYSeries series = chart.addSeries(name, x, y);
        series.setXYSeriesRenderStyle(filled ? XYSeries.XYSeriesRenderStyle.Area : XYSeries.XYSeriesRenderStyle.Line);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(colour);
        series.setLineStyle(new BasicStroke(2.2f));
        series.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 70));
    }
}
