package io.github.adiw.cli.plot;

import java.awt.Graphics2D;
import org.knowm.xchart.internal.chartpart.Chart;

/** A part of a picture. */
interface Panel {
    /** Before scaling. */
    int width();

    /** Before scaling. */
    int height();

    /** Draws from the origin, {@link #width} and {@link #height} large. */
    void paint(Graphics2D graphics);

    /** One that XChart draws. */
    static Panel of(Chart<?, ?> chart) {
        return new Panel() {
            @Override
            public int width() {
                return chart.getWidth();
            }

            @Override
            public int height() {
                return chart.getHeight();
            }

            @Override
            public void paint(Graphics2D graphics) {
                chart.paint(graphics, chart.getWidth(), chart.getHeight());
            }
        };
    }
}
