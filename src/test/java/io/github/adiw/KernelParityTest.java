package io.github.adiw;

import io.github.adiw.device.Launch;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Every kernel of no fixed block, one by one: the host's result on the stand-in driver, whatever the block and the order. */
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
        elements("column_sum", 37).in(floats(37 * 61)).out(new float[37]).value(61).value(37).check();
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
}
