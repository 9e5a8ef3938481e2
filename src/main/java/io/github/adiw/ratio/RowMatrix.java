package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import java.util.Locale;

/**
 * Values of C basis functions at rows, float32 {@code [rows, columns]} on a device, and what least squares, mixtures and logistic
 * regressions need of it, summed in double precision ({@code kernels/ratio.cu}); results do not depend on the number of threads. All
 * methods wait.
 */
final class RowMatrix implements AutoCloseable {
    /** Columns that a block of the kernels takes at once. */
    private static final int PANEL = 256;
    /** Rows that are summed by themselves, at least. */
    private static final int LEAST_PART = 256;
    /** Elements of all parts' sums together, at most, where there is more than one part: 16 MiB. */
    private static final int MOST_PARTIAL = 1 << 21;
    /** Products of columns that a Java array holds. */
    private static final int MOST_PRODUCTS = Integer.MAX_VALUE - 16;

    private final Scope scope;
    private final Device device;
    private final Buffer values;
    private final int rows;
    private final int columns;

    private RowMatrix(Scope scope, Device device, Buffer values, int rows, int columns) {
        this.scope = scope;
        this.device = device;
        this.values = values;
        this.rows = rows;
        this.columns = columns;
    }

    /** The matrix itself. */
    static RowMatrix of(Device device, Matrix matrix) {
        return Scope.building(scope -> new RowMatrix(scope, device, scope.keep(device.floats(matrix.values())), matrix.rows(),
            matrix.columns()));
    }

    /** A Gaussian function around each center: exp(-gamma |x - c|^2), at least exp(-80). */
    static RowMatrix gaussian(Device device, Matrix points, Matrix centers, double gamma) {
        int d = points.columns();
        int columns = centers.rows();
        return Scope.building(scope -> {
            Buffer values = scope.keep(device.allocate(ElementType.FLOAT32, (long) points.rows() * columns));
            try (Buffer x = device.floats(points.values()); Buffer c = device.floats(centers.values());
                 Buffer byColumns = device.allocate(ElementType.FLOAT32, c.length())) {
                device.launch("transpose_columns", Launch.elements(c.length()), c, byColumns, columns, d, (long) columns, 0);
                device.launch("gaussian_features", Launch.rows(points.rows()), x, byColumns, values, columns, d, (float) gamma);
            }
            return new RowMatrix(scope, device, values, points.rows(), columns);
        });
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** {@code [rows, columns]}, a copy. */
    float[] values() {
        return values.toFloats();
    }

    /**
     * K v.
     *
     * @param v {@code [columns]}
     * @return {@code [rows]}
     */
    double[] products(double[] v) {
        try (Buffer factors = doubles(v); Buffer product = allocate(rows)) {
            device.launch("feature_products", Launch.rows(rows), values, factors, product, columns);
            return download(product);
        }
    }

    /**
     * sum over rows from..to-1 of u_i K_i.
     *
     * @param u {@code [rows]}; null: ones
     * @return {@code [columns]}
     */
    double[] transposedProducts(double[] u, int from, int to) {
        check(from, to);
        int partRows = partRows(to - from, columns);
        int parts = parts(to - from, partRows);
        try (Scope local = Scope.open()) {
            Buffer weights = u == null ? null : local.keep(doubles(u));
            Buffer partial = local.keep(allocate((long) parts * columns));
            Buffer sum = local.keep(allocate(columns));
            device.launch("feature_sums", Launch.rows((long) parts * panels(columns)), values, weights, partial, columns, from, to,
                partRows);
            device.launch("sum_of_parts", Launch.rows(panels(columns)), partial, sum, parts, columns);
            return download(sum);
        }
    }

    /**
     * sum over rows from..to-1 of u_i K_i K_i'.
     *
     * @param u {@code [rows]}; null: ones
     * @return {@code [columns, columns]}, symmetric, both triangles
     */
    double[] moments(double[] u, int from, int to) {
        return moments(u, from, to, null);
    }

    /**
     * As {@link #moments(double[], int, int)}, of these columns alone.
     *
     * @param chosen numbers of columns; null: all
     * @return {@code [chosen, chosen]}, symmetric, both triangles
     * @throws AdiwException if an array cannot hold them
     */
    double[] moments(double[] u, int from, int to, int[] chosen) {
        check(from, to);
        int count = chosen == null ? columns : chosen.length;
        long products = (long) count * count;
        if (products > MOST_PRODUCTS) {
            throw new AdiwException(String.format(Locale.ROOT, "no array holds the products of %,d columns, and %,d are the most: give "
                + "fewer centers, or fewer columns", count, (int) Math.sqrt(MOST_PRODUCTS)));
        }
        int partRows = partRows(to - from, products);
        int parts = parts(to - from, partRows);
        try (Scope local = Scope.open()) {
            Buffer weights = u == null ? null : local.keep(doubles(u));
            Buffer numbers = chosen == null ? null : local.keep(device.ints(chosen));
            Buffer partial = local.keep(allocate(parts * products));
            Buffer moments = local.keep(allocate(products));
            device.launch("feature_moments", Launch.rows((long) parts * ((count + 7) / 8) * panels(count)), values, weights, numbers,
                partial,
                columns, count, from, to, partRows);
            device.launch("moments_of_parts", Launch.rows(count), partial, moments, parts, count);
            return download(moments);
        }
    }

    /** K {@code [rows, columns]} on the device. */
    Buffer buffer() {
        return values;
    }

    /**
     * Enqueues product = K W for the first rows.
     *
     * @param matrix  W, float64 {@code [columns, width]}
     * @param count   how many rows
     * @param product float64 {@code [count, width]}
     */
    void transform(Buffer matrix, int width, int count, Buffer product) {
        device.launch("feature_transform", Launch.rows((long) ((count + 7) / 8) * panels(width)), values, matrix, product, 0, count,
            columns,
            width);
    }

    /** Rows of a part: as many parts as give all processors work, unless their sums would take too much memory. */
    private static int partRows(int count, long sums) {
        int most = (int) Math.max(1, MOST_PARTIAL / sums);
        return Math.max(LEAST_PART, (count + most - 1) / most);
    }

    private static int parts(int count, int partRows) {
        return (count + partRows - 1) / partRows;
    }

    private static int panels(int count) {
        return (count + PANEL - 1) / PANEL;
    }

    private void check(int from, int to) {
        if (from < 0 || from > to || to > rows) {
            throw new IndexOutOfBoundsException("rows " + from + " to " + to + " of " + rows);
        }
    }

    private Buffer allocate(long length) {
        return device.allocate(ElementType.FLOAT64, length);
    }

    private Buffer doubles(double[] source) {
        Buffer buffer = allocate(source.length);
        buffer.upload(source);
        return buffer;
    }

    private static double[] download(Buffer buffer) {
        double[] result = new double[Math.toIntExact(buffer.length())];
        buffer.download(result);
        return result;
    }

    @Override
    public void close() {
        scope.close();
    }
}
