package io.github.adiw.data.table;

import io.github.adiw.data.file.Npy;

/**
 * One field of a table, as it was written: missing, a number, or text. A reader sets the same object for every field; nothing of it is
 * kept.
 */
final class Field {
    /** What a field is. */
    enum Kind {
        MISSING, NUMBER, TEXT
    }

    /** A level of a category that is longer than this is no level, and a number that is longer is no number. */
    static final int LONGEST = 1000;
    /** What surveys write where nothing was answered: missing, but a category like others where it stands among categories. */
    static final String UNANSWERED = "?";
    private static final double[] POWERS = new double[23];

    static {
        for (int i = 0; i < POWERS.length; i++) {
            POWERS[i] = Double.parseDouble("1e" + i);
        }
    }

    private char[] chars;
    private int from;
    private int to;
    private Kind kind;
    private double value;
    private char decimalSign;
    private boolean grouped;
    /** Whether a whole number was set, which is in {@link #bits}. */
    private boolean integer;
    private long bits;
    private boolean unsigned;

    /** Sets text, which may be changed once the field was looked at; spaces around it do not count. */
    void set(char[] text, int offset, int length) {
        chars = text;
        from = offset;
        to = offset + length;
        while (from < to && text[from] <= ' ') {
            from++;
        }
        while (from < to && text[to - 1] <= ' ') {
            to--;
        }
        decimalSign = 0;
        grouped = false;
        integer = false;
        classify();
    }

    /**
     * Sets a whole number, which the nearest double stands for, and which is written as it is.
     *
     * @param unsigned whether there is no sign among its bits
     */
    void set(long bits, boolean unsigned) {
        set(unsigned ? Npy.unsigned(bits) : bits);
        integer = true;
        this.bits = bits;
        this.unsigned = unsigned;
    }

    /** Sets a number; NaN is a missing one. */
    void set(double number) {
        chars = null;
        integer = false;
        value = number;
        kind = Double.isNaN(number) ? Kind.MISSING : Kind.NUMBER;
        decimalSign = 0;
        grouped = false;
    }

    Kind kind() {
        return kind;
    }

    /** Of a number; infinite where it is written so, or too large for a double. */
    double value() {
        return value;
    }

    /** Of a number: a point, a comma, or 0 where it has none. */
    char decimalSign() {
        return decimalSign;
    }

    /** Whether this is text that looks like a number whose digits stand in groups of three: {@code 1,234.5}. */
    boolean isGrouped() {
        return grouped;
    }

    /** Whether this is a whole number as only digits after a decimal sign look: with a 0 in front, or more than 15 digits. */
    boolean isFraction() {
        return kind == Kind.NUMBER && chars != null && digits(from) == to - from && (chars[from] == '0' && to - from > 1 || to - from > 15);
    }

    /** Whether this is a whole number in digits alone, so large that the double of another one may be the same. */
    boolean isWide() {
        if (kind != Kind.NUMBER || Math.abs(value) < 0x1p53) {
            return false;
        }
        int sign = chars != null && (chars[from] == '-' || chars[from] == '+') ? 1 : 0;
        return chars == null ? integer : digits(from + sign) == to - from - sign;
    }

    /** Whether this is missing as {@link #UNANSWERED}. */
    boolean isUnanswered() {
        return kind == Kind.MISSING && chars != null && to - from == 1;
    }

    /** In characters, of text. */
    int length() {
        return chars == null ? 0 : to - from;
    }

    /** As it was written, without spaces around. */
    String text() {
        if (chars != null) {
            return new String(chars, from, to - from);
        }
        return !integer ? text(value) : unsigned ? Long.toUnsignedString(bits) : Long.toString(bits);
    }

    /** {@link #text} as a level of a category: true and false in lower case, as programs write them differently. */
    String level() {
        return isIgnoringCase("true") ? "true" : isIgnoringCase("false") ? "false" : text();
    }

    /** A number as text; whole ones without a fraction. */
    static String text(double number) {
        return number == Math.rint(number) && Math.abs(number) < 0x1p53 ? Long.toString((long) number) : Double.toString(number);
    }

    private void classify() {
        int length = to - from;
        if (length == 0 || length == 1 && chars[from] == '?' || is("NA") || isIgnoringCase("nan")) {
            kind = Kind.MISSING;
            value = Double.NaN;
        } else if (length <= LONGEST && isNumber()) {
            kind = Kind.NUMBER;
        } else {
            kind = Kind.TEXT;
            value = Double.NaN;
            grouped = length <= LONGEST && hasGroups();
        }
    }

    /** Looks at every character once, before anything is parsed: Double.parseDouble takes more than numbers in decimal notation. */
    private boolean isNumber() {
        int at = from;
        boolean negative = chars[at] == '-';
        if (negative || chars[at] == '+') {
            at++;
        }
        int first = at;
        long mantissa = 0;
        int digits = 0;
        int decimals = 0;
        for (; at < to; at++) {
            char c = chars[at];
            if (c >= '0' && c <= '9') {
                mantissa = digits < 18 ? 10 * mantissa + c - '0' : mantissa;
                digits++;
                decimals += decimalSign == 0 ? 0 : 1;
            } else if ((c == '.' || c == ',') && decimalSign == 0) {
                decimalSign = c;
            } else {
                break;
            }
        }
        boolean exponent = at < to && digits > 0 && hasExponent(at);
        if (digits == 0 || at < to && !exponent) {
            decimalSign = 0;
            return first < to && isInfinite(first, negative);
        }
        if (!exponent && digits <= 15) {        // both are exact as doubles, and so their quotient is rounded once
            value = mantissa / POWERS[decimals];
            value = negative ? -value : value;
        } else {
            value = Double.parseDouble(new String(chars, from, to - from).replace(',', '.'));
        }
        return true;
    }

    /** Whether all from {@code at} on is an exponent, as {@code e-3}. */
    private boolean hasExponent(int at) {
        int next = at + 1;
        if (chars[at] != 'e' && chars[at] != 'E') {
            return false;
        }
        if (next < to && (chars[next] == '-' || chars[next] == '+')) {
            next++;
        }
        return next < to && digits(next) == to - next;
    }

    private boolean isInfinite(int at, boolean negative) {
        int sign = at - from;
        from += sign;
        boolean infinite = isIgnoringCase("inf") || isIgnoringCase("infinity");
        from -= sign;
        value = negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        return infinite;
    }

    /** One to three digits, then groups of a sign and three digits; after the last may be another sign and any digits. */
    private boolean hasGroups() {
        int at = chars[from] == '-' || chars[from] == '+' ? from + 1 : from;
        int lead = digits(at);
        at += lead;
        if (lead < 1 || lead > 3 || at >= to || ".,' \u00a0\u202f".indexOf(chars[at]) < 0) {
            return false;
        }
        char sign = chars[at];
        while (at < to && chars[at] == sign) {
            if (digits(at + 1) != 3) {
                return false;
            }
            at += 4;
        }
        return at == to || (chars[at] == '.' || chars[at] == ',') && digits(at + 1) == to - at - 1;
    }

    /** How many digits there are from {@code at} on. */
    private int digits(int at) {
        int end = at;
        while (end < to && chars[end] >= '0' && chars[end] <= '9') {
            end++;
        }
        return end - at;
    }

    private boolean is(String word) {
        if (to - from != word.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            if (chars[from + i] != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** @param word in lower case */
    private boolean isIgnoringCase(String word) {
        if (chars == null || to - from != word.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            if ((chars[from + i] | 0x20) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
