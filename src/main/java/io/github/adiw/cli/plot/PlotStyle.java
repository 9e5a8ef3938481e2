package io.github.adiw.cli.plot;

import io.github.adiw.data.AtomicFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;

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

    private static final Map<String, Color> METHODS = Map.of("uniform", new Color(0x767676), "diw", new Color(0xD55E00),
        "adiw-km", new Color(0x0072B2));
    private static final Color INK = new Color(0x222222);
    private static final int SCALE = 2;

    private PlotStyle() { }

    /** The colour of a method, the same in every picture; others than the known ones get one by their name. */
    static Color method(String name) {
        return METHODS.getOrDefault(name, Color.getHSBColor((name.hashCode() >>> 4) % 360 / 360f, 0.7f, 0.65f));
    }

    /** Applies what all charts have in common. */
    static void apply(AxesChartStyler styler) {
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setPlotGridLinesColor(new Color(0xE2E2E2));
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

    /** Writes charts side by side as one PNG, whole or not at all. */
    static void write(Path file, List<? extends Chart<?, ?>> charts) {
        int width = charts.stream().mapToInt(Chart::getWidth).sum();
        int height = charts.stream().mapToInt(Chart::getHeight).max().orElseThrow();
        BufferedImage image = new BufferedImage(SCALE * width, SCALE * height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        graphics.scale(SCALE, SCALE);
        for (Chart<?, ?> chart : charts) {
            Graphics2D part = (Graphics2D) graphics.create();
            chart.paint(part, chart.getWidth(), chart.getHeight());
            part.dispose();
            graphics.translate(chart.getWidth(), 0);
        }
        graphics.dispose();
        AtomicFile.write(file, out -> ImageIO.write(image, "png", out));
    }
}
