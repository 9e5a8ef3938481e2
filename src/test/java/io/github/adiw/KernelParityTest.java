package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every kernel that does not fix its block, one by one: the host's result on the stand-in driver, whatever the block and the order. */
class KernelParityTest {
    private final Random random = new Random(7);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private float[] positive(int n) {
        float[] x = floats(n);
        for (int i = 0; i < n; i++) {
            x[i] = Math.abs(x[i]);
        }
        return x;
    }

    private int[] below(int n, int bound) {
        return random.ints(n, 0, bound).toArray();
    }

    private byte[] bytes(int n) {
        byte[] x = new byte[n];
        random.nextBytes(x);
        return x;
    }

    private static KernelParity elements(String kernel, long n) {
        return KernelParity.of(kernel, Launch.elements(n));
    }

    @Test
    void elementwise() {
        elements("fill", 700).out(new float[701]).value(2.5f).value(700).check();
        KernelParity.of("advance", Launch.block()).out(new long[] {41}).check();
    }

    @Test
    void activations() {
        int n = 700;
        elements("relu_forward", n).in(floats(n)).out(new float[n]).value(n).check();
        elements("relu_backward", n).in(floats(n)).in(floats(n)).out(new float[n]).value(n).check();
        KernelParity.of("column_sum", Launch.rows(3)).in(floats(37 * 61)).out(new float[37]).value(61).value(37).check();
    }

    @Test
    void batches() {
        elements("draw_training", 100).out(new int[100]).in(new long[] {7}).value(1000).value(100).value(10).value(99L).check();
        elements("draw_validation", 64).out(new int[64]).in(below(200, 5000)).in(new long[] {3}).value(200).value(64).value(5L).check();
        elements("read_order", 50).out(new int[50]).in(below(200, 1000)).in(new long[] {2}).value(50).check();
        elements("next_rows", 50).out(new int[50]).in(new long[] {2}).value(50).value(130).check();
        KernelParity.of("gather_images", Launch.rows(9)).in(bytes(20 * 150)).in(below(9, 20)).out(new float[9 * 150]).value(150).value(50)
            .in(floats(3)).in(positive(3)).within(1e-6).check();
        KernelParity.of("gather_rows", Launch.rows(9)).in(floats(20 * 150)).in(below(9, 20)).out(new float[9 * 150]).value(150).value(1)
            .in(floats(150)).in(positive(150)).within(1e-6).check();
        elements("gather_labels", 80).in(below(300, 10)).in(below(80, 300)).out(new int[80]).value(80).check();
    }

    @Test
    void randomNumbers() {
        elements("uniform_fill", 501).out(new float[501]).value(501).value(-1.5f).value(2f).value(123456789012L).value(3L).within(1e-6).check();
        elements("philox_words", 77).out(new int[77]).value(77).in(below(4, 1 << 30)).in(below(2, 1 << 30)).check();
    }

    @Test
    void losses() {
        int rows = 130;
        int classes = 10;
        int[] labels = below(rows, classes);
        elements("cross_entropy_forward", rows).in(floats(rows * classes)).in(labels).out(new float[rows]).out(new int[rows])
            .out(new float[rows * classes]).value(rows).value(classes).check();
        elements("cross_entropy_backward", rows * classes).in(positive(rows * classes)).in(labels).in(positive(rows))
            .out(new float[rows * classes]).value(rows).value(classes).value(0.5f).check();
    }

    @Test
    void metrics() {
        int n = 300;
        KernelParity.of("step_metrics", Launch.block()).in(positive(n)).in(positive(n)).out(new float[15]).in(new long[] {4}).out(new int[1])
            .value(n).value(3).value(0.25f).check();
        float[] broken = positive(n);
        broken[222] = Float.NaN;
        KernelParity.of("step_metrics", Launch.block()).in(broken).in(positive(n)).out(new float[15]).in(new long[] {4}).out(new int[1])
            .value(n).value(3).value(0.25f).check();
        KernelParity.of("count_correct", Launch.block()).in(below(n, 2)).out(new int[] {5}).in(new long[] {1}).value(n).value(450).check();
        elements("store_row", n).in(floats(n)).out(new float[3 * n]).in(new long[] {1}).value(n).check();
    }

