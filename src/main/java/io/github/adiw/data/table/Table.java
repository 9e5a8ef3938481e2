package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import java.util.ArrayList;
import java.util.List;

/**
 * Columns of one file, as they were read.
 *
 * @param source  the file, at its end
 * @param columns by the places that were asked for; null where none was
 * @param ids     {@code [rows]}, null if no column has them
 * @param rows    at least 1
 */
record Table(TableSource source, List<ColumnValues> columns, String[] ids, int rows) {
    /**
     * Reads a file to its end.
     *
     * @param wanted columns of the file; -1 for one that it does not have
     * @param id     the column of the rows' names, or -1
     * @throws AdiwException if the file is broken, or has no row
     */
    static Table read(TableSource source, int[] wanted, int id) {
        ColumnValues[] at = new ColumnValues[source.header().width()];
        List<ColumnValues> columns = new ArrayList<>();
        for (int column : wanted) {
            ColumnValues values = column < 0 ? null : new ColumnValues(source instanceof NpySource);
            columns.add(values);
            if (values != null) {
                at[column] = values;
            }
        }
        List<String> ids = id < 0 ? null : new ArrayList<>();
        TableSource.Fields fields = (column, field) -> {
            if (at[column] != null) {
                at[column].add(field, source.position());
            }
            if (column == id) {
                ids.add(id(source, field));
            }
        };
        int rows = 0;
        while (source.next(fields)) {
            rows++;
        }
        if (rows == 0) {
            throw new AdiwException(source.header().file() + " has no row besides its header, and at least one was expected");
        }
        return new Table(source, columns, ids == null ? null : ids.toArray(String[]::new), rows);
    }

    /** A row's name. */
    static String id(TableSource source, Field field) {
        if (field.length() > Field.LONGEST) {
            throw new AdiwException(source.place(source.position()) + ": the row's id has " + field.length() + " characters, and at most "
                + Field.LONGEST + " were expected");
        }
        return field.text();
    }

    /** The place of a field in messages. */
    String place(ColumnValues.Mark mark, String column) {
        return source.place(mark.position(), column);
    }
}
