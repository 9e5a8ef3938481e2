package io.github.adiw.ratio;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Scope;

/**
 * Values of C basis functions at rows, float32 {@code [rows, columns]} on a device, and what least squares, mixtures and logistic
 * regressions need of it, summed in double precision. All methods wait.
 */
final class RowMatrix implements AutoCloseable {
    private final Scope scope;
    private final Buffer values;
    private final int rows;
    private final int columns;

    private RowMatrix(Scope scope, Device device, Matrix matrix) {
        this.scope = scope;
        values = scope.keep(device.floats(matrix.values()));
        rows = matrix.rows();
        columns = matrix.columns();
    }

    /** The matrix itself. */
    static RowMatrix of(Device device, Matrix matrix) {
        return Scope.building(scope -> new RowMatrix(scope, device, matrix));
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** {@code [rows, columns]}, a copy. */
    float[] values() {
        return values.toFloats();
    }

    @Override
    public void close() {
        scope.close();
    }
}
