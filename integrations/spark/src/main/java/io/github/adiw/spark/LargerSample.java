package io.github.adiw.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.function.FlatMapFunction;

/**
 * A sample that is larger than a {@link RowSample} should be, drawn once its rows have been counted: those whose hash is below a bound,
 * which every partition tells by itself, as plain arrays. Equal rows come together, all or none. Rows that occur often are left out there,
 * since their numbers are known. Neither the order of the rows nor the partitioning has a part in which rows these are.
 */
final class LargerSample implements FlatMapFunction<Iterator<double[]>, Sent<LargerSample.Part>> {
    private static final long serialVersionUID = 1;
    private final long seed;
    private final int columns;
    private final long bound;
    private final Set<Long> frequent;
    private final transient int most;
    private final transient long count;
    private final transient Map<double[], Long> frequentRows;

    /**
     * A sample to be drawn.
     *
     * @param most         rows of it, at most
     * @param count        of all rows
     * @param frequent     hashes of those that occur often
     * @param frequentRows these rows, and how often they occur
     */
    LargerSample(int most, long seed, int columns, long count, Set<Long> frequent, Map<double[], Long> frequentRows) {
        this.most = most;
        this.seed = seed;
        this.columns = columns;
        this.count = count;
        this.frequent = frequent;
        this.frequentRows = frequentRows;
        bound = most >= count ? Long.MAX_VALUE : (long) ((double) most / count * 0x1p64 - 0x1p63);
    }

    /**
     * What a partition has of it.
     *
     * @param hashes {@code [n]}
     * @param rows   {@code [n, columns]}
     */
    record Part(long[] hashes, double[] rows) implements Serializable {}

    @Override
    public Iterator<Sent<Part>> call(Iterator<double[]> rows) {
        long[] hashes = new long[256];
        double[] kept = new double[Math.multiplyExact(hashes.length, columns)];
        int n = 0;
        while (rows.hasNext()) {
            double[] row = rows.next();
            long hash = RowSample.hash(row, seed);
            if (hash <= bound && !frequent.contains(hash)) {
                if (n == hashes.length) {
                    hashes = Arrays.copyOf(hashes, 2 * n);
                    kept = Arrays.copyOf(kept, Math.multiplyExact(hashes.length, columns));
                }
                hashes[n] = hash;
                System.arraycopy(row, 0, kept, n++ * columns, columns);
            }
        }
        return List.of(new Sent<>(new Part(Arrays.copyOf(hashes, n), Arrays.copyOf(kept, n * columns)))).iterator();
    }

    /**
     * The sample, {@code [rows, columns]}.
     *
     * @param parts of all partitions, in any order
     */
    double[] rows(List<Part> parts) {
        double share = Math.min(1, (double) most / count);
        long often = frequentRows.values().stream().mapToLong(Long::longValue).sum();
        int room = most - (int) Math.min(most, frequentRows.values().stream().mapToLong(times -> Math.round(share * times)).sum());
        long last = last(parts, room);
        int kept = parts.stream().mapToInt(part -> (int) Arrays.stream(part.hashes).filter(hash -> hash <= last).count()).sum();
        double reached = often == count ? share : Math.min(share, (double) kept / (count - often));
        int copies = frequentRows.values().stream().mapToInt(times -> (int) Math.round(reached * times)).sum();
        double[] sample = new double[Math.multiplyExact(kept + copies, columns)];
        int at = 0;
        for (Part part : parts) {
            for (int i = 0; i < part.hashes.length; i++) {
                if (part.hashes[i] <= last) {
                    System.arraycopy(part.rows, i * columns, sample, at, columns);
                    at += columns;
                }
            }
        }
        for (Map.Entry<double[], Long> row : frequentRows.entrySet()) {
            for (long copy = Math.round(reached * row.getValue()); copy > 0; copy--) {
                System.arraycopy(row.getKey(), 0, sample, at, columns);
                at += columns;
            }
        }
        return sample;
    }

    /** The largest hash up to which there are no more than {@code room} rows; equal rows have the same. */
    private static long last(List<Part> parts, int room) {
        long[] hashes = parts.stream().flatMapToLong(part -> Arrays.stream(part.hashes)).toArray();
        if (hashes.length <= room) {
            return Long.MAX_VALUE;
        }
        Arrays.sort(hashes);
        return hashes[room] - 1;
    }
}
