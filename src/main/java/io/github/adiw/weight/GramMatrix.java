package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * Bandwidth and Gram matrix of one batch, in single or double precision: K {@code [n, n]} with 1e-5 added to the diagonal,
 * its row sums {@code [n]}, and kappa {@code [n]}. All memory is allocated at construction.
 */
final class GramMatrix implements AutoCloseable {
    /** Added to the diagonal of K. */
    static final double RIDGE = 1e-5;
    /** Largest n for which the n x n matrix is stored. */
    static final int MOST_ROWS = 16384;
    private static final int MOST_SORTED = 16384;

    private final Device device;
    private final int n, m, d;
    private final Bandwidth bandwidth;
    private final boolean wide;
    private final Buffer matrix, rowSums, kappa, gamma, quantile, status, pooled, distances;

    /** @param wide whether the matrix is double precision */
    GramMatrix(Device device, int n, int m, int d, Bandwidth bandwidth, boolean wide) {
        if (n > MOST_ROWS) {
            throw new UsageException("kernel mean matching stores an n x n matrix, and n = " + n + " is more than " + MOST_ROWS
                + ": estimate on fewer samples");
        }
        this.device = device;
        this.n = n;
        this.m = m;
        this.d = d;
        this.bandwidth = bandwidth;
        this.wide = wide;
        ElementType type = wide ? ElementType.FLOAT64 : ElementType.FLOAT32;
        matrix = device.allocate(type, (long) n * n);
        rowSums = device.allocate(type, n);
        kappa = device.allocate(type, n);
        gamma = device.allocate(ElementType.FLOAT32, 1);
        quantile = device.allocate(ElementType.FLOAT32, 1);
        status = device.allocate(ElementType.INT32, 1);
        int count = bandwidth.kind() == Bandwidth.Kind.MEDIAN ? n + m : n;
        pooled = device.allocate(ElementType.FLOAT32, bandwidth.kind() == Bandwidth.Kind.MEDIAN ? (long) count * d : 0);
        boolean sorted = d == 1 && count <= MOST_SORTED;
        distances = device.allocate(ElementType.FLOAT32, bandwidth.kind() == Bandwidth.Kind.GIVEN ? 0 : sorted ? count : (long) count * (count - 1) / 2);
        device.zero(quantile);
    }

    /** Enqueues everything for z {@code [n, d]} and z' {@code [m, d]}. */
    void compute(Buffer z, Buffer validation) {
        switch (bandwidth.kind()) {
            case DIW -> quantile(z, n);
            case MEDIAN -> {
                device.copy(z.slice(0, (long) n * d), pooled.slice(0, (long) n * d));
                device.copy(validation.slice(0, (long) m * d), pooled.slice((long) n * d, (long) m * d));
                quantile(pooled, n + m);
            }
            case GIVEN -> { }
        }
        device.launch("set_bandwidth", Launch.block(), z, validation, quantile, gamma, status, bandwidth.kind().ordinal(),
            (float) bandwidth.value(), n * d, m * d, d);
        if (wide) {
            device.launch("gram_rows_f64", Launch.rows(n), z, validation, gamma, matrix, rowSums, kappa, n, m, d, RIDGE);
        } else {
            device.launch("gram_rows", Launch.rows(n), z, validation, gamma, matrix, rowSums, kappa, n, m, d, (float) RIDGE);
        }
    }

    private void quantile(Buffer values, int count) {
        if (count < 2) {
            return;
        }
        if (distances.length() == count) {
            device.launch("rank_sort", Launch.elements(count), values, distances, count);
            device.launch("quantile_sorted", Launch.block(), distances, quantile, count, bandwidth.value());
        } else {
            device.launch("pairwise_distances", Launch.rows(count), values, distances, count, d);
            device.launch("quantile_values", Launch.block(), distances, quantile, distances.length(), bandwidth.value());
        }
    }

    Buffer matrix() {
        return matrix;
    }

    Buffer rowSums() {
        return rowSums;
    }

    Buffer kappa() {
        return kappa;
    }

    /** float32 [1]. */
    Buffer gamma() {
        return gamma;
    }

    /** int32 [1]: 1 where the batch is degenerate, so that no step may be taken. */
    Buffer status() {
        return status;
    }

    @Override
    public void close() {
        for (Buffer buffer : new Buffer[] {matrix, rowSums, kappa, gamma, quantile, status, pooled, distances}) {
            buffer.close();
        }
    }
}
