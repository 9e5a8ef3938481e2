package io.github.adiw.ratio;

/**
 * Rows of columns that are centred and scaled: what a method is fitted to.
 *
 * @param values  float32 {@code [rows, columns]}, row-major, finite; not a copy
 * @param rows    how many
 * @param columns how many, at least 1
 */
record Matrix(float[] values, int rows, int columns) {
    Matrix {
        if (values.length != (long) rows * columns) {
            throw new IllegalArgumentException(values.length + " values are not " + rows + " rows of " + columns);
        }
    }

    float at(int row, int column) {
        return values[row * columns + column];
    }

    /** A copy of the rows of these numbers, in this order. */
    Matrix select(int... chosen) {
        float[] copy = new float[chosen.length * columns];
        for (int i = 0; i < chosen.length; i++) {
            System.arraycopy(values, chosen[i] * columns, copy, i * columns, columns);
        }
        return new Matrix(copy, chosen.length, columns);
    }
}
