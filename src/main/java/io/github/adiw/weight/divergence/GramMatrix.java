package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.SegmentedBatch;

/**
 * What kernel mean matching needs of a batch: K {@code [n, n]} with 1e-5 added to the diagonal, its row sums {@code [n]}, kappa
 * {@code [n]}, and products K v {@code [n]}. K is stored as {@link GaussianMatrix} is. All memory is allocated at construction.
 */
final class GramMatrix implements AutoCloseable {
    /** Added to the diagonal of K. */
    static final double RIDGE = 1e-5;

    private final Scope scope;
    private final Device device;
    private final SegmentedBatch batch;
    private final int stored;
    private final Buffer matrix;
    private final Buffer rowSums;
    private final Buffer kappa;
    private final Buffer product;

    private GramMatrix(Scope scope, SegmentedBatch batch, long mostStored) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        int n = batch.n();
        stored = GaussianMatrix.storedRows(n, n, mostStored);
        matrix = scope.keep(device.allocate(ElementType.FLOAT32, (long) stored * n));
        rowSums = scope.keep(device.allocate(ElementType.FLOAT32, n));
        kappa = scope.keep(device.allocate(ElementType.FLOAT32, n));
        product = scope.keep(device.allocate(ElementType.FLOAT32, n));
    }

    static GramMatrix create(SegmentedBatch batch) {
        return create(batch, GaussianMatrix.MOST_STORED);
    }

    static GramMatrix create(SegmentedBatch batch, long mostStored) {
        return Scope.building(scope -> new GramMatrix(scope, batch, mostStored));
    }

    /** Enqueues everything, and the product with {@code v}. */
    void compute(Buffer v) {
        if (stored > 0) {
            Buffer distances = batch.distances();
            device.launch("gram_rows", Launch.rows(stored), batch.trainingColumns(), batch.validationColumns(), batch.segments().of(),
                batch.segments().table(), batch.gamma(), batch.status(), distances, v, matrix, rowSums, kappa, product, batch.stride(),
                batch.n(), batch.d(), Math.toIntExact(distances.length() / batch.stride()), (float) RIDGE);
        }
        GaussianMatrix.multiplyWithout(batch, true, true, null, rowSums, stored, RIDGE, false);
        GaussianMatrix.multiplyWithout(batch, true, false, null, kappa, stored, 0, true);
        GaussianMatrix.multiplyWithout(batch, true, true, v, product, stored, RIDGE, false);
    }

    /** Enqueues the product with {@code v}. */
    void multiply(Buffer v) {
        if (stored > 0) {
            device.launch("matrix_product", Launch.rows(stored), matrix, v, batch.segments().of(), batch.segments().table(), product,
                batch.n(), 1);
        }
        GaussianMatrix.multiplyWithout(batch, true, true, v, product, stored, RIDGE, false);
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
        scope.close();
    }
}
