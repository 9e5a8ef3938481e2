package io.github.adiw.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.Npy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingSplitTest {
    private static final int ROWS = 3000;
    private static final Dataset DATASET = dataset();

    @TempDir
    Path folder;

    private static Dataset dataset() {
        Random random = new Random(9);
        byte[] images = new byte[ROWS * 4];
        random.nextBytes(images);
        int[] labels = random.ints(ROWS, 0, 5).toArray();
        ImageSet train = new ImageSet(images, labels, 1, 2, 2);
        return new Dataset("toy", train, train, List.of("a", "b", "c", "d", "e"), Normalization.NONE, "memory", false);
    }

    private static byte[] images(SampleSet samples) {
        return ((ImageSet) samples).images();
    }

    @Property(tries = 200)
    void holdsTogetherForAnySizes(@ForAll long seed, @ForAll @IntRange(min = 1, max = ROWS) int n,
                                  @ForAll @IntRange(min = 1, max = ROWS) int v) {
        int validation = Math.min(n, v);
        TrainingSplit split = TrainingSplit.of(DATASET).seed(seed).trainSamples(n).validationSamples(validation)
            .shift(Shift.parse("symmetric:0.5")).build();
        assertThat(split.count()).isEqualTo(n);
        assertThat(split.rows()).hasSize(n).isSorted().doesNotHaveDuplicates();
        assertThat(split.validation()).hasSize(validation).doesNotHaveDuplicates();
        boolean[] clean = new boolean[n];
        for (int sample : split.validation()) {
            clean[sample] = true;
        }
        int wrong = 0;
        for (int i = 0; i < n; i++) {
            int row = split.rows()[i];
            assertThat(split.sampleOfRow(row)).isEqualTo(i);
            assertThat(split.trueLabels()[i]).isEqualTo(DATASET.train().labels()[row]);
            assertThat(split.mislabelled()[i]).isEqualTo(split.labels()[i] != split.trueLabels()[i]);
            assertThat(clean[i] && split.mislabelled()[i]).isFalse();
            assertThat(Arrays.equals(images(split.data()), 4 * i, 4 * i + 4, images(DATASET.train()), 4 * row, 4 * row + 4)).isTrue();
            wrong += split.mislabelled()[i] ? 1 : 0;
        }
        assertThat(split.mislabelledRate()).isEqualTo((double) wrong / n);
        assertThat(split.noiseRate()).isEqualTo(n == validation ? 0 : (double) wrong / (n - validation));
        assertThat(Arrays.stream(split.classCounts()).sum()).isEqualTo(n);
    }

    @Test
    void isAFunctionOfTheSeedAndSmallerSplitsAreInLargerOnes() {
        TrainingSplit.Builder builder = TrainingSplit.of(DATASET).seed(4).validationSamples(50).shift(Shift.parse("pair:0.4"));
        TrainingSplit large = builder.trainSamples(2000).build();
        assertThat(builder.build().rows()).isEqualTo(large.rows());
        assertThat(builder.build().labels()).isEqualTo(large.labels());
        TrainingSplit small = builder.trainSamples(500).build();
        for (int i = 0; i < 500; i++) {
            int same = large.sampleOfRow(small.rows()[i]);
            assertThat(same).isNotNegative();
            assertThat(large.labels()[same]).isEqualTo(small.labels()[i]);
        }
        assertThat(Arrays.stream(small.validation()).map(s -> small.rows()[s]).toArray())
            .isEqualTo(Arrays.stream(large.validation()).map(s -> large.rows()[s]).toArray());
        assertThat(builder.seed(5).build().rows()).isNotEqualTo(small.rows());
        assertThat(small.noiseRate()).isCloseTo(0.4, within(0.12));
        assertThat(small.description()).contains("500 training samples, 50 of them clean", "pair:0.4");
    }

    @Test
    void saysWhyTheRateIsLowerThanWasAskedFor() {
        TrainingSplit.Builder builder = TrainingSplit.of(DATASET).trainSamples(1000).shift(Shift.parse("pair:0.4"));
        TrainingSplit half = builder.validationSamples(500).build();
        assertThat(half.noiseRate()).isCloseTo(0.4, within(0.08));
        assertThat(half.description()).contains(String.format(Locale.ROOT, "%.1f %% of the labels are wrong (%.1f %% of all but the"
            + " validation samples, which stay clean)", 100 * half.mislabelledRate(), 100 * half.noiseRate()));
        assertThat(builder.validationSamples(20).build().description()).contains("of the labels are wrong; samples a class");
        assertThat(half.exposed()).isTrue();
        assertThat(builder.validationSamples(1000).build().exposed()).isFalse();
    }

    @Test
    void sharesTheImagesWhenAllRowsAreInUse() {
        TrainingSplit split = TrainingSplit.of(DATASET).shift(Shift.parse("symmetric:0.2")).build();
        assertThat(images(split.data())).isSameAs(images(DATASET.train()));
        assertThat(split.rows()).isEqualTo(IntStream.range(0, ROWS).toArray());
    }

    @Test
    void takesLabelsAsTheyAre() {
        int[] labels = new Random(2).ints(ROWS, 0, 5).toArray();
        Path file = folder.resolve("labels.npy");
        Npy.write(file, Arrays.stream(labels).asLongStream().toArray(), ROWS);
        TrainingSplit whole = TrainingSplit.of(DATASET).validationSamples(100).labels(file).build();
        assertThat(whole.labels()).isEqualTo(labels);
        assertThat(whole.trueLabels()).isEqualTo(DATASET.train().labels());
        assertThat(whole.noiseRate()).isEqualTo(whole.mislabelledRate()).isCloseTo(0.8, within(0.05));
        TrainingSplit part = TrainingSplit.of(DATASET).trainSamples(200).validationSamples(100).labels(file).build();
        assertThat(part.labels()).isEqualTo(Arrays.stream(part.rows()).map(r -> labels[r]).toArray());
        TrainingSplit own = TrainingSplit.of(DATASET).trainSamples(200).validationSamples(100)
            .labels(Arrays.copyOf(labels, 200)).build();
        assertThat(own.labels()).isEqualTo(Arrays.copyOf(labels, 200));
    }

    @Test
    void refusesLabelsThatDoNotFit() {
        Path file = folder.resolve("labels.npy");
        Npy.write(file, new int[ROWS - 1], ROWS - 1);
        assertThatThrownBy(() -> TrainingSplit.of(DATASET).labels(file).build()).isInstanceOf(AdiwException.class)
            .hasMessage(file + " has 2999 labels, and 3000 (one a row of the training file) was expected");
        int[] labels = new int[ROWS];
        labels[17] = 5;
        Npy.write(file, labels, ROWS);
        assertThatThrownBy(() -> TrainingSplit.of(DATASET).labels(file).build()).isInstanceOf(AdiwException.class)
            .hasMessageContaining("label 5 at index 17, and 0 to 4");
        Npy.write(file, new float[ROWS], ROWS);
        assertThatThrownBy(() -> TrainingSplit.of(DATASET).labels(file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("int32 or int64");
        Npy.write(file, new int[ROWS], ROWS, 1);
        assertThatThrownBy(() -> TrainingSplit.of(DATASET).labels(file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("[3000, 1], and [n]");
        assertThatThrownBy(() -> TrainingSplit.of(DATASET).labels(labels).shift(Shift.parse("pair:0.1")).build())
            .isInstanceOf(UsageException.class).hasMessageContaining("pair:0.1");
    }

    @Test
    void refusesSizesThatCannotBe() {
        TrainingSplit.Builder builder = TrainingSplit.of(DATASET);
        for (int n : new int[] {0, -1, ROWS + 1}) {
            assertThatThrownBy(() -> builder.trainSamples(n)).isInstanceOf(UsageException.class).hasMessageContaining("1 to 3000");
        }
        assertThatThrownBy(() -> builder.validationSamples(0)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> builder.trainSamples(10).validationSamples(11).build()).isInstanceOf(UsageException.class)
            .hasMessageContaining("at most 10");
    }

    @Test
    void drawsABalancedValidationSetForAClassPriorShift() {
        TrainingSplit split = TrainingSplit.of(DATASET).seed(1).validationSamples(52).shift(Shift.parse("class-prior:0.4:10"))
            .build();
        int[] counts = new int[5];
        for (int sample : split.validation()) {
            counts[split.trueLabels()[sample]]++;
        }
        assertThat(counts).containsExactly(11, 11, 10, 10, 10);
        int[] left = split.classCounts();
        Arrays.sort(left);
        assertThat(left[1]).isLessThan(70);
        assertThat(left[2]).isGreaterThan(500);
        assertThat(split.mislabelledRate()).isZero();
        assertThat(split.sampleOfRow(split.rows()[3])).isEqualTo(3);
        assertThatThrownBy(() -> TrainingSplit.of(DATASET).trainSamples(60).validationSamples(60)
            .shift(Shift.parse("class-prior:0.4:10")).build()).isInstanceOf(UsageException.class)
            .hasMessageContaining("too few");
    }

    @Test
    void leavesValidationImagesUnaltered() {
        TrainingSplit split = TrainingSplit.of(DATASET).validationSamples(30).shift(Shift.parse("features:brightness:0")).build();
        boolean[] clean = new boolean[ROWS];
        for (int sample : split.validation()) {
            clean[sample] = true;
        }
        for (int i = 0; i < 4 * ROWS; i++) {
            assertThat(images(split.data())[i]).isEqualTo(clean[i / 4] ? images(DATASET.train())[i] : 0);
        }
    }

    @Test
    void readsBatchOrders() {
        TrainingSplit split = TrainingSplit.of(DATASET).trainSamples(100).validationSamples(10).build();
        int[] rows = IntStream.range(0, 12).map(i -> split.rows()[i * 5 % 100]).toArray();
        Path file = folder.resolve("order.npy");
        Npy.write(file, rows, 4, 3);
        assertThat(BatchOrder.read(file, split, ROWS, 3, 3)).containsExactly(0, 5, 10, 15, 20, 25, 30, 35, 40);
        assertThatThrownBy(() -> BatchOrder.read(file, split, ROWS, 5, 3)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("has 4 steps, and at least 5");
        assertThatThrownBy(() -> BatchOrder.read(file, split, ROWS, 4, 4)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("[4, 3], and [n, 4]");
        rows[4] = ROWS;
        Npy.write(file, rows, 4, 3);
        assertThatThrownBy(() -> BatchOrder.read(file, split, ROWS, 4, 3)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("row 3000 at index [1, 1], and 0 to 2999");
        rows[4] = IntStream.range(0, ROWS).filter(r -> split.sampleOfRow(r) < 0).findFirst().orElseThrow();
        Npy.write(file, rows, 4, 3);
        assertThatThrownBy(() -> BatchOrder.read(file, split, ROWS, 4, 3)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("not among the 100 training samples");
    }

    /** Figures from SplitMix64 written in Python: a change of the seeded choices would silently change every experiment. */
    @Test
    void theSeededChoicesAreFixed() {
        SeededChoice choice = new SeededChoice(1, SeededChoice.Purpose.SAMPLES);
        assertThat(choice.permutation(8)).containsExactly(7, 3, 5, 6, 4, 2, 0, 1);
        assertThat(choice.uniform()).isEqualTo(0.7087811668452679);
    }
}
