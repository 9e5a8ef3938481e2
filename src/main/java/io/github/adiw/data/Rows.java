package io.github.adiw.data;

import io.github.adiw.UsageException;
import java.nio.FloatBuffer;

/** Rows of numbers, {@code [rows, columns]}, wherever they lie. Reading changes nothing, and may be done by several threads at once. */
public interface Rows {
    /** How many rows there are. */
    int rows();

    /** How many numbers a row has, at least 1. */
    int columns();

    /**
     * Copies rows.
     *
     * @param from  number of the first row, from 0
     * @param count how many
     * @param into  {@code [count, columns]} or longer, row-major
     */
    void read(int from, int count, double[] into);

    /**
     * The rows of an array, which is not copied.
     *
     * @param values  {@code [rows, columns]}, row-major
     * @param columns at least 1
     * @throws UsageException if the length is no multiple of columns
     */
    static Rows of(float[] values, int columns) {
        return of(FloatBuffer.wrap(values), columns);
    }

    /**
     * The rows of a buffer, direct or not, from its position to its limit; it is not copied, and its position does not matter any more.
     *
     * @param values  {@code [rows, columns]}, row-major
     * @param columns at least 1
     * @throws UsageException if the length is no multiple of columns
     */
    static Rows of(FloatBuffer values, int columns) {
        FloatBuffer own = values.slice();
        int rows = count(own.remaining(), columns);
        return new Rows() {
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
                int first = Math.multiplyExact(from, columns);
                for (int i = 0; i < count * columns; i++) {
                    into[i] = own.get(first + i);
                }
            }
        };
    }

    /**
     * The rows of an array of double precision, which is not copied.
     *
     * @param values  {@code [rows, columns]}, row-major
     * @param columns at least 1
     * @throws UsageException if the length is no multiple of columns
     */
    static Rows of(double[] values, int columns) {
        int rows = count(values.length, columns);
        return new Rows() {
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
                System.arraycopy(values, from * columns, into, 0, count * columns);
            }
        };
    }

    private static int count(int numbers, int columns) {
        UsageException.atLeast("columns", 1, columns);
        if (numbers % columns != 0) {
            throw UsageException.of("columns", numbers + " numbers are no whole number of rows of " + columns);
        }
        return numbers / columns;
    }
}
