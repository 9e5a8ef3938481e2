package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Chosen by a sample, fitted by sums of rows in several places, and sent from one to the other. */
class RatioChoiceTest {
    private static final int D = 2;
    private static final int N = 90;
    private final double[] train = normal(1, N, 0, 1);
    private final double[] validation = normal(2, 60, 0.5, 0.8);
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    private static double[] normal(long seed, int rows, double mean, double deviation) {
        Random random = new Random(seed);
        double[] values = new double[rows * D];
        Arrays.setAll(values, i -> mean + deviation * random.nextGaussian());
        return values;
    }

    private DensityRatio.Builder by(String method) {
        return DensityRatio.builder().method(method).bandwidth("gamma:0.4").lambda(0.1f).centers(20).device(device);
    }

    @SuppressWarnings("unchecked")
    private static <T> T sent(T object) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (T) in.readObject();
        }
    }

    /** As one fit to all rows, whatever the blocks; the first place has no rows. */
    @ParameterizedTest
    @CsvSource({"kl, 7", "kl, 40", "ls, 7", "ls, 90"})
    void sumsFromSeveralPlacesAreAFitToAllRows(String method, int block) throws Exception {
        DensityRatio whole = by(method).standardize(false).fit(Rows.of(train, D), Rows.of(validation, D));
        RatioChoice choice = by(method).standardize(false).choose(Rows.of(Arrays.copyOf(train, 40 * D), D), Rows.of(validation, D));
        assertThat(choice.isSummed()).isTrue();
        TrainingSums empty = choice.sums();
        TrainingSums all = sent(empty);
        for (int from = 0; from < N; from += block) {
            double[] rows = Arrays.copyOfRange(train, from * D, Math.min(N, from + block) * D);
            all.add(sent(sent(empty).add(Rows.of(rows, D), device)));
        }
        all.add(empty);
        assertThat(all.fresh().rows()).isZero();
        assertThat(all.rows()).isEqualTo(N);
        DensityRatio ratio = choice.fit(all);
        assertThat(ratio.method()).isEqualTo(method);
        assertThat(ratio.weights()).hasSize(40);
        assertThat(ratio.diagnostics().trainRows()).isEqualTo(40);
        // Not scaled, but centred by other rows: the same ratio.
        float[] expected = whole.weights();
        float[] found = ratio.score(Rows.of(train, D), device);
        double mean = 0;
        for (int i = 0; i < N; i++) {
            assertThat((double) found[i]).isCloseTo(expected[i], within(2e-5));
            mean += found[i] / (double) N;
        }
        assertThat(mean).isCloseTo(1, within(1e-5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "kl", "ls", "classifier"})
    void aSampleOfAllRowsIsTheFit(String method) {
        DensityRatio whole = by(method).upperBound(3).fit(Rows.of(train, D), Rows.of(validation, D));
        RatioChoice choice = by(method).upperBound(3).choose(Rows.of(train, D), Rows.of(validation, D));
        assertThat(choice.fit().weights()).isEqualTo(whole.weights());
        assertThat(choice.isSummed()).isEqualTo(!whole.method().equals("classifier"));
        if (choice.isSummed()) {
            DensityRatio summed = choice.fit(choice.sums().add(Rows.of(train, D), device));
            assertThat(summed.weights()).isEqualTo(whole.weights());
            assertThat(summed.diagnostics().warnings()).isEqualTo(whole.diagnostics().warnings());
            assertThat(summed.objective()).isEqualTo(whole.objective());
        } else {
            assertThatThrownBy(choice::sums).isInstanceOf(UsageException.class).hasMessageContaining("take fit() or fit(rows)");
        }
    }

    /** Chosen by a sample, fitted to all rows at once: as by sums; and where the sample is all rows, as the fit. */
    @ParameterizedTest
    @CsvSource({"kl,", "ls,", "ls, 1.5", "classifier, 1.5"})
    void rowsOfOnePlace(String method, Float bound) {
        DensityRatio.Builder builder = by(method);
        if (bound != null) {
            builder.upperBound(bound);
        }
        RatioChoice choice = builder.choose(Rows.of(Arrays.copyOf(train, 40 * D), D), Rows.of(validation, D));
        assertThat(choice.isConstant()).isFalse();
        DensityRatio ratio = choice.fit(Rows.of(train, D));
        double[] found = new double[N];
        Arrays.setAll(found, i -> ratio.scoreRow(train[i * D], train[i * D + 1]));
        assertThat(Arrays.stream(found).average().orElseThrow()).isCloseTo(1, within(1e-5));
        assertThat(ratio.diagnostics().trainRows()).isEqualTo(40);
        assertThat(found[0]).isNotCloseTo(choice.fit().scoreRow(train[0], train[1]), within(1e-4));
        if (choice.isSummed()) {
            DensityRatio summed = choice.fit(choice.sums().add(Rows.of(train, D), device));
            double scale = summed.scoreRow(train[0], train[1]) / found[0];        // sums do not know the mean of what is bounded
            for (int i = 0; i < N; i++) {
                assertThat(summed.scoreRow(train[i * D], train[i * D + 1])).isCloseTo(scale * found[i], within(1e-6));
            }
        } else {
            assertThat(choice.mostRows()).isBetween((1 << 26) / 6, (1 << 26) / 3);
        }
        RatioChoice whole = builder.choose(Rows.of(train, D), Rows.of(validation, D));
        assertThat(whole.fit(Rows.of(train, D)).weights()).usingComparatorWithPrecision(1e-5f).containsExactly(whole.fit().weights());
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls", "classifier"})
    void oneRowAndWhatWasSentScoreAlike(String method) throws Exception {
        DensityRatio ratio = by(method).upperBound(2).property("a", "b").fit(Rows.of(train, D), Rows.of(validation, D));
        DensityRatio sent = sent(ratio);
        assertThat(sent.properties()).isEqualTo(ratio.properties());
        float[] scores = ratio.score(Rows.of(train, D), device);
        assertThat(sent.score(Rows.of(train, D), device)).isEqualTo(scores);
        DensityRatio half = ratio.dividedBy(2);
        for (int i = 0; i < N; i++) {
            double score = sent.scoreRow(train[i * D], train[i * D + 1]);
            assertThat(score).isCloseTo(scores[i], within(2e-6 * Math.max(1, scores[i])));
            assertThat(half.scoreRow(train[i * D], train[i * D + 1])).isCloseTo(score / 2, within(1e-12));
        }
        assertThatThrownBy(half::weights).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> ratio.dividedBy(0)).isInstanceOf(UsageException.class).hasMessageContaining("mean must be above 0");
        assertThatThrownBy(() -> ratio.scoreRow(1)).isInstanceOf(UsageException.class).hasMessageContaining("1 columns");
        assertThatThrownBy(() -> ratio.scoreRow(1, Double.NaN)).isInstanceOf(UsageException.class).hasMessageContaining("column 1");
    }

    /** Sums know the choice that they are of: whatever of another one would be added in silence is refused. */
    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls"})
    void sumsOfAnotherChoiceAreRefused(String method) {
        Rows sample = Rows.of(train, D);
        Rows world = Rows.of(validation, D);
        RatioChoice choice = by(method).choose(sample, world);
        TrainingSums sums = choice.sums().add(sample, device);
        String other = method.equals("kl") ? "ls" : "kl";
        Rows wide = Rows.of(normal(3, N, 0, 1), 2 * D);
        Rows wideWorld = Rows.of(normal(4, 60, 0, 1), 2 * D);
        for (RatioChoice another : List.of(by(other).choose(sample, world), by(method).bandwidth("gamma:0.5").choose(sample, world),
            by(method).centers(21).choose(sample, world), by(method).seed(2).choose(sample, world),
            by(method).standardize(false).choose(sample, world), by(method).choose(wide, wideWorld))) {
            TrainingSums foreign = another.sums();
            foreign.add(another.fit().columns().size() == D ? sample : wide, device);
            assertThatThrownBy(() -> choice.fit(foreign)).isInstanceOf(UsageException.class).hasMessageContaining("sums of another choice");
            assertThatThrownBy(() -> sums.add(foreign)).isInstanceOf(UsageException.class).hasMessageContaining("sums of another choice");
        }
        for (Rows rows : List.of(wide, Rows.of(train, 1))) {
            assertThatThrownBy(() -> sums.add(rows, device)).isInstanceOf(UsageException.class)
                .hasMessage("rows have " + rows.columns() + " columns, and the choice was made by rows of 2");
        }
        assertThat(sums.rows()).as("nothing was added").isEqualTo(N);
        assertThat(choice.fit(sums).weights()).isEqualTo(choice.fit().weights());
    }

    @Test
    void whatIsChosenLaterHasNoPartInAChoice() {
        DensityRatio.Builder builder = by("kl").property("a", "b");
        RatioChoice choice = builder.choose(Rows.of(train, D), Rows.of(validation, D));
        builder.method("ls").upperBound(1.01f).normalize(false).standardize(false).property("a", "c");
        DensityRatio later = choice.fit(choice.sums().add(Rows.of(train, D), device));
        assertThat(later.weights()).isEqualTo(choice.fit().weights());
        assertThat(later.properties()).containsExactly(Map.entry("a", "b"));
        assertThat(later.method()).isEqualTo("kl");
    }

    @Test
    void constantColumnsHaveNoSums() {
        RatioChoice choice = by("kl").choose(Rows.of(new double[10], D), Rows.of(new double[6], D));
        assertThat(choice.isConstant()).isTrue();
        assertThat(choice.isSummed()).isFalse();
        assertThat(choice.fit().scoreRow(3, 4)).isEqualTo(1);
        assertThat(choice.fit(Rows.of(new double[] {1, 2}, D)).scoreRow(3, 4)).isEqualTo(1);
    }

    @Test
    void refusesWhatItCannotUse() {
        assertThatThrownBy(() -> by("km").choose(Rows.of(train, D), Rows.of(validation, D))).isInstanceOf(UsageException.class)
            .hasMessageContaining("auto, kl, ls, classifier");
        RatioChoice choice = by("kl").choose(Rows.of(train, D), Rows.of(validation, D));
        assertThatThrownBy(() -> choice.fit(choice.sums())).isInstanceOf(UsageException.class).hasMessageContaining("no rows");
        assertThatThrownBy(() -> choice.fit(Rows.of(train, 1))).isInstanceOf(UsageException.class)
            .hasMessageContaining("one of 2 columns, not 180 of 1");
        assertThatThrownBy(() -> choice.fit((Rows) null)).isInstanceOf(UsageException.class)
            .hasMessage("training must be given, and was null");
    }
}
