package io.github.adiw.device;

import io.github.adiw.UsageException;

/**
 * The shape of a launch, said by meaning; the device chooses grid and block.
 *
 * @param kind what the kernel's blocks stand for
 * @param x    elements, rows, or the grid's first size; at least 0 (a launch over nothing does nothing); below
 *             2^31 except for elements
 * @param y    the grid's second size, at most 65,535, 1 unless {@code kind} is {@link Kind#TILES}
 * @param z    the grid's third size, at most 65,535, 1 unless {@code kind} is {@link Kind#TILES}
 * @param each how many elements a block has at most, which decides how many threads are of use to it; 0 where that is not said, and unless
 *             {@code kind} is {@link Kind#BLOCKS}
 */
public record Launch(Kind kind, long x, int y, int z, long each) {
    /** What a kernel's blocks stand for. */
    public enum Kind { ELEMENTS, ROWS, BLOCKS, TILES }

    private static final Launch ONE_BLOCK = blocks(1, 0);
    /** CUDA C++ Programming Guide, Compute Capabilities, technical specifications. */
    private static final int MOST_IN_Y_OR_Z = 65_535;
    private static final int PRODUCT_TILE = 64;
    private static final int SMALL_PRODUCT_TILE = 32;

    /** Checks that no size is negative, and that the grid is one that a GPU can have. */
    public Launch {
        UsageException.given("kind", kind);
        if (x < 0 || y < 0 || z < 0 || each < 0) {
            throw new IllegalArgumentException(
                "a launch needs sizes of at least 0, not " + x + " x " + y + " x " + z + (each < 0 ? " of " + each + " elements" : ""));
        }
        if (kind != Kind.ELEMENTS && x > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a launch has at most " + Integer.MAX_VALUE + " rows, blocks or tiles, not " + x);
        }
        if (y > MOST_IN_Y_OR_Z || z > MOST_IN_Y_OR_Z) {
            throw new IllegalArgumentException(
                "a grid has at most " + MOST_IN_Y_OR_Z + " blocks in its second and third size, not " + y + " and " + z);
        }
    }

    /** Over {@code n} independent elements: the kernel loops with {@code FOR_ELEMENTS(i, n)}. */
    public static Launch elements(long n) {
        return new Launch(Kind.ELEMENTS, n, 1, 1, 0);
    }

    /** Over {@code r} rows: {@code blockIdx.x} is the row, the block's threads share its columns. */
    public static Launch rows(long r) {
        return new Launch(Kind.ROWS, r, 1, 1, 0);
    }

    /** One block does it all: selections, projections, reductions of a batch. */
    public static Launch block() {
        return ONE_BLOCK;
    }

    /** {@code r} such blocks, each of which does all of its own: {@code blockIdx.x} says which. */
    public static Launch blocks(long r) {
        return r == 1 ? ONE_BLOCK : blocks(r, 0);
    }

    /** One block for {@code elements} of them: it gets no more threads than are of use, since every thread delays a barrier. */
    public static Launch block(long elements) {
        return blocks(1, elements);
    }

    /** {@code r} blocks for at most {@code elements} each. */
    public static Launch blocks(long r, long elements) {
        return new Launch(Kind.BLOCKS, r, 1, 1, elements);
    }

    /** A grid of {@code x} by {@code y} by {@code z} blocks for a kernel that declares its own block ({@code KERNEL_FIXED}). */
    public static Launch tiles(long x, int y, int z) {
        return new Launch(Kind.TILES, x, y, z, 0);
    }

    /**
     * The tiles of a matrix product [m, n] by {@code gemm_fp32} or {@code gemm_tf32}: of 64 x 64 elements, or of 32 x 32 where a GPU has
     * more multiprocessors than those are.
     */
    public static Launch product(Device device, int m, int n) {
        UsageException.given("device", device);
        Launch large = product(PRODUCT_TILE, m, n);
        return large.x * large.y < device.multiprocessors() ? product(SMALL_PRODUCT_TILE, m, n) : large;
    }

    private static Launch product(int tile, long m, long n) {
        return tiles((n + tile - 1) / tile, (int) ((m + tile - 1) / tile), 1);
    }
}
