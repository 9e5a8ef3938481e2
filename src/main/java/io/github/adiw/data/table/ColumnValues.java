package io.github.adiw.data.table;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of one column of one file. As long as there are few different ones a byte each tells which; then, if all were numbers, they
 * are kept as doubles, and else, as no category can come of them, not at all.
 */
final class ColumnValues {
    /** More are no category but the names of the rows. */
    static final int MOST_LEVELS = 100;
    /** The last array index that every virtual machine has. */
    private static final int MOST_ROWS = Integer.MAX_VALUE - 16;

    /** A field that matters for what the column is. */
    record Mark(long position, String text) {}

    private final List<String> levels = new ArrayList<>();
    private final Map<String, Integer> codeOf = new HashMap<>();
    private final double[] levelNumbers = new double[MOST_LEVELS + 1];
    /** Of each row the number of its level from 1; 0 where it is missing. Null once there were too many. */
    private byte[] codes;
    /** NaN where it is missing; null while there are codes, or if there is text. */
    private double[] numbers;
    private int size;
    private int numberCount;
    private int textCount;
    private boolean whole = true;
    private Mark missing;
    private Mark absent;
    private Mark text;
    private Mark grouped;
    private Mark infinite;
    private Mark point;
    private Mark comma;
    private Mark fraction;
    private Mark wide;

    /** @param numeric whether there will be numbers alone */
    ColumnValues(boolean numeric) {
        codes = numeric ? null : new byte[64];
        numbers = numeric ? new double[64] : null;
    }

    /** Adds the next row's. */
    void add(Field field, long position) {
        if (size == MOST_ROWS) {
            throw new OutOfMemoryError("rows");
        }
        note(field, position);
        if (codes != null) {
            addLevel(field);
        } else if (numbers != null) {
            addNumber(field);
        }
        size++;
    }

    private void note(Field field, long position) {
        switch (field.kind()) {
            case MISSING -> {
                missing = missing == null ? new Mark(position, field.text()) : missing;
                absent = absent == null && !field.isUnanswered() ? missing.position == position ? missing : new Mark(position, field.text())
                    : absent;
            }
            case TEXT -> {
                text = text == null ? mark(field, position) : text;
                grouped = grouped == null && field.isGrouped() ? mark(field, position) : grouped;
                textCount++;
            }
            case NUMBER -> {
                infinite = infinite == null && Double.isInfinite(field.value()) ? mark(field, position) : infinite;
                point = point == null && field.decimalSign() == '.' ? mark(field, position) : point;
                comma = comma == null && field.decimalSign() == ',' ? mark(field, position) : comma;
                fraction = fraction == null && field.isFraction() ? mark(field, position) : fraction;
                wide = wide == null && field.isWide() ? mark(field, position) : wide;
                whole &= field.value() == Math.rint(field.value());
                numberCount++;
            }
        }
    }

    private static Mark mark(Field field, long position) {
        String text = field.text();
        return new Mark(position, text.substring(0, Math.min(text.length(), Field.LONGEST)));
    }

    private void addLevel(Field field) {
        int code = 0;
        if (field.kind() != Field.Kind.MISSING) {
            if (field.length() > Field.LONGEST) {
                codes = null;
                return;
            }
            code = codeOf.computeIfAbsent(field.level(), level -> {
                levels.add(level);
                return levels.size();
            });
            if (code > MOST_LEVELS) {
                codesToNumbers();
                if (numbers != null) {
                    addNumber(field);
                }
                return;
            }
            levelNumbers[code] = field.value();
        }
        codes = size == codes.length ? Arrays.copyOf(codes, longer(size)) : codes;
        codes[size] = (byte) code;
    }

    private void codesToNumbers() {
        if (textCount == 0) {
            numbers = new double[longer(size)];
            for (int i = 0; i < size; i++) {
                numbers[i] = codes[i] == 0 ? Double.NaN : levelNumbers[codes[i]];
            }
        }
        codes = null;
        levels.clear();
        codeOf.clear();
    }