    @Test
    void optimizers() {
        int n = 600;
        for (int halted = 0; halted < 2; halted++) {
            for (int nesterov = 0; nesterov < 2; nesterov++) {
                elements("sgd", n).out(floats(n)).in(floats(n)).out(floats(n)).in(new float[] {0.1f}).in(new int[] {halted})
                    .value(n).value(0.9f).value(nesterov).value(1e-4f).check();
            }
            elements("sgd", n).out(floats(n)).in(floats(n)).in(null).in(new float[] {0.1f}).in(new int[] {halted})
                .value(n).value(0f).value(0).value(1e-4f).check();
            elements("adam", n).out(floats(n)).in(floats(n)).out(floats(n)).out(positive(n)).in(new float[] {0.01f}).in(new long[] {9})
                .in(new int[] {halted}).value(n).value(0.9).value(0.999).value(1e-8f).value(1e-4f).check();
        }
    }

    @Test
    void pooling() {
        int planes = 5;
        elements("max_pool_forward", planes * 3 * 4).in(floats(planes * 7 * 8)).out(new float[planes * 12]).out(new byte[planes * 12])
            .value(planes).value(7).value(8).check();
        byte[] choice = new byte[planes * 12];
        for (int i = 0; i < choice.length; i++) {
            choice[i] = (byte) random.nextInt(4);
        }
        elements("max_pool_backward", planes * 3 * 4).in(floats(planes * 12)).in(choice).out(new float[planes * 7 * 8])
            .value(planes).value(7).value(8).check();
    }

    @Test
    void partialSums() {
        elements("sum_partials", 41).in(floats(6 * 41)).out(new float[35]).out(new float[6]).value(6).value(35).value(6).check();
    }

    @Test
    void bandwidths() {
        int n = 70;
        int m = 31;
        float[] z = positive(n);
        float[] validation = positive(m);
        KernelParity.of("rank_sort", Launch.rows(n)).in(z).in(validation).out(new float[n]).value(n).value(0).check();
        KernelParity.of("rank_sort", Launch.rows(n + m)).in(z).in(validation).out(new float[n + m]).value(n).value(m).check();
        float[] sorted = z.clone();
        Arrays.sort(sorted);
        for (long statistic : new long[] {0, 24, 1207, n * (n - 1) / 2 - 1}) {
            for (int kind = 0; kind < 2; kind++) {
                KernelParity.of("bandwidth_sorted", Launch.block()).in(sorted).in(z).in(validation).out(new double[1]).out(new int[1]).value(n)
                    .value(kind).value(statistic).value(statistic == 24 ? 0.25 : 0.0).value(n).value(m).within(1e-12).check();
            }
        }
        KernelParity.of("bandwidth_given", Launch.block()).in(z).in(validation).out(new double[1]).out(new int[1]).value(0.7).value(n).value(m)
            .value(1).check();
        KernelParity.of("bandwidth_given", Launch.block()).in(new float[n]).in(validation).out(new double[1]).out(new int[1]).value(0.7).value(n)
            .value(m).value(1).check();
    }

    @Test
    void bandwidthsOfManyDimensions() {
        int n = 40;
        int m = 23;
        int d = 3;
        float[] z = floats(n * d);
        float[] validation = floats(m * d);
        elements("transpose_pool", (n + m) * d).in(z).in(validation).out(new float[(n + m) * d]).value(n).value(n + m).value(d).check();
        elements("transpose_columns", n * d).in(z).out(new float[(n + m) * d]).value(n).value(d).value((long) n + m).value(5).check();
        int blocks = 4;
        KernelParity.of("pair_histogram", Launch.rows(blocks)).in(z).in(new long[2]).out(new int[blocks * 2048]).out(new int[blocks])
            .value(n).value(d).value(blocks).value(20).value(11).check();
        int[] histograms = new int[blocks * 2048];
        for (int i = 0; i < histograms.length; i++) {
            histograms[i] = random.nextInt(3);
        }
        for (int pass = 0; pass < 3; pass++) {
            KernelParity.of("bandwidth_radix", Launch.block()).in(histograms).in(new int[] {0x41000001, -1, 0x40800000, -1}).in(z).in(validation)
                .out(new long[] {500, 700}).out(new double[1]).out(new int[1]).value(blocks).value(pass).value(pass == 0 ? 11 : 10).value(0)
                .value(900L).value(0.25).value(n * d).value(m * d).value(d).within(1e-12).check();
        }
    }

