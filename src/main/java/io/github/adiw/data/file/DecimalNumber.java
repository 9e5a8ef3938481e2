package io.github.adiw.data.file;

import java.util.regex.Pattern;

/** How people write numbers: 3, -0.5, .5, 1e-3. Java's own parser takes more: hexadecimal ones, and a letter for the type behind them. */
public final class DecimalNumber {
    /** Possessive throughout: what has matched is never tried in another way, so that the time is linear in the text's length. */
    private static final Pattern FORM = Pattern.compile("[+-]?(?:\\d++\\.?\\d*+|\\.\\d++)(?:[eE][+-]?\\d++)?");

    private DecimalNumber() {}

    /** @return whether {@link Double#parseDouble} reads the text, and a person would call it a number */
    public static boolean matches(String text) {
        return FORM.matcher(text).matches();
    }
}