    private void addNumber(Field field) {
        if (field.kind() == Field.Kind.TEXT) {
            numbers = null;
            return;
        }
        numbers = size == numbers.length ? Arrays.copyOf(numbers, longer(size)) : numbers;
        numbers[size] = field.value();
    }

    private static int longer(int size) {
        return (int) Math.min(MOST_ROWS, 2L * size + 64);
    }

    int size() {
        return size;
    }

    /** Whether all are missing. */
    boolean isEmpty() {
        return numberCount == 0 && textCount == 0;
    }

    boolean hasText() {
        return textCount > 0;
    }

    int textCount() {
        return textCount;
    }

    int numberCount() {
        return numberCount;
    }

    /** Whether all numbers among them are whole. */
    boolean hasWholeNumbers() {
        return whole;
    }

    /** Whether they are whole numbers, none of them missing. */
    boolean isWhole() {
        return numberCount == size && whole;
    }

    /** Whether they are whole numbers, none of them missing and none there twice. */
    boolean isRowNumber() {
        if (!isWhole()) {
            return false;
        }
        if (codes != null) {
            return levels.size() == size;
        }
        double[] sorted = Arrays.copyOf(numbers, size);
        Arrays.sort(sorted);
        for (int i = 1; i < size; i++) {
            if (sorted[i] == sorted[i - 1]) {
                return false;
            }
        }
        return true;
    }

    /** Makes a category of the column, if it has few levels. Not where {@link #wide} numbers are doubles already. */
    void categorise() {
        if (codes != null || numbers == null) {
            return;
        }
        byte[] found = new byte[size];
        for (int i = 0; i < size; i++) {
            if (!Double.isNaN(numbers[i])) {
                int code = codeOf.computeIfAbsent(Field.text(numbers[i]), level -> {
                    levels.add(level);
                    return levels.size();
                });
                if (code > MOST_LEVELS) {
                    levels.clear();
                    codeOf.clear();
                    return;
                }
                levelNumbers[code] = numbers[i];
                found[i] = (byte) code;
            }
        }
        codes = found;
        numbers = null;
    }

    /** Makes what is missing a category like the others, where there are categories. */
    void answerUnanswered() {
        if (codes == null || missing == null) {
            return;
        }
        levels.add(Field.UNANSWERED);
        for (int i = 0; i < size; i++) {
            codes[i] = codes[i] == 0 ? (byte) levels.size() : codes[i];
        }
    }

    /** What there is besides missing values, in the order in which it was found; null if there is too much for a category. */
    List<String> levels() {
        return codes == null ? null : levels;
    }

    /** A row's place in {@link #levels}; -1 if it is missing. */
    int level(int row) {
        return codes[row] - 1;
    }

    /** A row's number; NaN if it is missing. Of a column without text. */
    double number(int row) {
        return codes == null ? numbers[row] : codes[row] == 0 ? Double.NaN : levelNumbers[codes[row]];
    }

    /** The first field that is missing; null if none is, as with the others. */
    Mark missing() {
        return missing;
    }

    /** The first field that is missing in another way than {@link Field#UNANSWERED}. */
    Mark absent() {
        return absent;
    }

    /** The first field that is text. */
    Mark text() {
        return text;
    }

    /** The first text that looks like a number with its digits in groups. */
    Mark grouped() {
        return grouped;
    }

    /** The first number that is infinite. */
    Mark infinite() {
        return infinite;
    }

    /** The first number with a decimal point. */
    Mark point() {
        return point;
    }

    /** The first number with a decimal comma. */
    Mark comma() {
        return comma;
    }

    /** The first number that looks as only digits after a decimal sign do. */
    Mark fraction() {
        return fraction;
    }

    /** The first whole number of which doubles are no longer exact. */
    Mark wide() {
        return wide;
    }
}
