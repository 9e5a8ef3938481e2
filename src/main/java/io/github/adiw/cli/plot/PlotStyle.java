package io.github.adiw.cli.plot;

import io.github.adiw.data.file.AtomicFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** What all pictures share: colours that colour-blind readers tell apart (Okabe and Ito), fonts, and twofold resolution. */
final class PlotStyle {
    /** Right labels. */
    static final Color CLEAN = new Color(0x009E73);
    /** Wrong labels. */
    static final Color MISLABELLED = new Color(0xCC3377);
    /** Time in weight estimation. */
    static final Color ESTIMATION = new Color(0xE69F00);
    /** Time in training. */
    static final Color TRAINING = new Color(0x5B7083);

    private static final Map<String, Color> METHODS = Map.ofEntries(Map.entry("uniform", new Color(0x767676)),
        Map.entry("diw", new Color(0xD55E00)), Map.entry("diw-exact", new Color(0x8B0000)), Map.entry("adiw-km", new Color(0x0072B2)),
        Map.entry("adiw-kl", new Color(0x009E73)),
        Map.entry("adiw-ls", new Color(0xAA2288)), Map.entry("adiw-w1", new Color(0xD9A400)),
        Map.entry("adiw-kl-direct", new Color(0x5CB85C)),
        Map.entry("adiw-ls-direct", new Color(0xE57AB8)), Map.entry("random", new Color(0x222222)), Map.entry("iw", new Color(0x8C5A2B)),
        Map.entry("reweight", new Color(0x56B4E9)));
    /** More entries than this do not fit below a picture in one row. */
    private static final int ROW = 5;
    private static final float WIDTH = 2.4f;
    /** Of text. */
    static final Color INK = new Color(0x222222);
    /** Of lines behind what is shown. */
    static final Color GRID = new Color(0xE2E2E2);
    private static final int SCALE = 2;
    private static final int ABREAST = 3;

    private PlotStyle() {}

    /** The colour of a method, the same in every picture; others than the known ones get one by their name. */
    static Color method(String name) {
        return METHODS.getOrDefault(name, Color.getHSBColor((name.hashCode() >>> 4) % 360 / 360f, 0.7f, 0.65f));
    }

    /** The line of a method: those that give a weight to each sample are dashed, as far as their divergence is also drawn by a model. */
    static BasicStroke line(String name) {
        float[] dashes = name.endsWith("-direct") ? new float[] {8, 5} : null;
        return new BasicStroke(WIDTH, dashes == null ? BasicStroke.CAP_ROUND : BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0);
    }

    /** Of a picture with so many methods. */
    static int width(int methods) {
        return methods > ROW ? 1050 : 900;
    }

    /** Puts a legend of many entries beside the picture, where there is room for them. */
    static void legend(AxesChartStyler styler, int entries) {
        if (entries > ROW) {
            styler.setLegendPosition(Styler.LegendPosition.OutsideE);
            styler.setLegendLayout(Styler.LegendLayout.Vertical);
        }
    }

    /** Applies what all charts have in common. */
    static void apply(AxesChartStyler styler) {
        styler.setLocale(Locale.ROOT);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(1f));
        styler.setChartFontColor(INK);
        styler.setAxisTickLabelsColor(INK);
        styler.setAxisTickMarksColor(new Color(0x999999));
        styler.setAxisTicksLineVisible(true);
        styler.setPlotMargin(0);
        styler.setChartPadding(14);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 17));
        styler.setChartTitlePadding(10);
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
        styler.setLegendPosition(Styler.LegendPosition.OutsideS);
        styler.setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setLegendPadding(14);
        styler.setLegendSeriesLineLength(28);
        styler.setAntiAlias(true);
    }

    /** As {@link #writePanels}, of charts. */
    static void write(Path file, List<? extends Chart<?, ?>> charts) {
        writePanels(file, charts.stream().map(Panel::of).toList());
    }

    /** Writes panels of one size as one PNG, whole or not at all: side by side up to three, more of them in rows of two. */
    static void writePanels(Path file, List<Panel> panels) {
        int columns = columns(panels.size());
        int width = panels.get(0).width();
        int height = panels.get(0).height();
        int rows = (panels.size() + columns - 1) / columns;
        BufferedImage image = new BufferedImage(SCALE * columns * width, SCALE * rows * height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        graphics.scale(SCALE, SCALE);
        for (int i = 0; i < panels.size(); i++) {
            Graphics2D part = (Graphics2D) graphics.create();
            part.translate(i % columns * width, i / columns * height);
            panels.get(i).paint(part);
            part.dispose();
        }
        graphics.dispose();
        AtomicFile.write(file, out -> ImageIO.write(image, "png", out));
    }

    /** How many charts are side by side. */
    static int columns(int charts) {
        return charts <= ABREAST ? charts : 2;
    }

    /** The height of an empty bin on an axis of {@link #countsAbove}: its foot. */
    static final double NOTHING = 0.6;

    /** A logarithmic axis of counts, which tells none from one. */
    static void countsAbove(AxesChartStyler styler, double highest) {
        styler.setYAxisLogarithmic(true);
        styler.setYAxisMin(NOTHING);
        styler.setYAxisMax(Math.max(10, 1.5 * highest));
        styler.setYAxisLogarithmicDecadeOnly(true);
        styler.setPlotGridHorizontalLinesVisible(false);
        styler.setYAxisDecimalPattern("#,##0");
    }

    /**
     * A histogram on such an axis: x and y are steps with upright sides. XChart fills areas down, or up, to 1 there, so that the fill is a
     * series of its own, which has the height 1 where there is nothing.
     */
    static void counts(XYChart chart, String name, List<Double> x, List<Double> y, Color colour) {
        XYSeries fill = chart.addSeries(name + " (fill)", x, y.stream().map(height -> Math.max(1, height)).toList());
        fill.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Area);
        fill.setMarker(SeriesMarkers.NONE);
        fill.setLineStyle(SeriesLines.NONE);
        fill.setShowInLegend(false);
        fill.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 80));
        XYSeries line = chart.addSeries(name, x, y);
        line.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
        line.setMarker(SeriesMarkers.NONE);
        line.setLineColor(colour);
        line.setLineStyle(new BasicStroke(2f));
    }
}
