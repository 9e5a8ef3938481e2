package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The generator, the keyed permutation, and how batches are drawn with it. Seeds are fixed: what passes once passes always. */
class RandomNumbersTest {
    private final Device device = DeviceMatrix.open();
    private final Buffer step = device.allocate(ElementType.INT64, 1);

    @AfterEach
    void close() {
        device.close();
    }

    /** Random123, kat_vectors: philox4x32 10. */
    @Test
    void philoxGivesThePublishedWords() {
        assertThat(philox(4, new int[4], new int[2])).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(philox(4, new int[] {-1, -1, -1, -1}, new int[] {-1, -1}))
            .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertThat(philox(4, new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, new int[] {0xa4093822, 0x299f31d0}))
            .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    @Test
    void philoxCountsOnFromTheCounter() {
        int[] counter = {41, 2, 3, 4};
        int[] key = {5, 6};
        assertThat(Arrays.copyOfRange(philox(12, counter, key), 8, 12)).isEqualTo(philox(4, new int[] {43, 2, 3, 4}, key));
    }

    private int[] philox(int n, int[] counter, int[] key) {
        Buffer out = device.allocate(ElementType.INT32, n);
        device.launch("philox_words", Launch.elements(n), out, n, device.ints(counter), device.ints(key));
        return out.toInts();
    }

    /** The permutation of 0 to n - 1 of an epoch. */
    private int[] permutation(int n, long seed, long epoch) {
        step.upload(new long[] {epoch});
        try (Buffer index = device.allocate(ElementType.INT32, n)) {
            drawTraining(index, n, n, seed);
            return index.toInts();
        }
    }

    private void drawTraining(Buffer index, int n, int batch, long seed) {
        try (Buffer labels = device.allocate(ElementType.INT32, batch); Buffer given = device.ints(upTo(n))) {
            draw(index, labels, given, null, 0, n, batch, null, 2, 0, 0, seed);
            assertThat(labels.toInts()).as("each with its label").isEqualTo(index.toInts());
        }
    }

    /** A batch: training samples from a list, a way, a number of samples and a size; validation samples likewise. */
    private void draw(Buffer index, Buffer labels, Buffer given, Buffer list, int way, int count, int n, Buffer otherList, int otherWay,
                      int otherCount, int m, long seed) {
        device.launch("draw_batch", Launch.elements(Math.max(n, m)), index, labels, step, list, given, way, count, n, otherList, given,
            otherWay, otherCount, m, seed, null, 1, 1);
    }

    private static int[] sevens(int n) {
        int[] all = new int[n];
        Arrays.fill(all, 7);
        return all;
    }

    private static int[] upTo(int n) {
        int[] all = new int[n];
        Arrays.setAll(all, i -> i);
        return all;
    }

    @Test
    void permutationTakesEveryRowOnce() {
        int[] sizes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 127, 128, 129, 999, 1024, 1025, 10_000, 60_000, 65_536,
            65_537};
        for (int n : sizes) {
            for (long seed : new long[] {0, 1, -1, 0x123456789abcdefL}) {
                for (long epoch : new long[] {0, 1, 1L << 40}) {
                    int[] drawn = permutation(n, seed, epoch);
                    Arrays.sort(drawn);
                    assertThat(drawn).as("n %d, seed %d, epoch %d", n, seed, epoch).isEqualTo(upTo(n));
                }
            }
        }
    }

    /** Chi-square of (position, row): every row at every position equally often. Mean (n - 1)^2, standard deviation sqrt(2) (n - 1). */
    @Test
    void everyRowComesAtEveryPosition() {
        for (int n : new int[] {2, 3, 5, 8, 13}) {
            int rounds = 2000;
            int[][] count = new int[n][n];
            for (int epoch = 0; epoch < rounds; epoch++) {
                int[] drawn = permutation(n, 17, epoch);
                for (int i = 0; i < n; i++) {
                    count[i][drawn[i]]++;
                }
            }
            assertUniform(count, rounds / (double) n, "n = " + n);
        }
    }

    /** The same in a large permutation, rows and positions in tenths, for consecutive epochs and for consecutive seeds. */
    @Test
    void tenthsMixInLargePermutations() {
        int n = 10_000;
        int rounds = DeviceMatrix.slow() ? 5 : 40;
        for (boolean seeds : new boolean[] {false, true}) {
            int[][] count = new int[10][10];
            for (int k = 0; k < rounds; k++) {
                int[] drawn = seeds ? permutation(n, k, 3) : permutation(n, 3, k);
                for (int i = 0; i < n; i++) {
                    count[i * 10 / n][drawn[i] * 10 / n]++;
                }
            }
            assertUniform(count, rounds * n / 100.0, seeds ? "by seed" : "by epoch");
        }
    }

    private static void assertUniform(int[][] count, double expected, String what) {
        double chi = 0;
        for (int[] row : count) {
            for (int c : row) {
                chi += (c - expected) * (c - expected) / expected;
            }
        }
        double freedom = (count.length - 1.0) * (count.length - 1);
        // Not too uneven, and not too even either.
        assertThat((chi - freedom) / Math.sqrt(2 * freedom)).as("chi-square of " + what + ", in standard deviations from its mean")
            .isBetween(-3.5, 4.0);
    }

