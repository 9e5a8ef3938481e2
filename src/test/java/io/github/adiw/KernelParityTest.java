package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
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
        KernelParity.of("gather_images", Launch.rows(9)).in(bytes(20 * 150)).in(below(9, 20)).out(new float[9 * 150]).value(150).check();
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
        float[] z = positive(n);
        elements("rank_sort", n).in(z).out(new float[n]).value(n).check();
        float[] sorted = z.clone();
        Arrays.sort(sorted);
        for (double q : new double[] {0, 0.01, 0.5, 1}) {
            KernelParity.of("quantile_sorted", Launch.block()).in(sorted).out(new float[1]).value(n).value(q).within(1e-6).check();
            KernelParity.of("quantile_values", Launch.block()).in(z).out(new float[1]).value((long) n).value(q).within(1e-6).check();
        }
        KernelParity.of("pairwise_distances", Launch.rows(20)).in(floats(60)).out(new float[190]).value(20).value(3).within(1e-6).check();
        for (int kind = 0; kind < 3; kind++) {
            KernelParity.of("set_bandwidth", Launch.block()).in(z).in(positive(n)).in(new float[] {0.3f}).out(new float[1]).out(new int[2])
                .value(kind).value(0.7f).value(n).value(n).value(1).check();
        }
    }

    @Test
    void gramMatrices() {
        int n = 33;
        int m = 21;
        int d = 2;
        float[] z = floats(n * d);
        float[] validation = floats(m * d);
        KernelParity.of("gram_rows", Launch.rows(n)).in(z).in(validation).in(new float[] {0.4f}).out(new float[n * n]).out(new float[n])
            .out(new float[n]).value(n).value(m).value(d).value(1e-5f).check();
        KernelParity.of("gram_rows_f64", Launch.rows(n)).in(z).in(validation).in(new float[] {0.4f}).out(new double[n * n]).out(new double[n])
            .out(new double[n]).value(n).value(m).value(d).value(1e-5).within(1e-12).check();
    }

    @Test
    void evaluation() {
        int n = 33;
        int m = 21;
        int d = 2;
        KernelParity.of("kmm_evaluate", Launch.rows(n)).in(floats(n * d)).in(floats(m * d)).in(new float[] {0.4f}).in(positive(n))
            .out(new double[n]).out(new double[n]).out(new double[n]).value(n).value(m).value(d).value(1e-5).within(1e-12).check();
    }

    @Test
    void projections() {
        for (int n : new int[] {1, 5, 200}) {
            float[] v = floats(n);
            KernelParity.of("project_band", Launch.block()).in(v).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n).check();
            KernelParity.of("kmm_project", Launch.block()).in(v).out(new float[n]).in(new int[2]).value(n).value(3.0).value(0.9 * n)
                .value(1.1 * n).check();
        }
    }

    @Test
    void meanMatching() {
        int n = 61;
        float[] memory = positive(200);
        int[] index = below(n, 200);
        float[] gram = positive(n * n);
        KernelParity.of("kmm_begin", Launch.block()).in(memory).in(index).in(positive(n)).out(new float[n]).out(new float[1]).value(n)
            .value(1f).check();
        KernelParity.of("kmm_gradient", Launch.rows(n)).in(gram).in(positive(n)).in(positive(n)).in(new float[] {0.1f}).out(new float[n])
            .value(n).check();
        elements("kmm_end", n).out(memory).in(index).in(positive(n)).value(n).check();
        elements("kmm_recall", n).in(memory).in(index).out(new float[n]).value(n).check();
    }

    @Test
    void convergedMeanMatching() {
        int n = 61;
        double[] gram = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                gram[i * n + j] = Math.exp(-0.1 * (i - j) * (i - j)) + (i == j ? 1e-5 : 0);
            }
        }
        double[] v = random.doubles(n, -1, 3).toArray();
        double[] w = random.doubles(n, 0, 2).toArray();
        double[] y = random.doubles(n, 0, 2).toArray();
        double[] state = {0.1, 3, 0, 0};
        KernelParity.of("kmm_solve_begin", Launch.block()).in(random.doubles(n, 1, 4).toArray()).in(positive(n)).in(v).out(w).out(y).out(state)
            .value(n).value(50.0).value(0.9 * n).value(1.1 * n).within(1e-12).check();
        KernelParity.of("kmm_solve_gradient", Launch.rows(n)).in(gram).in(v).in(y).in(state).out(new double[n]).value(n).within(1e-12).check();
        KernelParity.of("kmm_solve_step", Launch.block()).in(v).out(w).out(y).out(state).value(n).value(50.0).value(0.9 * n)
            .value(1.1 * n).within(1e-12).check();
        KernelParity.of("kmm_solve_check", Launch.block()).in(v).in(w).out(state).value(n).value(50.0).value(0.9 * n).value(1.1 * n)
            .within(1e-12).check();
        elements("narrow", n).in(v).out(new float[n]).value(n).check();
    }

    @Test
    void noKernelIsLeftOut() throws IOException {
        String tests = Files.readString(Path.of("src/test/java/io/github/adiw/KernelParityTest.java"));
        try (Device device = DeviceMatrix.open()) {
            assertThat(device.kernelNames()).as("kernels without a parity check here or in MatrixParityTest").allMatch(kernel ->
                tests.contains('"' + kernel + '"') || kernel.endsWith("_fp32") || kernel.endsWith("_tf32") || kernel.equals("mark_time"));
        }
    }
}
