package io.github.adiw.data;

/** Rows that lie in an array. */
record ArrayRows(double[] values, int rows, int columns) implements Rows {
    @Override
    public void read(int from, int count, double[] into) {
        System.arraycopy(values, from * columns, into, 0, count * columns);
    }
}
