package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** The Gaussian kernel's gamma for one batch, and whether the batch is degenerate. All memory is allocated at construction. */
final class BatchBandwidth implements AutoCloseable {
    private static final int BLOCKS = 128;
    /** Pairs that a block may count: its bins are int32. */
    private static final long MOST_PAIRS = 1L << 30;
    private static final int BINS = 2048;
    private static final int[] BITS = {11, 10, 10};

    private final Device device;
    private final int n, m, d, count, blocks;
    private final Bandwidth bandwidth;
    private final long statistic;
    private final double part;
    private final Buffer gamma, status, pool, histograms, least, state;

    BatchBandwidth(Device device, int n, int m, int d, Bandwidth bandwidth) {
        this.device = device;
        this.n = n;
        this.m = m;
        this.d = d;
        this.bandwidth = bandwidth;
        if ((n + (long) m) * d > Integer.MAX_VALUE) {
            throw new UsageException("a batch of " + n + " training and " + m + " validation samples of dimension " + d
                + " has more than 2^31 numbers: take fewer samples, or fewer features of them");
        }
        this.count = switch (bandwidth.kind()) {
            case DIW -> n;
            case MEDIAN -> n + m;
            case GIVEN -> 0;
        };
        long pairs = (long) count * (count - 1) / 2;
        double position = Math.max(0, bandwidth.value() * (double) (pairs - 1));
        this.statistic = (long) position;
        this.part = position - statistic;
        this.blocks = count < 2 ? 0 : (int) Math.min(count / 8 + 1, Math.max(BLOCKS, pairs / MOST_PAIRS + 1));
        boolean radix = d > 1;
        this.gamma = device.allocate(ElementType.FLOAT64, 1);
        this.status = device.allocate(ElementType.INT32, 1);
        this.pool = device.allocate(ElementType.FLOAT32, (long) count * d);
        this.histograms = device.allocate(ElementType.INT32, radix ? (long) blocks * BINS : 0);
        this.least = device.allocate(ElementType.INT32, radix ? blocks : 0);
        this.state = device.allocate(ElementType.INT64, 2);
        device.zero(state);
    }

    /** Enqueues it for z float32 {@code [n, d]} and z' float32 {@code [m, d]}. */
    void compute(Buffer z, Buffer validation) {
        int kind = bandwidth.kind().ordinal();
        if (count < 2) {
            device.launch("bandwidth_given", Launch.block(), z, validation, gamma, status, bandwidth.value(), n * d, m * d, d);
        } else if (d == 1) {
            device.launch("rank_sort", Launch.rows(count), z, validation, pool, n, count - n);
            device.launch("bandwidth_sorted", Launch.block(), pool, z, validation, gamma, status, count, kind, statistic, part, n, m);
        } else {
            device.launch("transpose_pool", Launch.elements((long) count * d), z, validation, pool, n, count, d);
            int shift = 31;
            for (int pass = 0; pass < BITS.length; pass++) {
                shift -= BITS[pass];
                device.launch("pair_histogram", Launch.rows(blocks), pool, state, histograms, least, count, d, blocks, shift, BITS[pass]);
                device.launch("bandwidth_radix", Launch.block(), histograms, least, z, validation, state, gamma, status, blocks, pass,
                    BITS[pass], kind, statistic, part, n * d, m * d, d);
            }
        }
    }

    /** float64 {@code [1]}. */
    Buffer gamma() {
        return gamma;
    }

    /** int32 {@code [1]}: 1 where the batch is degenerate, so that no step may be taken. */
    Buffer status() {
        return status;
    }

    @Override
    public void close() {
        for (Buffer buffer : new Buffer[] {gamma, status, pool, histograms, least, state}) {
            buffer.close();
        }
    }
}
