package io.github.adiw.data;

import io.github.adiw.UsageException;

/**
 * Alters the training images, all in the same way; validation and test images stay as they are.
 * <ul>
 * <li>{@code rotate}: turned counter-clockwise by DEG degrees about the centre; bilinear, 0 outside;
 * <li>{@code brightness}: each value times F, rounded, at most 255.
 * </ul>
 *
 * @param kind what is done
 * @param amount DEG, finite, or F, at least 0
 */
public record FeatureShift(Kind kind, double amount) implements Shift {
    /** What is done to the images. */
    public enum Kind {
        /** Turned about the centre. */
        ROTATE,
        /** Multiplied by a factor. */
        BRIGHTNESS
    }

    /** @throws UsageException if the number is out of range */
    public FeatureShift {
        UsageException.given("kind", kind);
        if (!Double.isFinite(amount) || kind == Kind.BRIGHTNESS && amount < 0) {
            throw UsageException.of("shift", "the shift " + name(kind) + " has the number " + Shift.written(amount) + ", and "
                + (kind == Kind.ROTATE ? "a finite one" : "a finite one of at least 0") + " was expected; known: "
                + Shift.KNOWN);
        }
    }

    private static String name(Kind kind) {
        return kind == Kind.ROTATE ? "features:rotate" : "features:brightness";
    }

    @Override
    public String specification() {
        return name(kind) + ":" + Shift.written(amount);
    }

    @Override
    public Samples apply(Samples samples, int classes, long seed) {
        if (!(samples.data() instanceof ImageSet data)) {
            throw UsageException.of("shift", "the shift " + specification() + " alters images, and these samples are "
                + samples.data().description() + ": known for them are none, symmetric:R, pair:R and class-prior:MU:RHO");
        }
        byte[] images = data.images().clone();
        int plane = data.height() * data.width();
        for (int i = 0; i < data.count(); i++) {
            if (!samples.clean()[i]) {
                for (int c = 0; c < data.channels(); c++) {
                    int at = (i * data.channels() + c) * plane;
                    if (kind == Kind.ROTATE) {
                        rotate(data.images(), images, at, data.height(), data.width());
                    } else {
                        brighten(images, at, plane);
                    }
                }
            }
        }
        return new Samples(samples.rows(),
            new ImageSet(images, data.labels(), data.channels(), data.height(), data.width()), samples.clean());
    }

    private void brighten(byte[] image, int at, int size) {
        for (int i = at; i < at + size; i++) {
            image[i] = (byte) Math.min(255, Math.round((image[i] & 0xff) * amount));
        }
    }

    /** Each place of the result looks up where it came from. Rows grow downwards: counter-clockwise as seen. */
    private void rotate(byte[] from, byte[] to, int at, int height, int width) {
        double cos = Math.cos(Math.toRadians(amount));
        double sin = Math.sin(Math.toRadians(amount));
        double middleY = (height - 1) / 2.0;
        double middleX = (width - 1) / 2.0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double sourceX = middleX + cos * (x - middleX) - sin * (y - middleY);
                double sourceY = middleY + sin * (x - middleX) + cos * (y - middleY);
                int left = (int) Math.floor(sourceX);
                int top = (int) Math.floor(sourceY);
                double dx = sourceX - left;
                double dy = sourceY - top;
                double value = (1 - dy) * ((1 - dx) * pixel(from, at, height, width, top, left)
                    + dx * pixel(from, at, height, width, top, left + 1))
                    + dy * ((1 - dx) * pixel(from, at, height, width, top + 1, left)
                        + dx * pixel(from, at, height, width, top + 1, left + 1));
                to[at + y * width + x] = (byte) Math.round(value);
            }
        }
    }

    private static int pixel(byte[] image, int at, int height, int width, int y, int x) {
        return y < 0 || y >= height || x < 0 || x >= width ? 0 : image[at + y * width + x] & 0xff;
    }
}
