package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The rows of a file as an encoding makes them numbers, one block after the other. */
public final class RowReader implements AutoCloseable {
    private final TableSource source;
    private final EncodedColumn[] columns;
    /** By the file's columns: which of {@link #columns} it is, or -1. */
    private final int[] columnOf;
    private final int[] offsets;
    private final List<Map<String, Integer>> levels;
    private final int idColumn;
    private final Missing missing;
    private final Consumer<String> notices;
    private final int width;
    private final long[] unknown;
    private final String[] firstUnknown;
    private String[] ids;
    private String point;
    private String comma;
    private boolean any;
    private boolean ended;
    private double[] into;
    private int row;

    /** @param places the file's column for each of the encoding's */
    RowReader(TableSource source, List<EncodedColumn> columns, int[] places, int idColumn, Missing missing, Consumer<String> notices) {
        this.source = source;
        this.columns = columns.toArray(EncodedColumn[]::new);
        this.idColumn = idColumn;
        this.missing = missing;
        this.notices = notices;
        columnOf = new int[source.header().width()];
        Arrays.fill(columnOf, -1);
        offsets = new int[places.length];
        int at = 0;
        for (int c = 0; c < places.length; c++) {
            columnOf[places[c]] = c;
            offsets[c] = at;
            at += this.columns[c].width();
        }
        width = at;
        levels = columns.stream().map(column -> column.isCategory() ? column.places() : Map.<String, Integer>of()).toList();
        unknown = new long[places.length];
        firstUnknown = new String[places.length];
    }

    /** How many numbers a row has. */
    public int columns() {
        return width;
    }

    /**
     * Reads the next rows.
     *
     * @param rows {@code [most, columns]} or longer, row-major; gets finite numbers
     * @param most how many are wanted, at least 1
     * @return how many were read; 0 after the last
     * @throws AdiwException if the file has no row, is broken, a value is missing, and missing values are not to be filled, or a number
     *                       was expected where there is none; the place is named
     */
    public int next(double[] rows, int most) {
        if (ended) {
            return 0;
        }
        into = rows;
        row = 0;
        ids = idColumn < 0 ? null : new String[most];
        while (row < most && source.next(this::accept)) {
            row++;
        }
        any |= row > 0;
        if (!any) {
            throw new AdiwException(source.header().file() + " has no row besides its header, and at least one was expected");
        }
        ended = row < most;
        if (ended) {
            sayUnknown();
        }
        return row;
    }

    /** The names of the rows that {@link #next} gave, {@code [most]}; null if no column has them. */
    public String[] ids() {
        return ids;
    }

    private void accept(int fileColumn, Field field) {
        if (fileColumn == idColumn) {
            ids[row] = Table.id(source, field);
        }
        int c = columnOf[fileColumn];
        if (c < 0) {
            return;
        }
        int at = row * width + offsets[c];
        if (field.kind() == Field.Kind.MISSING && missing == Missing.FAIL && !isCategory(c, field)) {
            throw AdiwException.of("missing", place(c) + ": it is " + (field.text().isEmpty() ? "empty" : Wording.quoted(field.text()))
                + ", and a value was expected: choose mean to fill missing values by the column's mean");
        }
        if (columns[c].isCategory()) {
            columns[c].setCategory(level(c, field), into, at);
        } else {
            into[at] = number(c, field);
        }
    }

    /** Whether a field counts as a category though it is missing. */
    private boolean isCategory(int c, Field field) {
        return field.isUnanswered() && levels.get(c).containsKey(Field.UNANSWERED);
    }

    private int level(int c, Field field) {
        if (field.kind() == Field.Kind.MISSING && !isCategory(c, field)) {
            return EncodedColumn.MISSING;
        }
        Integer level = field.length() > Field.LONGEST ? null : levels.get(c).get(field.level());
        if (level == null) {
            unknown[c]++;
            if (firstUnknown[c] == null) {
                firstUnknown[c] = Wording.quoted(field.text()) + " in " + source.place(source.position());
            }
            return EncodedColumn.UNKNOWN;
        }
        return level;
    }

    private double number(int c, Field field) {
        if (field.kind() == Field.Kind.MISSING) {
            return columns[c].means()[0];
        }
        if (field.kind() == Field.Kind.TEXT || Double.isInfinite(field.value())) {
            throw new AdiwException(
                place(c) + ": it is " + Wording.quoted(field.text()) + ", and a finite number was expected, as the column had when "
                    + "the model was fitted");
        }
        if (field.decimalSign() == '.' && point == null) {
            point = place(c) + " has " + Wording.quoted(field.text());
            refuseTwoSigns();
        } else if (field.decimalSign() == ',' && comma == null) {
            comma = place(c) + " has " + Wording.quoted(field.text());
            refuseTwoSigns();
        }
        return field.value();
    }

    private void refuseTwoSigns() {
        Pooling.refuseTwoDecimalSigns(source, point, comma);
    }

    private String place(int c) {
        return source.place(source.position(), columns[c].name());
    }

    private void sayUnknown() {
        for (int c = 0; c < columns.length; c++) {
            if (unknown[c] > 0) {
                notices.accept(
                    Wording.column(columns[c].name()) + " has a value that the model does not know in " + Wording.count(unknown[c], "row",
                        "rows") + " (first " + firstUnknown[c] + "): all its indicators are 0 there.");
            }
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
