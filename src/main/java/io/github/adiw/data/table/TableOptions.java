package io.github.adiw.data.table;

import java.util.List;
import java.util.function.Consumer;

/**
 * How two files are read as tables. A column goes by its name in the header; where there is none, as {@code column 0}, or {@code 0}.
 *
 * @param columns the columns that are features, in this order; null for all that are left
 * @param exclude columns that are no features; empty if none
 * @param id      the column that names the rows, no feature either; null if there is none
 * @param missing what becomes of missing values
 * @param notices is told, in sentences, what was decided that the user may want to know
 */
public record TableOptions(List<String> columns, List<String> exclude, String id, Missing missing, Consumer<String> notices) {
    /** Of which nothing changes when the lists do. */
    public TableOptions {
        columns = columns == null ? null : List.copyOf(columns);
        exclude = List.copyOf(exclude);
    }
}
