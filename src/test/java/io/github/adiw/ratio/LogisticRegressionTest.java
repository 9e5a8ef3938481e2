package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Device;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logistic regression against scikit-learn at the same strength ({@code fixtures/classifier/classifier.py}). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LogisticRegressionTest {
    private final ClassifierFixtures fixtures = new ClassifierFixtures();
    private Device device;

    /** All cases; on the stand-in driver, the first two. */
    static List<JsonNode> cases() throws IOException {
        List<JsonNode> cases = ClassifierFixtures.cases("regressions.json");
        return DeviceMatrix.slow() ? cases.subList(0, 2) : cases;
    }

    @BeforeAll
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterAll
    void close() {
        device.close();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void findsTheCoefficientsThatScikitLearnFinds(JsonNode c) {
        Matrix train = fixtures.train(c.get("name").asText());
        Matrix terms = LogisticFunction.terms(train, fixtures.validation(c.get("name").asText()), c.get("quadratic").asBoolean());
        double strength = c.get("C").asDouble();
        try (RowMatrix matrix = RowMatrix.of(device, terms)) {
            LogisticRegression regression = new LogisticRegression(matrix, train.rows());
            LogisticRegression.Solution solution = regression.fit(strength, null, regression.start(), 1e-7);
            assertThat(solution.converged()).isTrue();
            assertThat(solution.decrement()).isLessThanOrEqualTo(1e-7);
            assertThat(solution.coefficients()).containsExactly(ClassifierFixtures.numbers(c.get("coefficients")), within(1e-5));
            double objective = c.get("objective").asDouble();
            assertThat(regression.objective(solution, strength)).isCloseTo(objective, within(1e-8 * objective));
            assertThat(solution.predictors()).containsExactly(matrix.products(solution.coefficients()), within(1e-9));
        }
    }

    @Test
    void startsFromAnotherStrengthAndArrivesAtTheSame() {
        Matrix train = fixtures.train("shift");
        try (RowMatrix matrix = RowMatrix.of(device, LogisticFunction.terms(train, fixtures.validation("shift"), true))) {
            LogisticRegression regression = new LogisticRegression(matrix, train.rows());
            LogisticRegression.Solution weak = regression.fit(10, null, regression.start(), 1e-7);
            LogisticRegression.Solution warm = regression.fit(0.01, null, weak, 1e-8);
            LogisticRegression.Solution cold = regression.fit(0.01, null, regression.start(), 1e-8);
            assertThat(warm.coefficients()).containsExactly(cold.coefficients(), within(1e-7));
            assertThat(regression.fit(0.01, null, regression.start(cold.coefficients()), 1e-7).steps()).isZero();
        }
    }

    @Test
    void leavesOutRowsOfWeightZero() {
        Matrix train = fixtures.train("shift");
        Matrix validation = fixtures.validation("shift");
        int kept = 37;
        int keptOfValidation = 22;
        double[] weights = new double[train.rows() + validation.rows()];
        Arrays.fill(weights, 0, kept, 1);
        Arrays.fill(weights, train.rows(), train.rows() + keptOfValidation, 1);
        Matrix some = LogisticFunction.terms(first(train, kept), first(validation, keptOfValidation), false);
        try (RowMatrix all = RowMatrix.of(device, LogisticFunction.terms(train, validation, false));
             RowMatrix part = RowMatrix.of(device, some)) {
            LogisticRegression regression = new LogisticRegression(all, train.rows());
            LogisticRegression.Solution whole = regression.fit(1, null, regression.start(), 1e-7);
            LogisticRegression.Solution found = regression.fit(1, weights, whole, 1e-8);
            LogisticRegression alone = new LogisticRegression(part, kept);
            assertThat(found.coefficients()).containsExactly(alone.fit(1, null, alone.start(), 1e-8).coefficients(), within(1e-7));
            assertThat(found.coefficients()[0]).isNotCloseTo(whole.coefficients()[0], within(1e-3));
        }
    }

    private static Matrix first(Matrix matrix, int rows) {
        return matrix.select(IntStream.range(0, rows).toArray());
    }
}