    /** Two random permutations agree at one position in the mean, with variance 1; neighbours i, i + 1 stay neighbours about once. */
    @Test
    void epochsAndSeedsHaveNothingInCommon() {
        int n = 1000;
        int rounds = DeviceMatrix.slow() ? 50 : 400;
        double agree = 0;
        double neighbours = 0;
        int[] before = permutation(n, 5, 0);
        for (int epoch = 1; epoch <= rounds; epoch++) {
            int[] drawn = permutation(n, epoch % 2 == 0 ? 5 : 6, epoch);
            for (int i = 0; i < n; i++) {
                agree += drawn[i] == before[i] ? 1 : 0;
                neighbours += i > 0 && drawn[i] == drawn[i - 1] + 1 ? 1 : 0;
            }
            before = drawn;
        }
        double fourDeviations = 4 / Math.sqrt(rounds);
        assertThat(agree / rounds).isEqualTo(1, within(fourDeviations));
        assertThat(neighbours / rounds).isEqualTo(1, within(fourDeviations));
    }

    @Test
    void anEpochTakesNoSampleTwiceAndTheNextTakesAnotherOrder() {
        int n = 103;
        int batch = 20;
        int steps = n / batch;
        int[] first = epoch(0, n, batch, steps);
        int[] second = epoch(1, n, batch, steps);
        for (int[] drawn : new int[][] {first, second}) {
            assertThat(drawn).doesNotHaveDuplicates();
            assertThat(Arrays.stream(drawn)).allMatch(i -> i >= 0 && i < n);
        }
        assertThat(second).isNotEqualTo(first);
        assertThat(epoch(0, n, batch, steps)).isEqualTo(first);
    }

    private int[] epoch(int epoch, int n, int batch, int steps) {
        Buffer index = device.allocate(ElementType.INT32, batch);
        int[] drawn = new int[steps * batch];
        for (int s = 0; s < steps; s++) {
            step.upload(new long[] {(long) epoch * steps + s});
            drawTraining(index, n, batch, 9);
            System.arraycopy(index.toInts(), 0, drawn, s * batch, batch);
        }
        return drawn;
    }

    @Test
    void validationBatchesAreDrawnFromTheirRowsWithoutReplacement() {
        int[] rows = new int[50];
        Arrays.setAll(rows, i -> 1000 + 7 * i);
        Buffer given = device.ints(rows);
        Buffer index = device.allocate(ElementType.INT32, 20);
        int[] count = new int[50];
        int rounds = 500;
        for (int s = 0; s < rounds; s++) {
            step.upload(new long[] {s});
            try (Buffer labels = device.allocate(ElementType.INT32, 20); Buffer sevens = device.ints(sevens(1400))) {
                draw(index, labels, sevens, null, 2, 0, 0, given, 1, 50, 20, 4);
                assertThat(labels.toInts()).containsOnly(7);
            }
            int[] drawn = index.toInts();
            assertThat(drawn).doesNotHaveDuplicates();
            for (int row : drawn) {
                assertThat((row - 1000) % 7).isZero();
                count[(row - 1000) / 7]++;
            }
        }
        // Each row is in a batch with probability 20 / 50.
        double deviation = Math.sqrt(rounds * 0.4 * 0.6);
        assertThat(Arrays.stream(count)).allMatch(c -> Math.abs(c - rounds * 0.4) < 4.5 * deviation);
    }

    @Test
    void orderFilesAreReadAtTheStep() {
        Buffer order = device.ints(upTo(12));
        Buffer index = device.allocate(ElementType.INT32, 6);
        step.upload(new long[] {2});
        Buffer labels = device.allocate(ElementType.INT32, 6);
        draw(index, labels, device.ints(new int[12]), order, 2, 0, 4, device.ints(0, 1, 2, 3, 5, 4), 2, 0, 2, 1);
        assertThat(index.toInts()).as("of both parts").containsExactly(8, 9, 10, 11, 5, 4);
    }

    @Test
    void evaluationTakesRowsInOrderAndTheLastOneWhereThereAreNoMore() {
        Buffer index = device.allocate(ElementType.INT32, 4);
        step.upload(new long[] {1});
        device.launch("next_rows", Launch.elements(4), index, step, 4, 6);
        assertThat(index.toInts()).containsExactly(4, 5, 5, 5);
    }

    @Test
    void gatheredPixelsAreTheBytesOver255() {
        byte[] images = new byte[3 * 256];
        for (int i = 0; i < images.length; i++) {
            images[i] = (byte) (i / 256 == 1 ? i : 255 - i);
        }
        Buffer bytes = device.allocate(ElementType.UINT8, images.length);
        bytes.upload(images);
        Buffer index = device.ints(1, 2);
        Buffer out = device.allocate(ElementType.FLOAT32, 512);
        device.launch("gather_images", Launch.rows(2), bytes, index, out, 256, 256, null, null);
        float[] pixels = out.toFloats();
        for (int i = 0; i < 256; i++) {
            assertThat(pixels[i]).isEqualTo(i / 255f, within(1e-7f));
            assertThat(pixels[256 + i]).isEqualTo((255 - i) / 255f, within(1e-7f));
        }
        Buffer labels = device.allocate(ElementType.INT32, 2);
        device.launch("gather_labels", Launch.elements(2), device.ints(7, 8, 9), index, labels, 2);
        assertThat(labels.toInts()).containsExactly(8, 9);
    }
}
