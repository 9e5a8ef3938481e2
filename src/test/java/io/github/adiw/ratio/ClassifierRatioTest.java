package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ratios by a classifier: what is chosen against scikit-learn, ratios against closed forms, and samples that are hard to work with. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClassifierRatioTest {
    private final ClassifierFixtures fixtures = new ClassifierFixtures();
    private Device device;

    static List<JsonNode> choices() throws IOException {
        return ClassifierFixtures.cases("choices.json");
    }

    @BeforeAll
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterAll
    void close() {
        device.close();
    }

    private FitContext context(long seed, FitListener listener) {
        return new FitContext(device, null, null, 100, seed, listener);
    }

    private FitContext context() {
        return context(0, FitListener.NONE);
    }

    private static Matrix normal(long seed, int rows, int columns, double mean, double deviation) {
        Random random = new Random(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return new Matrix(values, rows, columns);
    }

    /** Hundreds of regressions: on the stand-in driver {@link #fitsWhatItChose} stands for them. */
    @ParameterizedTest
    @MethodSource("choices")
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void choosesWhatScikitLearnWouldOnTheSameFolds(JsonNode c) {
        String name = c.get("name").asText();
        ClassifierRatio.Tuned tuned = new ClassifierRatio().tune(fixtures.train(name), fixtures.validation(name),
            context(c.get("seed").asLong(), FitListener.NONE));
        assertThat(tuned.selection().terms()).isEqualTo(c.get("terms").asText());
        assertThat(tuned.selection().lambda()).isEqualTo(c.get("C").asDouble());
        assertThat(tuned.selection().score()).isCloseTo(c.get("loss").asDouble(), within(1e-5));
        assertThat(tuned.selection().gamma()).isNaN();
        assertThat(tuned.heldOutArea()).isCloseTo(c.get("area").asDouble(), within(1e-3));
    }

    @Test
    void fitsWhatItChose() {
        Matrix train = normal(1, 60, 1, 0, 1);
        Matrix validation = normal(2, 50, 1, 0.8, 1);
        ClassifierRatio.Tuned tuned = new ClassifierRatio().tune(train, validation, context());
        LogisticFunction function = tuned.fit(train, validation, context());
        assertThat(function.fit().converged()).isTrue();
        boolean quadratic = tuned.selection().terms().equals("quadratic");
        try (RowMatrix matrix = RowMatrix.of(device, LogisticFunction.terms(train, validation, quadratic))) {
            LogisticRegression regression = new LogisticRegression(matrix, train.rows());
            LogisticRegression.Solution cold = regression.fit(tuned.selection().lambda(), null, regression.start(), 1e-7);
            double[] expected = IntStream.range(0, train.rows())
                .mapToDouble(i -> Math.exp(cold.predictors()[i]) * train.rows() / validation.rows()).toArray();
            assertThat(function.at(train, device)).containsExactly(expected, within(1e-5));
        }
    }

    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void findsTheRatioOfTwoNormalDistributions() {
        Matrix train = normal(3, 4000, 1, 0, 1);
        assertThat(error(train, normal(4, 1000, 1, 0.7, 1), x -> Math.exp(0.7 * x - 0.245), "linear")).isLessThan(0.08);
        assertThat(error(train, normal(5, 3000, 1, 0, 0.6), x -> Math.exp(-x * x * (1 / 0.36 - 1) / 2) / 0.6, "quadratic"))
            .isLessThan(0.08);
    }

    private double error(Matrix train, Matrix validation, DoubleUnaryOperator ratio, String terms) {
        ClassifierRatio.Tuned tuned = new ClassifierRatio().tune(train, validation, context());
        assertThat(tuned.selection().terms()).isEqualTo(terms);
        double[] found = tuned.fit(train, validation, context()).at(train, device);
        return IntStream.range(0, found.length).mapToDouble(i -> Math.abs(found[i] - ratio.applyAsDouble(train.at(i, 0)))).average()
            .orElseThrow();
    }

    @Test
    @DisabledIfSystemProperty(named = "adiw.test.device", matches = "simt.*")
    void takesLinearTermsAloneWhereQuadraticOnesWouldBeMoreThan500() {
        assertThat(terms(30)).isEqualTo("quadratic");
        assertThat(terms(31)).isEqualTo("linear");
    }

    private String terms(int columns) {
        return new ClassifierRatio().tune(normal(6, 40, columns, 0, 1), normal(7, 30, columns, 0, 2), context()).selection().terms();
    }

    @Test
    void toldApartSamplesHaveFiniteRatiosAndAnAreaOfOne() {
        Matrix train = normal(8, 30, 1, -10, 0.1);
        Matrix validation = normal(9, 20, 1, 10, 0.1);
        ClassifierRatio.Tuned tuned = new ClassifierRatio().tune(train, validation, context());
        assertThat(tuned.heldOutArea()).isEqualTo(1);
        LogisticFunction function = tuned.fit(train, validation, context());
        assertThat(Arrays.stream(function.at(train, device))).allMatch(r -> r >= 0 && r < 1e-3);
        float[] extreme = {-Float.MAX_VALUE, -1e9f, 0, 1e9f, Float.MAX_VALUE};
        assertThat(Arrays.stream(function.at(new Matrix(extreme, 5, 1), device))).allMatch(r -> r > 0 && r <= Float.MAX_VALUE);
    }

    @Test
    void equalRowsHaveTheRatioOne() {
        Matrix train = new Matrix(new float[2 * 12], 12, 2);
        Matrix validation = new Matrix(new float[2 * 8], 8, 2);
        ClassifierRatio.Tuned tuned = new ClassifierRatio().tune(train, validation, context());
        assertThat(tuned.selection().terms()).isEqualTo("linear");
        assertThat(tuned.selection().lambda()).as("the strongest of equals").isEqualTo(1e-4);
        double[] ones = new double[12];
        Arrays.fill(ones, 1);
        assertThat(tuned.fit(train, validation, context()).at(train, device)).containsExactly(ones, within(1e-6));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, taken untried", "1, 30, taken untried", "30, 1, taken untried", "2, 2, by 2 folds", "4, 30, by 4 folds"})
    void worksWithFewRowsAndSaysSo(int trainRows, int validationRows, String words) {
        List<String> notices = new ArrayList<>();
        Matrix train = normal(10, trainRows, 2, 0, 1);
        Matrix validation = normal(11, validationRows, 2, 1, 1);
        FitContext context = context(0, new FitListener() {
            @Override
            public void notice(String sentence) {
                notices.add(sentence);
            }
        });
        ClassifierRatio.Tuned tuned = new ClassifierRatio().tune(train, validation, context);
        assertThat(notices).singleElement().asString().contains(words);
        assertThat(Arrays.stream(tuned.fit(train, validation, context).at(train, device))).hasSize(trainRows)
            .allMatch(r -> r > 0 && Double.isFinite(r));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isTheSameAfterAFile(boolean quadratic, @TempDir Path folder) {
        Matrix rows = normal(12, 50, 3, 0, 1);
        double[] coefficients = new Random(13).doubles(quadratic ? 10 : 4, -1, 1).toArray();
        LogisticFunction function = LogisticFunction.of(coefficients, 3, 70, 30, new RatioFunction.Fit(4, 1.5, 0.25, true));
        Path file = folder.resolve("model.safetensors");
        new SafeTensors(function.parameters(), Map.of()).write(file);
        LogisticFunction loaded = LogisticFunction.load(SafeTensors.read(file).tensors(), 3);
        assertThat(loaded.at(rows, device)).containsExactly(function.at(rows, device));
        double[] expected = new double[50];
        try (RowMatrix terms = RowMatrix.of(device, LogisticFunction.terms(rows, rows, quadratic))) {
            double[] predictors = terms.products(coefficients);
            Arrays.setAll(expected, i -> predictors[i] + Math.log(70.0 / 30));
        }
        assertThat(Arrays.stream(function.at(rows, device)).map(Math::log).toArray()).containsExactly(expected, within(1e-5));
    }

    @Test
    void refusesParametersThatDoNotFit() {
        RatioFunction.Fit fit = new RatioFunction.Fit(1, 0, 0, true);
        Map<String, SafeTensors.Tensor> parameters = LogisticFunction.of(new double[] {1, 2, 3}, 2, 7, 5, fit).parameters();
        assertThatThrownBy(() -> LogisticFunction.load(parameters, 3)).isInstanceOf(AdiwException.class)
            .hasMessage("a classifier has 'linear' [3], not float32[2]");
        parameters.put("quadratic", new SafeTensors.Tensor(new int[] {2}, new float[2]));
        assertThatThrownBy(() -> LogisticFunction.load(parameters, 2)).isInstanceOf(AdiwException.class)
            .hasMessage("a classifier has 'quadratic' [3], not float32[2]");
        parameters.remove("quadratic");
        parameters.remove("intercept");
        assertThatThrownBy(() -> LogisticFunction.load(parameters, 2)).isInstanceOf(AdiwException.class)
            .hasMessage("a classifier has 'intercept' [1], not null");
    }

    @Test
    void saysHowFarItIsAndStops() {
        Matrix train = normal(14, 20, 1, 0, 1);
        List<Long> done = new ArrayList<>();
        FitListener listener = new FitListener() {
            @Override
            public void progress(String what, long at, long of) {
                assertThat(what).isEqualTo("classifier: choosing terms and strength");
                assertThat(of).isEqualTo(2 * 13 * 6);
                done.add(at);
            }

            @Override
            public boolean cancelled() {
                return done.size() == 10;
            }
        };
        assertThatThrownBy(() -> new ClassifierRatio().tune(train, normal(15, 20, 1, 1, 1), context(0, listener)))
            .isInstanceOf(FitCancelledException.class);
        assertThat(done).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    }
}
