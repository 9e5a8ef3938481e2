package io.github.adiw.cli.plot;

import io.github.adiw.train.TrainingResult;
import java.awt.Color;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/**
 * The last weights of one method, of clean and of mislabelled samples (or of frequent and of rare classes) overlaid; counts
 * on a logarithmic axis.
 */
final class WeightHistogram {
    private static final int BINS = 40;
    /** Equally spaced values would make XChart put its ticks on bins and not on round numbers. */
    private static final double UNEVEN = 1 - 1e-4;

    private WeightHistogram() {}

    /** @param panels how many of them share the picture */
    static XYChart of(MethodRuns runs, int panels) {
        float[] weights = weights(runs);
        boolean[] marked = marked(runs, weights.length);
        boolean noise = runs.runs().stream().anyMatch(WeightHistogram::noisy);
        boolean two = IntStream.range(0, marked.length).anyMatch(i -> marked[i]);
        double end = end(weights);
        long beyond = count(weights, end);
        boolean small = PlotStyle.columns(panels) < panels;
        XYChart chart = new XYChartBuilder().width(panels == 1 ? 900 : small ? 480 : 700).height(small ? 400 : 520)
            .title("Weights by " + runs.method() + (panels == 1 ? ", " + Pictures.subject(runs) : "")
                + (runs.runs().size() == 1 ? "" : " (" + runs.runs().size() + " seeds)"))
            .xAxisTitle("weight" + (beyond == 0 ? "" : String.format(Locale.ROOT, " (the last bin holds all above %.1f)", end)))
            .yAxisTitle("training samples (logarithmic)").build();
        PlotStyle.apply(chart.getStyler());
        if (small) {
            chart.getStyler().setLegendLayout(Styler.LegendLayout.Vertical);
            chart.getStyler().setLegendPadding(4);
        }
        int highest = 0;
        for (boolean mark : new boolean[] {false, true}) {
            int[] counts = counts(weights, marked, mark, end);
            int total = Arrays.stream(counts).sum();
            if (total == 0) {
                continue;
            }
            highest = Math.max(highest, Arrays.stream(counts).max().orElse(0));
            String name = !two ? "all samples" : noise ? mark ? "mislabelled" : "right label" : mark ? "rare classes" : "frequent classes";
            outline(chart, String.format(Locale.ROOT, "%s (%,d, mean %.2f)", name, total, mean(weights, marked, mark)), counts, end,
                !mark ? PlotStyle.CLEAN : noise ? PlotStyle.MISLABELLED : PlotStyle.ESTIMATION);
        }
        PlotStyle.countsAbove(chart.getStyler(), highest);
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setXAxisMax(end);
        chart.getStyler().setXAxisDecimalPattern("0.##");
        return chart;
    }

    /** The weights of all runs, one run after the other. */
    private static float[] weights(MethodRuns runs) {
        float[] all = new float[runs.runs().stream().mapToInt(r -> r.weights().length).sum()];
        int at = 0;
        for (TrainingResult result : runs.runs()) {
            System.arraycopy(result.weights(), 0, all, at, result.weights().length);
            at += result.weights().length;
        }
        return all;
    }

    /** The samples to tell from the others: the mislabelled ones, or, if there are none, those of rare classes. */
    private static boolean[] marked(MethodRuns runs, int length) {
        boolean[] all = new boolean[length];
        int at = 0;
        boolean noise = runs.runs().stream().anyMatch(WeightHistogram::noisy);
        for (TrainingResult result : runs.runs()) {
            boolean[] marked = noise ? result.mislabelled() : rare(result.labels());
            System.arraycopy(marked, 0, all, at, marked.length);
            at += marked.length;
        }
        return all;
    }

    private static boolean noisy(TrainingResult result) {
        return IntStream.range(0, result.mislabelled().length).anyMatch(i -> result.mislabelled()[i]);
    }

    /** Samples of classes that have less than half as many of them as the largest. */
    private static boolean[] rare(int[] labels) {
        int[] counts = new int[1 + Arrays.stream(labels).max().orElse(0)];
        Arrays.stream(labels).forEach(label -> counts[label]++);
        int largest = Arrays.stream(counts).max().orElse(0);
        boolean[] rare = new boolean[labels.length];
        for (int i = 0; i < rare.length; i++) {
            rare[i] = 2 * counts[labels[i]] < largest;
        }
        return rare;
    }

    /** Steps with upright sides. */
    private static void outline(XYChart chart, String name, int[] counts, double end, Color colour) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (int b = 0; b < BINS; b++) {
            double height = Math.max(PlotStyle.NOTHING, counts[b]);
            x.add(end * b / BINS);
            y.add(height);
            x.add(end * (b + UNEVEN) / BINS);
            y.add(height);
        }
        PlotStyle.counts(chart, name, x, y, colour);
    }

    /** The end of the axis: a round number that at most 1 sample in 500 exceeds, and no less than 2. */
    private static double end(float[] weights) {
        float[] sorted = weights.clone();
        Arrays.sort(sorted);
        double quantile = sorted.length == 0 ? 0 : sorted[(int) (0.998 * (sorted.length - 1))];
        double end = 2;
        for (double next : new double[] {2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50}) {
            end = end < quantile ? next : end;
        }
        return end < quantile ? Math.ceil(quantile) : end;
    }

    private static long count(float[] weights, double end) {
        long count = 0;
        for (float weight : weights) {
            count += weight > end ? 1 : 0;
        }
        return count;
    }

    private static int[] counts(float[] weights, boolean[] marked, boolean mark, double end) {
        int[] counts = new int[BINS];
        for (int i = 0; i < weights.length; i++) {
            if (marked[i] == mark && Float.isFinite(weights[i])) {
                counts[Math.max(0, Math.min(BINS - 1, (int) (weights[i] / end * BINS)))]++;
            }
        }
        return counts;
    }

    private static double mean(float[] weights, boolean[] marked, boolean mark) {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < weights.length; i++) {
            if (marked[i] == mark) {
                sum += weights[i];
                count++;
            }
        }
        return sum / count;
    }
}
