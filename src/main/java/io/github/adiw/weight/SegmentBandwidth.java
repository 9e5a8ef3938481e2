package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/**
 * A bandwidth for every segment, whatever its size in a batch. The distances inside segments are stored as far as {@link #MOST_STORED}
 * elements go, and computed anew beyond.
 */
final class SegmentBandwidth implements BatchBandwidth {
    /** Elements of the distances that are stored: 64 MiB of float32. */
    private static final long MOST_STORED = 1L << 24;

    private final Scope scope;
    private final Device device;
    private final Bandwidth rule;
    private final int stored;
    private final Buffer distances;
    private final Buffer gamma;
    private final Buffer status;

    private SegmentBandwidth(Scope scope, Device device, BatchShape shape, int segments, Bandwidth rule, long mostStored) {
        this.scope = scope;
        this.device = device;
        this.rule = rule;
        long all = shape.n() + (long) shape.m();
        stored = (int) Math.min(all, mostStored / all);
        distances = scope.keep(device.allocate(ElementType.FLOAT32, stored * all));
        gamma = scope.keep(device.allocate(ElementType.FLOAT64, segments));
        status = scope.keep(device.allocate(ElementType.INT32, segments));
        device.zero(status);      // who asks before the first batch hears of no problem
    }

    static SegmentBandwidth create(Device device, BatchShape shape, int segments, Bandwidth rule) {
        return create(device, shape, segments, rule, MOST_STORED);
    }

    static SegmentBandwidth create(Device device, BatchShape shape, int segments, Bandwidth rule, long mostStored) {
        return Scope.building(scope -> new SegmentBandwidth(scope, device, shape, segments, rule, mostStored));
    }

    @Override
    public void compute(SegmentedBatch batch) {
        Segments segments = batch.segments();
        Buffer columns = batch.trainingColumns();
        device.launch("segment_distances", Launch.rows(stored), columns, segments.of(), segments.table(), distances, batch.n(), batch.m(),
            batch.d());
        device.launch("segment_bandwidth", Launch.rows(segments.count()), distances, columns, segments.table(), gamma, status,
            rule.kind() == Bandwidth.Kind.GIVEN ? 1 : 0, rule.kind() == Bandwidth.Kind.MEDIAN ? 1 : 0, rule.value(), stored, batch.n(),
            batch.m(), batch.d());
    }

    @Override
    public Buffer gamma() {
        return gamma;
    }

    @Override
    public Buffer status() {
        return status;
    }

    @Override
    public Buffer distances() {
        return distances;
    }

    @Override
    public void close() {
        scope.close();
    }
}
