package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * The transformed data of a batch as the kernels of {@code gram.cu} read them: by columns, coordinate k of point i at
 * {@code [k stride + i]}. With d = 1 these are the caller's own buffers.
 */
final class BatchPoints implements AutoCloseable {
    private final Device device;
    private final int n, m, d;
    private final Buffer columns;
    private Buffer training, validation;

    BatchPoints(Device device, int n, int m, int d) {
        this.device = device;
        this.n = n;
        this.m = m;
        this.d = d;
        columns = device.allocate(ElementType.FLOAT32, d == 1 ? 0 : (n + (long) m) * d);
    }

    /** Enqueues the transposition of z {@code [n, d]} and z' {@code [m, d]}. */
    void set(Buffer z, Buffer zv) {
        if (d == 1) {
            training = z;
            validation = zv;
            return;
        }
        device.launch("transpose_columns", Launch.elements((long) n * d), z, columns, n, d, stride(), 0);
        device.launch("transpose_columns", Launch.elements((long) m * d), zv, columns, m, d, stride(), n);
        training = columns;
        validation = columns.slice(n, columns.length() - n);
    }

    Buffer training() {
        return training;
    }

    Buffer validation() {
        return validation;
    }

    long stride() {
        return n + (long) m;
    }

    int dimension() {
        return d;
    }

    @Override
    public void close() {
        columns.close();
    }
}
