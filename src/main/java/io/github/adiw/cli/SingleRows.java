package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.data.Rows;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Two samples in single precision, as steps on them take them: as they are or, since distances alone matter, around the training sample's
 * centre where single precision would lose too much of them; divided by the columns' standard deviation over both, if asked for.
 *
 * @param train      {@code [n, d]}
 * @param validation {@code [m, d]}
 */
record SingleRows(float[] train, float[] validation) {
    /** What single precision may lose, over the range of a column. */
    private static final double LOSS = 1e-6;

    static SingleRows of(Rows train, Rows validation, boolean standardize) {
        int d = train.columns();
        double[] t = all(train);
        double[] v = all(validation);
        double[] centre = isSingle(t, d) && isSingle(v, d) ? new double[d] : mean(t, d);
        double[] scale = standardize ? deviation(t, v, d) : ones(d);
        return new SingleRows(scaled("training", t, centre, scale), scaled("validation", v, centre, scale));
    }

    private static double[] all(Rows rows) {
        double[] all = new double[Math.multiplyExact(rows.rows(), rows.columns())];
        rows.read(0, rows.rows(), all);
        return all;
    }

    private static boolean isSingle(double[] values, int d) {
        double[] least = Arrays.copyOf(values, d);
        double[] most = Arrays.copyOf(values, d);
        for (int i = 0; i < values.length; i++) {
            least[i % d] = Math.min(least[i % d], values[i]);
            most[i % d] = Math.max(most[i % d], values[i]);
        }
        return IntStream.range(0, values.length)
            .allMatch(i -> Math.abs((float) values[i] - values[i]) <= LOSS * (most[i % d] - least[i % d]));
    }

    private static double[] mean(double[] values, int d) {
        double[] mean = new double[d];
        for (int i = 0; i < values.length; i++) {
            mean[i % d] += values[i] * d / values.length;
        }
        return mean;
    }

    private static double[] ones(int d) {
        double[] ones = new double[d];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Of both together, 1 of a constant column. */
    private static double[] deviation(double[] t, double[] v, int d) {
        double[] both = Arrays.copyOf(t, t.length + v.length);
        System.arraycopy(v, 0, both, t.length, v.length);
        double[] mean = mean(both, d);
        double[] squares = new double[d];
        for (int i = 0; i < both.length; i++) {
            squares[i % d] += (both[i] - mean[i % d]) * (both[i] - mean[i % d]) * d / both.length;
        }
        return Arrays.stream(squares).map(s -> s > 0 ? Math.sqrt(s) : 1).toArray();
    }

    private static float[] scaled(String kind, double[] values, double[] centre, double[] scale) {
        float[] scaled = new float[values.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) ((values[i] - centre[i % centre.length]) / scale[i % scale.length]);
            if (!Float.isFinite(scaled[i])) {
                throw new AdiwException("the " + kind + " samples have " + values[i] + " in row " + i / centre.length + ", column "
                    + i % centre.length
                    + ", which is too large for float32, in which steps are taken: leave the steps to a fit, or divide the "
                    + "column");
            }
        }
        return scaled;
    }
}
