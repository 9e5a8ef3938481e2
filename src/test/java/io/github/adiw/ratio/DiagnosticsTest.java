package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.Fixtures;
import io.github.adiw.data.Rows;
import io.github.adiw.data.SafeTensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Diagnostics against fixtures that numpy made after the papers. */
class DiagnosticsTest {
    private static final Offset<Double> PRECISE = within(1e-12);

    private static JsonNode json(String name) throws IOException {
        return new ObjectMapper().readTree(Fixtures.path("diagnostics/" + name).toFile());
    }

    private static double[] flat(JsonNode numbers) {
        return StreamSupport.stream(numbers.spliterator(), false)
            .flatMapToDouble(x -> x.isArray() ? Arrays.stream(flat(x)) : Arrays.stream(new double[] {x.asDouble()})).toArray();
    }

    private static float[] floats(double[] x) {
        float[] floats = new float[x.length];
        IntStream.range(0, x.length).forEach(i -> floats[i] = (float) x[i]);
        return floats;
    }

    private static Matrix matrix(JsonNode rows) {
        return new Matrix(floats(flat(rows)), rows.size(), rows.get(0).size());
    }

    static Stream<JsonNode> paretoTails() throws IOException {
        return StreamSupport.stream(json("pareto.json").spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("paretoTails")
    void shapeOfTheTail(JsonNode expected) throws IOException {
        float[] weights = SafeTensors.read(Fixtures.path("diagnostics/pareto.safetensors")).tensors().get(expected.get("name").asText())
            .values();
        double k = ParetoTail.shape(weights);
        if (expected.get("k").isNull()) {
            assertThat(k).isNaN();
        } else {
            assertThat(k).isCloseTo(expected.get("k").asDouble(), within(1e-10));
        }
    }

    @Test
    void balanceOfColumns() throws IOException {
        JsonNode expected = json("balance.json");
        List<String> names = new ArrayList<>();
        expected.get("columns").forEach(name -> names.add(name.asText()));
        float[] weights = floats(flat(expected.get("weights")));
        List<ColumnBalance> balance = ColumnBalance.of(names, ColumnMoments.of(Rows.of(flat(expected.get("train")), names.size()), weights),
            ColumnMoments.of(Rows.of(flat(expected.get("validation")), names.size())))
            .stream().map(ColumnBalance.Numbered::balance).toList();
        assertThat(balance).hasSameSizeAs(expected.get("balance"));
        for (int i = 0; i < balance.size(); i++) {
            JsonNode row = expected.get("balance").get(i);
            ColumnBalance b = balance.get(i);
            assertThat(b.column()).isEqualTo(row.get("column").asText());
            assertThat(b.train()).isCloseTo(row.get("train").asDouble(), within(1e-9));
            assertThat(b.weighted()).isCloseTo(row.get("weighted").asDouble(), within(1e-9));
            assertThat(b.validation()).isCloseTo(row.get("validation").asDouble(), within(1e-9));
            assertThat(b.before()).isEqualTo(number(row.get("before")), within(1e-9));
            assertThat(b.after()).isEqualTo(number(row.get("after")), within(1e-9));
        }
        assertThat(balance).filteredOn(b -> b.column().equals("constant")).singleElement()
            .isEqualTo(new ColumnBalance("constant", 7.1, 7.1, 7.1, 0, 0));
    }

    private static double number(JsonNode node) {
        return node.isNumber() ? node.asDouble() : node.asText().startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }

    /** Far more rows than a block has, far from 0. */
    @Test
    void momentsOfManyRows() {
        int n = 100_000;
        double[] x = new double[2 * n];
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) {
            x[2 * i] = 1e9 + i;
            x[2 * i + 1] = -i;
            weights[i] = i;
        }
        ColumnMoments moments = ColumnMoments.of(Rows.of(x, 2), weights);
        double deviation = Math.sqrt(((double) n * n - 1) / 12);
        double weighted = (2.0 * n - 1) / 3;
        assertThat(moments.mean()).containsExactly(new double[] {1e9 + (n - 1) / 2.0, -(n - 1) / 2.0}, within(1e-5));
        assertThat(moments.deviation()).containsExactly(new double[] {deviation, deviation}, within(1e-6));
        assertThat(moments.weighted()).containsExactly(new double[] {1e9 + weighted, -weighted}, within(1e-5));
        assertThat(moments.least()).containsExactly(1e9, -n + 1);
        assertThat(moments.most()).containsExactly(1e9 + n - 1, 0);
    }

    @Test
    void overlap() throws IOException {
        JsonNode expected = json("overlap.json");
        assertThat(
            Overlap.largestKernel(matrix(expected.get("train")), matrix(expected.get("validation")), expected.get("gamma").asDouble(), 1))
            .isCloseTo(expected.get("largestKernel").asDouble(), PRECISE);
        assertThat(AreaUnderCurve.of(flat(expected.get("scores")), expected.get("scores").get(0).size()))
            .isCloseTo(expected.get("areaUnderCurve").asDouble(), PRECISE);
    }

    @Test
    void overlapOfManyRowsLooksAtSome() {
        int n = 1_000_000;
        Matrix train = new Matrix(new float[n], n, 1);
        float[] far = new float[n];
        Arrays.fill(far, 3);
        assertThat(Overlap.largestKernel(train, new Matrix(far, n, 1), 0.5, 1)).isCloseTo(Math.exp(-4.5), PRECISE);
    }

    private static FittedWeights fitted(float... weights) {
        double[] rows = new double[weights.length];
        Arrays.setAll(rows, i -> i);
        return new FittedWeights("kl", weights, List.of("x"), Rows.of(rows, 1), Rows.of(rows, 1));
    }

    @Test
    void figures() {
        Map<String, Double> scores = new LinkedHashMap<>(Map.of("kl", 0.25));
        Diagnostics d = Diagnostics.of(fitted(0, 1, 2, 5).scores(scores).sum(3.5).upperBound(4, 1).fit(7, false));
        scores.clear();
        assertThat(d.method()).isEqualTo("kl");
        assertThat(d.scores()).containsExactly(Map.entry("kl", 0.25));
        assertThat(d.trainRows()).isEqualTo(4);
        assertThat(d.validationRows()).isEqualTo(4);
        assertThat(d.sum()).isEqualTo(3.5);
        assertThat(d.minimum()).isZero();
        assertThat(d.maximum()).isEqualTo(5);
        assertThat(d.effectiveSampleSize()).isCloseTo(64 / 30.0, PRECISE);
        assertThat(d.paretoK()).isNaN();
        assertThat(d.fractionAtBound()).isEqualTo(0.25);
        assertThat(d.converged()).isFalse();
        assertThat(Diagnostics.of(fitted(1, 2)).sum()).isEqualTo(3);
        assertThatThrownBy(() -> d.scores().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> d.balance().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> d.warnings().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    /** n rows, half of them at each of two places, and validation rows at the second: with the right weights nothing is wrong. */
    private static FittedWeights halves(String method, float first, float second) {
        int n = 200;
        double[] train = new double[n];
        double[] validation = new double[n];
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) {
            train[i] = i % 2 + 0.0005 * i;
            validation[i] = (i % 4 == 0 ? 0 : 1) + 0.0005 * i;
            weights[i] = i % 2 == 0 ? first : second;
        }
        return new FittedWeights(method, weights, List.of("place"), Rows.of(train, 1), Rows.of(validation, 1));
    }

    private static List<String> warnings(FittedWeights fitted) {
        return Diagnostics.of(fitted).warnings();
    }

    private static void only(FittedWeights fitted, String... parts) {
        assertThat(warnings(fitted)).singleElement().asString().contains(parts).endsWith(".");
    }

    @Test
    void nothingIsWrong() {
        assertThat(warnings(halves("kl", 0.5f, 1.5f))).isEmpty();
        assertThat(warnings(halves("kl", 0.5f, 1.5f).sum(150).largestKernel(0.5).areaUnderCurve(0.8).fit(12, true))).isEmpty();
        assertThat(warnings(halves("kl-direct", 0.5f, 1.5f).fit(5, false))).isEmpty();
    }

    @Test
    void everyWarning() {
        only(halves("kl", 1, 1), "All weights are equal", "choose another method");
        only(halves("kl", 0.5f, 1.5f).largestKernel(1e-20), "do not overlap", "the kernel is 0 between them (1.0e-20 at most)");
        only(halves("kl", 0.5f, 1.5f).areaUnderCurve(0.9925), "do not overlap", "held-out AUC 0.9925", "leave out columns");
        only(halves("ls", 0.5f, 1.5f).sum(31), "summed to 31.0", "about the 200 training rows", "Try another method");
        only(halves("ls", 0.5f, 1.5f).sum(2000), "summed to 2,000");
        only(halves("km", 0.5f, 1.5f).upperBound(1.5, 100), "100 of 200 weights (50.0 %) are at the upper bound of 1.5", "Raise the bound");
        only(halves("km", 0.5f, 1.5f).fit(5, false), "km did not converge in 5 steps", "another method");
        only(halves("kl-direct", 0.5f, 1.5f).fit(5, true), "run past its use", "take the method kl");
        only(halves("kl-direct", 0.5f, 1.5f).fit(1000, false), "run past its use, for 1,000 steps");
        only(halves("kl", 0.5f, 1.5f).warning("A word of its own."), "A word of its own.");
        only(halves("kl", 1.5f, 0.5f), "does not balance the column 'place'", "was -0.5", "leave the column out");
    }

    @Test
    void fewRowsWithLargeWeights() {
        int n = 1000;
        double[] rows = new double[n];
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) {
            rows[i] = i % 50;
            weights[i] = (float) Math.pow((i + 0.5) / n, -1.3);
        }
        FittedWeights fitted = new FittedWeights("classifier", weights, List.of("x"), Rows.of(rows, 1), Rows.of(rows, 1)).sum(n);
        assertThat(Diagnostics.of(fitted).paretoK()).isBetween(1.0, 1.4);
        assertThat(warnings(fitted)).hasSize(2);
        assertThat(warnings(fitted).get(0)).contains("The weighted sample is worth ", " of 1,000 rows (", "Set an upper bound");
        assertThat(warnings(fitted).get(1)).contains("Pareto k is 1.", "should not be trusted");
    }

    /** One row in a hundred counts three times, as where a rare category became more frequent: nothing hangs on them. */
    @Test
    void aTailOfNearlyEqualWeights() {
        int n = 1000;
        double[] rows = IntStream.range(0, n).mapToDouble(i -> i % 50).toArray();
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) {
            weights[i] = i % 100 == 0 ? 3 : 1 + 1e-4f * i / n;
        }
        FittedWeights fitted = new FittedWeights("classifier", weights, List.of("x"), Rows.of(rows, 1), Rows.of(rows, 1)).sum(n);
        assertThat(Diagnostics.of(fitted).paretoK()).isGreaterThan(0.7);
        assertThat(Diagnostics.of(fitted).hasHeavyTail()).isFalse();
        assertThat(warnings(fitted)).isEmpty();
    }

