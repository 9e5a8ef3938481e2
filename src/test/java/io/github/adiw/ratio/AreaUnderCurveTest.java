package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AreaUnderCurveTest {
    static List<JsonNode> cases() throws IOException {
        return ClassifierFixtures.cases("areas.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isTheAreaThatScikitLearnFinds(JsonNode c) {
        double[] negative = ClassifierFixtures.numbers(c.get("negative"));
        double[] positive = ClassifierFixtures.numbers(c.get("positive"));
        double[] scores = DoubleStream.concat(DoubleStream.of(negative), DoubleStream.of(positive)).toArray();
        assertThat(AreaUnderCurve.of(scores, negative.length)).isCloseTo(c.get("area").asDouble(), within(1e-12));
    }

    @Test
    void countsTiesAsHalves() {
        assertThat(AreaUnderCurve.of(new double[] {2, 2, 2, 2, 2}, 2)).isEqualTo(0.5);
    }
}
