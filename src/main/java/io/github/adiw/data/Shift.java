package io.github.adiw.data;

import io.github.adiw.UsageException;
import io.github.adiw.data.file.DecimalNumber;

/**
 * How the training distribution differs from the world: labels that are wrong, classes that are rare, images that are
 * altered. A shift is a pure function of the samples and the seed. It never touches samples that are marked clean: these
 * are the validation samples, which come from the world.
 */
public interface Shift {
    /** No shift: the samples as they are. */
    Shift NONE = new Shift() {
        @Override
        public String specification() {
            return "none";
        }

        @Override
        public Samples apply(Samples samples, int classes, long seed) {
            return samples;
        }
    };

    /** The forms that {@link #parse} knows, in words. */
    String KNOWN = "none, symmetric:R and pair:R (0 <= R < 1), class-prior:MU:RHO (0 < MU < 1, RHO >= 1), "
        + "features:rotate:DEG, features:brightness:F (F >= 0)";

    /**
     * Some rows of a training file.
     *
     * @param rows {@code [n]}, ascending: which rows of the training file these are
     * @param data the samples themselves, and the labels that they carry {@code [n]}
     * @param clean {@code [n]}: which a shift must leave as they are
     */
    record Samples(int[] rows, SampleSet data, boolean[] clean) {
    }

    /** @return as on the command line; {@link #parse} of it gives an equal shift */
    String specification();

    /**
     * Applies the shift.
     *
     * @param samples what to apply it to; not written to
     * @param classes the number of classes
     * @param seed the same seed gives the same result
     * @return the samples that remain, with the images and labels that they now have
     * @throws UsageException if the shift cannot be applied to so many classes
     */
    Samples apply(Samples samples, int classes, long seed);

    /**
     * What the shift did not reach, for a person: half a sentence that begins with a colon, or nothing.
     *
     * @param trueClassCounts {@code [classes]}, samples of each class that remain
     */
    default String shortfall(int[] trueClassCounts) {
        return "";
    }

    /** @return whether the validation samples must be drawn with equally many of each class */
    default boolean balancedValidation() {
        return false;
    }

    /**
     * Reads a shift as it is written on the command line.
     *
     * @param text one of the forms of {@link #KNOWN}
     * @return the shift
     * @throws UsageException if the form is not known or a number is out of range
     */
    static Shift parse(String text) {
        String[] parts = UsageException.given("shift", text).trim().split(":", -1);
        switch (parts[0]) {
            case "none":
                requireParts(text, parts, 1);
                return NONE;
            case "symmetric":
                requireParts(text, parts, 2);
                return new LabelNoise(LabelNoise.Kind.SYMMETRIC, number(text, parts[1]));
            case "pair":
                requireParts(text, parts, 2);
                return new LabelNoise(LabelNoise.Kind.PAIR, number(text, parts[1]));
            case "class-prior":
                requireParts(text, parts, 3);
                return new ClassPriorShift(number(text, parts[1]), number(text, parts[2]));
            case "features":
                requireParts(text, parts, 3);
                return switch (parts[1]) {
                    case "rotate" -> new FeatureShift(FeatureShift.Kind.ROTATE, number(text, parts[2]));
                    case "brightness" -> new FeatureShift(FeatureShift.Kind.BRIGHTNESS, number(text, parts[2]));
                    default -> throw unknown(text);
                };
            default:
                throw unknown(text);
        }
    }

    private static void requireParts(String text, String[] parts, int expected) {
        if (parts.length != expected) {
            throw unknown(text);
        }
    }

    private static double number(String text, String part) {
        if (!DecimalNumber.matches(part)) {
            throw UsageException.of("shift", "the shift '" + text + "' has '" + part + "' where a number was expected; known: " + KNOWN);
        }
        return Double.parseDouble(part);
    }

    private static UsageException unknown(String text) {
        return UsageException.of("shift", "there is no shift '" + text + "'; known: " + KNOWN);
    }

    /**
     * A number for {@link #specification()}, as people write it: 0.4, or 3 and not 3.0.
     *
     * @param number any number
     * @return text that {@link #parse} reads back to the same number, if it is finite
     */
    static String written(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e9 ? Long.toString((long) number) : Double.toString(number);
    }
}
