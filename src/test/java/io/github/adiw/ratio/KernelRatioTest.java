package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import io.github.adiw.ratio.RowDraw.Purpose;
import io.github.adiw.weight.Bandwidth;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kl} and {@code ls} against numpy and scipy ({@code fixtures/ratio}), and what they leave out against fits that are made anew. */
class KernelRatioTest {
    private static final double[] LAMBDAS = {1e-3, Math.pow(10, -2.5), 1e-2, Math.pow(10, -1.5), 0.1, Math.pow(10, -0.5), 1,
        Math.pow(10, 0.5),
        10};
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    private FitContext context(Bandwidth bandwidth, Float lambda, int centers, long seed) {
        return new FitContext(device, bandwidth, lambda, centers, seed, FitListener.NONE);
    }

    private static Matrix normal(Random random, int rows, int columns, double mean, double deviation) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return new Matrix(values, rows, columns);
    }

    private static void check(double[] found, float[] expected, double tolerance, String what) {
        assertThat(found).as(what).hasSize(expected.length);
        double most = 0;
        for (float x : expected) {
            most = Math.max(most, Math.abs(x));
        }
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).as(what + " " + i).isCloseTo(expected[i], within(tolerance * most));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"line", "plane", "space"})
    void asNumpyAndScipy(String name) throws IOException {
        JsonNode found = null;
        for (JsonNode one : new ObjectMapper().readTree(Fixtures.path("ratio/ratio.json").toFile())) {
            found = one.get("name").asText().equals(name) ? one : found;
        }
        JsonNode expected = found;
        Map<String, SafeTensors.Tensor> tensors = SafeTensors.read(Fixtures.path("ratio/ratio.safetensors")).tensors();
        int d = expected.get("d").asInt();
        Matrix train = new Matrix(tensors.get(name + ".train").values(), expected.get("n").asInt(), d);
        Matrix validation = new Matrix(tensors.get(name + ".validation").values(), expected.get("m").asInt(), d);
        FitContext context = context(null, null, expected.get("centers").asInt(), expected.get("seed").asLong());

        double[] gammas = KernelCandidates.gammas(train, validation, context);
        assertThat(gammas).hasSize(expected.get("gammas").size());
        double[] scores = KullbackLeiblerRatio.scores(train, validation, gammas, context);
        double[][] losses = LeastSquaresRatio.losses(train, validation, gammas, LAMBDAS, context);
        for (int i = 0; i < gammas.length; i++) {
            double gamma = expected.get("gammas").get(i).asDouble();
            assertThat(gammas[i]).as("gamma %d", i).isCloseTo(gamma, within(1e-6 * gamma));
            assertThat(scores[i]).as("score %d", i).isCloseTo(expected.get("klScores").get(i).asDouble(), within(2e-5));
            for (int k = 0; k < LAMBDAS.length; k++) {
                double loss = expected.get("lsLosses").get(i).get(k).asDouble();
                assertThat(losses[i][k]).as("loss %d %d", i, k).isCloseTo(loss, within(1e-5 * Math.max(1, Math.abs(loss))));
            }
        }

        Matrix points = concatenated(train, validation);
        TunedMethod kl = new KullbackLeiblerRatio().tune(train, validation, context);
        assertThat(kl.selection().gamma()).isCloseTo(expected.get("klGamma").asDouble(), within(1e-6));
        assertThat(kl.selection().score()).isEqualTo(Arrays.stream(scores).max().orElseThrow());
        RatioFunction ratio = kl.fit(train, validation, context);
        assertThat(ratio.fit().converged()).isTrue();
        check(ratio.at(points, device), tensors.get(name + ".kl").values(), 1e-4, "kl");

        TunedMethod ls = new LeastSquaresRatio().tune(train, validation, context);
        assertThat(ls.selection().gamma()).isCloseTo(expected.get("lsGamma").asDouble(), within(1e-6));
        assertThat(ls.selection().lambda()).isCloseTo(expected.get("lsLambda").asDouble(), within(1e-9));
        RatioFunction least = ls.fit(train, validation, context);
        check(least.at(points, device), tensors.get(name + ".ls").values(), 1e-5, "ls");
        float[] coefficients = least.parameters().get("coefficients").values();
        check(IntStream.range(0, coefficients.length).mapToDouble(l -> coefficients[l]).toArray(),
            tensors.get(name + ".lsCoefficients").values(), 1e-4, "coefficients of ls");
    }

    private static Matrix concatenated(Matrix a, Matrix b) {
        float[] values = Arrays.copyOf(a.values(), a.values().length + b.values().length);
        System.arraycopy(b.values(), 0, values, a.values().length, b.values().length);
        return new Matrix(values, a.rows() + b.rows(), a.columns());
    }

    /** The leave-one-out losses, each by a fit of its own to the rows that are left. */
    @ParameterizedTest
    @CsvSource({"60, 45, 0.001", "45, 60, 0.1", "50, 50, 10"})
    void leavingOutAPairIsFittingWithoutIt(int n, int m, double lambda) {
        Random random = new Random(9);
        Matrix train = normal(random, n, 2, 0, 1);
        Matrix validation = normal(random, m, 2, 0.5, 0.8);
        FitContext context = context(null, null, 18, 5);
        double gamma = 0.7;
        double found = LeastSquaresRatio.losses(train, validation, new double[] {gamma}, new double[] {lambda}, context)[0][0];
        int[] order = RowDraw.permutation(train.keys(), 5, Purpose.LEAVE_OUT_TRAIN);
        int[] validationOrder = RowDraw.permutation(validation.keys(), 5, Purpose.LEAVE_OUT_VALIDATION);
        int[] centers = KernelCandidates.centers(validation, context);
        int pairs = Math.min(n, m);
        double sum = 0;
        try (RowMatrix x = RowMatrix.gaussian(device, train, validation.select(centers), gamma);
             RowMatrix y = RowMatrix.gaussian(device, validation, validation.select(centers), gamma)) {
            Matrix xs = new Matrix(x.values(), n, centers.length);
            Matrix ys = new Matrix(y.values(), m, centers.length);
            for (int i = 0; i < pairs; i++) {
                double[] a = fit(xs, order[i], ys, validationOrder[i], lambda);
                double atX = 0;
                double atY = 0;
                for (int l = 0; l < a.length; l++) {
                    atX += a[l] * xs.at(order[i], l);
                    atY += a[l] * ys.at(validationOrder[i], l);
                }
                sum += atX * atX / 2 - atY;
            }
        }
        assertThat(found).isCloseTo(sum / pairs, within(1e-9));
    }

    private static double[] fit(Matrix x, int without, Matrix y, int validationWithout, double lambda) {
        int size = x.columns();
        double[] second = new double[size * size];
        double[] first = new double[size];
        for (int i = 0; i < x.rows(); i++) {
            for (int a = 0; a < size && i != without; a++) {
                for (int b = 0; b < size; b++) {
                    second[a * size + b] += (double) x.at(i, a) * x.at(i, b) / (x.rows() - 1);
                }
            }
        }
        for (int j = 0; j < y.rows(); j++) {
            for (int a = 0; a < size && j != validationWithout; a++) {
                first[a] += (double) y.at(j, a) / (y.rows() - 1);
            }
        }
        return Arrays.stream(Cholesky.of(second, size, lambda).solve(first)).map(a -> Math.max(0, a)).toArray();
    }

    /** The held-out likelihood, each fold by a fit to a sample and to centers that never had it. */
    @ParameterizedTest
    @ValueSource(doubles = {0.02, 0.5, 4})
    void leavingOutAFoldIsFittingWithoutIt(double gamma) {
        Random random = new Random(4);
        Matrix train = normal(random, 150, 2, 0, 1);
        Matrix validation = normal(random, 97, 2, 0.5, 0.8);
        FitContext context = context(null, null, 30, 2);
        double found = KullbackLeiblerRatio.scores(train, validation, new double[] {gamma}, context)[0];
        int[] fold = RowDraw.folds(validation.keys(), 5, 2, Purpose.FOLDS_VALIDATION);
        double sum = 0;
        for (int f = 0; f < 5; f++) {
            int left = f;
            Matrix fitted = validation.select(IntStream.range(0, 97).filter(j -> fold[j] != left).toArray());
            Matrix heldOut = validation.select(IntStream.range(0, 97).filter(j -> fold[j] == left).toArray());
            Matrix centers = validation
                .select(Arrays.stream(KernelCandidates.centers(validation, context)).filter(c -> fold[c] != left).toArray());
            double[] a;
            try (RowMatrix x = RowMatrix.gaussian(device, train, centers, gamma);
                 RowMatrix y = RowMatrix.gaussian(device, fitted, centers, gamma)) {
                double[] means = Arrays.stream(x.transposedProducts(null, 0, 150)).map(s -> s / 150).toArray();
                a = new MixtureProportions(y, means, all(fitted.rows())).solve(all(centers.rows())).coefficients(means);
            }
            try (RowMatrix y = RowMatrix.gaussian(device, heldOut, centers, gamma)) {
                sum += Arrays.stream(y.products(a)).map(Math::log).average().orElseThrow() / 5;
            }
        }
        assertThat(found).isCloseTo(sum, within(1e-6));
    }

    private static boolean[] all(int count) {
        boolean[] all = new boolean[count];
        Arrays.fill(all, true);
        return all;
    }

    @Test
    void centersAreDrawnOnceFromTheSameRows() {
        Matrix validation = normal(new Random(1), 80, 3, 0, 1);
        int[] centers = KernelCandidates.centers(validation, context(null, null, 20, 6));
        assertThat(centers).hasSize(20).doesNotHaveDuplicates().isEqualTo(KernelCandidates.centers(validation, context(null, null, 20, 6)))
            .isNotEqualTo(KernelCandidates.centers(validation, context(null, null, 20, 7)));
        assertThat(KernelCandidates.centers(validation, context(null, null, 500, 6))).hasSize(80).doesNotHaveDuplicates();
    }

    @Test
    void whatIsGivenIsTaken() {
        Random random = new Random(2);
        Matrix train = normal(random, 60, 2, 0, 1);
        Matrix validation = normal(random, 50, 2, 0.5, 1);
        Bandwidth given = new Bandwidth(Bandwidth.Kind.GIVEN, 0.8);
        assertThat(new KullbackLeiblerRatio().tune(train, validation, context(given, null, 10, 1)).selection())
            .isEqualTo(new Selection(0.8, Double.NaN, null, Double.NaN));
        assertThat(new LeastSquaresRatio().tune(train, validation, context(given, 0.5f, 10, 1)).selection())
            .isEqualTo(new Selection(0.8, 0.5, null, Double.NaN));
        Selection onlyLambda = new LeastSquaresRatio().tune(train, validation, context(given, null, 10, 1)).selection();
        assertThat(onlyLambda.gamma()).isEqualTo(0.8);
        assertThat(onlyLambda.score()).isFinite();
        Selection onlyBandwidth = new LeastSquaresRatio().tune(train, validation, context(null, 0.5f, 10, 1)).selection();
        assertThat(onlyBandwidth.lambda()).isEqualTo(0.5);
        assertThat(onlyBandwidth.score()).isFinite();
        // Equal centers and no regularisation: there is a solution all the same.
        Matrix twice = concatenated(validation, validation);
        FitContext none = context(given, 0f, 100, 1);
        double[] ratios = new LeastSquaresRatio().tune(train, twice, none).fit(train, twice, none).at(train, device);
        assertThat(Arrays.stream(ratios)).allMatch(Double::isFinite);
    }

    @Test
    void savedAndLoadedItGivesTheSameDigits() {
        Random random = new Random(3);
        Matrix train = normal(random, 90, 3, 0, 1);
        Matrix validation = normal(random, 70, 3, 0.3, 1);
        for (RatioMethod method : List.of(new KullbackLeiblerRatio(), new LeastSquaresRatio())) {
            TunedMethod tuned = method.tune(train, validation, context(new Bandwidth(Bandwidth.Kind.GIVEN, 0.3), 0.1f, 15, 1));
            RatioFunction function = tuned.fit(train, validation, context(null, null, 15, 1));
            KernelFunction loaded = KernelFunction.load(function.parameters(), tuned.selection().gamma(), 3);
            assertThat(loaded.at(train, device)).isEqualTo(function.at(train, device));
            assertThat(Arrays.stream(loaded.at(train, device))).allMatch(r -> r >= 0);
            Map<String, SafeTensors.Tensor> parameters = function.parameters();
            assertThatThrownBy(() -> KernelFunction.load(parameters, 0.3, 4)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("centers [centers, 4]");
            assertThatThrownBy(() -> KernelFunction.load(Map.of(), 0.3, 3)).isInstanceOf(AdiwException.class);
        }
    }

    @Test
    void manyRowsAreTakenInBlocks() {
        Random random = new Random(3);
        Matrix train = normal(random, 8192 + 100, 2, 0, 1);
        Matrix validation = normal(random, 40, 2, 0.3, 1);
        Bandwidth given = new Bandwidth(Bandwidth.Kind.GIVEN, 0.3);
        RatioFunction function = new LeastSquaresRatio().tune(train, validation, context(given, 0.1f, 5, 1)).fit(train, validation,
            context(given, 0.1f, 5, 1));
        double[] whole = function.at(train, device);
        double[] end = function.at(train.select(IntStream.range(8150, 8292).toArray()), device);
        assertThat(Arrays.copyOfRange(whole, 8150, 8292)).isEqualTo(end);
    }

    @Test
    void samplesThatAreFarApart() {
        Random random = new Random(3);
        Matrix train = normal(random, 60, 2, 0, 1);
        Matrix validation = normal(random, 50, 2, 1000, 1);
        FitContext context = context(new Bandwidth(Bandwidth.Kind.GIVEN, 1), 0.1f, 10, 1);
        for (RatioMethod method : List.of(new KullbackLeiblerRatio(), new LeastSquaresRatio())) {
            TunedMethod tuned = method.tune(train, validation, context);
            assertThatThrownBy(() -> tuned.fit(train, validation, context)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("gamma 1.0").hasMessageContaining("choose a smaller gamma, or method classifier");
        }
        double[] scores = KullbackLeiblerRatio.scores(train, validation, new double[] {1, 1e-6}, context);
        assertThat(scores[0]).isNaN();
        assertThat(scores[1]).isFinite();
    }

    @Test
    void tooFewRows() {
        Random random = new Random(3);
        Matrix train = normal(random, 20, 2, 0, 1);
        Matrix one = normal(random, 1, 2, 0, 1);
        assertThatThrownBy(() -> new KullbackLeiblerRatio().tune(train, one, context(null, null, 10, 1))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("give more rows, or a bandwidth");
        assertThatThrownBy(() -> new LeastSquaresRatio().tune(train, one, context(null, null, 10, 1))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("give more rows, or bandwidth and lambda");
        Matrix two = normal(random, 2, 2, 0, 1);
        for (RatioMethod method : List.of(new KullbackLeiblerRatio(), new LeastSquaresRatio())) {
            for (int centers : new int[] {1, 2}) {
                TunedMethod tuned = method.tune(two, two, context(null, null, centers, 1));
                assertThat(tuned.selection().score()).isFinite();
                assertThat(Arrays.stream(tuned.fit(two, two, context(null, null, centers, 1)).at(two, device))).allMatch(Double::isFinite);
            }
        }
    }

    @Test
    void whoeverWaitsHearsAndMayStop() {
        Random random = new Random(3);
        Matrix train = normal(random, 40, 2, 0, 1);
        Matrix validation = normal(random, 30, 2, 0.2, 1);
        for (RatioMethod method : List.of(new KullbackLeiblerRatio(), new LeastSquaresRatio())) {
            List<String> heard = new ArrayList<>();
            FitListener listener = new FitListener() {
                @Override
                public void progress(String what, long done, long of) {
                    assertThat(done).isEqualTo(heard.size()).isLessThan(of);
                    heard.add(what);
                }

                @Override
                public boolean cancelled() {
                    return heard.size() == 4;
                }
            };
            assertThatThrownBy(() -> method.tune(train, validation, new FitContext(device, null, null, 10, 1, listener)))
                .isInstanceOf(FitCancelledException.class);
            assertThat(heard).hasSize(4).allMatch(what -> what.startsWith(method.name() + ": choosing the bandwidth"));
        }
    }
}
