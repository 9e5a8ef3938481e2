package io.github.adiw.data;

import java.nio.FloatBuffer;

/** Rows that lie in a buffer, from its beginning on. */
record BufferRows(FloatBuffer values, int rows, int columns) implements Rows {
    @Override
    public void read(int from, int count, double[] into) {
        int first = Math.multiplyExact(from, columns);
        for (int i = 0; i < count * columns; i++) {
            into[i] = values.get(first + i);
        }
    }
}
