package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.StandInControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every kernel that does not fix its block, one by one: the host's result on the stand-in driver, whatever the block and the order. */
@SuppressWarnings("NarrowCalculation")     // its shapes are small
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
        elements("add", 700).in(floats(700)).in(floats(700)).out(new float[701]).value(700).check();
        elements("add_relu", 700).in(floats(700)).in(floats(700)).out(new float[701]).value(700).check();
        KernelParity.of("advance", Launch.block()).out(new long[] {41}).check();
        KernelParity.of("end_step", Launch.block()).in(null).out(new long[] {41}).value(5).value(3).check();
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
        int n = 100;
        for (int m : new int[] {0, 64}) {
            elements("draw_batch", n).out(new int[n + m]).out(new int[n + m]).in(new long[] {7}).in(null).in(below(1000, 10)).value(0)
                .value(1000).value(n).in(below(200, 1000)).in(below(1000, 10)).value(1).value(200).value(m).value(99L).in(null).value(1)
                .value(1).check();
            elements("draw_batch", n).out(new int[n + m]).out(new int[n + m]).in(new long[] {2}).in(below(3 * n, 1000))
                .in(below(1000, 10)).value(2).value(0).value(n).in(below(3 * 64, 1000)).in(below(1000, 10)).value(2).value(0).value(m)
                .value(99L).in(null).value(1).value(1).check();
        }
        elements("next_rows", 50).out(new int[50]).in(new long[] {2}).value(50).value(130).check();
        KernelParity.of("gather_images", Launch.rows(9)).in(bytes(20 * 150)).in(below(9, 20)).out(new float[9 * 150]).value(150).value(50)
            .in(floats(3)).in(positive(3)).within(1e-6).check();
        KernelParity.of("gather_crops", Launch.rows(9)).in(bytes(20 * 3 * 70)).in(below(9, 20)).out(new float[9 * 3 * 70]).value(3).value(7)
            .value(10).in(floats(3)).in(positive(3)).value(6).value(4).in(new long[] {1L << 33 | 5}).value(99L).within(1e-6).check();
        KernelParity.of("gather_crops", Launch.rows(9)).in(bytes(20 * 70)).in(below(9, 20)).out(new float[9 * 70]).value(1).value(7)
            .value(10).value(null).value(null).value(9).value(4).in(new long[] {3}).value(-7L).within(1e-6).check();
        KernelParity.of("gather_rows", Launch.rows(9)).in(floats(20 * 150)).in(below(9, 20)).out(new float[9 * 150]).value(150).value(1)
            .in(floats(150)).in(positive(150)).within(1e-6).check();
        elements("gather_labels", 80).in(below(300, 10)).in(below(80, 300)).out(new int[80]).value(80).check();
    }

    @Test
    void randomNumbers() {
        elements("uniform_fill", 501).out(new float[501]).value(501).value(-1.5f).value(2f).value(123456789012L).value(3L).within(1e-6)
            .check();
        elements("normal_fill", 501).out(new float[501]).value(501).value(2f).value(123456789012L).value(3L).check();
        elements("philox_words", 77).out(new int[77]).value(77).in(below(4, 1 << 30)).in(below(2, 1 << 30)).check();
    }

    private byte[] choices(int n) {
        byte[] x = new byte[n];
        for (int i = 0; i < n; i++) {
            x[i] = (byte) random.nextInt(5);
        }
        return x;
    }

    @Test
    void lenet() {
        int rows = 7;
        int trained = 5;
        int classes = 10;
        float[] x = floats(rows * 784);
        float[] fc1 = floats(120 * 400);
        float[] fc2 = floats(84 * 120);
        float[] fc3 = floats(classes * 84);
        KernelParity.of("lenet_convolutions", Launch.rows(rows)).in(x).in(floats(150)).in(floats(6)).in(floats(2400)).in(floats(16))
            .out(new float[trained * 1176]).out(new byte[trained * 1176]).out(new float[rows * 400]).out(new byte[trained * 400])
            .value(trained).check();
        for (int[] labels : new int[][] {null, below(rows, classes)}) {
            for (float[] weights : new float[][] {null, positive(trained)}) {
                KernelParity.of("lenet_linear", Launch.rows(2)).in(floats(rows * 400)).in(fc1).in(floats(120)).in(fc2).in(floats(84))
                    .in(fc3)
                    .in(floats(classes)).out(new float[trained * 120]).out(new float[rows * 84]).out(new float[rows * classes]).value(rows)
                    .value(trained).value(classes).in(labels).in(weights).value(0.5f).out(new float[rows]).out(new int[rows])
                    .out(new float[rows * classes]).out(new float[trained * classes]).check();
            }
        }
        for (float[] p : new float[][] {null, positive(trained * classes)}) {
            KernelParity.of("lenet_linear_backward", Launch.rows(3)).in(p).in(below(rows, classes)).in(positive(trained)).value(0.5f)
                .out(floats(trained * classes)).in(fc1).in(fc2).in(fc3).in(floats(trained * 120)).in(floats(rows * 84))
                .out(new float[trained * 84]).out(new float[trained * 120]).out(new float[trained * 400]).value(trained).value(classes)
                .check();
        }
        KernelParity.of("lenet_convolutions_backward", Launch.rows(trained)).in(x).in(floats(trained * 1176)).in(choices(trained * 1176))
            .in(choices(trained * 400)).in(floats(trained * 400)).in(floats(2400)).out(new float[trained * 2572]).check();
    }

    @Test
    void lenetUpdates() {
        int classes = 10;
        int[] sizes = {150, 6, 2400, 16, 48000, 120, 10080, 84, classes * 84, classes};
        int all = Arrays.stream(sizes).map(size -> (size + 15) / 16 * 16).sum();
        for (int images : new int[] {5, 37}) {
            List<float[]> from = IntStream.of(2572, 400, 120, 120, 84, 84, classes).mapToObj(size -> floats(images * size)).toList();
            float[] theta = floats(all);
            float[] mean = floats(all);
            float[] square = positive(all);
            for (int halted = 0; halted < 2; halted++) {
                int broken = halted;
                for (String kernel : List.of("lenet_gradients", "lenet_sgd", "lenet_adam")) {
                    KernelParity.check(1e-5, device -> {
                        Buffer gradients = device.floats(new float[all]);
                        Buffer moved = device.floats(theta);
                        Buffer m = device.floats(mean);
                        Buffer v = device.floats(square);
                        List<Object> arguments = new ArrayList<>();
                        from.forEach(values -> arguments.add(device.floats(values)));
                        int at = 0;
                        for (int size : sizes) {
                            arguments.add(gradients.slice(at, size));
                            at += (size + 15) / 16 * 16;
                        }
                        arguments.addAll(List.of(images, classes));
                        Buffer rate = device.floats(0.01f);
                        if (kernel.equals("lenet_sgd")) {
                            arguments.addAll(List.of(moved, gradients, m, rate, device.ints(broken), 0.9f, images % 2, 1e-4f));
                        } else if (kernel.equals("lenet_adam")) {
                            Buffer step = device.allocate(ElementType.INT64, 1);
                            step.upload(new long[] {9});
                            arguments.addAll(List.of(moved, gradients, m, v, rate, step, device.ints(broken), 0.9, 0.999, 1e-8f, 1e-4f));
                        }
                        device.launch(kernel, Launch.rows(81 + 4 + 3 + 1 + 120 + 21 + 3), arguments.toArray());
                        return List.of(gradients.toFloats(), moved.toFloats(), m.toFloats(), v.toFloats());
                    });
                }
            }
        }
    }

    @Test
    void losses() {
        int rows = 130;
        int classes = 10;
        int[] labels = below(rows, classes);
        elements("cross_entropy_forward", rows).in(floats(rows * classes)).in(labels).out(new float[rows]).out(new int[rows])
            .out(new float[rows * classes]).value(rows).value(classes).check();
        elements("cross_entropy", rows).in(floats(rows * classes)).in(labels).in(positive(90)).out(new float[rows]).out(new int[rows])
            .out(new float[90 * classes]).value(rows).value(90).value(classes).value(0.5f).check();
        elements("cross_entropy_backward", rows * classes).in(positive(rows * classes)).in(labels).in(positive(rows))
            .out(new float[rows * classes]).value(rows).value(classes).value(0.5f).check();
    }

    @Test
    void metrics() {
        int n = 300;
        float[] broken = positive(n);
        broken[222] = Float.NaN;
        int[] status = new int[40];
        double[] outcomes = new double[4 * status.length];
        outcomes[4 * 39 + 2] = -1;
        for (float[] losses : List.of(positive(n), broken)) {
            stepMetrics(losses, null, null);
            stepMetrics(losses, new int[] {0}, null);
            stepMetrics(losses, status, outcomes);
        }
        KernelParity.of("count_correct", Launch.block()).in(below(n, 2)).out(new int[] {5}).in(new long[] {1}).value(n).value(450).check();
        elements("store_row", n).in(floats(n)).out(new float[3 * n]).in(new long[] {1}).value(n).check();
    }

    private void stepMetrics(float[] losses, int[] status, double[] outcomes) {
        int n = losses.length;
        KernelParity.of("step_metrics", Launch.block()).in(losses).in(positive(n)).out(new float[15]).in(new long[] {4}).out(new int[1])
            .in(status).in(outcomes).out(new int[3]).value(status == null ? 0 : status.length).value(n).value(3).value(0.25f).in(null)
            .value(1).value(1).check();
    }

    @Test
    void theFirstEstimationThatFailedIsKept() {
        int[] status = new int[40];
        status[3] = 1;
        double[] outcomes = new double[4 * status.length];
        outcomes[4 * 3 + 2] = -1;      // of a degenerate segment, which says nothing
        assertThat(failed(null, null, 0, 0, 0)).containsExactly(0, 0, 0);
        assertThat(failed(status, null, 0, 0, 0)).containsExactly(0, 0, 0);
        assertThat(failed(status, outcomes, 0, 0, 0)).containsExactly(0, 0, 0);
        outcomes[4 * 39 + 2] = -1;
        assertThat(failed(status, outcomes, 0, 0, 0)).containsExactly(5, 39, 0);
        assertThat(failed(status, outcomes, 2, 7, 2)).as("an earlier step's").containsExactly(2, 7, 2);
        status[35] = 2;
        assertThat(failed(status, outcomes, 0, 0, 0)).containsExactly(5, 35, 2);
        assertThat(failed(status, null, 0, 0, 0)).containsExactly(5, 35, 2);
    }

    /** After step 4. */
    private static int[] failed(int[] status, double[] outcomes, int... before) {
        int n = 30;
        int segments = status == null ? 0 : status.length;
        try (Device device = DeviceMatrix.open(); Buffer x = device.floats(new float[n]); Buffer rows = device.floats(new float[15]);
             Buffer step = device.allocate(ElementType.INT64, 1); Buffer halted = device.ints(0);
             Buffer statuses = status == null ? null : device.ints(status); Buffer kept = device.ints(before);
             Buffer solved = outcomes == null ? null : device.allocate(ElementType.FLOAT64, outcomes.length)) {
            step.upload(new long[] {4});
            if (solved != null) {
                solved.upload(outcomes);
            }
            device.launch("step_metrics", Launch.block(), x, x, rows, step, halted, statuses, solved, kept, segments, n, 3, 0.25f,
                null, 1, 1);
            return kept.toInts();
        }
    }

    @Test
    void optimizers() {
        int n = 600;
        for (int halted = 0; halted < 2; halted++) {
            for (int nesterov = 0; nesterov < 2; nesterov++) {
                elements("sgd", n).out(floats(n)).in(floats(n)).out(floats(n)).in(new float[] {0.1f}).in(new int[] {halted})
                    .value(0.9f).value(nesterov).value(1e-4f).value(n).check();
            }
            elements("sgd", n).out(floats(n)).in(floats(n)).in(null).in(new float[] {0.1f}).in(new int[] {halted})
                .value(0f).value(0).value(1e-4f).value(n).check();
            elements("adam", n).out(floats(n)).in(floats(n)).out(floats(n)).out(positive(n)).in(new float[] {0.01f}).in(new long[] {9})
                .in(new int[] {halted}).value(0.9).value(0.999).value(1e-8f).value(1e-4f).value(n).check();
        }
    }

    @Test
    void decay() {
        KernelParity.of("decay_spans", Launch.rows(2)).in(floats(600)).out(floats(600)).in(new int[] {32, 301, 400, 7}).value(0.1f).check();
        for (int halted = 0; halted < 2; halted++) {
            elements("put_back", 600).out(floats(600)).in(floats(600)).out(new long[] {3, 4}).in(new long[] {1, 2}).in(new int[] {halted})
                .value(600).value(2).check();
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
    void overlappingWindows() {
        int planes = 5;
        elements("window_max_forward", planes * 4 * 4).in(floats(planes * 7 * 8)).out(new float[planes * 16]).out(new byte[planes * 16])
            .value(planes).value(7).value(8).value(3).value(2).value(1).check();
        byte[] choice = new byte[planes * 16];
        for (int i = 0; i < choice.length; i++) {
            choice[i] = (byte) random.nextInt(9);
        }
        elements("window_max_backward", planes * 56).in(floats(planes * 16)).in(choice).out(new float[planes * 56])
            .value(planes).value(7).value(8).value(3).value(2).value(1).check();
        KernelParity.of("mean_pool_forward", Launch.rows(planes)).in(floats(planes * 300)).out(new float[planes]).value(300).check();
        KernelParity.of("mean_pool_backward", Launch.rows(planes)).in(floats(planes)).out(new float[planes * 300]).value(300).check();
        KernelParity.of("shortcut_forward", Launch.rows(3 * 10)).in(floats(3 * 6 * 63)).out(new float[3 * 10 * 20]).value(6).value(7)
            .value(9).value(10).value(2).check();
        KernelParity.of("shortcut_backward", Launch.rows(3 * 6)).in(floats(3 * 10 * 20)).out(new float[3 * 6 * 63]).value(6).value(7)
            .value(9).value(10).value(2).check();
    }

    @Test
    void batchNorm() {
        int rows = 3;
        int channels = 4;
        int pixels = 130;
        int size = rows * channels * pixels;
        KernelParity.of("batch_norm_statistics", Launch.rows(channels)).in(floats(size)).out(new float[channels]).out(new float[channels])
            .out(floats(channels)).out(positive(channels)).out(new long[] {41}).value(rows).value(channels).value(pixels).value(0.1f)
            .check();
        for (int relu = 0; relu < 2; relu++) {
            KernelParity.of("batch_norm_forward", Launch.rows(rows * channels)).in(floats(size)).in(floats(channels))
                .in(positive(channels)).in(floats(channels)).in(floats(channels)).out(new float[size]).value(channels).value(pixels)
                .value(1e-5f).value(relu).check();
            float[] y = relu == 0 ? null : floats(size);
            KernelParity.of("batch_norm_sums", Launch.rows(channels)).in(floats(size)).in(y).in(floats(size)).in(floats(channels))
                .in(positive(channels)).out(new float[channels]).out(new float[channels]).value(rows).value(channels).value(pixels)
                .value(1e-5f).check();
            KernelParity.of("batch_norm_backward", Launch.rows(rows * channels)).in(floats(size)).in(y).in(floats(size))
                .in(floats(channels)).in(positive(channels)).in(floats(channels)).in(floats(channels)).in(floats(channels))
                .out(new float[size]).value(rows).value(channels).value(pixels).value(1e-5f).check();
            KernelParity.of("fold_batch_norm", Launch.rows(channels)).in(floats(channels * 75)).in(relu == 0 ? null : floats(channels))
                .in(floats(channels)).in(positive(channels)).in(floats(channels)).in(floats(channels)).out(new float[channels * 75])
                .out(new float[channels]).value(75).value(1e-5f).check();
        }
    }

    @Test
    void partialSums() {
        for (String kernel : new String[] {"sum_partials", "sum_many_partials"}) {
            Launch launch = kernel.equals("sum_partials") ? Launch.elements(41) : Launch.rows(3);
            KernelParity.of(kernel, launch).in(floats(70 * 41)).out(new float[35]).out(new float[6]).value(70).value(35).value(6).check();
            KernelParity.of(kernel, launch).in(floats(6 * 41)).out(new float[35]).in(null).value(6).value(35).value(6).check();
        }
    }

    @Test
    void bandwidths() {
        int n = 70;
        int m = 31;
        float[] z = positive(n);
        float[] validation = positive(m);
        KernelParity.of("rank_sort", Launch.rows(n)).in(z).in(validation).out(new float[n]).value(n).value(0).check();
        KernelParity.of("rank_sort", Launch.rows(n + m)).in(z).in(validation).out(new float[n + m]).value(n).value(m).check();
        float[] broken = z.clone();
        broken[3] = broken[44] = Float.NaN;
        broken[20] = Float.POSITIVE_INFINITY;
        KernelParity.of("rank_sort", Launch.rows(n + m)).in(broken).in(validation).out(new float[n + m]).value(n).value(m).check();
        float[] sorted = z.clone();
        Arrays.sort(sorted);
        for (long statistic : new long[] {0, 24, 1207, n * (n - 1) / 2 - 1}) {
            for (int kind = 0; kind < 2; kind++) {
                KernelParity.of("bandwidth_sorted", Launch.block()).in(sorted).in(z).in(validation).out(new double[1]).out(new int[1])
                    .value(n)
                    .value(kind).value(statistic).value(statistic == 24 ? 0.25 : 0.0).value(n).value(m).within(1e-12).check();
            }
        }
        KernelParity.of("bandwidth_given", Launch.block()).in(z).in(validation).out(new double[1]).out(new int[1]).value(0.7).value(n)
            .value(m)
            .value(1).check();
        KernelParity.of("bandwidth_given", Launch.block()).in(new float[n]).in(validation).out(new double[1]).out(new int[1]).value(0.7)
            .value(n)
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
            KernelParity.of("bandwidth_radix", Launch.block()).in(histograms).in(new int[] {0x41000001, -1, 0x40800000, -1}).in(z)
                .in(validation)
                .out(new long[] {500, 700}).out(new double[1]).out(new int[1]).value(blocks).value(pass).value(pass == 0 ? 11 : 10).value(0)
                .value(900L).value(0.25).value(n * d).value(m * d).value(d).within(1e-12).check();
        }
    }

    /**
     * A batch and its segments: the whole of it, or six classes, of which the first has no validation row and the last no row at all.
     *
     * @param segments S
     * @param status   int32 {@code [S]}
     */
    private record Rows(int n, int m, int segments, int[] of, int[] table, int[] status, int[] order) {
        int all() {
            return n + m;
        }

        int[] ofValidation() {
            return of == null ? null : Arrays.copyOfRange(of, n, n + m);
        }

        double[] gamma(Random random) {
            return random.doubles(segments, 0.05, 2).toArray();
        }
    }

    private List<Rows> batches(int n, int m) {
        int[] labels = below(n, 5);
        int[] validationLabels = Arrays.stream(below(m, 4)).map(c -> c + 1).toArray();
        Arrays.sort(labels);
        Arrays.sort(validationLabels);
        int classes = 6;
        int[] table = new int[4 * classes];
        for (int c = 0; c < classes; c++) {
            int own = c;
            table[4 * c] = (int) Arrays.stream(labels).filter(x -> x < own).count();
            table[4 * c + 1] = (int) Arrays.stream(labels).filter(x -> x == own).count();
            table[4 * c + 2] = (int) Arrays.stream(validationLabels).filter(x -> x < own).count();
            table[4 * c + 3] = (int) Arrays.stream(validationLabels).filter(x -> x == own).count();
        }
        int[] of = Arrays.copyOf(labels, n + m);
        System.arraycopy(validationLabels, 0, of, n, m);
        int[] order = new Random(3).ints(0, n).distinct().limit(n).toArray();
        int[] whole = {0, n, 0, m};
        return List.of(new Rows(n, m, 1, null, whole, new int[] {0}, null), new Rows(n, m, 1, null, whole, new int[] {1}, null),
            new Rows(n, m, classes, of, table, new int[] {1, 0, 0, 0, 0, 1}, order));
    }

    @Test
    void segments() {
        int n = 41;
        int m = 29;
        int d = 3;
        int[] labels = below(n, 5);
        int[] validationLabels = below(m, 4);
        elements("gather_labels", n).in(labels).in(below(n, n)).out(new int[n]).value(n).check();
        KernelParity.of("segment_table", Launch.rows(6)).in(labels).in(validationLabels).out(new int[4 * 6]).value(n).value(m).check();
        KernelParity.of("segment_order", Launch.rows(n)).in(labels).out(new int[n]).out(new int[n]).value(n).check();
        KernelParity.of("segment_rows", Launch.rows(n)).in(floats(n * d)).in(below(n, n)).out(new float[n * d]).value(d).check();
        Rows rows = batches(n, m).get(2);
        int all = rows.all();
        float[] points = floats(all * d);
        KernelParity.of("segment_distances", Launch.rows(all)).in(points).in(rows.of()).in(rows.table()).out(new float[all * all]).value(n)
            .value(m)
            .value(d).check();
        float[] distances = new float[all * all];
        for (int i = 0; i < all; i++) {
            for (int j = 0; j < all; j++) {
                distances[i * all + j] = 0.1f + (17 * i + 31 * j) % 23 * 0.3f;
            }
        }
        for (int known : new int[] {0, 20, all}) {
            for (int rule = 0; rule < 3; rule++) {
                KernelParity.of("segment_bandwidth", Launch.rows(6)).in(distances).in(points).in(rows.table()).out(new double[6])
                    .out(new int[6])
                    .value(rule == 0 ? 1 : 0).value(rule == 1 ? 1 : 0).value(new double[] {0.8, 0.5, 0.21}[rule]).value(known).value(n)
                    .value(m).value(d)
                    .within(known == all ? 1e-12 : 1e-6).check();
            }
        }
    }

    @Test
    void kernelMatrices() {
        for (Rows rows : batches(43, 270)) {
            int n = rows.n();
            int m = rows.m();
            long stride = rows.all();
            double[] gamma = rows.gamma(random);
            for (int d : new int[] {1, 3, 4, 9}) {
                float[] columns = floats(rows.all() * d);
                float[] validationColumns = Arrays.copyOfRange(columns, n, columns.length);
                for (int known : new int[] {0, 17, rows.all()}) {
                    float[] distances = positive(Math.max(1, known * rows.all()));
                    KernelParity.of("gram_rows", Launch.rows(n)).in(columns).in(validationColumns).in(rows.of()).in(rows.table()).in(gamma)
                        .in(rows.status()).in(distances).in(floats(n)).out(new float[n * n]).out(new float[n]).out(new float[n])
                        .out(new float[n])
                        .value(stride).value(n).value(d).value(known).value(1e-5f).check();
                    KernelParity.of("gaussian_rows", Launch.rows(n)).in(columns).in(validationColumns).in(rows.of()).in(rows.table())
                        .in(gamma)
                        .in(rows.status()).in(distances).out(new float[n * m]).out(new float[n]).value(stride).value(n).value(m).value(d)
                        .value(Math.min(known, n)).value(0).check();
                }
                KernelParity.of("gaussian_rows", Launch.rows(m)).in(validationColumns).in(columns).in(rows.ofValidation()).in(rows.table())
                    .in(gamma)
                    .in(rows.status()).in(new float[1]).out(new float[m * n]).out(new float[m]).value(stride).value(n).value(n).value(d)
                    .value(0)
                    .value(1).check();
                for (int first : new int[] {0, 9}) {
                    KernelParity.of("gaussian_product", Launch.rows((n - first + 7) / 8)).in(columns).in(validationColumns).in(rows.of())
                        .in(rows.table()).in(gamma).in(rows.status()).in(positive(m)).out(new float[n]).value(stride).value(first).value(n)
                        .value(d).value(0f).value(1).value(0).check();
                    KernelParity.of("gaussian_product", Launch.rows((n - first + 7) / 8)).in(columns).in(columns).in(rows.of())
                        .in(rows.table()).in(gamma).in(rows.status()).in(first == 0 ? null : positive(n)).out(new float[n]).value(stride)
                        .value(first).value(n).value(d).value(0.25f).value(0).value(1).check();
                }
                KernelParity.of("gaussian_product_f64", Launch.rows((n + 7) / 8)).in(columns).in(validationColumns).in(gamma)
                    .in(random.doubles(m, -1, 3).toArray()).out(new double[n]).value(stride).value(n).value(m).value(d).within(1e-12)
                    .check();
            }
            KernelParity.of("matrix_product", Launch.rows(n)).in(positive(n * m)).in(positive(m)).in(rows.of()).in(rows.table())
                .out(new float[n])
                .value(m).value(0).check();
            KernelParity.of("matrix_product", Launch.rows(n)).in(positive(n * n)).in(positive(n)).in(rows.of()).in(rows.table())
                .out(new float[n])
                .value(n).value(1).check();
            KernelParity.of("matrix_product", Launch.rows(n)).in(positive(n * m)).in(positive(m)).in(null).in(null).out(new float[n])
                .value(m).value(1)
                .check();
        }
    }

    @Test
    void ratios() {
        int n = 43;
        int m = 19;
        for (int columns : new int[] {5, 23, 262}) {
            for (int d : new int[] {1, 3, 9}) {
                KernelParity.of("gaussian_features", Launch.rows(n)).in(floats(n * d)).in(floats(columns * d)).out(new float[n * columns])
                    .value(columns).value(d).value(0.4f).check();
            }
            int panels = (columns + 255) / 256;
            int[] chosen = below(columns - 1, columns);
            KernelParity.of("feature_products", Launch.rows(n)).in(floats(n * columns)).in(doubles(columns)).out(new double[n])
                .value(columns).within(1e-12).check();
            for (double[] u : new double[][] {null, doubles(n)}) {
                int parts = 4;
                KernelParity.of("feature_sums", Launch.rows(parts * panels)).in(floats(n * columns)).in(u).out(new double[parts * columns])
                    .value(columns).value(2).value(n - 1).value(11).within(1e-12).check();
                KernelParity.of("feature_moments", Launch.rows(parts * ((columns + 7) / 8) * panels)).in(floats(n * columns)).in(u).in(null)
                    .out(new double[parts * columns * columns]).value(columns).value(columns).value(2).value(n - 1).value(11).within(1e-12)
                    .check();
                int count = chosen.length;
                KernelParity.of("feature_moments", Launch.rows(parts * ((count + 7) / 8) * ((count + 255) / 256))).in(floats(n * columns))
                    .in(u).in(chosen).out(new double[parts * count * count]).value(columns).value(count).value(2).value(n - 1).value(11)
                    .within(1e-12).check();
            }
            KernelParity.of("sum_of_parts", Launch.rows(panels)).in(doubles(3 * columns)).out(new double[columns]).value(3).value(columns)
                .within(1e-12).check();
            KernelParity.of("moments_of_parts", Launch.rows(columns)).in(doubles(3 * columns * columns)).out(new double[columns * columns])
                .value(3).value(columns).within(1e-12).check();
            int width = columns + 3;
            KernelParity.of("feature_transform", Launch.rows((m + 7) / 8 * ((width + 255) / 256))).in(floats(n * columns))
                .in(doubles(columns * width)).out(new double[m * width]).value(n - m).value(m).value(columns).value(width).within(1e-12)
                .check();
            KernelParity.of("leave_one_out", Launch.rows(m)).in(positive(n * columns)).in(positive(m * columns)).in(doubles(m * columns))
                .in(doubles(m * columns)).in(doubles(columns)).out(new double[m]).value(columns).value(n).value(m).within(1e-12).check();
        }
    }

    private double[] doubles(int n) {
        return random.doubles(n, -1, 3).toArray();
    }

    @Test
    void memory() {
        for (Rows rows : batches(61, 47)) {
            int n = rows.n();
            int[] index = below(n, 100);
            float[] memory = positive(100);
            float[] ratios = floats(n);
            elements("recall_state", n).in(memory).in(index).in(rows.order()).in(rows.of()).in(rows.status()).out(new float[n])
                .out(new float[n])
                .value(n).value(0.4f).check();
            elements("store_state", n).out(memory).in(index).in(rows.order()).in(rows.of()).in(rows.status()).in(positive(n)).value(n)
                .check();
            elements("store_state", n).out(memory).in(index).in(rows.order()).in(null).in(null).in(positive(n)).value(n).check();
            elements("known_rows", n).in(new Random(6).ints(n, -3, 103).toArray()).out(new int[n]).out(floats(2 * n)).value(n).value(2)
                .value(100).check();
            for (float worst : new float[] {1, Float.NaN, Float.NEGATIVE_INFINITY}) {
                float[] state = positive(rows.m());
                state[20] = worst;
                KernelParity.of("refuse_broken", Launch.blocks(rows.segments())).in(state).in(ratios).in(rows.table()).out(rows.status())
                    .value(1).check();
                KernelParity.of("refuse_broken", Launch.blocks(rows.segments())).in(positive(n)).in(ratios).in(rows.table())
                    .out(rows.status()).value(0).check();
            }
            KernelParity.of("mean_scale", Launch.block()).in(ratios).in(rows.order()).in(rows.of()).in(rows.table()).in(rows.status())
                .in(index)
                .in(memory).out(new float[1]).value(n).value(rows.m()).value(1.5f).check();
            // Of a sample that stands twice, who reads first would decide.
            int[] different = new Random(5).ints(0, 100).distinct().limit(n).toArray();
            for (int keep = 0; keep < 2; keep++) {
                elements("weights_of_ratios", n).in(ratios).in(rows.order()).in(rows.of()).in(rows.table()).in(rows.status())
                    .in(keep == 0 ? null : new float[] {0.8f}).in(different).out(memory).out(new float[n]).value(n).value(rows.m())
                    .value(1.5f)
                    .value(keep).check();
            }
        }
    }

    @Test
    void divergences() {
        for (Rows rows : batches(61, 47)) {
            int n = rows.n();
            int m = rows.m();
            int segments = rows.segments();
            for (int mode = 0; mode < 3; mode++) {
                elements("reciprocal", m).in(positive(m)).out(new float[m]).in(rows.ofValidation()).in(rows.table()).value(m).value(mode)
                    .check();
            }
            float[] alpha = positive(m);
            alpha[3] = alpha[40] = -1;
            for (float[] start : new float[][] {alpha, new float[m]}) {
                KernelParity.of("kl_begin", Launch.blocks(segments)).in(positive(m)).in(rows.table()).in(rows.status()).out(new float[m])
                    .out(start).value(0.02f).check();
            }
            elements("kl_update", m).in(positive(m)).in(positive(m)).in(rows.ofValidation()).in(rows.status()).out(positive(m)).value(m)
                .check();
            KernelParity.of("ls_begin", Launch.blocks(segments)).in(positive(m)).in(rows.table()).in(rows.status()).out(alpha)
                .out(new float[m])
                .out(new float[segments]).value(0.1f).value(1f).check();
            KernelParity.of("ls_update", Launch.blocks(segments)).in(positive(m)).in(positive(m)).in(positive(segments)).in(rows.table())
                .in(rows.status()).out(positive(m)).out(positive(m)).value(0.1f).value(0.5f).check();
            KernelParity.of("direct_scale", Launch.blocks(segments)).in(positive(n)).in(rows.table()).in(rows.status()).out(new float[n])
                .out(positive(n)).value(2.0).check();
            KernelParity.of("smooth_step", Launch.blocks(segments)).in(positive(n)).in(rows.table()).in(rows.status()).out(new float[n])
                .out(positive(n)).out(positive(n)).value(0.5f).value(0.3f).value(2.0).check();
        }
    }

    @Test
    void wasserstein() {
        int slices = 3;
        KernelParity.of("slice_directions", Launch.rows(slices)).out(new float[slices]).in(new long[] {5}).value(1).value(7L).check();
        KernelParity.of("slice_directions", Launch.rows(slices)).out(new float[slices * 20]).in(new long[] {5}).value(20).value(7L).check();
        for (Rows rows : batches(61, 47)) {
            int n = rows.n();
            int m = rows.m();
            int count = rows.all();
            int segments = rows.segments();
            elements("slice_project", slices * count).in(floats(slices * 4)).in(floats(n * 4)).in(floats(m * 4)).in(rows.of())
                .in(rows.table())
                .out(new float[slices * count]).value(slices).value(n).value(m).value(4).check();
            float[] x = floats(slices * count);
            x[7] = x[8] = x[50];
            x[9] = x[60] = Float.NaN;
            x[61] = Float.NEGATIVE_INFINITY;
            KernelParity.of("rank_pool", Launch.rows(slices * count)).in(x).in(rows.of()).in(rows.table()).out(new int[slices * count])
                .out(new float[slices * count]).value(n).value(m).check();
            KernelParity.of("sort_pool", Launch.rows(slices * segments)).in(x).in(rows.table()).out(new long[slices * 2 * count])
                .out(new int[slices * count]).out(new float[slices * count]).value(segments).value(n).value(m).check();
            float[] sorted = new float[slices * count];
            int[] order = new int[slices * count];
            for (int s = 0; s < slices; s++) {
                for (int c = 0; c < segments; c++) {
                    int first = s * count + rows.table()[4 * c] + rows.table()[4 * c + 2];
                    int own = rows.table()[4 * c + 1] + rows.table()[4 * c + 3];
                    float[] values = positive(own);
                    Arrays.sort(values);
                    System.arraycopy(values, 0, sorted, first, own);
                    if (own > 0) {
                        System.arraycopy(random.ints(0, own).distinct().limit(own).toArray(), 0, order, first, own);
                    }
                }
            }
            KernelParity.of("w1_begin", Launch.blocks(segments)).in(floats(n * 2)).in(floats(m * 2)).in(rows.table()).in(rows.status())
                .out(positive(n)).out(new double[4 * segments]).value(2).value(0.1f).value(3.0).check();
            for (int[] status : new int[][] {rows.status(), null}) {
                KernelParity.of("w1_potential", Launch.rows(slices * segments)).in(order).in(sorted).in(positive(n)).in(rows.table())
                    .in(status)
                    .out(new double[slices * segments]).out(new float[slices * n]).value(segments).value(n).value(m).check();
            }
            for (int move = 0; move < 2; move++) {
                KernelParity.of("w1_step", Launch.blocks(segments)).in(random.doubles(slices * segments, 0.1, 2).toArray())
                    .in(floats(slices * n))
                    .in(rows.table()).in(rows.status()).out(positive(n)).out(positive(n)).out(new float[n])
                    .out(random.doubles(4 * segments, 0, 2).toArray()).out(new long[] {4}).value(slices).value(segments).value(n).value(3.0)
                    .value(0.02).value(move).value(1 - move).check();
            }
        }
    }

    @Test
    void projections() {
        for (int n : new int[] {1, 5, 200}) {
            float[] v = floats(n);
            KernelParity.of("project_band", Launch.block()).in(v).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n)
                .check();
            float[] far = v.clone();
            Arrays.fill(far, 3e20f);
            KernelParity.of("project_band", Launch.block()).in(far).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n)
                .check();
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
            KernelParity.of("project_band", Launch.block()).in(v).out(new float[n]).value(n).value(50.0).value(0.6 * n).value(1.4 * n)
                .check();
            KernelParity.of("project_weighted_simplex", Launch.block()).in(v).in(b).out(new float[n]).value(n).value(2.0).check();
        }
    }

    @Test
    void meanMatching() {
        for (Rows rows : batches(61, 47)) {
            int n = rows.n();
            for (int exact = 0; exact < 2; exact++) {
                KernelParity.of("kmm_step", Launch.blocks(rows.segments())).in(positive(n)).in(positive(n)).in(positive(n)).in(rows.table())
                    .in(rows.status()).out(new float[n]).out(positive(n)).out(positive(n))
                    .value(1f).value(0.5f).value(0.05f).value(3.0).value(exact).check();
            }
        }
        int n = 61;
        KernelParity.of("kmm_residual", Launch.block()).in(random.doubles(n, -1, 3).toArray()).in(random.doubles(n, 0, 2).toArray())
            .out(new double[1]).value(n).value(50.0).value(0.9 * n).value(1.1 * n).within(1e-12).check();
    }

    @Test
    void estimationsOfSmallBatches() {
        for (int size : new int[] {21, 150}) {
            int n = size;
            int m = size / 2 + 3;
            for (int rule = 0; rule < 3; rule++) {
                estimation("km_estimation", n, m, rule).value(1f).value(0.4f).value(0.02f).value(1e-5f).check();
                estimation("kl_estimation", n, m, rule).in(below(m, m)).out(positive(m)).out(new float[n]).value(0.02f).check();
                estimation("ls_estimation", n, m, rule).in(below(m, m)).out(positive(m)).out(new float[n]).value(1f).value(0.4f)
                    .value(0.1f).check();
                estimation("kl_direct_estimation", n, m, rule).value(0.5f).check();
                estimation("ls_direct_estimation", n, m, rule).value(0.5f).value(0.4f).check();
                estimation("w1_estimation", n, m, rule).out(positive(n)).out(new float[n]).out(new double[4]).value(0.1f).check();
            }
        }
    }

    @Test
    void estimationsOfSmallBatchesByClusters() {
        StandInControl.withClusters(() -> {
            for (int n : new int[] {21, 256}) {
                int m = n / 2 + 3;
                for (int rule = n == 21 ? 0 : 1; rule < 3; rule++) {
                    estimation("km_estimation_cluster", Launch.tiles(4, 1, 1), n, m, rule).value(1f).value(0.4f).value(0.02f).value(1e-5f)
                        .check();
                    estimation("kl_estimation_cluster", Launch.tiles(4, 1, 1), n, m, rule).in(below(m, m)).out(positive(m))
                        .out(new float[n]).value(0.02f).check();
                }
            }
        });
    }

    private KernelParity estimation(String kernel, int n, int m, int rule) {
        return estimation(kernel, Launch.block(512), n, m, rule);
    }

    /** What these kernels have in common; three steps. */
    private KernelParity estimation(String kernel, Launch shape, int n, int m, int rule) {
        return KernelParity.of(kernel, shape).in(positive(n)).in(positive(m)).in(below(n, n)).out(positive(n))
            .out(new float[Math.max(n, m)]).out(new float[n]).out(new double[1]).out(new int[1]).value(n).value(m)
            .value(rule == 0 ? 1 : 0).value(rule == 1 ? 1 : 0).value(new double[] {0.8, 0.5, 0.21}[rule]).value(3).value(2f);
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
        for (Rows rows : batches(41, 29)) {
            int n = rows.n();
            int most = 20;
            int segments = rows.segments();
            for (int d = 1; d < 3; d++) {
                float[] z = floats(n * d);
                KernelParity.of("kmm_factor", Launch.blocks(segments)).in(z).in(rows.table()).in(rows.gamma(random)).in(rows.status())
                    .out(new double[most * n]).in(new double[n]).out(new double[4 * segments]).value(d).value(most).within(1e-4).check();
                KernelParity.of("kappa_rows_f64", Launch.rows(n)).in(z).in(floats(rows.m() * d)).in(rows.of()).in(rows.table())
                    .in(rows.gamma(random)).in(rows.status()).out(new double[n]).value(d).within(1e-12).check();
            }
            int rank = 3;
            double[] factor = new double[most * n];
            double[] kappa = new double[n];
            double[] ranks = new double[4 * segments];
            for (int c = 0; c < segments; c++) {
                int first = rows.table()[4 * c];
                int count = rows.table()[4 * c + 1];
                for (int k = 0; k < Math.min(rank, count); k++) {
                    for (int i = 0; i < count; i++) {
                        factor[first * most + k * count + i] = Math.cos(0.3 * k * i) / (k + 1);
                        kappa[first + i] += factor[first * most + k * count + i] * (20 - 5 * k);
                    }
                }
                ranks[4 * c + 2] = Math.min(rank, count);
            }
            for (String solver : List.of("kmm_interior_point", "kmm_published_point")) {
                KernelParity.check(1e-7, device -> {
                    Buffer weights = device.floats(new float[n]);
                    Buffer result = doubles(device, ranks);
                    device.launch(solver, Launch.blocks(segments), doubles(device, factor), doubles(device, kappa),
                        device.ints(rows.table()), device.ints(rows.status()), doubles(device, new double[most * n]),
                        doubles(device, new double[15 * n]),
                        doubles(device, new double[n]), result, weights, 1e-5, 5.0, most, 100);
                    double[] found = new double[4 * segments];
                    result.download(found);
                    return List.of(weights.toFloats(), new double[] {found[3]});
                });
            }
        }
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
            assertThat(Arrays.stream(device.kernelNames()).filter(kernel -> !tests.contains('"' + kernel + '"') && !kernel.endsWith("_fp32")
                && !kernel.endsWith("_tf32") && !kernel.equals("mark_time"))).as("kernels without a parity check: add a line here for each")
                .isEmpty();
        }
    }
}