    @Test
    void fewRowsLeft() {
        int n = 20;
        double[] rows = IntStream.range(0, n).mapToDouble(i -> i % 5).toArray();
        float[] weights = new float[n];
        Arrays.fill(weights, 0, 15, 0.25f);
        Arrays.fill(weights, 15, 20, 3.25f);
        only(new FittedWeights("classifier", weights, List.of("x"), Rows.of(rows, 1), Rows.of(rows, 1)).sum(n),
            "is worth 7.4 of 20 rows (37.2 %)", "get more training rows");
    }

    @Test
    void samplesOfFewRows() {
        assertThat(Warnings.ofFewRows(20, 20)).isEmpty();
        assertThat(Warnings.ofFewRows(2000, 1)).singleElement().asString().startsWith("There is only 1 validation row: ")
            .contains("about 1.00 of its standard deviation").endsWith("Get more validation rows.");
        assertThat(Warnings.ofFewRows(5, 30)).singleElement().asString().startsWith("There are only 5 training rows: ")
            .contains("about 0.45 ");
        assertThat(Warnings.ofFewRows(7, 7)).singleElement().asString().startsWith("There are only 7 validation rows: ");
    }

    /** Of a thousand columns without a shift, some are 3.5 standard errors apart by chance. */
    @Test
    void chanceAmongManyColumns() {
        int d = 1000;
        int n = 200;
        for (int seed = 0; seed < 5; seed++) {
            Random random = new Random(seed);
            double[] train = random.doubles((long) n * d).toArray();
            double[] validation = random.doubles((long) n * d).toArray();
            float[] weights = floats(random.doubles(n, 0.8, 1.2).toArray());
            List<String> names = IntStream.range(0, d).mapToObj(c -> "x" + c).toList();
            assertThat(warnings(new FittedWeights("kl", weights, names, Rows.of(train, d), Rows.of(validation, d)).sum(n))).isEmpty();
        }
    }

