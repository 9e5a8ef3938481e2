package io.github.adiw.weight;

import io.github.adiw.UsageException;

/**
 * How the Gaussian kernel's gamma, k(a, b) = exp(-gamma |a - b|^2), is chosen for a batch.
 *
 * @param kind  the rule
 * @param value the quantile of {@link Kind#DIW}, in [0, 1]; 0.5 of {@link Kind#MEDIAN}; the gamma of {@link Kind#GIVEN}, above 0
 */
public record Bandwidth(Kind kind, double value) {
    /** A rule. */
    public enum Kind {
        /** gamma is a quantile of the training batch's pairwise distances, as in DIW's published code. */
        DIW,
        /** gamma = 1 / (2 med^2), med the median pairwise distance of training and validation batch together. */
        MEDIAN,
        /** gamma is given. */
        GIVEN
    }

    /** DIW's: the quantile 0.01. */
    public static final Bandwidth DIW = new Bandwidth(Kind.DIW, 0.01);
    /** The median's. */
    public static final Bandwidth MEDIAN = new Bandwidth(Kind.MEDIAN, 0.5);

    /** @throws UsageException if the value is out of its range */
    public Bandwidth {
        boolean inRange = switch (UsageException.given("kind", kind)) {
            case DIW -> value >= 0 && value <= 1;
            case MEDIAN -> value == 0.5;
            case GIVEN -> value > 0 && value <= Float.MAX_VALUE;
        };
        if (!inRange) {
            throw unknown(text(kind, value));
        }
    }

    /**
     * Reads {@code diw:Q}, {@code median} or {@code gamma:X}.
     *
     * @throws UsageException if the text is none of these, or the number is out of its range
     */
    public static Bandwidth parse(String text) {
        if (UsageException.given("bandwidth", text).equals("median")) {
            return MEDIAN;
        }
        String[] part = text.split(":", -1);
        if (part.length == 2) {
            try {
                double value = Double.parseDouble(part[1]);
                if (part[0].equals("diw")) {
                    return new Bandwidth(Kind.DIW, value);
                }
                if (part[0].equals("gamma")) {
                    return new Bandwidth(Kind.GIVEN, value);
                }
            } catch (NumberFormatException e) {
                throw unknown(text);
            }
        }
        throw unknown(text);
    }

    /** As {@link #parse} reads it: {@code diw:0.01}, {@code median}, {@code gamma:3}. */
    public String text() {
        return text(kind, value);
    }

    private static String text(Kind kind, double value) {
        return switch (kind) {
            case DIW -> "diw:" + number(value);
            case MEDIAN -> "median";
            case GIVEN -> "gamma:" + number(value);
        };
    }

    /** 3 and not 3.0. */
    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? Long.toString((long) value) : Double.toString(value);
    }

    private static UsageException unknown(String text) {
        return UsageException.of("bandwidth", "bandwidth " + text + " is not known: give diw:Q with a quantile in [0, 1], median,"
            + " or gamma:X with X above 0, such as diw:0.01");
    }
}
