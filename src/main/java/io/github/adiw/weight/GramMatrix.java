package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * What kernel mean matching needs of a batch: K {@code [n, n]} with 1e-5 added to the diagonal, its row sums {@code [n]}, kappa
 * {@code [n]}, and products K v {@code [n]}. K is stored as {@link GaussianMatrix} is. All memory is allocated at construction.
 */
final class GramMatrix implements AutoCloseable {
    /** Added to the diagonal of K. */
    static final double RIDGE = 1e-5;

    private final Device device;
    private final int n, m, stored;
    private final Buffer matrix, rowSums, kappa, product;
    private BatchPoints points;
    private Buffer gamma;

    GramMatrix(Device device, int n, int m) {
        this(device, n, m, GaussianMatrix.MOST_STORED);
    }

    GramMatrix(Device device, int n, int m, long mostStored) {
        this.device = device;
        this.n = n;
        this.m = m;
        stored = GaussianMatrix.storedRows(n, n, mostStored);
        matrix = device.allocate(ElementType.FLOAT32, (long) stored * n);
        rowSums = device.allocate(ElementType.FLOAT32, n);
        kappa = device.allocate(ElementType.FLOAT32, n);
        product = device.allocate(ElementType.FLOAT32, n);
    }

    /** Enqueues everything, and the product with {@code v}. */
    void compute(BatchPoints points, Buffer gamma, Buffer v) {
        this.points = points;
        this.gamma = gamma;
        Buffer z = points.training();
        if (stored > 0) {
            device.launch("gram_rows", Launch.rows(stored), z, points.validation(), gamma, v, matrix, rowSums, kappa, product,
                points.stride(), n, m, points.dimension(), (float) RIDGE);
        }
        GaussianMatrix.multiply(device, points, z, z, gamma, null, rowSums, stored, n, n, RIDGE, 1);
        GaussianMatrix.multiply(device, points, z, points.validation(), gamma, null, kappa, stored, n, m, 0, (double) n / m);
        GaussianMatrix.multiply(device, points, z, z, gamma, v, product, stored, n, n, RIDGE, 1);
    }

    /** Enqueues the product with {@code v}. */
    void multiply(Buffer v) {
        if (stored > 0) {
            device.launch("matrix_product", Launch.rows(stored), matrix, v, product, n);
        }
        GaussianMatrix.multiply(device, points, points.training(), points.training(), gamma, v, product, stored, n, n, RIDGE, 1);
    }

    /** K v for the v that was given last. */
    Buffer product() {
        return product;
    }

    Buffer rowSums() {
        return rowSums;
    }

    Buffer kappa() {
        return kappa;
    }

    @Override
    public void close() {
        for (Buffer buffer : new Buffer[] {matrix, rowSums, kappa, product}) {
            buffer.close();
        }
    }
}