    @Test
    void gramMatrices() {
        int n = 33;
        int m = 21;
        for (int d = 1; d < 3; d++) {
            float[] z = floats(n * d);
            KernelParity.of("gram_rows", Launch.rows(n)).in(z).in(floats(m * d)).in(new double[] {0.4}).in(floats(n)).out(new float[n * n])
                .out(new float[n]).out(new float[n]).out(new float[n]).value((long) (d == 1 ? 1 : m)).value(n).value(m).value(d).value(1e-5f).check();
            KernelParity.of("kappa_rows_f64", Launch.rows(n)).in(z).in(floats(m * d)).in(new double[] {0.4}).out(new double[n])
                .value(n).value(m).value(d).within(1e-12).check();
        }
    }

    @Test
    void kernelMatrices() {
        int rows = 23;
        int columns = 270;
        double[] gamma = {0.4};
        for (int d : new int[] {1, 3, 4, 9}) {
            long stride = rows + (long) columns;
            float[] points = floats((int) stride * d);
            float[] others = floats((int) stride * d);
            KernelParity.of("gaussian_rows", Launch.rows(rows)).in(points).in(others).in(gamma).out(new float[rows * columns]).out(new float[rows])
                .value(stride).value(columns).value(d).check();
            KernelParity.of("gaussian_product", Launch.rows(3)).in(points).in(others).in(gamma).in(positive(columns)).out(new float[rows])
                .value(stride).value(0).value(rows).value(columns).value(d).value(0.25f).value(1.5f).check();
            KernelParity.of("gaussian_product", Launch.rows(2)).in(points).in(others).in(gamma).in(positive(columns)).out(new float[rows])
                .value(stride).value(9).value(rows).value(columns).value(d).value(0.25f).value(1.5f).check();
            KernelParity.of("gaussian_product", Launch.rows(3)).in(points).in(others).in(gamma).in(null).out(new float[rows])
                .value(stride).value(0).value(rows).value(columns).value(d).value(0f).value(1.5f).check();
            KernelParity.of("gaussian_product_f64", Launch.rows(3)).in(points).in(others).in(gamma).in(random.doubles(columns, -1, 3).toArray())
                .out(new double[rows]).value(stride).value(rows).value(columns).value(d).within(1e-12).check();
        }
    }

    @Test
    void divergences() {
        int n = 61;
        int m = 47;
        float[] memory = positive(200);
        memory[3] = memory[40] = -1;
        int[] index = below(m, 200);
        elements("reciprocal", n).in(positive(n)).out(new float[n]).value(n).value(0.5f).check();
        for (int stopped = 0; stopped < 2; stopped++) {
            int[] status = {stopped};
            elements("model_weights", n).in(floats(n)).in(status).out(positive(n)).value(n).value(1.5f).check();
            KernelParity.of("normalize", Launch.block()).in(status).out(positive(n)).value(n).check();
            KernelParity.of("kl_begin", Launch.block()).in(memory).in(index).in(positive(m)).in(status).out(new float[m]).out(new float[m])
                .value(n).value(m).check();
            elements("kl_update", m).in(positive(m)).in(positive(m)).in(status).out(positive(m)).value(m).check();
            KernelParity.of("ls_begin", Launch.block()).in(memory).in(index).in(positive(m)).out(new float[m]).out(new float[m]).out(new float[1])
                .value(n).value(m).value(0.1f).value(1f).check();
            elements("ls_update", m).in(positive(m)).in(positive(m)).in(new float[] {0.7f}).in(status).out(positive(m)).out(positive(m))
                .value(n).value(m).value(0.1f).value(0.5f).check();
            elements("direct_recall", m).in(memory).in(index).in(status).out(new float[m]).value(m).check();
            KernelParity.of("direct_scale", Launch.block()).in(positive(n)).in(status).out(new float[n]).out(positive(n)).value(n).value(m)
                .value(2.0).check();
            KernelParity.of("smooth_step", Launch.block()).in(positive(n)).in(status).out(new float[n]).out(positive(n)).out(positive(n))
                .value(n).value(m).value(0.5f).value(0.3f).value(2.0).check();
        }
        KernelParity.of("kl_begin", Launch.block()).in(new float[200]).in(index).in(positive(m)).in(new int[1]).out(new float[m]).out(new float[m])
            .value(n).value(m).check();
    }

