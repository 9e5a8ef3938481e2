package io.github.adiw.ratio;

import io.github.adiw.device.Device;
import java.io.Serializable;
import java.util.Arrays;

/**
 * All that {@code kl} and {@code ls} need of the training rows: sums of the Gaussian kernels around centers, and of their products. Rows
 * are added in any number of blocks and places; how they are split shows in the last digits alone.
 */
final class KernelSums implements Serializable {
    private static final long serialVersionUID = 1;
    /** Rows whose kernel values are in memory at once. */
    private static final int BLOCK = 1 << 14;

    private final Matrix centers;
    private final double gamma;
    private final boolean products;
    private long rows;
    /** {@code [centers]}, and null as long as there are no rows: an empty one is small. */
    private double[] first;
    /** The lower triangle, by rows; null where it is not wanted, or there are no rows. */
    private double[] second;

    /**
     * None yet.
     *
     * @param products whether the products are wanted, too
     */
    KernelSums(Matrix centers, double gamma, boolean products) {
        this.centers = centers;
        this.gamma = gamma;
        this.products = products;
    }

    /** None yet, of the same centers and gamma. */
    KernelSums fresh() {
        return new KernelSums(centers, gamma, products);
    }

    /** Whether other sums are of the same centers and gamma, with products or without as these. */
    boolean isLike(KernelSums other) {
        return products == other.products && gamma == other.gamma && centers.columns() == other.centers.columns()
            && Arrays.equals(centers.values(), other.centers.values());
    }

    /** Adds scaled rows; by the device's thread. */
    void add(Matrix added, Device device) {
        for (int from = 0; from < added.rows(); from += BLOCK) {
            int count = Math.min(BLOCK, added.rows() - from);
            try (RowMatrix kernels = RowMatrix.gaussian(device, added.slice(from, count), centers, gamma)) {
                add(count, kernels.transposedProducts(null, 0, count), products ? triangle(kernels.moments(null, 0, count)) : null);
            }
        }
    }

    /** Adds those of other rows, of the same centers and gamma. */
    void add(KernelSums other) {
        if (other.rows > 0) {
            add(other.rows, other.first, other.second);
        }
    }

    private void add(long count, double[] sums, double[] productSums) {
        if (rows == 0) {
            first = sums.clone();
            second = products ? productSums.clone() : null;
        } else {
            add(first, sums);
            if (products) {
                add(second, productSums);
            }
        }
        rows += count;
    }

    private static void add(double[] to, double[] from) {
        for (int i = 0; i < to.length; i++) {
            to[i] += from[i];
        }
    }

    private static double[] triangle(double[] square) {
        int size = (int) Math.round(Math.sqrt(square.length));
        double[] triangle = new double[size * (size + 1) / 2];
        for (int i = 0, at = 0; i < size; at += ++i) {
            System.arraycopy(square, i * size, triangle, at, i + 1);
        }
        return triangle;
    }

    Matrix centers() {
        return centers;
    }

    long rows() {
        return rows;
    }

    /** The means of the kernels, {@code [centers]}. */
    double[] means() {
        double[] means = first.clone();
        for (int l = 0; l < means.length; l++) {
            means[l] /= rows;
        }
        return means;
    }

    /** The means of the products, {@code [centers, centers]}, both triangles. */
    double[] productMeans() {
        int size = centers.rows();
        double[] means = new double[size * size];
        for (int i = 0, at = 0; i < size; i++) {
            for (int k = 0; k <= i; k++, at++) {
                means[i * size + k] = means[k * size + i] = second[at] / rows;
            }
        }
        return means;
    }
}
