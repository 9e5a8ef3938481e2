package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Columns as methods see them: centred by the mean over both samples together and, unless told otherwise, divided by the standard deviation
 * over both together; columns that are constant are left out. In double precision until then, so that numbers far from 0 keep their digits.
 *
 * <p>The deviation of a column with {@linkplain HeavyTails heavy tails} is that of its few farthest rows, and says nothing of the others.
 * Such a column is centred by its median, divided by its usual distance from it, and taken as asinh, which is the identity near 0 and a
 * logarithm far away. Ratios of densities are the same on a column and on an increasing function of it.
 *
 * @param columns the numbers of the columns that are kept, ascending
 * @param center  what is subtracted from each of them
 * @param scale   what each is divided by, above 0
 * @param heavy   whether asinh of that is taken
 */
record Standardization(int[] columns, double[] center, double[] scale, boolean[] heavy) implements Serializable {
    /** Deviations below this share of a column's size are rounding. */
    private static final double ROUNDING = 1e-12;
    /** Of a column as methods see it: squares of it are float32. */
    private static final double FARTHEST = 1e15;
    /** At all rows, to find what scales them. */
    static final int LOOKS = 3;
    /** That a Java array holds. */
    private static final int MOST_NUMBERS = Integer.MAX_VALUE - 16;

    /**
     * What makes the columns of two samples comparable.
     *
     * @param standardize whether to divide, too
     * @param look        hears the number of each look at all rows, below {@value #LOOKS}, before it, that of the last one before each
     *                    column, too; what it throws ends it
     * @throws UsageException if a number is not finite, or a column that is not divided is too wide for single precision
     */
    static Standardization of(Rows train, Rows validation, boolean standardize, IntConsumer look) {
        int d = train.columns();
        long count = (long) train.rows() + validation.rows();
        double[] least = new double[d];
        double[] most = new double[d];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        Arrays.fill(most, Double.NEGATIVE_INFINITY);
        Visitor range = (k, x) -> {
            least[k] = Math.min(least[k], x);
            most[k] = Math.max(most[k], x);
        };
        look.accept(0);
        visit("training", train, range);
        visit("validation", validation, range);
        double[] size = new double[d];
        Arrays.setAll(size, k -> Math.max(Math.abs(least[k]), Math.abs(most[k])));
        // Sums and squares of numbers of about 1, so that none is lost beyond the range of double precision.
        double[] unit = Arrays.stream(size).map(ColumnMoments::unit).toArray();
        double[] mean = new double[d];
        look.accept(1);
        visit("training", train, (k, x) -> mean[k] += x / unit[k] / count);
        visit("validation", validation, (k, x) -> mean[k] += x / unit[k] / count);
        double[] variance = new double[d];
        double[] fourth = new double[d];
        boolean[] between = new boolean[d];
        Visitor squares = (k, x) -> {
            between[k] |= x > least[k] && x < most[k];
            double off = x / unit[k] - mean[k];
            variance[k] += off * off / count;
            fourth[k] += off * off * off * off / count;
        };
        look.accept(2);
        visit("training", train, squares);
        visit("validation", validation, squares);
        // Of many rows the mean of a constant is rounded by more than that.
        int[] kept = IntStream.range(0, d).filter(k -> least[k] < most[k] && Math.sqrt(variance[k]) > ROUNDING * Math.abs(mean[k]))
            .toArray();
        if (!standardize) {
            for (int k : kept) {
                if (size[k] > FARTHEST) {
                    throw new UsageException(
                        "column " + k + " has numbers as large as " + size[k] + ", and weights of columns that are not "
                            + "scaled are computed up to " + FARTHEST + ": scale the columns");
                }
            }
        }
        double[] center = Arrays.stream(kept).mapToDouble(k -> mean[k] * unit[k]).toArray();
        double[] scale = Arrays.stream(kept).mapToDouble(k -> standardize ? Math.sqrt(variance[k]) * unit[k] : 1).toArray();
        boolean[] heavy = new boolean[kept.length];
        if (standardize) {
            // Of two numbers neither is far from the other by the deviation that they make.
            int[] suspect = IntStream.range(0, kept.length)
                .filter(k -> between[kept[k]] && HeavyTails.isPossible(fourth[kept[k]], variance[kept[k]])).toArray();
            ColumnArrays.forEach(List.of(train, validation), Arrays.stream(suspect).map(k -> kept[k]).toArray(), (i, x) -> {
                look.accept(LOOKS - 1);
                int k = suspect[i];
                HeavyTails tails = HeavyTails.of(x, scale[k]);
                if (tails != null) {
                    heavy[k] = true;
                    center[k] = tails.median();
                    scale[k] = tails.spread();
                }
            });
        }
        return new Standardization(kept, center, scale, heavy);
    }

