package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.ratio.RowDraw.Purpose;
import io.github.adiw.weight.Bandwidth;
import java.util.Arrays;
import java.util.Locale;

/** The Gaussian kernel's gamma on a data set, by the Euclidean distances between pairs of rows that a seed draws. */
final class PairDistances {
    /** Rows that bandwidths are estimated from, at most: as many as have at most 2^22 pairs. */
    static final int MOST_ROWS = 2896;
    /** Of gamma, so that it is a float32 that one can divide by. */
    private static final double SMALLEST = 1e-30;
    private static final double LARGEST = 1e30;

    private PairDistances() {}

    /**
     * gamma by the context's bandwidth: the quantile of {@code diw} among the training rows, {@code median} over both samples together,
     * each estimated from at most 2^22 pairs, or as it is given. A distance of 0 goes on to the smallest that is not, with a warning.
     *
     * @param otherwise the rule where the context leaves the choice open
     * @throws AdiwException if all rows are equal
     */
    static double gamma(FitContext context, Matrix train, Matrix validation, Bandwidth otherwise) {
        Bandwidth bandwidth = context.bandwidth() == null ? otherwise : context.bandwidth();
        Distance distance;
        switch (bandwidth.kind()) {
            case GIVEN:
                return bandwidth.value();
            case DIW:
                distance = quantile(train, new Matrix(new float[0], 0, train.columns()), MOST_ROWS, bandwidth.value(), context.seed());
                break;
            default:
                distance = quantile(train, validation, MOST_ROWS, bandwidth.value(), context.seed());
                break;
        }
        double gamma = bandwidth.kind() == Bandwidth.Kind.DIW ? inRange(distance.value()) : gaussian(distance.value());
        if (distance.quantileIsZero()) {
            context.warnings().accept(String.format(Locale.ROOT, "Bandwidth %s is 0, since too many rows are equal: the smallest distance "
                + "that is not 0 is taken instead, which gives gamma %.4g. If the weights are poor, give another bandwidth, or let the "
                + "data choose it.", bandwidth.text(), gamma));
        }
        return gamma;
    }

    /**
     * The median distance between rows of both samples together, the smallest that is not 0 if it is 0.
     *
     * @param mostRows rows that are drawn for it, at most
     * @throws AdiwException if all rows are equal
     */
    static double median(Matrix train, Matrix validation, int mostRows, long seed) {
        return quantile(train, validation, mostRows, 0.5, seed).value();
    }

    /** gamma of a Gaussian of this standard deviation: 1 / (2 sigma^2). */
    static double gaussian(double sigma) {
        return inRange(1 / (2 * sigma * sigma));
    }

    private static double inRange(double gamma) {
        return Math.max(SMALLEST, Math.min(LARGEST, gamma));
    }

    /** A distance above 0. */
    private record Distance(double value, boolean quantileIsZero) {}

    private static Distance quantile(Matrix first, Matrix second, int mostRows, double quantile, long seed) {
        int count = first.rows() + second.rows();
        int[] drawn = RowDraw.atMost(mostRows, keys(first, second), seed, Purpose.DISTANCES);
        double[] squares = squares(columns(first, second, drawn), drawn.length);
        if (squares.length > 0) {
            double position = (squares.length - 1) * quantile;
            int below = (int) position;
            double low = Math.sqrt(select(squares, below));
            double high = below + 1 < squares.length ? Math.sqrt(least(squares, below + 1)) : low;
            double value = low + (position - below) * (high - low);
            if (value > 0) {
                return new Distance(value, false);
            }
        }
        double smallest = leastAboveZero(squares);
        if (smallest == Double.POSITIVE_INFINITY) {      // all that were drawn are equal: is there another row at all?
            int[] all = new int[count + 1];
            Arrays.setAll(all, i -> i == 0 ? drawn[0] : i - 1);
            smallest = leastAboveZero(squaresFromFirst(columns(first, second, all), count + 1));
        }
        if (smallest == Double.POSITIVE_INFINITY) {
            throw new AdiwException("all rows are equal, so that no distance gives a bandwidth: give gamma:X, or rows that differ");
        }
        return new Distance(Math.sqrt(smallest), true);
    }

    private static long[] keys(Matrix first, Matrix second) {
        long[] keys = Arrays.copyOf(first.keys(), first.rows() + second.rows());
        System.arraycopy(second.keys(), 0, keys, first.rows(), second.rows());
        return keys;
    }

    private static double[][] columns(Matrix first, Matrix second, int[] rows) {
        double[][] columns = new double[first.columns()][rows.length];
        for (int i = 0; i < rows.length; i++) {
            boolean inFirst = rows[i] < first.rows();
            for (int k = 0; k < columns.length; k++) {
                columns[k][i] = inFirst ? first.at(rows[i], k) : second.at(rows[i] - first.rows(), k);
            }
        }
        return columns;
    }

    /** Squared distances of all pairs i < j. */
    private static double[] squares(double[][] columns, int rows) {
        double[] squares = new double[rows * (rows - 1) / 2];
        int at = 0;
        for (int i = 0; i < rows; i++) {
            int others = rows - i - 1;
            for (double[] column : columns) {
                addSquares(column, i, squares, at, others);
            }
            at += others;
        }
        return squares;
    }

    private static double[] squaresFromFirst(double[][] columns, int rows) {
        double[] squares = new double[rows - 1];
        for (double[] column : columns) {
            addSquares(column, 0, squares, 0, rows - 1);
        }
        return squares;
    }

    private static void addSquares(double[] column, int i, double[] squares, int at, int others) {
        double x = column[i];
        for (int j = 0; j < others; j++) {
            double difference = column[i + 1 + j] - x;
            squares[at + j] += difference * difference;
        }
    }

    /** The k-th smallest, which comes to its place, smaller ones before it (Hoare's selection). */
    private static double select(double[] x, int k) {
        int low = 0;
        int high = x.length - 1;
        while (low < high) {
            double pivot = x[low + high >>> 1];
            int i = low;
            int j = high;
            while (i <= j) {
                while (x[i] < pivot) {
                    i++;
                }
                while (x[j] > pivot) {
                    j--;
                }
                if (i <= j) {
                    double held = x[i];
                    x[i++] = x[j];
                    x[j--] = held;
                }
            }
            if (k <= j) {
                high = j;
            } else if (k >= i) {
                low = i;
            } else {
                break;
            }
        }
        return x[k];
    }

    private static double least(double[] x, int from) {
        double least = x[from];
        for (int i = from; i < x.length; i++) {
            least = Math.min(least, x[i]);
        }
        return least;
    }

    private static double leastAboveZero(double[] x) {
        double least = Double.POSITIVE_INFINITY;
        for (double value : x) {
            least = value > 0 ? Math.min(least, value) : least;
        }
        return least;
    }
}