    @Test
    void wasserstein() {
        int n = 61;
        int m = 47;
        int slices = 3;
        int count = n + m;
        KernelParity.of("slice_directions", Launch.rows(slices)).out(new float[slices]).in(new long[] {5}).value(1).value(7L).check();
        KernelParity.of("slice_directions", Launch.rows(slices)).out(new float[slices * 20]).in(new long[] {5}).value(20).value(7L).check();
        elements("slice_project", slices * count).in(floats(slices * 4)).in(floats(n * 4)).in(floats(m * 4)).out(new float[slices * count])
            .value(slices).value(n).value(m).value(4).check();
        float[] x = floats(slices * count);
        x[7] = x[9] = x[50];
        KernelParity.of("rank_pool", Launch.rows(slices * count)).in(x).out(new int[slices * count]).out(new float[slices * count])
            .value(count).check();
        KernelParity.of("sort_pool", Launch.rows(slices)).in(x).out(new long[slices * 128]).out(new int[slices * count])
            .out(new float[slices * count]).value(count).value(128).check();
        float[] sorted = new float[slices * count];
        int[] order = new int[slices * count];
        for (int s = 0; s < slices; s++) {
            int first = s * count;
            int[] points = random.ints(0, count).distinct().limit(count).toArray();
            float[] values = positive(count);
            Arrays.sort(values);
            System.arraycopy(points, 0, order, first, count);
            System.arraycopy(values, 0, sorted, first, count);
        }
        for (int stopped = 0; stopped < 2; stopped++) {
            int[] status = {stopped};
            KernelParity.of("w1_begin", Launch.block()).in(positive(200)).in(below(n, 200)).in(floats(n * 2)).in(floats(m * 2)).in(status)
                .out(new float[n]).out(new double[4]).value(n).value(m).value(2).value(0.1f).value(3.0).check();
            KernelParity.of("w1_potential", Launch.rows(slices)).in(order).in(sorted).in(positive(n)).in(status).out(new double[slices])
                .out(new float[slices * n]).value(n).value(m).check();
            for (int move = 0; move < 2; move++) {
                KernelParity.of("w1_step", Launch.block()).in(new double[] {0.3, 0.2, 0.4}).in(floats(slices * n)).in(status).out(positive(n))
                    .out(positive(n)).out(new float[n]).out(new double[] {0.5, 0.3, 2, 0}).out(new long[] {4}).value(slices).value(n).value(3.0)
                    .value(0.02).value(move).value(1 - move).check();
            }
        }
    }

