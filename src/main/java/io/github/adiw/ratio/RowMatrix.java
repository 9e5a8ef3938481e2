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
    private final float[] host;
    private final int rows;
    private final int columns;

    private RowMatrix(Scope scope, Device device, Matrix matrix) {
        this.scope = scope;
        values = scope.keep(device.floats(matrix.values()));
        host = matrix.values();
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

    double[] products(double[] v) {
        float[] a = host;
        double[] out = new double[rows];
        for (int i = 0; i < rows; i++) {
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                sum += a[i * columns + j] * v[j];
            }
            out[i] = sum;
        }
        return out;
    }

    double[] transposedProducts(double[] u, int from, int to) {
        float[] a = host;
        double[] out = new double[columns];
        for (int i = from; i < to; i++) {
            double weight = u == null ? 1 : u[i];
            for (int j = 0; j < columns; j++) {
                out[j] += a[i * columns + j] * weight;
            }
        }
        return out;
    }

    double[] moments(double[] u, int from, int to) {
        float[] a = host;
        double[] out = new double[columns * columns];
        for (int i = from; i < to; i++) {
            for (int j = 0; j < columns; j++) {
                double weight = (u == null ? 1 : u[i]) * a[i * columns + j];
                for (int k = 0; k <= j; k++) {
                    out[j * columns + k] += a[i * columns + k] * weight;
                }
            }
        }
        for (int j = 0; j < columns; j++) {
            for (int k = 0; k < j; k++) {
                out[k * columns + j] = out[j * columns + k];
            }
        }
        return out;
    }

    @Override
    public void close() {
        scope.close();
    }
}
