package io.github.adiw.weight.divergence;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.weight.SegmentedBatch;

/**
 * The kernel matrix K_ij = exp(-gamma_c |a_i - b_j|^2) {@code [rows, columns]} between rows of the same segment c of a batch, for products
 * with vectors. As many of its first rows are stored as have at most {@link #MOST_STORED} elements, and the others computed anew for every
 * product: memory grows as rows + columns, and time has no step where a matrix becomes too large. All memory is allocated at construction.
 */
final class GaussianMatrix implements AutoCloseable {
    /** Elements of a matrix that are stored: 64 MiB of float32. */
    static final long MOST_STORED = 1L << 24;

    /** The rows of a batch that are the matrix's rows or columns. */
    enum Side { TRAINING, VALIDATION }

    private final Scope scope;
    private final Device device;
    private final SegmentedBatch batch;
    private final boolean ofTraining;
    private final boolean toTraining;
    private final int rows;
    private final int columns;
    private final int stored;
    private final Buffer matrix;
    private final Buffer sums;

    private GaussianMatrix(Scope scope, SegmentedBatch batch, Side of, Side to, long mostStored) {
        this.scope = scope;
        this.batch = batch;
        device = batch.device();
        ofTraining = of == Side.TRAINING;
        toTraining = to == Side.TRAINING;
        rows = ofTraining ? batch.n() : batch.m();
        columns = toTraining ? batch.n() : batch.m();
        stored = storedRows(rows, columns, mostStored);
        matrix = scope.keep(device.allocate(ElementType.FLOAT32, (long) stored * columns));
        sums = scope.keep(device.allocate(ElementType.FLOAT32, rows));
    }

    static GaussianMatrix create(SegmentedBatch batch, Side of, Side to) {
        return create(batch, of, to, MOST_STORED);
    }

    static GaussianMatrix create(SegmentedBatch batch, Side of, Side to, long mostStored) {
        return Scope.building(scope -> new GaussianMatrix(scope, batch, of, to, mostStored));
    }

    /** How many rows of a matrix are stored. */
    static int storedRows(int rows, int columns, long mostStored) {
        return (int) Math.min(rows, mostStored / columns);
    }

    /** Enqueues the matrix, as far as it is stored, and its row sums. */
    void compute() {
        if (stored > 0) {
            Buffer distances = batch.distances();
            int known = Math.toIntExact(distances.length() / batch.stride());
            int before = ofTraining ? 0 : Math.min(known, batch.n());
            device.launch("gaussian_rows", Launch.rows(stored), points(batch, ofTraining), points(batch, toTraining), segmentsOf(),
                batch.segments().table(), batch.gamma(), batch.status(),
                distances.slice(before * batch.stride(), (known - before) * batch.stride()),
                matrix, sums, batch.stride(), batch.n(), columns, batch.d(), known - before, toTraining ? 1 : 0);
        }
        multiplyWithout(null, sums, stored);
    }

    /** Enqueues product = K v; v {@code [columns]}, product {@code [rows]}. */
    void multiply(Buffer v, Buffer product) {
        if (stored > 0) {
            device.launch("matrix_product", Launch.rows(stored), matrix, v, segmentsOf(), batch.segments().table(), product, columns,
                toTraining ? 1 : 0);
        }
        multiplyWithout(v, product, stored);
    }

    private void multiplyWithout(Buffer v, Buffer product, int first) {
        multiplyWithout(batch, ofTraining, toTraining, v, product, first, 0, false);
    }

    /**
     * Enqueues product = K v + ridge v without storing K, from the row {@code first} on, v = 1 where it is null; times n_c / m_c if
     * {@code ratio}.
     */
    static void multiplyWithout(SegmentedBatch batch, boolean ofTraining, boolean toTraining, Buffer v, Buffer product, int first,
                                double ridge,
                                boolean ratio) {
        int rows = ofTraining ? batch.n() : batch.m();
        if (first < rows) {
            batch.device().launch("gaussian_product", Launch.rows((rows - first + 7) / 8), points(batch, ofTraining),
                points(batch, toTraining),
                segmentsOf(batch, ofTraining), batch.segments().table(), batch.gamma(), batch.status(), v, product, batch.stride(), first,
                rows,
                batch.d(), (float) ridge, ratio ? 1 : 0, toTraining ? 1 : 0);
        }
    }

    private Buffer segmentsOf() {
        return segmentsOf(batch, ofTraining);
    }

    private static Buffer segmentsOf(SegmentedBatch batch, boolean training) {
        return training ? batch.segments().of() : batch.segments().ofValidation();
    }

    private static Buffer points(SegmentedBatch batch, boolean training) {
        return training ? batch.trainingColumns() : batch.validationColumns();
    }

    /** K 1, {@code [rows]}. */
    Buffer rowSums() {
        return sums;
    }

    @Override
    public void close() {
        scope.close();
    }
}
