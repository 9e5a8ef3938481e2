package io.github.adiw.nn.block;

import io.github.adiw.device.Device;

/**
 * Sizes of a matrix product: c [m, n] = a [m, k] b [k, n].
 *
 * @param m rows of c
 * @param n columns of c
 * @param k products in an element of c
 */
record ProductSize(int m, int n, int k) {
    /** Side of a tile of {@code gemm_split_fp32} and {@code gemm_split_tf32}. */
    static final int TILE = 32;
    /** Of k, what a split has at least: with less, adding up takes as long as multiplying. */
    private static final int LEAST_DEPTH = 256;
    long tiles() {
        return columnTiles() * rowTiles();
    }

    long columnTiles() {
        return (n + TILE - 1L) / TILE;
    }

    long rowTiles() {
        return (m + TILE - 1L) / TILE;
    }

    /** Into how many parts k is cut, so that each multiprocessor has blocks; 1 if there are enough tiles, or k is short. */
    int splits(Device device) {
        long wanted = MatrixKernels.BLOCKS * device.multiprocessors() / Math.max(1, tiles());
        return (int) Math.max(1, Math.min(wanted, k / LEAST_DEPTH));
    }
}
