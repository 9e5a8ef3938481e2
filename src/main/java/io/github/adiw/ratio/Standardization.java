package io.github.adiw.ratio;

import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Columns as methods see them: centred by the mean over both samples together and, unless told otherwise, divided by the standard deviation
 * over both together; columns that are constant are left out. In double precision until then, so that numbers far from 0 keep their digits.
 *
 * @param columns the numbers of the columns that are kept, ascending
 * @param center  what is subtracted from each of them
 * @param scale   what each is divided by, above 0
 */
record Standardization(int[] columns, double[] center, double[] scale) {
    private static final int BLOCK = 4096;
    private static final double FARTHEST = 1e15;
    /** Deviations below this share of a column's largest number are rounding. */
    private static final double ROUNDING = 1e-12;
    /** Of a column as methods see it: squares of it are float32. */

    /**
     * What makes the columns of two samples comparable.
     *
     * @param standardize whether to divide, too
     * @throws UsageException if a number is not finite, or a column that is not divided is too wide for single precision
     */
    static Standardization of(Rows train, Rows validation, boolean standardize) {
        int d = train.columns();
        double count = (double) train.rows() + validation.rows();
        double[] size = new double[d];      // of the largest number: what is divided by it can be squared
        visit("training", train, (k, x) -> size[k] = Math.max(size[k], Math.abs(x)));
        visit("validation", validation, (k, x) -> size[k] = Math.max(size[k], Math.abs(x)));
        Arrays.setAll(size, k -> size[k] == 0 ? 1 : size[k]);
        double[] mean = new double[d];
        visit("training", train, (k, x) -> mean[k] += x / size[k]);
        visit("validation", validation, (k, x) -> mean[k] += x / size[k]);
        Arrays.setAll(mean, k -> mean[k] / count);
        double[] variance = new double[d];
        visit("training", train, (k, x) -> variance[k] += square(x / size[k] - mean[k]));
        visit("validation", validation, (k, x) -> variance[k] += square(x / size[k] - mean[k]));
        double[] deviation = Arrays.stream(variance).map(v -> Math.sqrt(v / count)).toArray();
        int[] kept = IntStream.range(0, d).filter(k -> deviation[k] > ROUNDING).toArray();
        return new Standardization(kept, Arrays.stream(kept).mapToDouble(k -> mean[k] * size[k]).toArray(),
            Arrays.stream(kept).mapToDouble(k -> standardize ? deviation[k] * size[k] : 1).toArray());
    }

    private static double square(double x) {
        return x * x;
    }

    /** Takes a number and its column. */
    @FunctionalInterface
    private interface Visitor {
        void accept(int column, double x);
    }

    private static void visit(String kind, Rows rows, Visitor visitor) {
        int d = rows.columns();
        double[] block = new double[BLOCK * d];
        for (int from = 0; from < rows.rows(); from += BLOCK) {
            int count = Math.min(BLOCK, rows.rows() - from);
            rows.read(from, count, block);
            for (int i = 0; i < count * d; i++) {
                if (!Double.isFinite(block[i])) {
                    throw new UsageException("the " + kind + " data are " + block[i] + " in row " + (from + i / d) + ", column " + i % d
                        + ": weights need finite numbers");
                }
                visitor.accept(i % d, block[i]);
            }
        }
    }

    /** The numbers of the columns of {@code d} that are left out. */
    List<Integer> dropped(int d) {
        List<Integer> dropped = new ArrayList<>();
        for (int k = 0; k < d; k++) {
            if (Arrays.binarySearch(columns, k) < 0) {
                dropped.add(k);
            }
        }
        return dropped;
    }

    /** All rows, as methods see them. */
    Matrix apply(Rows rows) {
        return apply(rows, 0, rows.rows());
    }

    /** {@code count} rows from {@code from} on, as methods see them. */
    Matrix apply(Rows rows, int from, int count) {
        int kept = columns.length;
        int d = rows.columns();
        float[] values = new float[Math.multiplyExact(count, kept)];
        double[] block = new double[Math.min(BLOCK, count) * d];
        for (int first = 0; first < count; first += BLOCK) {
            int some = Math.min(BLOCK, count - first);
            rows.read(from + first, some, block);
            for (int i = 0; i < some; i++) {
                for (int k = 0; k < kept; k++) {
                    // What is beyond float's range, which new rows may be, is as far away as can be.
                    double x = (block[i * d + columns[k]] - center[k]) / scale[k];
                    values[(first + i) * kept + k] = (float) Math.max(-FARTHEST, Math.min(FARTHEST, x));
                }
            }
        }
        return new Matrix(values, count, kept);
    }
}