    @Test
    void projections() {
        for (int n : new int[] {1, 5, 200}) {
            float[] v = floats(n);
            KernelParity.of("project_band", Launch.block()).in(v).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n).check();
            float[] far = v.clone();
            Arrays.fill(far, 3e20f);
            KernelParity.of("project_band", Launch.block()).in(far).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n).check();
            for (double sum : new double[] {0, 50.0 * n}) {
                KernelParity.of("project_band", Launch.block()).in(v).out(new float[n]).value(n).value(50.0).value(sum).value(sum).check();
            }
            elements("project_box", n).in(v).out(new float[n]).value(n).value(0.7).check();
            float[] b = positive(n);
            KernelParity.of("project_weighted_simplex", Launch.block()).in(v).in(b).out(new float[n]).value(n).value(2.0).check();
            KernelParity.of("project_weighted_simplex", Launch.block()).in(v).in(b).out(new float[n]).value(n).value(0.0).check();
            KernelParity.of("project_weighted_simplex", Launch.block()).in(far).in(b).out(new float[n]).value(n).value(2.0).check();
            float[] wide = b.clone();
            for (int i = 0; i < n; i++) {
                wide[i] = i % 4 == 1 ? 0 : (float) Math.pow(10, random.nextInt(13) - 6);
            }
            KernelParity.of("project_weighted_simplex", Launch.block()).in(v).in(wide).out(new float[n]).value(n).value(1.0).check();
            v[n / 2] = Float.POSITIVE_INFINITY;
            KernelParity.of("project_band", Launch.block()).in(v).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n).check();
            KernelParity.of("project_weighted_simplex", Launch.block()).in(v).in(b).out(new float[n]).value(n).value(2.0).check();
        }
    }

    @Test
    void meanMatching() {
        int n = 61;
        float[] memory = positive(200);
        int[] index = below(n, 200);
        KernelParity.of("matrix_product", Launch.rows(n)).in(positive(n * n)).in(positive(n)).out(new float[n]).value(n).check();
        for (int stopped = 0; stopped < 2; stopped++) {
            KernelParity.of("kmm_step", Launch.block()).in(positive(n)).in(positive(n)).in(positive(n)).in(new int[] {stopped}).out(new float[n])
                .out(positive(n)).out(positive(n)).value(n).value(1f).value(0.5f).value(3.0).value(0.9 * n).value(1.1 * n).check();
        }
        elements("store_state", n).out(memory).in(index).in(positive(n)).value(n).check();
        elements("recall_state", n).in(memory).in(index).out(new float[n]).out(new float[n]).value(n).check();
        KernelParity.of("kmm_residual", Launch.block()).in(random.doubles(n, -1, 3).toArray()).in(random.doubles(n, 0, 2).toArray())
            .out(new double[1]).value(n).value(50.0).value(0.9 * n).value(1.1 * n).within(1e-12).check();
    }

    @Test
    void reweighting() {
        int n = 70;
        KernelParity.of("random_weights", Launch.block()).out(new float[n]).in(new long[] {41}).value(n).value(5L).check();
        KernelParity.of("direction_scale", Launch.block()).in(floats(n)).out(new float[1]).value(n).value(0.01f).check();
        KernelParity.of("direction_scale", Launch.block()).in(new float[n]).out(new float[1]).value(n).value(0.01f).check();
        elements("perturb", n).in(floats(n)).in(floats(n)).in(new float[] {0.3f}).out(new float[n]).value(n).value(-1f).check();
        KernelParity.of("reweight", Launch.block()).in(floats(n)).in(floats(n)).in(new float[] {0.3f}).out(new float[n]).out(new float[n])
            .value(n).check();
    }

    @Test
    void interiorPoint() {
        int n = 37;
        int most = 20;
        for (int d = 1; d < 3; d++) {
            float[] z = floats(n * d);
            KernelParity.of("kmm_factor", Launch.block()).in(z).in(new double[] {0.05}).in(new int[1]).out(new double[most * n])
                .out(new double[n]).out(new double[4]).value(n).value(d).value(most).within(1e-4).check();
        }
        int rank = 3;
        double[] factor = new double[most * n];
        double[] kappa = new double[n];
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < n; i++) {
                factor[k * n + i] = Math.cos(0.3 * k * i) / (k + 1);
                kappa[i] += factor[k * n + i] * (20 - 5 * k);
            }
        }
        KernelParity.check(1e-7, device -> {
            Buffer weights = device.floats(new float[n]);
            Buffer result = doubles(device, new double[] {0, 0, rank, 0});
            device.launch("kmm_interior_point", Launch.block(), doubles(device, factor), doubles(device, kappa), device.ints(0),
                doubles(device, new double[most * most]), doubles(device, new double[14 * n]), doubles(device, new double[most]),
                result, weights, n, 1e-5, 5.0, 0.9 * n, 1.1 * n, 100);
            double[] found = new double[4];
            result.download(found);
            return List.of(weights.toFloats(), new double[] {found[3]});
        });
    }

    @Test
    void classes() {
        int n = 41;
        int m = 29;
        int d = 3;
        int classes = 6;
        int all = n + m;
        int[] labels = below(n, 5);                 // the last class has no row, the first no validation row
        int[] validationLabels = Arrays.stream(below(m, 4)).map(c -> c + 1).toArray();
        elements("gather_labels", n).in(labels).in(below(n, n)).out(new int[n]).value(n).check();
        KernelParity.of("class_table", Launch.rows(classes)).in(labels).in(validationLabels).out(new int[4 * classes]).value(n).value(m).check();
        KernelParity.of("class_order", Launch.rows(n)).in(labels).out(new int[n]).out(new int[n]).value(n).check();
        KernelParity.of("class_rows", Launch.rows(n)).in(floats(n * d)).in(below(n, n)).out(new float[n * d]).value(d).check();

        int[] table = new int[4 * classes];
        for (int c = 0; c < classes; c++) {
            int own = c;
            table[4 * c] = (int) Arrays.stream(labels).filter(x -> x < own).count();
            table[4 * c + 1] = (int) Arrays.stream(labels).filter(x -> x == own).count();
            table[4 * c + 2] = (int) Arrays.stream(validationLabels).filter(x -> x < own).count();
            table[4 * c + 3] = (int) Arrays.stream(validationLabels).filter(x -> x == own).count();
        }
        Arrays.sort(labels);
        Arrays.sort(validationLabels);
        int[] sorted = Arrays.copyOf(labels, all);
        System.arraycopy(validationLabels, 0, sorted, n, m);
        KernelParity.of("class_distances", Launch.rows(all)).in(floats(all * d)).in(sorted).in(table).out(new float[all * all]).value(n).value(m)
            .value(d).check();
        float[] distances = new float[all * all];
        for (int i = 0; i < all; i++) {
            for (int j = 0; j < table[4 * sorted[i] + 1] + table[4 * sorted[i] + 3]; j++) {
                distances[i * all + j] = 0.1f + (17 * i + 31 * j) % 23 * 0.3f;
            }
        }
        double[] rules = {0.21, 0.5, 0.8};
        for (int kind = 0; kind < 3; kind++) {
            KernelParity.of("class_bandwidth", Launch.rows(classes)).in(distances).in(table).out(new double[classes]).out(new int[classes])
                .value(kind).value(rules[kind]).value(n).value(m).within(1e-12).check();
        }
        int[] order = new Random(3).ints(0, n).distinct().limit(n).toArray();
        int[] index = below(n, 100);
        float[] memory = positive(100);
        elements("class_recall", n).in(memory).in(index).in(order).out(new float[n]).out(new float[n]).value(n).check();
        double[] gamma = {0, 0.3, 0.1, 1.2, 40, 0};
        int[] status = {1, 0, 0, 0, 0, 1};
        KernelParity.of("class_gram", Launch.rows(n)).out(distances).in(sorted).in(table).in(gamma).in(status).in(floats(n)).out(new float[n])
            .out(new float[n]).out(new float[n]).value(n).value(m).value(1e-5f).check();
        float[] sums = positive(all);
        KernelParity.of("class_gaussian", Launch.rows(all)).out(distances).in(sorted).in(table).in(gamma).in(status).out(new float[all])
            .out(new float[all]).value(n).value(m).check();
        for (int flags = 0; flags < 4; flags++) {
            KernelParity.of("class_product", Launch.rows(m)).in(distances).in(sorted).in(table).in(positive(Math.max(n, m))).out(new float[m])
                .value(n).value(n).value(m).value(flags & 1).value(flags >> 1).check();
        }
        KernelParity.of("class_kmm_step", Launch.rows(classes)).in(positive(n)).in(positive(n)).in(positive(n)).in(table).in(status)
            .out(new float[n]).out(positive(n)).out(positive(n)).value(1f).value(0.5f).value(3.0).check();
        elements("class_restore", n).in(positive(n)).in(order).out(new float[n]).value(n).check();
        for (int normalize = 0; normalize < 2; normalize++) {
            KernelParity.of("class_finish", Launch.block()).in(order).in(sorted).in(table).in(status).in(memory).in(index).in(positive(n))
                .out(new float[n]).out(new float[n]).value(n).value(m).value(normalize).check();
        }

        float[] alpha = positive(m);
        alpha[3] = alpha[7] = -1;
        KernelParity.of("class_kl_begin", Launch.rows(classes)).in(sums).in(table).in(status).out(new float[m]).out(alpha).check();
        elements("class_kl_update", m).in(positive(m)).in(positive(m)).in(validationLabels).in(table).in(status).out(positive(m)).value(m).check();
        KernelParity.of("class_ls_begin", Launch.rows(classes)).in(sums).in(table).in(status).out(alpha).out(new float[m]).out(new float[classes])
            .value(0.1f).value(1f).check();
        elements("class_ls_update", m).in(positive(m)).in(positive(m)).in(positive(classes)).in(validationLabels).in(table).in(status)
            .out(positive(m)).out(positive(m)).value(m).value(0.1f).value(0.5f).check();
        elements("class_model_weights", n).in(labels).in(status).out(floats(n)).value(n).value(0.9f).check();
        elements("class_direct_recall", n).in(labels).in(status).out(floats(n)).value(n).check();
        KernelParity.of("class_direct_scale", Launch.rows(classes)).in(positive(n)).in(table).in(status).out(new float[n]).out(positive(n))
            .value(3.0).check();
        KernelParity.of("class_smooth_step", Launch.rows(classes)).in(positive(n)).in(table).in(status).out(new float[n]).out(positive(n))
            .out(positive(n)).value(0.5f).value(0.2f).value(3.0).check();

        int slices = 3;
        float[] projected = floats(slices * all);
        projected[5] = projected[4];
        KernelParity.of("class_rank_pool", Launch.rows(slices * all)).in(projected).in(sorted).in(table).out(new int[slices * all])
            .out(new float[slices * all]).value(n).value(m).check();
        int[] places = new int[slices * all];
        float[] values = new float[slices * all];
        for (int s = 0; s < slices; s++) {
            for (int c = 0; c < classes; c++) {
                int at = s * all + table[4 * c] + table[4 * c + 2];
                for (int k = 0; k < table[4 * c + 1] + table[4 * c + 3]; k++) {
                    int other = k - table[4 * c + 1];
                    places[at + k] = other < 0 ? table[4 * c] + k : n + table[4 * c + 2] + other;
                    values[at + k] = 0.3f * k + 0.1f * (k % (s + 2));
                }
            }
        }
        KernelParity.of("class_w1_begin", Launch.rows(classes)).in(floats(all * d)).in(table).in(status).out(positive(n))
            .out(new double[4 * classes]).value(n).value(d).value(0.1f).value(3.0).check();
        KernelParity.of("class_w1_potential", Launch.rows(slices * classes)).in(places).in(values).in(positive(n)).in(table).in(status)
            .out(new double[slices * classes]).out(new float[slices * n]).value(n).value(m).value(classes).check();
        for (int last = 0; last < 2; last++) {
            KernelParity.of("class_w1_step", Launch.rows(classes)).in(random.doubles(slices * classes, 0.1, 2).toArray()).in(floats(slices * n))
                .in(table).in(status).out(positive(n)).out(new float[n]).out(new float[n]).out(random.doubles(4 * classes, 0, 2).toArray())
                .out(new long[] {3}).value(slices).value(n).value(classes).value(3.0).value(0.02).value(1 - last).value(last).check();
        }

        float[] rows = floats(all * d);
        int most = 20;
        double[] kappa = random.doubles(n, 0, 5).toArray();
        KernelParity.of("class_kappa_f64", Launch.rows(n)).in(rows).in(sorted).in(table).in(gamma).in(status).out(new double[n]).value(n).value(d)
            .within(1e-12).check();
        KernelParity.check(1e-7, device -> {
            Buffer weights = device.floats(new float[n]);
            Buffer result = doubles(device, new double[4 * classes]);
            Buffer factor = doubles(device, new double[most * n]);
            Buffer ranges = device.ints(table);
            Buffer stopped = device.ints(status);
            device.launch("class_factor", Launch.rows(classes), device.floats(rows), ranges, doubles(device, gamma), stopped, factor,
                doubles(device, new double[n]), result, d, most);
            device.launch("class_interior_point", Launch.rows(classes), factor, doubles(device, kappa),
                ranges, stopped, doubles(device, new double[most * n]), doubles(device, new double[14 * n]), doubles(device, new double[n]),
                result, weights, 1e-5, 5.0, most, 100);
            return List.of(weights.toFloats());
        });
    }

    private static Buffer doubles(Device device, double[] values) {
        Buffer buffer = device.allocate(ElementType.FLOAT64, values.length);
        buffer.upload(values);
        return buffer;
    }

    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void noKernelIsLeftOut() throws IOException {
        String tests = Files.readString(Path.of("src/test/java/io/github/adiw/KernelParityTest.java"));
        try (Device device = DeviceMatrix.open()) {
            assertThat(device.kernelNames()).as("kernels without a parity check here or in MatrixParityTest").allMatch(kernel ->
                tests.contains('"' + kernel + '"') || kernel.endsWith("_fp32") || kernel.endsWith("_tf32") || kernel.equals("mark_time"));
        }
    }
}
