package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/**
 * Which rows of a training batch {@code [n]} and of a validation batch {@code [m]} belong together: the whole batch is one segment, its
 * classes are many. Estimation runs inside every segment. How many rows a segment has changes from batch to batch, so that all of it is on
 * the device: rows are sorted by segment, and kernels read what they need of {@link #table} ({@code kernels/segments.cuh}).
 */
public final class Segments implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final int n;
    private final int m;
    private final int count;
    private final SampleLabels labels;
    private final Buffer table;
    private final Buffer of;
    private final Buffer order;
    private final Buffer batchLabels;

    private Segments(Scope scope, Device device, int n, int m, SampleLabels labels) {
        this.scope = scope;
        this.device = device;
        this.n = n;
        this.m = m;
        this.labels = labels;
        count = labels == null ? 1 : labels.classes();
        table = scope.keep(device.allocate(ElementType.INT32, 4L * count));
        of = labels == null ? null : scope.keep(device.allocate(ElementType.INT32, (long) n + m));
        order = labels == null ? null : scope.keep(device.allocate(ElementType.INT32, (long) n + m));
        batchLabels = labels == null ? null : scope.keep(device.allocate(ElementType.INT32, (long) n + m));
        if (labels == null) {
            table.upload(new int[] {0, n, 0, m});
        } else {      // before the first batch every place counts as row 0, which there is
            device.zero(table);
            device.zero(of);
            device.zero(order);
        }
    }

    /** The whole batch. */
    static Segments whole(Device device, int n, int m) {
        return Scope.building(scope -> new Segments(scope, device, n, m, null));
    }

    /** A segment a class, in the order of the classes; within it, rows keep the batch's order. */
    static Segments byLabel(Device device, int n, int m, SampleLabels labels) {
        return Scope.building(scope -> new Segments(scope, device, n, m, labels));
    }

    /** Enqueues the segments of a batch, given the numbers of its samples, int32 {@code [n]} and {@code [m]}. */
    void arrange(Buffer indices, Buffer validationIndices) {
        if (labels == null) {
            return;
        }
        Buffer own = batchLabels.slice(0, n);
        Buffer other = batchLabels.slice(n, m);
        device.launch("gather_labels", Launch.elements(n), labels.training(), indices, own, n);
        device.launch("gather_labels", Launch.elements(m), labels.validation(), validationIndices, other, m);
        device.launch("segment_table", Launch.rows(count), own, other, table, n, m);
        device.launch("segment_order", Launch.rows(n), own, trainingOrder(), of.slice(0, n), n);
        device.launch("segment_order", Launch.rows(m), other, validationOrder(), of.slice(n, m), m);
    }

    /** S, how many there are. */
    public int count() {
        return count;
    }

    /** A block a segment. */
    public Launch blocks() {
        return Launch.blocks(count, Math.max(n, m));
    }

    /** Of every segment its first training row, how many it has, its first validation row and how many; int32 {@code [S, 4]}. */
    public Buffer table() {
        return table;
    }

    /** The segment of every training row, then of every validation row, int32 {@code [n + m]}; null where there is one segment. */
    public Buffer of() {
        return of;
    }

    /** The segment of every validation row, int32 {@code [m]}; null where there is one segment. */
    public Buffer ofValidation() {
        return of == null ? null : of.slice(n, m);
    }

    /** The training batch's row that comes to every place, int32 {@code [n]}; null where rows stay where they are. */
    public Buffer trainingOrder() {
        return order == null ? null : order.slice(0, n);
    }

    /** The validation batch's row that comes to every place, int32 {@code [m]}; null where rows stay where they are. */
    public Buffer validationOrder() {
        return order == null ? null : order.slice(n, m);
    }

    @Override
    public void close() {
        scope.close();
    }
}
