package io.github.adiw.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.UsageException;
import io.github.adiw.data.Shift.Samples;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShiftTest {
    private static final int CLASSES = 10;

    private static Samples samples(int n, int height, int width, int clean) {
        byte[] images = new byte[n * height * width];
        new Random(3).nextBytes(images);
        int[] labels = IntStream.range(0, n).map(i -> i % CLASSES).toArray();
        boolean[] marked = new boolean[n];
        Arrays.fill(marked, 0, clean, true);
        return new Samples(IntStream.range(0, n).toArray(), new ImageSet(images, labels, 1, height, width), marked);
    }

    private static byte[] images(Samples samples) {
        return ((ImageSet) samples.data()).images();
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "symmetric:0.4", "symmetric:0", "pair:0.3", "class-prior:0.2:100", "class-prior:0.5:12.5",
        "features:rotate:-30", "features:brightness:0.25"})
    void writesWhatItReads(String text) {
        assertThat(Shift.parse(text).specification()).isEqualTo(text);
        assertThat(Shift.parse(" " + text + " ")).isEqualTo(Shift.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "symmetric", "symmetric:", "symmetric:1", "symmetric:-0.1", "symmetric:nan", "symmetric:0.4:1",
        "symmetric:0.4f", "Symmetric:0.4", "pair:1.5", "pair:1e999", "none:0", "uniform:0.4", "class-prior:0.2", "class-prior:0:10",
        "class-prior:1:10", "class-prior:0.2:0.5", "class-prior:0.2:1e999", "features:rotate", "features:rotate:x",
        "features:rotate:1e999", "features:brightness:-1", "features:shear:1", "symmetric:0.4,pair:0.3"})
    void refusesWhatItDoesNotKnowAndListsWhatItDoes(String text) {
        assertThatThrownBy(() -> Shift.parse(text)).isInstanceOf(UsageException.class)
            .hasMessageContaining("known: none, symmetric:R and pair:R (0 <= R < 1)");
    }

    @ParameterizedTest
    @CsvSource({"0.4, 1", "0.1, 2", "0.9, 3"})
    void symmetricNoiseMovesEachLabelToEachOtherClassAlike(double rate, long seed) {
        int n = 200_000;
        Samples before = samples(n, 1, 1, 0);
        int[] after = new LabelNoise(LabelNoise.Kind.SYMMETRIC, rate).apply(before, CLASSES, seed).data().labels();
        int[][] moved = new int[CLASSES][CLASSES];
        for (int i = 0; i < n; i++) {
            moved[before.data().labels()[i]][after[i]]++;
        }
        for (int from = 0; from < CLASSES; from++) {
            for (int to = 0; to < CLASSES; to++) {
                double p = from == to ? 1 - rate : rate / (CLASSES - 1);
                double deviation = Math.sqrt(p * (1 - p) * n / CLASSES);
                assertThat((double) moved[from][to]).as("%d to %d", from, to).isCloseTo(p * n / CLASSES, within(5 * deviation));
            }
        }
    }

    @Test
    void pairNoiseMovesToTheNextClass() {
        int n = 100_000;
        Samples before = samples(n, 1, 1, 0);
        int[] after = Shift.parse("pair:0.3").apply(before, CLASSES, 5).data().labels();
        int moved = 0;
        for (int i = 0; i < n; i++) {
            int label = before.data().labels()[i];
            assertThat(after[i]).isIn(label, (label + 1) % CLASSES);
            moved += after[i] != label ? 1 : 0;
        }
        assertThat((double) moved / n).isCloseTo(0.3, within(5 * Math.sqrt(0.21 / n)));
    }

    @Test
    void noiseDependsOnSeedAndRowAlone() {
        LabelNoise noise = new LabelNoise(LabelNoise.Kind.SYMMETRIC, 0.4);
        Samples all = samples(1000, 2, 2, 0);
        int[] whole = noise.apply(all, CLASSES, 7).data().labels();
        assertThat(noise.apply(all, CLASSES, 7).data().labels()).isEqualTo(whole);
        assertThat(noise.apply(all, CLASSES, 8).data().labels()).isNotEqualTo(whole);
        assertThat(all.data().labels()).isEqualTo(samples(1000, 2, 2, 0).data().labels());
        int[] rows = IntStream.range(0, 1000).filter(i -> i % 7 == 3 || i > 990).toArray();
        Samples some = new Samples(rows, all.data().gather(rows), new boolean[rows.length]);
        assertThat(noise.apply(some, CLASSES, 7).data().labels()).isEqualTo(Arrays.stream(rows).map(r -> whole[r]).toArray());
        int[] more = new LabelNoise(LabelNoise.Kind.SYMMETRIC, 0.6).apply(all, CLASSES, 7).data().labels();
        for (int i = 0; i < 1000; i++) {
            assertThat(whole[i] == i % CLASSES || more[i] != i % CLASSES).isTrue();
        }
    }

    @Test
    void noiseLeavesCleanSamplesAlone() {
        int[] after = Shift.parse("symmetric:0.9").apply(samples(1000, 1, 1, 500), CLASSES, 1).data().labels();
        for (int i = 0; i < 500; i++) {
            assertThat(after[i]).isEqualTo(i % CLASSES);
        }
        assertThat(IntStream.range(500, 1000).filter(i -> after[i] == i % CLASSES).count()).isLessThan(100);
    }

    @Test
    void classPriorShiftThinsTheMinorities() {
        Samples before = samples(10_000, 1, 2, 100);
        Samples after = Shift.parse("class-prior:0.4:20").apply(before, CLASSES, 2);
        int[] counts = after.data().classCounts(CLASSES);
        Arrays.sort(counts);
        assertThat(counts).containsExactly(50, 50, 50, 50, 1000, 1000, 1000, 1000, 1000, 1000);
        assertThat(after.rows()).isSorted().startsWith(IntStream.range(0, 100).toArray());
        for (int i = 0; i < after.rows().length; i++) {
            assertThat(after.data().labels()[i]).isEqualTo(after.rows()[i] % CLASSES);
            assertThat(images(after)[2 * i]).isEqualTo(images(before)[2 * after.rows()[i]]);
            assertThat(after.clean()[i]).isEqualTo(after.rows()[i] < 100);
        }
        assertThat(Shift.parse("class-prior:0.4:20").apply(before, CLASSES, 2).rows()).isEqualTo(after.rows());
        assertThat(Shift.parse("class-prior:0.4:20").apply(before, CLASSES, 3).rows()).isNotEqualTo(after.rows());
        assertThat(Shift.parse("class-prior:0.4:1").apply(before, CLASSES, 3).rows()).hasSize(10_000);
        assertThatThrownBy(() -> Shift.parse("class-prior:0.01:20").apply(before, CLASSES, 3)).isInstanceOf(UsageException.class)
            .hasMessageContaining("makes 0 of 10 classes minorities");
    }

    @Test
    void quarterTurnsMovePixelsExactly() {
        Samples before = samples(20, 5, 5, 10);
        byte[] from = images(before);
        byte[] quarter = images(Shift.parse("features:rotate:90").apply(before, CLASSES, 0));
        assertThat(Arrays.copyOf(quarter, 250)).isEqualTo(Arrays.copyOf(from, 250));
        for (int i = 10; i < 20; i++) {
            for (int y = 0; y < 5; y++) {
                for (int x = 0; x < 5; x++) {
                    // Counter-clockwise: the right edge, read downwards, becomes the upper edge, read rightwards.
                    assertThat(quarter[i * 25 + y * 5 + x]).isEqualTo(from[i * 25 + x * 5 + 4 - y]);
                }
            }
        }
        for (String whole : new String[] {"features:rotate:0", "features:rotate:360", "features:brightness:1"}) {
            assertThat(images(Shift.parse(whole).apply(before, CLASSES, 0))).isEqualTo(from);
        }
        assertThat(images(samples(20, 5, 5, 10))).isEqualTo(from);
    }

    /** An image in colour is altered as three grey ones, and its label is one. */
    @ParameterizedTest
    @ValueSource(strings = {"features:rotate:30", "features:rotate:90", "features:brightness:1.5", "symmetric:0.4", "pair:0.3",
        "class-prior:0.4:20", "none"})
    void everyChannelOfAnImageIsShifted(String text) {
        int n = 300;
        Samples grey = samples(3 * n, 5, 4, 0);
        boolean[] clean = new boolean[n];
        Arrays.fill(clean, 0, 40, true);
        int[] labels = Arrays.copyOf(grey.data().labels(), n);
        Samples colour = new Samples(IntStream.range(0, n).toArray(), new ImageSet(images(grey), labels, 3, 5, 4), clean);
        boolean[] eachClean = new boolean[3 * n];
        Arrays.fill(eachClean, 0, 120, true);
        Samples each = new Samples(grey.rows(), grey.data(), eachClean);
        Samples after = Shift.parse(text).apply(colour, CLASSES, 4);
        assertThat(((ImageSet) after.data()).shape()).isEqualTo(new SampleShape(3, 5, 4));
        byte[] expected = text.startsWith("features") ? images(Shift.parse(text).apply(each, CLASSES, 4)) : images(grey);
        for (int i = 0; i < after.rows().length; i++) {
            int row = after.rows()[i];
            assertThat(Arrays.copyOfRange(images(after), 60 * i, 60 * i + 60))
                .isEqualTo(Arrays.copyOfRange(expected, 60 * row, 60 * row + 60));
            assertThat(after.clean()[i]).isEqualTo(row < 40);
        }
        Samples points = new Samples(colour.rows(), new ImageSet(new byte[n], labels, 1, 1, 1), clean);
        assertThat(after.data().labels()).isEqualTo(Shift.parse(text).apply(points, CLASSES, 4).data().labels());
    }

    @Test
    void aSmallTurnInterpolates() {
        byte[] dot = new byte[81];
        dot[4 * 9 + 7] = (byte) 200;
        Samples one = new Samples(new int[] {0}, new ImageSet(dot, new int[] {0}, 1, 9, 9), new boolean[1]);
        byte[] turned = images(Shift.parse("features:rotate:45").apply(one, CLASSES, 0));
        double mass = 0;
        double x = 0;
        double y = 0;
        for (int i = 0; i < 81; i++) {
            mass += turned[i] & 0xff;
            x += (turned[i] & 0xff) * (i % 9);
            y += (turned[i] & 0xff) * (i / 9);
        }
        assertThat(mass).isCloseTo(200, within(60.0));
        assertThat(x / mass).isCloseTo(4 + 3 * Math.sqrt(0.5), within(0.2));
        assertThat(y / mass).isCloseTo(4 - 3 * Math.sqrt(0.5), within(0.2));
    }

    @Test
    void brightnessScalesAndSaturates() {
        byte[] pixels = {0, 1, 100, (byte) 200, (byte) 255, 3};
        Samples one = new Samples(new int[] {0}, new ImageSet(pixels, new int[] {0}, 1, 2, 3), new boolean[1]);
        assertThat(images(Shift.parse("features:brightness:1.5").apply(one, CLASSES, 0)))
            .containsExactly(0, 2, 150, 255, 255, 5);
        assertThat(images(Shift.parse("features:brightness:0").apply(one, CLASSES, 0))).containsOnly(0);
    }
}