    @Test
    void balanceOfLargeNumbers() {
        for (double unit : new double[] {1e-300, 1, 1e300}) {
            ColumnMoments train = new ColumnMoments(new double[] {3 * unit}, new double[] {4 * unit}, new double[] {unit},
                new double[] {0}, new double[] {6 * unit});
            ColumnMoments validation = new ColumnMoments(new double[] {5 * unit}, new double[] {5 * unit}, new double[] {7 * unit},
                new double[] {0}, new double[] {9 * unit});
            ColumnBalance balance = ColumnBalance.of(List.of("x"), train, validation).get(0).balance();
            assertThat(balance.before()).isCloseTo(-0.4, PRECISE);
            assertThat(balance.after()).isCloseTo(-0.2, PRECISE);
        }
    }

    /** The same rows in both samples, and weights that have nothing to do with them. */
    private static FittedWeights alike() {
        double[] rows = IntStream.range(0, 200).mapToDouble(i -> i % 50).toArray();
        float[] weights = floats(IntStream.range(0, 200).mapToDouble(i -> i % 4 < 2 ? 0.8 : 1.2).toArray());
        return new FittedWeights("kl", weights, List.of("x"), Rows.of(rows, 1), Rows.of(rows, 1)).sum(200);
    }

    @Test
    void aScoreThatChanceMakes() {
        Map<String, Double> scores = Map.of("kl", 0.004);
        only(alike().scores(scores).scoreError(0.003), "hardly better with weights than without",
            "score 0.0040 with a standard error of 0.0030", "train without weights");
        assertThat(warnings(alike().scores(scores).scoreError(0.002))).isEmpty();
        assertThat(warnings(alike().scores(scores))).isEmpty();
        assertThat(warnings(ages(0.1f).sum(400).scores(scores).scoreError(0.003))).as("a shift that is no chance, balanced").isEmpty();
    }

