package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/**
 * The bandwidth where the whole batch is one segment, whose size is known: spread over blocks, for d = 1 on the sorted batch, for d > 1 by
 * a radix selection over distances that are never stored.
 */
final class WholeBatchBandwidth implements BatchBandwidth {
    private static final int BLOCKS = 128;
    /** Pairs that a block may count: its bins are int32. */
    private static final long MOST_PAIRS = 1L << 30;
    private static final int BINS = 2048;
    private static final int[] BITS = {11, 10, 10};

    private final Scope scope;
    private final Device device;
    private final int n;
    private final int m;
    private final int d;
    private final int count;
    private final int blocks;
    private final Bandwidth bandwidth;
    private final long statistic;
    private final double part;
    private final Buffer gamma;
    private final Buffer status;
    private final Buffer distances;
    private final Buffer pool;
    private final Buffer histograms;
    private final Buffer least;
    private final Buffer state;

    private WholeBatchBandwidth(Scope scope, Device device, BatchShape shape, Bandwidth bandwidth) {
        this.scope = scope;
        this.device = device;
        this.n = shape.n();
        this.m = shape.m();
        this.d = shape.d();
        this.bandwidth = bandwidth;
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
        this.gamma = scope.keep(device.allocate(ElementType.FLOAT64, 1));
        this.status = scope.keep(device.allocate(ElementType.INT32, 1));
        device.zero(status);      // who asks before the first batch hears of no problem
        this.distances = scope.keep(device.allocate(ElementType.FLOAT32, 0));
        this.pool = scope.keep(device.allocate(ElementType.FLOAT32, (long) count * d));
        this.histograms = scope.keep(device.allocate(ElementType.INT32, radix ? (long) blocks * BINS : 0));
        this.least = scope.keep(device.allocate(ElementType.INT32, radix ? blocks : 0));
        this.state = scope.keep(device.allocate(ElementType.INT64, 2));
        device.zero(state);
    }

    static WholeBatchBandwidth create(Device device, BatchShape shape, Bandwidth bandwidth) {
        return Scope.building(scope -> new WholeBatchBandwidth(scope, device, shape, bandwidth));
    }

    @Override
    public void compute(SegmentedBatch batch) {
        Buffer z = batch.training();
        Buffer validation = batch.validation();
        int median = bandwidth.kind() == Bandwidth.Kind.MEDIAN ? 1 : 0;
        if (count < 2) {
            device.launch("bandwidth_given", Launch.block((long) Math.max(n, m) * d), z, validation, gamma, status, bandwidth.value(),
                n * d, m * d, d);
        } else if (d == 1) {
            device.launch("rank_sort", Launch.rows(count), z, validation, pool, n, count - n);
            device.launch("bandwidth_sorted", Launch.block(count), pool, z, validation, gamma, status, count, median, statistic, part, n,
                m);
        } else {
            device.launch("transpose_pool", Launch.elements((long) count * d), z, validation, pool, n, count, d);
            int shift = 31;
            for (int pass = 0; pass < BITS.length; pass++) {
                shift -= BITS[pass];
                device.launch("pair_histogram", Launch.rows(blocks), pool, state, histograms, least, count, d, blocks, shift, BITS[pass]);
                device.launch("bandwidth_radix", Launch.block(), histograms, least, z, validation, state, gamma, status, blocks, pass,
                    BITS[pass], median, statistic, part, n * d, m * d, d);
            }
        }
    }

    @Override
    public Buffer gamma() {
        return gamma;
    }

    @Override
    public Buffer status() {
        return status;
    }

    /** None are stored. */
    @Override
    public Buffer distances() {
        return distances;
    }

    @Override
    public void close() {
        scope.close();
    }
}
