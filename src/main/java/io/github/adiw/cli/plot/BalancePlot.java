package io.github.adiw.cli.plot;

import io.github.adiw.ratio.ColumnBalance;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * How far training and validation rows are apart in every column, before and after weighting: a line a column, the worst at the top, with
 * the sizes of the standardised differences as dots (a Love plot).
 */
final class BalancePlot implements Panel {
    /** More columns than this would not be legible. */
    static final int MOST = 20;

    private static final int WIDTH = 700;
    private static final int HEIGHT = 520;
    private static final int TOP = 62;
    private static final int BOTTOM = 104;
    private static final int SIDE = 28;
    private static final int NAME = 230;
    private static final double DOT = 10;
    private static final int TICKS = 6;
    /** Below it a column passes for balanced. */
    private static final double BALANCED = 0.1;
    private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 17);
    private static final Font AXIS = new Font(Font.SANS_SERIF, Font.PLAIN, 15);
    private static final Font LABEL = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
    private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
    private static final Color BEFORE = PlotStyle.method("uniform");
    private static final Color AFTER = PlotStyle.method("diw");

    private final List<ColumnBalance> shown;
    private final int columns;

    /** @param balance of every column, at least one, the worst first */
    BalancePlot(List<ColumnBalance> balance) {
        shown = balance.subList(0, Math.min(MOST, balance.size()));
        columns = balance.size();
    }

    @Override
    public int width() {
        return WIDTH;
    }

    @Override
    public int height() {
        return HEIGHT;
    }

    @Override
    public void paint(Graphics2D g) {
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(PlotStyle.INK);
        g.setFont(TITLE);
        centred(g, columns > MOST ? "Balance of the worst " + MOST + " of " + columns + " columns" : "Balance of the columns", WIDTH / 2.0,
            40);
        g.setFont(shown.size() > MOST / 2 ? SMALL : LABEL);
        double names = 0;
        for (ColumnBalance b : shown) {
            names = Math.max(names, g.getFontMetrics().stringWidth(shortened(g, b.column())));
        }
        double left = SIDE + names + 14;
        double right = WIDTH - SIDE;
        double foot = HEIGHT - BOTTOM;
        double row = (foot - TOP) / shown.size();
        double tick = tick(largest());
        double end = tick * Math.ceil(largest() / tick - 1e-9);
        double scale = (right - left) / end;
        axis(g, left, right, foot, tick, scale);
        for (int i = 0; i < shown.size(); i++) {
            ColumnBalance b = shown.get(i);
            double y = TOP + row * (i + 0.5);
            String name = shortened(g, b.column());
            g.setColor(PlotStyle.INK);
            g.drawString(name, (float) (left - 12 - g.getFontMetrics().stringWidth(name)), (float) (y + 5));
            g.setColor(PlotStyle.GRID);
            g.setStroke(new BasicStroke(1f));
            g.draw(new Line2D.Double(left, y, right, y));
            dot(g, at(b.before(), left, right, scale), y, false);
            dot(g, at(b.after(), left, right, scale), y, true);
            if (Double.isInfinite(b.after())) {
                g.drawString("\u221e", (float) (right + 9), (float) (y + 5));
            }
        }
        legend(g, foot + 88);
    }

    /** The largest difference that has an end, and at least what passes for balanced. */
    private double largest() {
        return shown.stream().flatMap(b -> Stream.of(b.before(), b.after())).mapToDouble(Math::abs)
            .filter(Double::isFinite).reduce(1.5 * BALANCED, Math::max);
    }

    /** 1, 2 or 5 times a power of ten, so that there are few ticks. */
    private static double tick(double largest) {
        double power = Math.pow(10, Math.floor(Math.log10(largest / TICKS)));
        for (double times : new double[] {1, 2, 5}) {
            if (largest / (times * power) <= TICKS) {
                return times * power;
            }
        }
        return 10 * power;
    }

    private static double at(double difference, double left, double right, double scale) {
        return Double.isInfinite(difference) ? right : left + Math.abs(difference) * scale;
    }

    private void axis(Graphics2D g, double left, double right, double foot, double tick, double scale) {
        Font font = g.getFont();
        g.setFont(LABEL);
        g.setStroke(new BasicStroke(1f));
        int decimals = (int) Math.max(0, -Math.floor(Math.log10(tick) + 1e-9));
        for (int i = 0; left + i * tick * scale <= right + 0.5; i++) {
            double x = left + i * tick * scale;
            g.setColor(PlotStyle.GRID);
            g.draw(new Line2D.Double(x, TOP, x, foot));
            g.setColor(PlotStyle.INK);
            centred(g, String.format(Locale.ROOT, "%." + decimals + "f", i * tick), x, foot + 20);
        }
        g.setStroke(new BasicStroke(1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {5, 4}, 0));
        g.setColor(PlotStyle.CLEAN);
        g.draw(new Line2D.Double(left + BALANCED * scale, TOP, left + BALANCED * scale, foot));
        g.setColor(PlotStyle.INK);
        g.setFont(AXIS);
        centred(g, "standardised difference from validation (size)", (left + right) / 2, foot + 50);
        g.setFont(font);
    }

    private void legend(Graphics2D g, double y) {
        g.setFont(AXIS);
        String[] names = {"training", "training, weighted", "balanced (0.1)"};
        double width = -30;
        for (String name : names) {
            width += g.getFontMetrics().stringWidth(name) + 30 + 30;
        }
        double x = (WIDTH - width) / 2;
        for (int i = 0; i < names.length; i++) {
            if (i < 2) {
                dot(g, x + 12, y - 5, i == 1);
            } else {
                g.setColor(PlotStyle.CLEAN);
                g.setStroke(new BasicStroke(1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {5, 4}, 0));
                g.draw(new Line2D.Double(x, y - 5, x + 24, y - 5));
            }
            g.setColor(PlotStyle.INK);
            g.drawString(names[i], (float) x + 30, (float) y);
            x += g.getFontMetrics().stringWidth(names[i]) + 30 + 30;
        }
    }

    private static void dot(Graphics2D g, double x, double y, boolean after) {
        Shape circle = new Ellipse2D.Double(x - DOT / 2, y - DOT / 2, DOT, DOT);
        g.setColor(after ? AFTER : Color.WHITE);
        g.fill(circle);
        g.setColor(after ? AFTER : BEFORE);
        g.setStroke(new BasicStroke(2f));
        g.draw(circle);
    }

    private static void centred(Graphics2D g, String text, double x, double y) {
        g.drawString(text, (float) (x - g.getFontMetrics().stringWidth(text) / 2.0), (float) y);
    }

    /** A name that is too long loses its middle: names often differ at their end. */
    private static String shortened(Graphics2D g, String name) {
        String text = name;
        for (int keep = name.length() - 1; keep > 1 && g.getFontMetrics().stringWidth(text) > NAME; keep--) {
            text = name.substring(0, (keep + 1) / 2) + "\u2026" + name.substring(name.length() - keep / 2);
        }
        return text;
    }
}