    @Test
    void whatDoesNotConvergeHasAnotherMethod() {
        only(halves("w1", 0.5f, 1.5f).fit(5, false), "w1 did not converge", "Take another method, or auto, which");
        only(halves("kl", 0.5f, 1.5f).fit(5, false).compared(true), "Take another method.");
    }

    @Test
    void whyAColumnCannotBeBalanced() {
        double[] train = {0, 0, 0, 0, 1, 2};
        double[] validation = {1, 3, 3, 3, 3, 3};
        FittedWeights fitted = new FittedWeights("kl", new float[] {2, 2, 2, 2, 1, 1}, List.of("flag"), Rows.of(train, 1),
            Rows.of(validation, 1)).sum(6);
        only(fitted, "does not balance the column 'flag'", "No weights can", "is 2.67 and the training rows end at 2.00");
    }

    /** Ages from 20 to 80, and in the world to 50; older rows count {@code old} times as much as others. */
    private static FittedWeights ages(float old) {
        int n = 400;
        int m = 150;
        double[] train = IntStream.range(0, n).mapToDouble(i -> 20 + 60 * (i + 0.5) / n).toArray();
        double[] validation = IntStream.range(0, m).mapToDouble(i -> 20 + 30 * (i + 0.5) / m).toArray();
        float[] weights = floats(Arrays.stream(train).map(age -> age > 50 ? old : 1).toArray());
        return new FittedWeights("kl", weights, List.of("age"), Rows.of(train, 1), Rows.of(validation, 1));
    }

