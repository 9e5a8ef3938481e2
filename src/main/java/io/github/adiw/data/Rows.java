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

    /** Gets rows. */
    @FunctionalInterface
    interface Visitor {
        /**
         * One row.
         *
         * @param row    its number, from 0
         * @param values where it lies, among others
         * @param at     where it begins there
         */
        void visit(int row, double[] values, int at);
    }

    /** Shows all rows, one after the other; the array is the same for many, and the caller's to read alone. */
    default void forEach(Visitor visitor) {
        forEach(0, rows(), visitor);
    }

    /**
     * As {@link #forEach(Visitor)}, of some rows.
     *
     * @param from  number of the first row, from 0
     * @param count how many
     */
    default void forEach(int from, int count, Visitor visitor) {
        int most = Math.max(1, (1 << 16) / columns());
        double[] block = new double[Math.min(most, count) * columns()];
        for (int first = from; first < from + count; first += most) {
            int some = Math.min(most, from + count - first);
            read(first, some, block);
            for (int i = 0; i < some; i++) {
                visitor.visit(first + i, block, i * columns());
            }
        }
    }

    /**
     * The rows of an array, which is not copied.
     *
     * @param values  {@code [rows, columns]}, row-major
     * @param columns at least 1
     * @throws UsageException if they are null, or the length is no multiple of columns
     */
    static Rows of(float[] values, int columns) {
        return of(FloatBuffer.wrap(UsageException.given("values", values)), columns);
    }

    /**
     * The rows of a buffer, direct or not, from its position to its limit; it is not copied, and its position does not matter any more.
     *
     * @param values  {@code [rows, columns]}, row-major
     * @param columns at least 1
     * @throws UsageException if they are null, or the length is no multiple of columns
     */
    static Rows of(FloatBuffer values, int columns) {
        FloatBuffer own = UsageException.given("values", values).slice();
        return new BufferRows(own, count(own.remaining(), columns), columns);
    }

    /**
     * The rows of an array of double precision, which is not copied.
     *
     * @param values  {@code [rows, columns]}, row-major
     * @param columns at least 1
     * @throws UsageException if they are null, or the length is no multiple of columns
     */
    static Rows of(double[] values, int columns) {
        return new ArrayRows(values, count(UsageException.given("values", values).length, columns), columns);
    }

    private static int count(int numbers, int columns) {
        UsageException.atLeast("columns", 1, columns);
        if (numbers % columns != 0) {
            throw UsageException.of("columns", numbers + " numbers are no whole number of rows of " + columns);
        }
        return numbers / columns;
    }
}