    /** Gets the numbers of a column, one after the other. */
    private interface Visitor {
        void visit(int column, double x);
    }

    private static void visit(String kind, Rows rows, Visitor visitor) {
        int d = rows.columns();
        rows.forEach((row, values, at) -> {
            for (int k = 0; k < d; k++) {
                requireFinite(kind + " data", values[at + k], row, k);
                visitor.visit(k, values[at + k]);
            }
        });
    }

    private static void requireFinite(String what, double x, int row, int column) {
        if (!Double.isFinite(x)) {
            throw new UsageException(
                "the " + what + " are " + x + " in row " + row + ", column " + column + ": weights need finite numbers");
        }
    }

    /**
     * One row, as methods see it.
     *
     * @param row {@code [d]}
     * @throws UsageException if a number is not finite
     */
    float[] apply(double[] row) {
        float[] values = new float[columns.length];
        apply(row, 0, row.length, 0, values, 0);
        return values;
    }

    /** Scales the row that begins at {@code at}. */
    private void apply(double[] read, int at, int d, int row, float[] into, int first) {
        for (int k = 0; k < d; k++) {
            requireFinite("rows", read[at + k], row, k);
        }
        for (int k = 0; k < columns.length; k++) {
            // What is beyond float's range, which new rows may be, is as far away as can be.
            double x = (read[at + columns[k]] - center[k]) / scale[k];
            x = heavy[k] ? asinh(x) : x;
            into[first + k] = (float) Math.max(-FARTHEST, Math.min(FARTHEST, x));
        }
    }

    /** Of the k-th of the columns, which has heavy tails: the distance from its center that half of the rows off it have at most. */
    double usual(int k) {
        return scale[k] / HeavyTails.NORMAL;
    }

    /** The numbers in those of the columns that are farthest from their centers. */
    double[] farthest(int[] those, Rows train, Rows validation) {
        double[] found = IntStream.of(those).mapToDouble(k -> center[k]).toArray();
        Rows.Visitor farther = (row, values, at) -> {
            for (int i = 0; i < those.length; i++) {
                double x = values[at + columns[those[i]]];
                double from = center[those[i]];
                found[i] = Math.abs(x - from) > Math.abs(found[i] - from) ? x : found[i];
            }
        };
        train.forEach(farther);
        validation.forEach(farther);
        return found;
    }

    private static double asinh(double x) {
        double size = Math.min(Math.abs(x), Double.MAX_VALUE / 4);
        return Math.copySign(Math.log1p(size + size * (size / (1 + Math.hypot(size, 1)))), x);
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

    /**
     * {@code count} rows from {@code from} on, as methods see them, to draw none from.
     *
     * @throws UsageException if a number is not finite
     * @throws AdiwException  if an array cannot hold them
     */
    Matrix apply(Rows rows, int from, int count) {
        int kept = columns.length;
        if ((long) count * kept > MOST_NUMBERS) {
            throw new AdiwException(String.format(Locale.ROOT, "%,d rows of %,d columns are more numbers than an array holds: give at most "
                + "%,d rows, or fewer columns", count, kept, MOST_NUMBERS / kept));
        }
        int d = rows.columns();
        float[] values = new float[count * kept];
        rows.forEach(from, count, (row, read, at) -> apply(read, at, d, row, values, (row - from) * kept));
        return new Matrix(values, count, kept);
    }
}