    @Test
    void aColumnThatWeightingLeavesFarApart() {
        only(ages(0.35f).sum(400), "The column 'age' is still 0.57 apart after weighting (1.10 before)", "leave out columns");
        assertThat(warnings(ages(0.1f).sum(400))).isEmpty();
    }

    @Test
    void weightsThatSayNothingOfRowsThatWereHeldOut() {
        Map<String, Double> none = Map.of("kl", -1e-9);
        only(halves("kl", 0.5f, 1.5f).scores(none), "(score 0.000; equal weights have 0)", "else take method auto");
        String ofAuto = warnings(halves("kl", 0.5f, 1.5f).scores(Map.of("kl", -0.25, "ls", -0.5)).compared(true)).get(0);
        assertThat(ofAuto).contains("(score -0.250;").endsWith("train without weights.");
        only(halves("kl", 1, 1).scores(none), "All weights are equal");
        assertThat(warnings(halves("kl", 0.5f, 1.5f).scores(Map.of("kl", 0.1, "ls", -0.5)).compared(true))).isEmpty();
    }

    /** A level of a category that no training row has is said where a tenth of the validation rows have it, however well others balance. */
    @Test
    void aValueThatTrainingRowsNeverHave() {
        int n = 200;
        for (int share : new int[] {5, 20}) {
            double[] train = new double[2 * n];
            double[] validation = new double[2 * n];
            float[] weights = new float[n];
            for (int i = 0; i < n; i++) {
                train[2 * i] = i % 2 + 0.0005 * i;
                validation[2 * i] = (i % 8 == 0 ? 0 : 1) + 0.0005 * i;
                validation[2 * i + 1] = i % share == 0 ? 1 : 0;
                weights[i] = i % 2 == 0 ? 0.25f : 1.75f;
            }
            FittedWeights fitted = new FittedWeights("kl", weights, List.of("place", "city=Kobe"), Rows.of(train, 2),
                Rows.of(validation, 2));
            if (share == 5) {
                only(fitted, "do not overlap",
                    "training rows have one value alone, and many validation rows another, in the column 'city=Kobe'");
            } else {
                assertThat(warnings(fitted)).isEmpty();
            }
        }
    }

