package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user of the library sees: weights, scores at new rows, files, and who waits. */
class DensityRatioTest {
    private static final int N = DeviceMatrix.slow() ? 60 : 200;
    private static final int M = DeviceMatrix.slow() ? 45 : 150;
    private static final int D = 3;
    @TempDir
    Path folder;
    private Device device;
    private final float[] train = normal(1, N, 0, 1);
    private final float[] validation = normal(2, M, 0.5, 0.8);

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    /** The first column has this mean and deviation, the others 0 and 1. */
    private static float[] normal(long seed, int rows, double mean, double deviation) {
        Random random = new Random(seed);
        float[] values = new float[rows * D];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (i % D == 0 ? mean + deviation * random.nextGaussian() : random.nextGaussian());
        }
        return values;
    }

    private DensityRatio.Builder by(String method) {
        return DensityRatio.builder().method(method).device(device);
    }

    private static double mean(float[] w) {
        double sum = 0;
        for (float x : w) {
            sum += x;
        }
        return sum / w.length;
    }

    private static void close(float[] found, float[] expected, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        float most = 0;
        for (float x : expected) {
            most = Math.max(most, x);
        }
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).as("weight %d", i).isCloseTo(expected[i], within(tolerance * most));
        }
    }

    /** Every column times a factor of its own. */
    private static float[] times(float[] rows, double... factors) {
        float[] product = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            product[i] = (float) (rows[i] * factors[i % factors.length]);
        }
        return product;
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "kl", "ls", "classifier", "km"})
    void unitsDoNotMatter(String method) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        float[] expected = by(method).fit(train, validation, D).weights();
        for (double[] unit : new double[][] {{1000, 1000, 1000}, {0.01, 0.01, 0.01}, {1000, 0.01, 1}, {1e-20, 1e20, 1}}) {
            close(by(method).fit(times(train, unit), times(validation, unit), D).weights(), expected, 1e-3);
        }
    }

    /** Neither the order of the rows nor which of several equal ones comes first has a part. */
    @ParameterizedTest
    @ValueSource(strings = {"auto", "kl", "ls", "classifier"})
    void orderOfRowsDoesNotMatter(String method) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        for (boolean repeated : new boolean[] {false, true}) {
            float[] ours = repeated ? halves(train) : train;
            float[] theirs = repeated ? halves(validation) : validation;
            List<Integer> order = new ArrayList<>(IntStream.range(0, N).boxed().toList());
            List<Integer> other = new ArrayList<>(IntStream.range(0, M).boxed().toList());
            Collections.shuffle(order, new Random(6));
            Collections.shuffle(other, new Random(7));
            DensityRatio expected = by(method).centers(40).fit(ours, theirs, D);
            DensityRatio found = by(method).centers(40).fit(ordered(ours, order), ordered(theirs, other), D);
            assertThat(found.method()).isEqualTo(expected.method());
            assertThat(found.terms()).isEqualTo(expected.terms());
            for (double[] pair : new double[][] {{found.gamma(), expected.gamma()}, {found.lambda(), expected.lambda()}}) {
                assertThat(Double.isNaN(pair[1]) ? Double.isNaN(pair[0]) : Math.abs(pair[0] / pair[1] - 1) < 1e-6).isTrue();
            }
            float[] weights = expected.weights();
            float[] reordered = new float[N];
            for (int i = 0; i < N; i++) {
                reordered[i] = weights[order.get(i)];
            }
            close(found.weights(), reordered, 1e-5);
        }
    }

    /** Halves of numbers rounded to integers: many rows are equal, and some in both samples. */
    private static float[] halves(float[] rows) {
        float[] rounded = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            rounded[i] = Math.round(rows[i]) / 2f;
        }
        return rounded;
    }

    private static float[] ordered(float[] rows, List<Integer> order) {
        float[] ordered = new float[rows.length];
        for (int i = 0; i < order.size(); i++) {
            System.arraycopy(rows, order.get(i) * D, ordered, i * D, D);
        }
        return ordered;
    }

    /** Far from 0; and beyond the range of float32 and of squares of double precision. */
    @ParameterizedTest
    @ValueSource(strings = {"kl", "classifier"})
    void columnsAreScaledInDoublePrecision(String method) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        float[] expected = by(method).fit(train, validation, D).weights();
        double[][] far = new double[2][];
        double[][] wide = new double[2][];
        float[][] rows = {train, validation};
        for (int s = 0; s < 2; s++) {
            far[s] = new double[rows[s].length];
            wide[s] = new double[rows[s].length];
            for (int i = 0; i < far[s].length; i++) {
                far[s][i] = 1e9 + rows[s][i];
                wide[s][i] = rows[s][i] * (i % D == 0 ? 1e200 : 1e-200);
            }
        }
        close(by(method).fit(Rows.of(far[0], D), Rows.of(far[1], D)).weights(), expected, 1e-3);
        close(by(method).fit(Rows.of(wide[0], D), Rows.of(wide[1], D)).weights(), expected, 1e-3);
        assertThatThrownBy(() -> by(method).standardize(false).fit(Rows.of(wide[0], D), Rows.of(wide[1], D)))
            .isInstanceOf(UsageException.class).hasMessageContaining("column 0").hasMessageContaining("scale the columns");
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "kl", "ls", "classifier", "km", "kmm-exact", "kl-direct", "ls-direct"})
    void weightsHaveTheMeanOneUnlessLeftAsTheyAre(String method) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        DensityRatio normalized = by(method).fit(train, validation, D);
        assertThat(mean(normalized.weights())).isCloseTo(1, within(1e-5));
        assertThat(normalized.method()).isIn("kl", "ls", "classifier", method).isNotEqualTo("auto");
        DensityRatio raw = by(method).normalize(false).fit(train, validation, D);
        float[] w = raw.weights();
        double sum = N * mean(w);
        assertThat(raw.diagnostics().sum()).isCloseTo(sum, within(1e-5 * sum));
        assertThat(normalized.diagnostics().sum()).isCloseTo(sum, within(1e-5 * sum));
        for (int i = 0; i < N; i++) {
            w[i] = (float) (w[i] * N / sum);
        }
        close(normalized.weights(), w, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls", "classifier", "km"})
    void weightsAreClippedAndThenDivided(String method) {
        boolean constrained = method.equals("km");      // its bound is a part of its problem
        float[] raw = by(method).normalize(false).fit(train, validation, D).weights();
        float most = 0;
        for (float x : raw) {
            most = Math.max(most, x);
        }
        float bound = (1 + most) / 2;
        if (constrained) {
            raw = by(method).upperBound(bound).normalize(false).fit(train, validation, D).weights();
        }
        int atBound = 0;
        for (int i = 0; i < N; i++) {
            raw[i] = Math.min(raw[i], bound);
            atBound += raw[i] >= bound * (1 - 1e-6) ? 1 : 0;
        }
        assertThat(atBound).isBetween(1, N - 1);
        DensityRatio unnormalized = by(method).upperBound(bound).normalize(false).fit(train, validation, D);
        close(unnormalized.weights(), raw, 1e-6);
        double mean = mean(raw);
        for (int i = 0; i < N; i++) {
            raw[i] = (float) (raw[i] / mean);
        }
        DensityRatio ratio = by(method).upperBound(bound).fit(train, validation, D);
        close(ratio.weights(), raw, 1e-6);
        assertThat(ratio.diagnostics().fractionAtBound()).isCloseTo((double) atBound / N, within(1e-9));
        assertThat(ratio.diagnostics().sum()).isCloseTo(mean * N, within(1e-4 * N));
        assertThat(ratio.diagnostics().warnings()).anyMatch(w -> w.contains("at the upper bound of"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls", "classifier"})
    void scoresOfTheTrainingRowsAreTheWeights(String method) {
        List<DensityRatio.Builder> ways = List.of(by(method), by(method).upperBound(1.5f), by(method).normalize(false),
            by(method).normalize(false).upperBound(1.5f).standardize(false), by(method).centers(7));
        for (DensityRatio.Builder way : ways) {
            DensityRatio ratio = way.columns(List.of("a", "b", "\u00e9=;\"\n")).property("table", "{\"x\": 1}").fit(train, validation, D);
            close(ratio.score(Rows.of(train, D), device), ratio.weights(), 1e-6);
            Path file = folder.resolve("M.safetensors");
            ratio.save(file);
            DensityRatio loaded = DensityRatio.load(file);
            assertThat(loaded.score(Rows.of(train, D), device)).containsExactly(ratio.score(Rows.of(train, D), device));
            assertThat(loaded.columns()).containsExactly("a", "b", "\u00e9=;\"\n");
            assertThat(loaded.properties()).isEqualTo(Map.of("table", "{\"x\": 1}"));
            assertThat(loaded.method()).isEqualTo(method);
            assertThat(new double[] {loaded.gamma(), loaded.lambda()}).isEqualTo(new double[] {ratio.gamma(), ratio.lambda()});
            assertThat(loaded.terms()).isEqualTo(ratio.terms());
            assertThatThrownBy(loaded::weights).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(loaded::diagnostics).isInstanceOf(IllegalStateException.class);
            loaded.save(file);
            assertThat(DensityRatio.load(file).score(Rows.of(train, D), device)).containsExactly(ratio.score(Rows.of(train, D), device));
        }
    }

    @Test
    void scoresAnyNumberOfRows() {
        assumeFalse(DeviceMatrix.slow(), "many rows");
        DensityRatio ratio = by("kl").fit(train, validation, D);
        float[] weights = ratio.weights();
        int copies = 40_000 / N;
        float[] many = new float[copies * train.length];
        for (int c = 0; c < copies; c++) {
            System.arraycopy(train, 0, many, c * train.length, train.length);
        }
        float[] scores = ratio.score(Rows.of(many, D), device);
        assertThat(scores).hasSize(copies * N);
        for (int i = 0; i < scores.length; i++) {
            assertThat(scores[i]).isCloseTo(weights[i % N], within(1e-6f * Math.max(1, weights[i % N])));
        }
        assertThat(ratio.score(new float[0])).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "ls", "classifier"})
    void newRowsMayBeAnywhere(String method) {
        DensityRatio ratio = by(method).fit(train, validation, D);
        float[] far = {3e38f, -3e38f, 3e38f, 0, 1e10f, 0, -1e5f, 0, 0};
        for (float score : ratio.score(Rows.of(far, D), device)) {
            assertThat(score).isFinite().isNotNegative();
        }
        assertThatThrownBy(() -> ratio.score(new float[4])).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> ratio.score(Rows.of(new float[4], 2))).isInstanceOf(UsageException.class)
            .hasMessageContaining("2 columns");
        assertThatThrownBy(() -> ratio.score(new float[] {0, Float.NaN, 0})).isInstanceOf(UsageException.class)
            .hasMessageContaining("NaN").hasMessageContaining("row 0, column 1");
    }

    /** Blocks take the same memory however many columns there are. */
    @Test
    void fewerRowsOfManyColumnsAreScoredAtOnce() {
        int columns = 2048;
        float[] many = normal(1, 12 * columns, 0, 1);
        DensityRatio ratio = by("kl").fit(Arrays.copyOf(many, 8 * columns), Arrays.copyOf(normal(2, 8 * columns, 0.5, 1), 8 * columns),
            columns);
        List<Integer> counts = new ArrayList<>();
        Rows repeated = new Rows() {
            @Override
            public int rows() {
                return 5000;
            }

            @Override
            public int columns() {
                return columns;
            }

            @Override
            public void read(int from, int count, double[] into) {
                Arrays.setAll(into, i -> many[i % many.length]);
            }

            @Override
            public void forEach(int from, int count, Visitor visitor) {
                counts.add(count);
                Rows.super.forEach(from, count, visitor);
            }
        };
        assertThat(ratio.score(repeated, device)).hasSize(5000);
        assertThat(counts).containsExactly(2048, 2048, 904);
    }

    @Test
    void buffersAreReadFromPositionToLimit() {
        float[] expected = by("kl").fit(train, validation, D).weights();
        DensityRatio ratio = by("kl").fit(Rows.of(direct(train), D), Rows.of(direct(validation), D));
        assertThat(ratio.weights()).containsExactly(expected);
        FloatBuffer rows = direct(train);
        assertThat(ratio.score(rows)).containsExactly(ratio.score(train));
        assertThat(rows.position()).as("is as it was").isEqualTo(2);
    }

    /** Between two numbers that do not count on either side. */
    private static FloatBuffer direct(float[] values) {
        FloatBuffer buffer = ByteBuffer.allocateDirect(4 * (values.length + 4)).order(ByteOrder.nativeOrder()).asFloatBuffer();
        buffer.put(new float[] {Float.NaN, Float.NaN}).put(values).put(new float[] {Float.NaN, Float.NaN});
        return buffer.position(2).limit(2 + values.length);
    }

    @Test
    void withoutAnyOption() {
        assumeFalse(DeviceMatrix.slow(), "on the device that is chosen");
        DensityRatio ratio = DensityRatio.fit(train, validation, D);
        assertThat(ratio.weights()).containsExactly(DensityRatio.fit(FloatBuffer.wrap(train), FloatBuffer.wrap(validation), D).weights());
        assertThat(ratio.diagnostics().scores()).containsOnlyKeys("kl", "ls", "classifier");
        assertThat(ratio.diagnostics().warnings()).isEmpty();
        assertThat(ratio.converged()).isTrue();
        assertThat(ratio.columns()).containsExactly("column 0", "column 1", "column 2");
        double best = ratio.diagnostics().scores().values().stream().mapToDouble(s -> s).max().orElseThrow();
        assertThat(ratio.diagnostics().scores().get(ratio.method())).isEqualTo(best);
        ratio.weights()[0] = 7;
        assertThat(ratio.weights()[0]).as("a copy").isNotEqualTo(7);
    }

    @Test
    void theSeedDecidesWhatIsDrawn() {
        float[] first = by("kl").centers(10).seed(5).fit(train, validation, D).weights();
        assertThat(by("kl").centers(10).seed(5).fit(train, validation, D).weights()).containsExactly(first);
        assertThat(by("kl").centers(10).seed(6).fit(train, validation, D).weights()).isNotEqualTo(first);
    }

    /** Counts calls, and cancels at the k-th. */
    private static final class Waiting implements FitListener {
        private final int patience;
        private int calls;
        private final List<String> heard = new ArrayList<>();

        Waiting(int patience) {
            this.patience = patience;
        }

        @Override
        public void progress(String what, long done, long of) {
            assertThat(done).as(what).isBetween(0L, of);
            assertThat(of).as(what).isPositive();
            heard.add(what);
        }

        @Override
        public boolean cancelled() {
            return ++calls >= patience;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "kl", "ls", "classifier", "ls-direct"})
    void whoeverWaitsHearsOfItAndMayStop(String method) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        Rows t = Rows.of(Arrays.copyOf(train, 40 * D), D);
        Rows v = Rows.of(Arrays.copyOf(validation, 30 * D), D);
        Waiting patient = new Waiting(Integer.MAX_VALUE);
        float[] expected = by(method).listener(patient).fit(t, v).weights();
        assertThat(patient.heard).isNotEmpty().allMatch(what -> method.equals("auto") || what.startsWith(method));
        assertThat(patient.calls).isPositive();
        int cancelled = 0;
        int stopped = 0;
        int step = Math.max(1, patient.calls / 60);
        for (int k = 1; k <= patient.calls; k += step) {
            try {
                DensityRatio ratio = by(method).listener(new Waiting(k)).fit(t, v);
                stopped++;
                assertThat(mean(ratio.weights())).isCloseTo(1, within(1e-5));
                if (method.equals("auto")) {
                    assertThat(ratio.diagnostics().warnings()).anyMatch(w -> w.startsWith("Stopped before everything was compared"));
                } else if (!ratio.converged()) {
                    assertThat(ratio.diagnostics().warnings()).anyMatch(w -> w.contains("did not converge"));
                }
            } catch (FitCancelledException e) {
                assertThat(stopped).as("once there was something, there is something at call %d", k).isZero();
                cancelled++;
            }
        }
        assertThat(cancelled + stopped).isPositive();
        assertThat(by(method).listener(new Waiting(patient.calls + 1)).fit(t, v).weights()).containsExactly(expected);
    }

    /** Long before anything is chosen: looks at a large table and ranks of its columns take their time. */
    @ParameterizedTest
    @CsvSource({"auto, 1, 4", "km, 2, 4", "kl, 5, 4", "kl, 9, 9"})
    void whoeverWaitsMayStopBeforeAnythingIsChosen(String method, int patience, int columns) {
        List<String> all = new ArrayList<>();
        for (int look = 0; look < 3; look++) {
            all.add(method + ": scaling the columns " + look + " of 3");
        }
        for (String kind : List.of("training", "validation")) {
            for (int column = 0; column < columns; column++) {
                all.add(method + ": ranking the columns of the " + kind + " rows " + column + " of " + columns);
            }
        }
        List<String> heard = new ArrayList<>();
        FitListener impatient = new FitListener() {
            @Override
            public void progress(String what, long done, long of) {
                heard.add(what + " " + done + " of " + of);
            }

            @Override
            public boolean cancelled() {
                return heard.size() == patience;
            }
        };
        float[] t = Arrays.copyOf(train, 5 * columns);
        float[] v = Arrays.copyOf(validation, 5 * columns);
        assertThatThrownBy(() -> by(method).listener(impatient).fit(t, v, columns)).isInstanceOf(FitCancelledException.class);
        assertThat(heard).isEqualTo(all.subList(0, patience));
    }

    /** A device of one thread is one thread: whatever is forked inside a pool would wake another of its threads. */
    @Test
    void aFitForksNothing() throws Exception {
        ForkJoinPool pool = new ForkJoinPool(4);
        try {
            pool.submit(() -> {
                try (Device own = DeviceMatrix.open()) {
                    DensityRatio.builder().device(own).fit(train, validation, D);
                }
            }).get();
            assertThat(pool.getPoolSize()).isEqualTo(1);
        } finally {
            pool.shutdown();
        }
    }

    /** More columns than a classifier has memory for, or an int can count the products of. */
    @ParameterizedTest
    @CsvSource({"9000, 9001, '618'", "46341, 46342, '16,384'", "65535, 65536, '32,768'"})
    void aClassifierOfTooManyColumnsIsLeftOut(int columns, int terms, String mebibytes) {
        assumeFalse(DeviceMatrix.slow(), "many columns");
        Rows t = Rows.of(Arrays.copyOf(normal(1, 6 * columns, 0, 1), 6 * columns), columns);
        Rows v = Rows.of(Arrays.copyOf(normal(2, 5 * columns, 0, 1), 5 * columns), columns);
        String said = String.format("the second derivatives of the classifier's %,d terms would take %s MiB, and its limit is 512 MiB, "
            + "8,191 columns", terms, mebibytes);
        List<String> notices = new ArrayList<>();
        FitListener listener = new FitListener() {
            @Override
            public void notice(String sentence) {
                notices.add(sentence);
            }
        };
        DensityRatio ratio = by("auto").listener(listener).fit(t, v);
        assertThat(ratio.method()).isNotEqualTo("classifier");
        assertThat(ratio.diagnostics().scores()).containsEntry("classifier", Double.NaN);
        assertThat(notices).contains("Method classifier is left out: " + said + ".");
        assertThatThrownBy(() -> by("classifier").fit(t, v)).isInstanceOf(AdiwException.class)
            .hasMessageContaining(said + "; leave out columns, or take kl or ls");
    }

    @Test
    void aMethodThatFailsIsLeftOutAndSaid() {
        DensityRatio ratio = by("auto").bandwidth("gamma:1e9").fit(train, validation, D);
        assertThat(ratio.method()).isEqualTo("classifier");
        assertThat(ratio.diagnostics().scores()).containsEntry("kl", Double.NaN).containsEntry("ls", Double.NaN);
        assertThat(ratio.diagnostics().warnings()).anyMatch(w -> w.startsWith("Method kl is left out: "))
            .anyMatch(w -> w.startsWith("Method ls is left out: "));
        assertThatThrownBy(() -> by("kl").bandwidth("gamma:1e9").fit(train, validation, D)).isInstanceOf(AdiwException.class)
            .hasMessageStartingWith("no weights could be computed: kl: ");
    }

    /** One training row alone is near half of the validation rows: where it is held out, a narrow kernel does not reach them. */
    @Test
    void aTrialOfAutoThatFailsIsANotice() {
        Random random = new Random(4);
        float[] t = new float[200];
        float[] v = new float[100];
        for (int i = 0; i < t.length; i++) {
            t[i] = (float) (i == 0 ? 10 : 0.01 * random.nextGaussian());
        }
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) ((i % 2 == 0 ? 10 : 0) + 0.01 * random.nextGaussian());
        }
        List<String> notices = new ArrayList<>();
        FitListener listener = new FitListener() {
            @Override
            public void notice(String sentence) {
                notices.add(sentence);
            }
        };
        DensityRatio ratio = by("auto").listener(listener).fit(t, v, 1);
        assertThat(ratio.diagnostics().scores()).containsEntry("kl", Double.NaN);
        assertThat(ratio.diagnostics().warnings()).noneMatch(w -> w.contains("left out: "));
        assertThat(notices).singleElement().asString().matches("Method kl is left out: some validation rows are so far from all training "
            + "rows that its kernel \\(gamma \\d\\.\\d\\de\\+05\\) is 0 between them\\.");
    }

    /** Codes for missing values, in both samples, do not hide a shift; the model has them in its file. */
    @Test
    void codesAmongNumbers() {
        assumeFalse(DeviceMatrix.slow(), "many rows");
        int n = 1000;
        float[] t = normal(11, n, 0, 1);
        float[] v = normal(12, n / 2, 1, 1);
        double[] truth = IntStream.range(0, n).mapToDouble(i -> Math.exp(t[D * i] - 0.5)).toArray();
        for (float[] sample : new float[][] {t, v}) {
            for (int row = 0; row < sample.length / D; row += 100) {
                sample[D * row] = 9999;
            }
        }
        double scale = Arrays.stream(truth).average().orElseThrow();
        List<String> notices = new ArrayList<>();
        DensityRatio ratio = by("auto").columns(List.of("income", "age", "size")).listener(new FitListener() {
            @Override
            public void notice(String sentence) {
                notices.add(sentence);
            }
        }).fit(t, v, D);
        double error = 0;
        double equal = 0;
        for (int i = 0; i < n; i++) {
            error += i % 100 == 0 ? 0 : Math.abs(ratio.weights()[i] - truth[i] / scale);
            equal += i % 100 == 0 ? 0 : Math.abs(1 - truth[i] / scale);
        }
        assertThat(error).isLessThan(0.4 * equal);
        assertThat(ratio.diagnostics().warnings()).isEmpty();
        assertThat(notices).singleElement().asString()
            .contains("very far from all others in 'income' (such as 9999, where half of the rows "
                + "are within 0.", "mark them as missing");
        Path file = folder.resolve("M.safetensors");
        ratio.save(file);
        assertThat(DensityRatio.load(file).score(Rows.of(t, D), device)).containsExactly(ratio.weights());
        assertThat(DensityRatio.load(file).scoreRow(9999, 0.5, 0.5)).isCloseTo(ratio.score(new float[] {9999, 0.5f, 0.5f})[0],
            within(1e-5));
    }

    @Test
    void validationRowsThatNoBandwidthReachesAreNamed() {
        float[] t = new float[300];
        float[] v = new float[90];
        Random random = new Random(6);
        for (int i = 0; i < t.length; i++) {
            t[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) (0.5 + 0.6 * random.nextGaussian());
        }
        v[41] = 1e4f;
        v[7] = -1e4f;
        assertThatThrownBy(() -> by("kl").standardize(false).fit(t, v, 1)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("is near to 2 of the 90 validation rows")
            .hasMessageContaining("(counted from 0: 7, 41)").hasMessageNotContaining("overlap");
        assertThat(by("kl").fit(t, v, 1).weights()).hasSize(t.length);
    }

    /** Samples that are alike: a score that chance made is no reason to weight. One in twenty may pass. */
    @Test
    void weightsOfSamplesThatAreAlikeAreWarnedOf() {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        int alike = 0;
        int shifted = 0;
        for (int seed = 0; seed < 10; seed++) {
            float[] t = normal(100 + seed, 400, 0, 1);
            alike += by("auto").fit(t, normal(200 + seed, 200, 0, 1), D).diagnostics().warnings().isEmpty() ? 1 : 0;
            shifted += by("auto").fit(t, normal(300 + seed, 200, 0.7, 1), D).diagnostics().warnings().isEmpty() ? 1 : 0;
        }
        assertThat(alike).isLessThanOrEqualTo(1);
        assertThat(shifted).isEqualTo(10);
    }

    @Test
    void aValidationSampleOfFewRowsIsWarnedOf() {
        float[] few = Arrays.copyOf(validation, 5 * D);
        for (String method : new String[] {"auto", "km"}) {
            assertThat(by(method).fit(train, few, D).diagnostics().warnings()).as(method)
                .anyMatch(w -> w.startsWith("There are only 5 validation rows"));
        }
    }

    @Test
    void rangeOfTheRowsThatItWasFittedTo() {
        for (String method : new String[] {"kl", "classifier"}) {
            DensityRatio ratio = by(method).fit(train, validation, D);
            double least = Double.POSITIVE_INFINITY;
            double most = 0;
            for (float[] rows : new float[][] {train, validation}) {
                for (float score : ratio.score(Rows.of(rows, D), device)) {
                    least = Math.min(least, score);
                    most = Math.max(most, score);
                }
            }
            assertThat(ratio.smallestRatio()).isCloseTo(least, within(1e-5 * least));
            assertThat(ratio.largestRatio()).isCloseTo(most, within(1e-5 * most));
            Path file = folder.resolve("range.safetensors");
            ratio.save(file);
            assertThat(DensityRatio.load(file).smallestRatio()).isEqualTo(ratio.smallestRatio());
            assertThat(DensityRatio.load(file).largestRatio()).isEqualTo(ratio.largestRatio());
        }
        assertThat(by("km").fit(train, validation, D).largestRatio()).isEqualTo(by("km").fit(train, validation, D).largestWeight());
    }

    @Test
    void aQuantileThatIsZeroIsWarnedOf() {
        float[] answers = new float[N];
        float[] world = new float[M];
        for (int i = 0; i < N; i++) {
            answers[i] = i % 4 == 0 ? 1 : 0;
        }
        for (int i = 0; i < M; i++) {
            world[i] = i % 4 == 0 ? 0 : 1;
        }
        for (String method : new String[] {"auto", "kl", "km"}) {
            DensityRatio ratio = by(method).bandwidth("diw:0.01").fit(answers, world, 1);
            assertThat(ratio.diagnostics().warnings()).as(method).filteredOn(w -> w.contains("diw:0.01 is 0")).hasSize(1);
            assertThat(ratio.weights()[0]).as(method).isCloseTo(3, within(0.15f));
        }
    }

    @Test
    void columnsThatAreConstantAreLeftOutWithANotice() throws IOException {
        List<String> notices = new ArrayList<>();
        FitListener listener = new FitListener() {
            @Override
            public void notice(String sentence) {
                notices.add(sentence);
            }
        };
        float[] t = train.clone();
        float[] v = validation.clone();
        for (int i = 1; i < t.length; i += D) {
            t[i] = 0.1f;
        }
        for (int i = 1; i < v.length; i += D) {
            v[i] = 0.1f;
        }
        DensityRatio ratio = by("kl").listener(listener).columns(List.of("x", "year", "z")).fit(t, v, D);
        assertThat(notices).anyMatch(n -> n.contains("equal: year."));
        assertThat(ratio.columns()).containsExactly("x", "year", "z");
        float[] elsewhere = t.clone();
        for (int i = 1; i < t.length; i += D) {
            elsewhere[i] = 55;
        }
        close(ratio.score(Rows.of(elsewhere, D), device), ratio.weights(), 1e-6);
        for (String method : new String[] {"auto", "kl", "km"}) {
            DensityRatio none = by(method).fit(new float[] {3, 3, 3}, new float[] {3, 3}, 1);
            assertThat(none.weights()).containsExactly(1, 1, 1);
            assertThat(none.diagnostics().warnings()).anyMatch(w -> w.startsWith("All weights are equal"));
        }
        DensityRatio none = by("auto").fit(new float[] {3, 3, 3}, new float[] {3, 3}, 1);
        none.save(folder.resolve("none.safetensors"));
        assertThat(DensityRatio.load(folder.resolve("none.safetensors")).score(new float[] {7, 8})).containsExactly(1, 1);
    }

    /** As many rows as there can be few; a result or a sentence. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "2, 1", "2, 2", "1, 30", "30, 1", "2, 30", "3, 3", "4, 5", "6, 6"})
    void fewRows(int n, int m) {
        assumeFalse(DeviceMatrix.slow(), "many fits");
        for (String method : List.of("auto", "kl", "ls", "classifier", "km", "kmm-exact", "kl-direct", "ls-direct", "w1")) {
            try {
                DensityRatio ratio = by(method).fit(Arrays.copyOf(train, n * D), Arrays.copyOf(validation, m * D), D);
                assertThat(ratio.weights()).hasSize(n);
                assertThat(mean(ratio.weights())).as(method).isCloseTo(1, within(1e-5));
            } catch (AdiwException e) {
                assertThat(e).as(method).hasMessageMatching("(?s)no weights could be computed: .*");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "ls-direct"})
    void settledWeightsStayAsTheyAre(String method) {
        DensityRatio ratio = by(method).normalize(false).fit(train, validation, D);
        assertThat(ratio.converged()).isTrue();
        Standardization scaling = Standardization.of(Rows.of(train, D), Rows.of(validation, D), true, look -> {});
        EstimationSettings settings = EstimationSettings.builder().bandwidth(new Bandwidth(Bandwidth.Kind.GIVEN, ratio.gamma()))
            .ridge(Divergences.get(method).defaultRidge()).build();
        EstimatedWeights more = EstimatedWeights.builder(device).method(method).settings(settings).untilConverged(true)
            .estimate(scaling.apply(Rows.of(train, D), 0, N).values(),
                scaling.apply(Rows.of(validation, D), 0, validation.length / D).values(), D);
        close(ratio.weights(), more.weights(), 5e-3);
    }

    @Test
    void refusesWhatItCannotUse() {
        float[] broken = train.clone();
        broken[4] = Float.POSITIVE_INFINITY;
        assertThatThrownBy(() -> by("kl").fit(broken, validation, D)).isInstanceOf(UsageException.class)
            .hasMessageContaining("training").hasMessageContaining("row 1, column 1");
        assertThatThrownBy(() -> by("kl").fit(new float[4], validation, D)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> by("kl").fit(new float[0], validation, D)).isInstanceOf(UsageException.class)
            .hasMessageContaining("at least one row");
        assertThatThrownBy(() -> by("kl").fit(train, validation, 0)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> by("lk").fit(train, validation, D)).isInstanceOf(UsageException.class)
            .hasMessageContaining("classifier").hasMessageContaining("kmm-exact");
        assertThatThrownBy(() -> by("kl").fit(Rows.of(train, D), Rows.of(new float[4], 2))).isInstanceOf(UsageException.class)
            .hasMessageContaining("2 columns");
        assertThatThrownBy(() -> by("kl").columns(List.of("x")).fit(train, validation, D)).isInstanceOf(UsageException.class)
            .hasMessageContaining("1 names");
        assertThatThrownBy(() -> by("kl").property("density-ratio", "x")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> by("kl").bandwidth("wide")).isInstanceOf(UsageException.class).hasMessageContaining("give auto, diw:Q");
        assertThatThrownBy(() -> by("kl").centers(0)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> by("ls").lambda(Float.NaN)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> by("ls").upperBound(0.9f)).isInstanceOf(UsageException.class);
        DensityRatio km = by("km").fit(train, validation, D);
        assertThatThrownBy(() -> km.score(train)).isInstanceOf(UsageException.class).hasMessageContaining("classifier or auto");
        assertThatThrownBy(() -> km.save(folder.resolve("km.safetensors"))).isInstanceOf(UsageException.class);
        assertThat(folder.resolve("km.safetensors")).doesNotExist();
    }

    /** A file that is broken gives a sentence with its name; one whose numbers are others, a ratio that is one. */
    @ParameterizedTest
    @ValueSource(strings = {"kl", "classifier"})
    void brokenFiles(String method) throws IOException {
        assumeFalse(DeviceMatrix.slow(), "files are the same on every device");
        Path file = folder.resolve("M.safetensors");
        DensityRatio ratio = by(method).upperBound(3).columns(List.of("a", "b", "c")).fit(train, validation, D);
        ratio.save(file);
        byte[] whole = Files.readAllBytes(file);
        int header = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        Random random = new Random(8);
        for (int cut : new int[] {0, 1, 7, 8, 9, header - 1, header, header + 3, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, cut));
            assertThatThrownBy(() -> DensityRatio.load(file)).isInstanceOf(AdiwException.class).hasMessageContaining(file.toString());
        }
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            byte[] other = whole.clone();
            int at = i % 2 == 0 ? 8 + random.nextInt(header - 8) : 8 + random.nextInt(whole.length - 8);
            String letters = "0129-.eE,:\"{}[]nulx\\ ";
            other[at] = (byte) (at < header ? letters.charAt(random.nextInt(letters.length())) : random.nextInt(256));
            Files.write(file, other);
            refused += usable(file) ? 0 : 1;
        }
        assertThat(refused).isGreaterThan(100);
        assertThatThrownBy(() -> DensityRatio.load(folder.resolve("none"))).isInstanceOf(AdiwException.class).hasMessageContaining("none");
    }

    private boolean usable(Path file) {
        try {
            DensityRatio read = DensityRatio.load(file);
            if (read.columns().size() == D) {
                for (float score : read.score(Rows.of(train, D), device)) {
                    assertThat(score).isFinite().isNotNegative();
                }
            }
            return true;
        } catch (AdiwException e) {
            assertThat(e).hasMessageContaining(file.toString());
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "\"version\":1 | \"version\":3 | is of version 3",
        "\"version\":1 | \"version\":\"x\" | does not fit together",
        "\"function\":\"kernel\" | \"function\":\"network\" | network",
        "\"function\":\"kernel\" | \"function\":\"logistic\" | linear",
        "\"divisor\": | \"divisor\":-1,\"x\": | divisor -1",
        "\"divisor\": | \"divisor\":0,\"x\": | divisor 0",
        "\"divisor\": | \"divisor\":1e999,\"x\": | divisor",
        "\"gamma\": | \"gamma\":null,\"x\": | gamma",
        "\"column\":1 | \"column\":7 | scaling of column 7",
        "\"column\":1 | \"column\":-1 | scaling of column -1",
        "\"column\":1 | \"column\":0 | scaling of column 0",
        "\"column\":1 | \"column\":1.5 | scaling of column 1.5",
        "\"scale\": | \"scale\":0,\"y\": | scale 0",
        "\"center\": | \"center\":\"a\",\"y\": | center",
        "\"scaling\":[ | \"scaling\":{\"a\":3},\"x\":[ | scaling",
        "\"columns\": | \"columns\":3,\"x\": | columns 3",
        "\"terms\":null |  | terms",
        "{ | [ | does not fit together"})
    void metadataThatDoNotFit(String from, String to, String said) {
        assumeFalse(DeviceMatrix.slow(), "files are the same on every device");
        Path file = folder.resolve("M.safetensors");
        by("kl").fit(train, validation, D).save(file);
        SafeTensors saved = SafeTensors.read(file);
        String text = saved.metadata().get("density-ratio");
        assertThat(text).contains(from);
        String edited = text.replaceFirst(Pattern.quote(from), Matcher.quoteReplacement(to == null ? "\"x\":1" : to));
        new SafeTensors(saved.tensors(), Map.of("density-ratio", edited)).write(file);
        assertThatThrownBy(() -> DensityRatio.load(file)).isInstanceOf(AdiwException.class).hasMessageContaining(file.toString())
            .hasMessageContaining(said);
    }

    @Test
    void otherFilesAreNoRatio() throws IOException {
        Path file = folder.resolve("other.safetensors");
        new SafeTensors(Map.of("centers", new SafeTensors.Tensor(new int[] {1, 3}, new float[3])), Map.of()).write(file);
        assertThatThrownBy(() -> DensityRatio.load(file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining(file + " holds no density ratio").hasMessageContaining("DensityRatio.save");
        Files.write(file, "id,weight\n".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> DensityRatio.load(file)).isInstanceOf(AdiwException.class).hasMessageContaining(file.toString());
        Path saved = folder.resolve("M.safetensors");
        by("classifier").fit(train, validation, D).save(saved);
        SafeTensors model = SafeTensors.read(saved);
        new SafeTensors(Map.of("linear", new SafeTensors.Tensor(new int[] {3}, new float[3])), model.metadata()).write(saved);
        assertThatThrownBy(() -> DensityRatio.load(saved)).isInstanceOf(AdiwException.class).hasMessageContaining(saved.toString())
            .hasMessageContaining("intercept");
    }

    @Test
    void devicesAgree() {
        try (Device host = Devices.open("host")) {
            for (String method : new String[] {"kl", "ls", "classifier", "km"}) {
                close(by(method).fit(train, validation, D).weights(),
                    DensityRatio.builder().method(method).device(host).fit(train, validation, D).weights(), 2e-3);
            }
        }
    }
}
