package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * The kernel matrix K_ij = exp(-gamma |a_i - b_j|^2) {@code [rows, columns]} of two sets of points, for products with vectors. It is
 * stored where it has at most {@link #MOST_STORED} elements, and else computed anew for every product, so that memory grows as
 * rows + columns. All memory is allocated at construction.
 */
final class GaussianMatrix implements AutoCloseable {
    /** Elements up to which a matrix is stored: 64 MiB of float32; beyond, reading it takes about as long as computing it. */
    static final long MOST_STORED = 1L << 24;

    private final Device device;
    private final int rows, columns;
    private final Buffer matrix, sums;
    private BatchPoints points;
    private Buffer a, b, gamma;

    GaussianMatrix(Device device, int rows, int columns) {
        this.device = device;
        this.rows = rows;
        this.columns = columns;
        boolean stored = (long) rows * columns <= MOST_STORED;
        matrix = stored ? device.allocate(ElementType.FLOAT32, (long) rows * columns) : null;
        sums = device.allocate(ElementType.FLOAT32, rows);
    }

    /** Enqueues the matrix, if it is stored, and its row sums; a and b are points by columns. */
    void compute(BatchPoints points, Buffer a, Buffer b, Buffer gamma) {
        this.points = points;
        this.a = a;
        this.b = b;
        this.gamma = gamma;
        if (matrix != null) {
            device.launch("gaussian_rows", Launch.rows(rows), a, b, gamma, matrix, sums, points.stride(), columns, points.dimension());
        } else {
            multiply(device, points, a, b, gamma, null, sums, rows, columns, 0, 1);
        }
    }

    /** Enqueues product = scale (K + ridge I) v without storing K; v = 1 where it is null. */
    static void multiply(Device device, BatchPoints points, Buffer a, Buffer b, Buffer gamma, Buffer v, Buffer product, int rows, int columns,
                         double ridge, double scale) {
        device.launch("gaussian_product", Launch.rows((rows + 7) / 8), a, b, gamma, v, product, points.stride(), rows, columns,
            points.dimension(), (float) ridge, (float) scale);
    }

    /** Enqueues product = K v; v {@code [columns]}, product {@code [rows]}. */
    void multiply(Buffer v, Buffer product) {
        if (matrix != null) {
            device.launch("matrix_product", Launch.rows(rows), matrix, v, product, columns);
        } else {
            multiply(device, points, a, b, gamma, v, product, rows, columns, 0, 1);
        }
    }

    /** K 1, {@code [rows]}. */
    Buffer rowSums() {
        return sums;
    }

    @Override
    public void close() {
        if (matrix != null) {
            matrix.close();
        }
        sums.close();
    }
}
