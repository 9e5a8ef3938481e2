package io.github.adiw.weight;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/**
 * Euclidean projection of n numbers on a convex set, on a device and exact to float precision: of all {@code w} in the set, the one with
 * the least {@code |v - w|}. The sets:
 *
 * <table>
 * <caption>Sets</caption>
 * <tr><td>{@link #box}</td><td>{@code 0 <= w <= B}</td></tr>
 * <tr><td>{@link #simplex}</td><td>{@code w >= 0, sum w = s}</td></tr>
 * <tr><td>{@link #boxWithSum}</td><td>{@code 0 <= w <= B, sum w = s}</td></tr>
 * <tr><td>{@link #boxWithBand}</td><td>{@code 0 <= w <= B, low <= sum w <= high}</td></tr>
 * <tr><td>{@link #weightedSimplex}</td><td>{@code w >= 0, b'w = s}</td></tr>
 * </table>
 *
 * <p>All but the box come down to one multiplier, the root of a monotone piecewise-linear function, which Newton's steps find exactly
 * (Brucker, "An O(n) algorithm for quadratic knapsack problems", 1984; Duchi et al., "Efficient projections onto the l1-ball", ICML 2008).
 * The number of steps is whatever it takes: a handful, even where one of the v is 1e8 or the b span twelve orders of magnitude.
 *
 * <p>The multiplier and the sums are in double precision; w is their result rounded to float, so that w may lie outside of the set by a
 * float's rounding, and a set whose bounds are not floats is met that closely. A bound that leaves one point only ({@code n B = s}, to
 * 1e-12 of s) gives that point.
 *
 * <p>{@code v} must be finite. Values that are not never hang a projection: on the box each is treated for itself (an infinity goes to its
 * bound, a NaN stays one); on the other sets, where all of w depends on each v, all of w becomes NaN. On the Java heap they are refused.
 *
 * <p>A projection belongs to its device, and to one thread at a time as that does.
 *
 * <pre>{@code
 * try (Device device = Devices.open("host"); Projection simplex = Projection.simplex(device, n, 1)) {
 *     Buffer w = device.floats(v);
 *     simplex.project(w, w);
 * }
 * float[] w = Projection.simplex(v, 1);        // the same in one line, on the processor
 * }</pre>
 */
public final class Projection implements AutoCloseable {
    private enum Kind { BOX, BAND, WEIGHTED }

    /** How far beyond n B a sum may be asked for and still count as n B, relative to it: a double's rounding. */
    private static final double ROUNDING = 1e-12;

    private final Device device;
    private final int n;
    private final Kind kind;
    private final double upper, low, high;
    private final Buffer b;

    private Projection(Device device, int n, Kind kind, double upper, double low, double high, float[] b) {
        this.device = UsageException.given("device", device);
        this.n = n;
        this.kind = kind;
        this.upper = upper;
        this.low = low;
        this.high = high;
        this.b = b == null ? null : device.floats(b);
    }

    /**
     * On {@code 0 <= w <= upper}.
     *
     * @param n     how many numbers, at least 1
     * @param upper a float's range, at least 0
     * @throws UsageException if n or upper is out of range
     */
    public static Projection box(Device device, int n, double upper) {
        return band(device, n, upper, 0, Double.POSITIVE_INFINITY, Kind.BOX);
    }

    /**
     * On {@code w >= 0, sum w = s}.
     *
     * @param n how many numbers, at least 1
     * @param s the sum, within a float's range, at least 0 (the set is a point then)
     * @throws UsageException if n or s is out of range
     */
    public static Projection simplex(Device device, int n, double s) {
        sum(s);
        return band(device, n, s, s, s, Kind.BAND);
    }

    /**
     * On {@code 0 <= w <= upper, sum w = s}.
     *
     * @param n     how many numbers, at least 1
     * @param upper a float's range, at least 0
     * @param s     the sum, from 0 to n upper
     * @throws UsageException if a number is out of range
     */
    public static Projection boxWithSum(Device device, int n, double upper, double s) {
        if (!(s >= 0)) {
            throw new UsageException("the sum of a projection on nonnegative numbers must be at least 0, not " + s);
        }
        return band(device, n, upper, s, s, Kind.BAND);
    }

    /**
     * On {@code 0 <= w <= upper, low <= sum w <= high}.
     *
     * @param n     how many numbers, at least 1
     * @param upper a float's range, at least 0
     * @param low   least sum, at most n upper; 0 or less is no bound
     * @param high  largest sum, at least 0 and low; n upper or more, infinity included, is no bound
     * @throws UsageException if a number is out of range
     */
    public static Projection boxWithBand(Device device, int n, double upper, double low, double high) {
        return band(device, n, upper, low, high, Kind.BAND);
    }

    private static Projection band(Device device, int n, double upper, double low, double high, Kind kind) {
        if (n < 1) {
            throw new UsageException("a projection needs at least one number, not " + n);
        }
        if (!(upper >= 0 && upper <= Float.MAX_VALUE)) {
            throw new UsageException("the upper bound of a projection must be a float that is at least 0, not " + upper);
        }
        if (!(low <= high && high >= 0)) {
            throw new UsageException("a projection needs sums from low to high with low <= high and high >= 0, not from " + low
                + " to " + high);
        }
        double most = n * upper;
        if (low > most * (1 + ROUNDING)) {
            throw new UsageException("no " + n + " numbers of at most " + upper + " each sum to " + low
                + ": raise the upper bound to at least " + low / n + ", or lower the sum");
        }
        return new Projection(device, n, kind, upper, Math.min(Math.max(low, 0), most), Math.min(high, most), null);
    }

