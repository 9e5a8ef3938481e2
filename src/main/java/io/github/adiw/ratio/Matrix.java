package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import java.io.Serializable;
import java.util.Arrays;

/**
 * Rows of columns that are centred and scaled: what a method is fitted to.
 *
 * @param values  float32 {@code [rows, columns]}, row-major, finite; not a copy
 * @param rows    how many
 * @param columns how many, at least 1
 * @param keys    {@link RowDraw#keys} of the rows as they were before scaling, whose rounding depends on their order, {@code [rows]}; not
 *                a copy; null where nothing is drawn, or as {@code values} have them
 * @param numbers where rows that were selected lie among all, {@code [rows]}, not a copy; null where these are all
 */
record Matrix(float[] values, int rows, int columns, long[] keys, int[] numbers) implements Serializable {
    Matrix {
        if (values.length != (long) rows * columns || keys != null && keys.length != rows) {
            throw new IllegalArgumentException(values.length + " values are not " + rows + " rows of " + columns);
        }
    }

    /** All rows. */
    Matrix(float[] values, int rows, int columns, long[] keys) {
        this(values, rows, columns, keys, null);
    }

    /** Rows that were never scaled. */
    Matrix(float[] values, int rows, int columns) {
        this(values, rows, columns, null);
    }

    /** Where a row lies among those that these were selected from. */
    int number(int row) {
        return numbers == null ? row : numbers[row];
    }

    float at(int row, int column) {
        return values[row * columns + column];
    }

    /** What rows are drawn by, {@code [rows]}. */
    @Override
    public long[] keys() {
        return keys == null ? RowDraw.keys(Rows.of(values, columns)) : keys;
    }

    /** {@code count} rows from {@code from} on, to draw none from; no copy where these are all. */
    Matrix slice(int from, int count) {
        return count == rows ? this : new Matrix(Arrays.copyOfRange(values, from * columns, (from + count) * columns), count, columns);
    }

    /** A copy of the rows of these numbers, in this order. */
    Matrix select(int... chosen) {
        float[] copy = new float[chosen.length * columns];
        for (int i = 0; i < chosen.length; i++) {
            System.arraycopy(values, chosen[i] * columns, copy, i * columns, columns);
        }
        return new Matrix(copy, chosen.length, columns, keys == null ? null : Arrays.stream(chosen).mapToLong(i -> keys[i]).toArray(),
            Arrays.stream(chosen).map(this::number).toArray());
    }
}
