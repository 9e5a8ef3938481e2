package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * Kernel matrices of one batch: A = k(z, z') {@code [n, m]}, its transpose B {@code [m, n]}, T = k(z', z') {@code [m, m]}, with
 * their row sums. All memory is allocated at construction.
 */
final class GaussianBasis implements AutoCloseable {
    private final Device device;
    private final int n, m, d;
    private final Buffer columns, basis, transpose, top, basisSums, transposeSums, topSums;

    /** @param withTop whether T is wanted */
    GaussianBasis(Device device, int n, int m, int d, boolean withTop) {
        this.device = device;
        this.n = n;
        this.m = m;
        this.d = d;
        columns = device.allocate(ElementType.FLOAT32, d == 1 ? 0 : (n + (long) m) * d);
        basis = device.allocate(ElementType.FLOAT32, (long) n * m);
        transpose = device.allocate(ElementType.FLOAT32, (long) n * m);
        top = device.allocate(ElementType.FLOAT32, withTop ? (long) m * m : 0);
        basisSums = device.allocate(ElementType.FLOAT32, n);
        transposeSums = device.allocate(ElementType.FLOAT32, m);
        topSums = device.allocate(ElementType.FLOAT32, m);
    }

    /** Enqueues all of them for z {@code [n, d]} and z' {@code [m, d]}. */
    void compute(Buffer z, Buffer validation, Buffer gamma) {
        Buffer training = z;
        Buffer target = validation;
        long stride = n + (long) m;
        if (d > 1) {
            device.launch("transpose_columns", Launch.elements((long) n * d), z, columns, n, d, stride, 0);
            device.launch("transpose_columns", Launch.elements((long) m * d), validation, columns, m, d, stride, n);
            training = columns;
            target = columns.slice(n, columns.length() - n);
        }
        device.launch("gaussian_rows", Launch.rows(n), training, target, gamma, basis, basisSums, stride, m, d);
        device.launch("gaussian_rows", Launch.rows(m), target, training, gamma, transpose, transposeSums, stride, n, d);
        if (top.length() > 0) {
            device.launch("gaussian_rows", Launch.rows(m), target, target, gamma, top, topSums, stride, m, d);
        }
    }

    /** A, {@code [n, m]}. */
    Buffer basis() {
        return basis;
    }

    /** B, {@code [m, n]}. */
    Buffer transpose() {
        return transpose;
    }

    /** T, {@code [m, m]}. */
    Buffer top() {
        return top;
    }

    /** A 1, {@code [n]}. */
    Buffer basisSums() {
        return basisSums;
    }

    /** B 1, {@code [m]}. */
    Buffer transposeSums() {
        return transposeSums;
    }

    /** T 1, {@code [m]}. */
    Buffer topSums() {
        return topSums;
    }

    @Override
    public void close() {
        for (Buffer buffer : new Buffer[] {columns, basis, transpose, top, basisSums, transposeSums, topSums}) {
            buffer.close();
        }
    }
}