    /**
     * On {@code w >= 0, b'w = s}. A w whose b is 0 is bounded below only.
     *
     * @param b [n], finite, at least 0, not all 0; copied
     * @param s at least 0, and of a size that floats w can reach
     * @throws UsageException if b or s is out of range
     */
    public static Projection weightedSimplex(Device device, float[] b, double s) {
        if (UsageException.given("b", b).length < 1) {
            throw new UsageException("a projection needs at least one number, not 0");
        }
        sum(s);
        float largest = 0;
        for (int i = 0; i < b.length; i++) {
            if (!(b[i] >= 0 && b[i] <= Float.MAX_VALUE)) {
                throw new UsageException("b of a weighted simplex must be finite and at least 0, but b[" + i + "] is " + b[i]);
            }
            largest = Math.max(largest, b[i]);
        }
        if (largest == 0) {
            throw new UsageException("b of a weighted simplex must have a number above 0, but all " + b.length + " are 0");
        }
        if (s / largest > Float.MAX_VALUE) {
            throw new UsageException("b of a weighted simplex is at most " + largest + ", too small for floats w with b'w = " + s);
        }
        return new Projection(device, b.length, Kind.WEIGHTED, 0, s, s, b);
    }

    private static void sum(double s) {
        if (!(s >= 0 && s <= Float.MAX_VALUE)) {
            throw new UsageException("the sum of a projection must be a float that is at least 0, not " + s);
        }
    }

    /** How many numbers are projected at a time. */
    public int size() {
        return n;
    }

    /**
     * Enqueues {@code w = P(v)}. Allocates nothing, and can be part of a graph.
     *
     * @param v float32 [n]
     * @param w float32 [n]; may be v itself, but may not overlap it otherwise
     * @throws UsageException if a buffer is of another device, type or length
     */
    public void project(Buffer v, Buffer w) {
        device.require("v", v, ElementType.FLOAT32, n);
        device.require("w", w, ElementType.FLOAT32, n);
        switch (kind) {
            case BOX -> device.launch("project_box", Launch.elements(n), v, w, n, upper);
            case BAND -> device.launch("project_band", Launch.block(n), v, w, n, upper, low, high);
            case WEIGHTED -> device.launch("project_weighted_simplex", Launch.block(n), v, b, w, n, low);
            default -> throw new AssertionError(kind);
        }
    }

    /**
     * The projection of an array; waits, and allocates.
     *
     * @param v [n], finite; unchanged
     * @return w [n]
     * @throws UsageException if v has another length or a value that is not finite
     */
    public float[] project(float[] v) {
        if (UsageException.given("v", v).length != n) {
            throw new UsageException("this projection is for " + n + " numbers, not " + v.length);
        }
        for (int i = 0; i < n; i++) {
            if (!Float.isFinite(v[i])) {
                throw new UsageException("only finite numbers have a projection, but v[" + i + "] is " + v[i]);
            }
        }
        try (Buffer w = device.floats(v)) {
            project(w, w);
            return w.toFloats();
        }
    }

    /** Frees what the projection keeps on the device. A second call does nothing. */
    @Override
    public void close() {
        if (b != null) {
            b.close();
        }
    }

    private interface Maker {
        Projection on(Device device);
    }

    private static float[] onProcessor(float[] v, Maker set) {
        UsageException.given("v", v);
        try (Device device = Devices.open("host", 1); Projection projection = set.on(device)) {
            return projection.project(v);
        }
    }

    /**
     * {@link #box(Device, int, double)} of an array [n], on the processor; v is unchanged. Errors as there and of
     * {@link #project(float[])}.
     */
    public static float[] box(float[] v, double upper) {
        return onProcessor(v, device -> box(device, v.length, upper));
    }

    /**
     * {@link #simplex(Device, int, double)} of an array [n], on the processor; v is unchanged. Errors as there and of
     * {@link #project(float[])}.
     */
    public static float[] simplex(float[] v, double s) {
        return onProcessor(v, device -> simplex(device, v.length, s));
    }

    /**
     * {@link #boxWithSum(Device, int, double, double)} of an array [n], on the processor; v is unchanged. Errors as there and of
     * {@link #project(float[])}.
     */
    public static float[] boxWithSum(float[] v, double upper, double s) {
        return onProcessor(v, device -> boxWithSum(device, v.length, upper, s));
    }

    /**
     * {@link #boxWithBand(Device, int, double, double, double)} of an array [n], on the processor; v is unchanged. Errors as there and of
     * {@link #project(float[])}.
     */
    public static float[] boxWithBand(float[] v, double upper, double low, double high) {
        return onProcessor(v, device -> boxWithBand(device, v.length, upper, low, high));
    }

    /**
     * {@link #weightedSimplex(Device, float[], double)} of an array [n], on the processor; v is unchanged. Errors as there and of
     * {@link #project(float[])}.
     */
    public static float[] weightedSimplex(float[] v, float[] b, double s) {
        return onProcessor(v, device -> weightedSimplex(device, b, s));
    }
}
