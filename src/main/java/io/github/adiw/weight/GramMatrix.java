package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * Bandwidth and Gram matrix of one batch: K {@code [n, n]} with 1e-5 added to the diagonal, its row sums {@code [n]},
 * kappa {@code [n]}, and products K v {@code [n]}. All memory is allocated at construction.
 */
final class GramMatrix implements AutoCloseable {
    /** Added to the diagonal of K. */
    static final double RIDGE = 1e-5;
    /** Largest n for which the n x n matrix is stored. */
    static final int MOST_ROWS = 16384;

    private final Device device;
    private final int n, m, d;
    private final BatchBandwidth bandwidth;
    private final Buffer matrix, rowSums, kappa, product, columns;

    GramMatrix(Device device, int n, int m, int d, Bandwidth bandwidth) {
        if (n > MOST_ROWS) {
            throw new UsageException("kernel mean matching stores an n x n matrix, and n = " + n + " is more than " + MOST_ROWS
                + ": estimate on fewer samples");
        }
        this.device = device;
        this.n = n;
        this.m = m;
        this.d = d;
        this.bandwidth = new BatchBandwidth(device, n, m, d, bandwidth);
        matrix = device.allocate(ElementType.FLOAT32, (long) n * n);
        rowSums = device.allocate(ElementType.FLOAT32, n);
        kappa = device.allocate(ElementType.FLOAT32, n);
        product = device.allocate(ElementType.FLOAT32, n);
        columns = device.allocate(ElementType.FLOAT32, d == 1 ? 0 : (n + (long) m) * d);
    }

    /** Enqueues the bandwidth alone. */
    void computeBandwidth(Buffer z, Buffer validation) {
        bandwidth.compute(z, validation);
    }

    /** Enqueues everything for z {@code [n, d]} and z' {@code [m, d]}, and the product with {@code v}. */
    void compute(Buffer z, Buffer validation, Buffer v) {
        bandwidth.compute(z, validation);
        Buffer training = z;
        Buffer target = validation;
        long stride = n + (long) m;
        if (d > 1) {
            device.launch("transpose_columns", Launch.elements((long) n * d), z, columns, n, d, stride, 0);
            device.launch("transpose_columns", Launch.elements((long) m * d), validation, columns, m, d, stride, n);
            training = columns;
            target = columns.slice(n, columns.length() - n);
        }
        device.launch("gram_rows", Launch.rows(n), training, target, bandwidth.gamma(), v, matrix, rowSums, kappa, product, stride, n, m, d,
            (float) RIDGE);
    }

    /** Enqueues the product with {@code v}. */
    void multiply(Buffer v) {
        device.launch("kmm_product", Launch.rows(n), matrix, v, product, n);
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

    /** float64 {@code [1]}. */
    Buffer gamma() {
        return bandwidth.gamma();
    }

    /** int32 {@code [1]}: 1 where the batch is degenerate, so that no step may be taken. */
    Buffer status() {
        return bandwidth.status();
    }

    @Override
    public void close() {
        bandwidth.close();
        for (Buffer buffer : new Buffer[] {matrix, rowSums, kappa, product, columns}) {
            buffer.close();
        }
    }
}
