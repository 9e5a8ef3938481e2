package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * The kernel matrix K_ij = exp(-gamma |a_i - b_j|^2) {@code [rows, columns]} of two sets of points, for products with vectors. As many of
 * its first rows are stored as have at most {@link #MOST_STORED} elements, and the others computed anew for every product: memory
 * grows as rows + columns, and time has no step where a matrix becomes too large. All memory is allocated at construction.
 */
final class GaussianMatrix implements AutoCloseable {
    /** Elements of a matrix that are stored: 64 MiB of float32. */
    static final long MOST_STORED = 1L << 24;

    private final Device device;
    private final int rows, columns, stored;
    private final Buffer matrix, sums;
    private BatchPoints points;
    private Buffer a, b, gamma;

    GaussianMatrix(Device device, int rows, int columns) {
        this(device, rows, columns, MOST_STORED);
    }

    GaussianMatrix(Device device, int rows, int columns, long mostStored) {
        this.device = device;
        this.rows = rows;
        this.columns = columns;
        stored = storedRows(rows, columns, mostStored);
        matrix = device.allocate(ElementType.FLOAT32, (long) stored * columns);
        sums = device.allocate(ElementType.FLOAT32, rows);
    }

    /** How many rows of a matrix are stored. */
    static int storedRows(int rows, int columns, long mostStored) {
        return (int) Math.min(rows, mostStored / columns);
    }

    /** Enqueues the matrix, as far as it is stored, and its row sums; a and b are points by columns. */
    void compute(BatchPoints points, Buffer a, Buffer b, Buffer gamma) {
        this.points = points;
        this.a = a;
        this.b = b;
        this.gamma = gamma;
        if (stored > 0) {
            device.launch("gaussian_rows", Launch.rows(stored), a, b, gamma, matrix, sums, points.stride(), columns, points.dimension());
        }
        multiply(device, points, a, b, gamma, null, sums, stored, rows, columns, 0, 1);
    }

    /** Enqueues product = scale (K + ridge I) v without K, from the row {@code first} on; v = 1 where it is null. */
    static void multiply(Device device, BatchPoints points, Buffer a, Buffer b, Buffer gamma, Buffer v, Buffer product, int first, int rows,
                         int columns, double ridge, double scale) {
        if (first < rows) {
            device.launch("gaussian_product", Launch.rows((rows - first + 7) / 8), a, b, gamma, v, product, points.stride(), first, rows, columns,
                points.dimension(), (float) ridge, (float) scale);
        }
    }

    /** Enqueues product = K v; v {@code [columns]}, product {@code [rows]}. */
    void multiply(Buffer v, Buffer product) {
        if (stored > 0) {
            device.launch("matrix_product", Launch.rows(stored), matrix, v, product, columns);
        }
        multiply(device, points, a, b, gamma, v, product, stored, rows, columns, 0, 1);
    }

    /** K 1, {@code [rows]}. */
    Buffer rowSums() {
        return sums;
    }

    @Override
    public void close() {
        matrix.close();
        sums.close();
    }
}
