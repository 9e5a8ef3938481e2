package io.github.adiw.data.table;

import io.github.adiw.data.Rows;
import java.util.List;
import java.util.Map;

/** A table's rows as numbers, computed when they are read. */
final class EncodedRows implements Rows {
    private final int rows;
    private final int columns;
    private final ColumnValues[] values;
    private final EncodedColumn[] encoded;
    /** Of a category, the level of the encoding by the file's; else null. */
    private final int[][] levels;

    /** @param values the columns, as the encoding has them */
    EncodedRows(int rows, List<ColumnValues> values, List<EncodedColumn> encoded) {
        this.rows = rows;
        this.values = values.toArray(ColumnValues[]::new);
        this.encoded = encoded.toArray(EncodedColumn[]::new);
        columns = encoded.stream().mapToInt(EncodedColumn::width).sum();
        levels = new int[this.values.length][];
        for (int c = 0; c < levels.length; c++) {
            if (this.encoded[c].isCategory()) {
                Map<String, Integer> places = this.encoded[c].places();
                levels[c] = this.values[c].levels().stream().mapToInt(places::get).toArray();
            }
        }
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public void read(int from, int count, double[] into) {
        for (int c = 0, at = 0; c < values.length; at += encoded[c].width(), c++) {
            for (int row = from, to = at; row < from + count; row++, to += columns) {
                if (levels[c] == null) {
                    double number = values[c].number(row);
                    into[to] = Double.isNaN(number) ? encoded[c].means()[0] : number;
                } else {
                    int level = values[c].level(row);
                    encoded[c].setCategory(level < 0 ? EncodedColumn.MISSING : levels[c][level], into, to);
                }
            }
        }
    }
}
