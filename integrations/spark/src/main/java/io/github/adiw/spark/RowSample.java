package io.github.adiw.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A sample of the rows of all partitions, by a hash of what a row holds and the seed, so that neither their order nor the partitioning has
 * a part. Of the different rows those with the least hashes are kept, each with the number of times that it occurs. A row that occurs more
 * often than once in {@value #SHARE} may not be left to chance: those that might are found by counters (Misra and Gries 1982), and counted
 * once more by {@link Recount}, where there are any beyond the sample.
 */
final class RowSample implements Serializable {
    private static final long serialVersionUID = 1;
    /** A row of more than this part of all has its place in the sample. */
    static final int SHARE = 2000;
    /** Five times as many, so that rows which are all different need no second count. */
    private static final int COUNTERS = 5 * SHARE;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final int most;
    private final long seed;
    private final String column;
    private long count;
    private int columns = -1;
    private boolean complete = true;
    private final TreeMap<Long, Occurrences> least = new TreeMap<>();
    private final Map<Long, Long> counters = new HashMap<>();
    /** What counters were lowered by, at most. */
    private long lowered;

    /** A row, and how often it occurs. */
    private static final class Occurrences implements Serializable {
        private static final long serialVersionUID = 1;
        final double[] row;
        long count;

        Occurrences(double[] row, long count) {
            this.row = row;
            this.count = count;
        }
    }

    /**
     * An empty one.
     *
     * @param most   rows of the sample, at least 1
     * @param column that the rows are from, for messages
     */
    RowSample(int most, long seed, String column) {
        this.most = most;
        this.seed = seed;
        this.column = column;
    }

    /** SplitMix64's mixing, number by number. */
    static long hash(double[] row, long seed) {
        long hash = mix(seed + GOLDEN);
        for (double x : row) {
            hash = mix((hash ^ Double.doubleToLongBits(x + 0.0)) + GOLDEN);      // + 0.0: -0 is 0
        }
        return hash;
    }

    private static long mix(long x) {
        long y = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
        y = (y ^ y >>> 27) * 0x94d049bb133111ebL;
        return y ^ y >>> 31;
    }

    /**
     * Adds a row.
     *
     * @param row is kept, and not to be changed
     * @return this
     */
    RowSample add(double[] row) {
        columns = columns < 0 ? row.length : columns;
        Columns.ofLength(columns, row, column);
        count++;
        long hash = hash(row, seed);
        keep(hash, row, 1);
        counters.merge(hash, 1L, Long::sum);
        if (counters.size() > COUNTERS) {
            lower(1);
        }
        return this;
    }

    /**
     * Adds another sample of the same kind.
     *
     * @return this
     */
    RowSample add(RowSample other) {
        if (other.count > 0 && count > 0) {
            Columns.ofLength(columns, other.least.firstEntry().getValue().row, column);
        }
        columns = Math.max(columns, other.columns);
        count += other.count;
        complete &= other.complete;
        other.least.forEach((hash, row) -> keep(hash, row.row, row.count));
        lowered += other.lowered;
        other.counters.forEach((hash, times) -> counters.merge(hash, times, Long::sum));
        if (counters.size() > COUNTERS) {
            long[] all = counters.values().stream().mapToLong(Long::longValue).sorted().toArray();
            lower(all[all.length - 1 - COUNTERS]);
        }
        return this;
    }

    private void keep(long hash, double[] row, long times) {
        if (least.size() == most && hash > least.lastKey()) {
            complete = false;
            return;
        }
        Occurrences known = least.get(hash);
        if (known != null) {
            known.count += times;
            return;
        }
        least.put(hash, new Occurrences(row, times));
        if (least.size() > most) {
            least.pollLastEntry();
            complete = false;
        }
    }

    private void lower(long by) {
        lowered += by;
        counters.values().removeIf(times -> times <= by);
        counters.replaceAll((hash, times) -> times - by);
    }

    /** How many rows were added. */
    long count() {
        return count;
    }

    /** How many numbers a row has; -1 where there are no rows. */
    int columns() {
        return columns;
    }

    /** An empty count of those rows that have to be counted once more; null where there are none. */
    Recount recount() {
        if (complete) {
            return null;
        }
        Set<Long> suspects = new HashSet<>();
        counters.forEach((hash, times) -> {
            if ((times + lowered) * SHARE > count && !least.containsKey(hash)) {
                suspects.add(hash);
            }
        });
        return suspects.isEmpty() ? null : new Recount(suspects, seed);
    }

    /** How often certain rows occur. */
    static final class Recount implements Serializable {
        private static final long serialVersionUID = 1;
        private final Set<Long> suspects;
        private final long seed;
        private final Map<Long, Occurrences> found = new HashMap<>();

        private Recount(Set<Long> suspects, long seed) {
            this.suspects = suspects;
            this.seed = seed;
        }

        /** Adds a row, and gives this. */
        Recount add(double[] row) {
            long hash = hash(row, seed);
            if (suspects.contains(hash)) {
                add(hash, row, 1);
            }
            return this;
        }

        /** Adds another count, and gives this. */
        Recount add(Recount other) {
            other.found.forEach((hash, row) -> add(hash, row.row, row.count));
            return this;
        }

        private void add(long hash, double[] row, long times) {
            found.computeIfAbsent(hash, any -> new Occurrences(row, 0)).count += times;
        }
    }

    /**
     * The sample, {@code [rows, columns]} row-major, in an order of its own; all rows where they are no more than {@code most}. A row
     * occurs in it in proportion, to the next integers, to how often it occurs.
     *
     * @param recounted what {@link #recount} gave, when all rows were added; null where it gave null
     */
    double[] rows(Recount recounted) {
        return rows(most, recounted);
    }

    /** The same of up to so many rows, as far as those that were kept occur so often: the more, the closer to their numbers. */
    double[] rows(int rowsOfSample, Recount recounted) {
        TreeMap<Long, Occurrences> rows = new TreeMap<>(least);
        double ours = 0;
        double frequent = 0;
        for (Occurrences row : least.values()) {
            frequent += isFrequent(row) ? row.count : 0;
            ours += isFrequent(row) ? 0 : row.count;
        }
        if (recounted != null) {
            for (Map.Entry<Long, Occurrences> row : recounted.found.entrySet()) {
                if (isFrequent(row.getValue())) {
                    rows.put(row.getKey(), row.getValue());
                    frequent += row.getValue().count;
                }
            }
        }
        double share = complete || ours == 0 ? 1 : (count - frequent) / ours;      // of the others, those that were kept stand for all
        int length = (int) Math.min(rowsOfSample, ours + frequent);
        double[] sample = new double[Math.multiplyExact(length, columns)];
        double passed = 0;
        int drawn = 0;
        for (Occurrences row : rows.values()) {
            passed += row.count * (isFrequent(row) ? 1 : share);
            for (; drawn < length && (drawn + 0.5) * count < passed * length; drawn++) {
                System.arraycopy(row.row, 0, sample, drawn * columns, columns);
            }
        }
        return drawn == length ? sample : Arrays.copyOf(sample, drawn * columns);
    }

    /**
     * Whether a {@link #larger} sample would have at least twice as many different rows as this one, or all: equal rows have one hash, so
     * each sample has the different ones below a bound, and the bounds say how many these are.
     *
     * @param rows of the larger one, at most
     */
    boolean isOutdoneBy(int rows) {
        return !complete && (rows >= count || (double) rows / count >= 2 * (least.lastKey() * 0x1p-64 + 0.5));
    }

    /**
     * A sample of more rows, which are drawn by one more look at them.
     *
     * @param rows      of it, at most
     * @param recounted as in {@link #rows}
     */
    LargerSample larger(int rows, Recount recounted) {
        Map<Long, Occurrences> known = new TreeMap<>(least);
        if (recounted != null) {
            known.putAll(recounted.found);
        }
        known.values().removeIf(row -> !isFrequent(row));
        Map<double[], Long> frequent = new LinkedHashMap<>();
        known.values().forEach(row -> frequent.put(row.row, row.count));
        return new LargerSample(rows, seed, columns, count, new HashSet<>(known.keySet()), frequent);
    }

    private boolean isFrequent(Occurrences row) {
        return row.count * SHARE > count;
    }
}