    @Test
    void columnsThatHaveNothingInCommon() {
        double[] train = {1, 7, 2, 7, 3, 7};
        double[] validation = {4, 8, 5, 8};
        FittedWeights fitted = new FittedWeights("kl", new float[] {1, 1, 2}, List.of("year", "place"), Rows.of(train, 2),
            Rows.of(validation, 2)).sum(3);
        assertThat(warnings(fitted)).first().asString()
            .contains("no value in a validation row is within the range of the training rows in the columns 'year', 'place'");
        assertThat(Diagnostics.of(fitted).balance().get(0).column()).isEqualTo("place");
        assertThat(Diagnostics.of(fitted).balance().get(0).after()).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    /**
     * A Gaussian that moves, with the true ratio as weights: no warning where the shift is ordinary, whatever the number of columns. The
     * ratio's logarithm has the standard deviation |mu|, which is 1 here.
     */
    @Test
    void anOrdinaryShiftGivesNoWarning() {
        for (int d : new int[] {1, 5, 20}) {
            for (int seed = 0; seed < 20; seed++) {
                assertThat(warnings(shifted(d, 1 / Math.sqrt(d), 800, seed))).as("d %d, seed %d", d, seed).isEmpty();
            }
        }
    }

    @Test
    void noShiftGivesNoWarning() {
        for (int seed = 0; seed < 20; seed++) {
            assertThat(warnings(shifted(5, 0.01, 800, seed))).isEmpty();
        }
    }

    /** |mu| = 2.7: few rows carry all the weight. */
    @Test
    void aShiftTooLargeGivesAWarning() {
        for (int seed = 0; seed < 20; seed++) {
            assertThat(warnings(shifted(20, 0.6, 800, seed))).isNotEmpty();
        }
    }

    private static FittedWeights shifted(int d, double by, int n, int seed) {
        Random random = new Random(1000L * d + seed);
        double[] train = new double[n * d];
        double[] validation = new double[n * d];
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) {
            double log = 0;
            for (int c = 0; c < d; c++) {
                train[i * d + c] = random.nextGaussian();
                validation[i * d + c] = by + random.nextGaussian();
                log += by * train[i * d + c] - by * by / 2;
            }
            weights[i] = (float) Math.exp(log);
        }
        List<String> names = IntStream.range(0, d).mapToObj(c -> "x" + c).toList();
        return new FittedWeights("classifier", weights, names, Rows.of(train, d), Rows.of(validation, d));
    }

    /** Numbers whose sums and squares are beyond double precision: the balance is that of the same numbers in another unit. */
    @ParameterizedTest
    @ValueSource(ints = {1023, -1022})
    void unitsHaveNoPartInTheBalance(int exponent) {
        Random random = new Random(3);
        double[] train = random.doubles(60, -0.5, 0.9).toArray();
        double[] validation = random.doubles(40, -0.2, 0.95).toArray();
        float[] weights = floats(random.doubles(60, 0, 2).toArray());
        ColumnBalance expected = balance(train, validation, weights);
        double unit = Math.scalb(1.0, exponent);
        ColumnBalance found = balance(times(train, unit), times(validation, unit), weights);
        assertThat(found.before()).isCloseTo(expected.before(), within(1e-12)).isNotZero();
        assertThat(found.after()).isCloseTo(expected.after(), within(1e-12)).isNotZero();
        assertThat(found.weighted() / unit).isCloseTo(expected.weighted(), within(1e-12));
    }

    private static double[] times(double[] x, double unit) {
        return Arrays.stream(x).map(value -> value * unit).toArray();
    }

    private static ColumnBalance balance(double[] train, double[] validation, float[] weights) {
        return new FittedDiagnostics(List.of("x"), train, validation, weights).found().balance().get(0);
    }

    private record FittedDiagnostics(List<String> names, double[] train, double[] validation, float[] weights) {
        Diagnostics found() {
            return Diagnostics.of(new FittedWeights("kl", weights, names, Rows.of(train, names.size()), Rows.of(validation, names.size())));
        }
    }

    /** The second of two columns of one name is the one that is beyond what weights can do, and what is said of it is about it. */
    @Test
    void columnsMayHaveOneName() {
        Random random = new Random(5);
        double[] train = new double[400];
        double[] validation = new double[200];
        Arrays.setAll(train, i -> i % 2 == 0 ? 10 * random.nextDouble() : random.nextDouble());
        Arrays.setAll(validation, i -> i % 2 == 0 ? 10 * random.nextDouble() : i < 100 ? 0.5 : 3);
        float[] weights = floats(IntStream.range(0, 200).mapToDouble(i -> 1.5 - train[2 * i + 1]).toArray());
        List<String> expected = new FittedDiagnostics(List.of("a", "b"), train, validation, weights).found().warnings();
        assertThat(expected).anyMatch(sentence -> sentence.contains("'b'") && sentence.contains("the training rows end at"));
        assertThat(new FittedDiagnostics(List.of("b", "b"), train, validation, weights).found().warnings()).isEqualTo(expected);
    }
}
