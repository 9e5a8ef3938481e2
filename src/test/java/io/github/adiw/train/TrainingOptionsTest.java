package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.UsageException;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.EstimationSettings;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingOptionsTest {
    private static Set<String> setters(Class<?> builder) {
        return Arrays.stream(builder.getMethods()).filter(m -> m.getReturnType() == builder && !Modifier.isStatic(m.getModifiers()))
            .map(Method::getName).collect(Collectors.toCollection(TreeSet::new));
    }

    /** An option that is not among the settings would let a comparison take over a run of other options. */
    @Test
    void settingsHaveEveryOption() {
        Set<String> expected = setters(TrainingOptions.Builder.class);
        assertThat(expected).contains("model", "estimation", "weightsTrace");
        expected.remove("estimation");
        for (String name : setters(EstimationSettings.Builder.class)) {
            switch (name) {
                case "steps", "momentum" -> expected.add("estimation" + Character.toUpperCase(name.charAt(0)) + name.substring(1));
                case "normalize" -> expected.add("normalizeWeights");
                default -> expected.add(name);
            }
        }
        assertThat(TrainingOptions.builder().build().settings().keySet()).containsExactlyInAnyOrderElementsOf(expected);
    }

    /** The ridge goes with the method's own bandwidth: who gives one gets kernel mean matching without, unless a ridge is given, too. */
    @ParameterizedTest
    @CsvSource({"adiw-km, loss, , , 0.02", "adiw-km, loss, median, , 0", "adiw-km, loss, median, 0.1, 0.1", "adiw-km, features, , , 0",
        "adiw-km, loss, , 0, 0", "adiw-kl, loss, , , 0.02", "diw, loss, , , 0"})
    void theRidgeGoesWithTheBandwidth(String method, String transform, String bandwidth, Float given, float ridge) {
        TrainingOptions options = TrainingOptions.builder().method(method).transform(transform)
            .estimation(EstimationSettings.builder().bandwidth(bandwidth).ridge(given).build()).build();
        assertThat(options.estimation().ridge()).isEqualTo(ridge);
    }

    @ParameterizedTest
    @CsvSource({"adiw-km, loss, , median, 1", "adiw-kl, loss, , median, 1", "adiw-w1, loss, , median, 0.1", "diw, loss, , diw:0.01, 1",
        "uniform, loss, , median, 1", "iw, loss, , diw:0.01, 1", "adiw-ls-direct, features, , median, 0.5", "diw, features, , median, 1",
        "adiw-km, features, diw:0.25, diw:0.25, 1", "adiw-km, loss, gamma:3, gamma:3, 1"})
    void bandwidthAndStepSizeAreThoseOfTheMethod(String method, String transform, String given, String rule, float eta) {
        TrainingOptions options = TrainingOptions.builder().method(method).transform(transform).seed(7)
            .estimation(EstimationSettings.builder().bandwidth(given).build()).build();
        assertThat(options.estimation().bandwidth()).isEqualTo(Bandwidth.parse(rule));
        assertThat(options.estimation().eta()).isEqualTo(eta);
        assertThat(options.estimation().seed()).isEqualTo(7);
        assertThat(options.settings()).containsEntry("bandwidth", rule).containsEntry("eta", eta).containsEntry("method", method);
    }

    @Test
    void messagesNameTheirParameter() {
        refused(TrainingOptions.builder().learningRate(0), "learningRate", "learningRate must be a number above 0, not 0.0");
        refused(TrainingOptions.builder().epochs(0), "epochs", "epochs must be at least 1, not 0");
        refused(TrainingOptions.builder().method("adiw"), "method", "method adiw is not known: choose one of uniform, diw, adiw-km");
        refused(TrainingOptions.builder().optimizer("rms"), "optimizer", "optimizer rms is not known: choose one of sgd, adam");
        refused(TrainingOptions.builder().augment("rotate"), "augment", "augment rotate is not known: choose one of none, crop-flip");
        refused(TrainingOptions.builder().learningRateWarmupEpochs(-1), "learningRateWarmupEpochs", "at least 0, not -1");
        refused(TrainingOptions.builder().method("iw").transform("features"), "transform", "inside every class, which iw cannot");
        refused(TrainingOptions.builder().validationSamples(100), "validationBatch",
            "validationBatch 256 is more than validationSamples 100");
        refused(TrainingOptions.builder().trainOrder(Path.of("o.npy")), "steps", "order file");
        refused(TrainingOptions.builder().labels(Path.of("l.npy")).shift("pair:0.1"), "labels", "pair:0.1");
        refused(TrainingOptions.builder().shift("bogus"), "shift", "there is no shift 'bogus'; known: none, symmetric:R");
        refused(TrainingOptions.builder().schedule("bogus"), "schedule",
            "schedule bogus is not known: give none, cosine, step:EPOCHS:FACTOR");
        refused(TrainingOptions.builder().schedule("step:0:0.1"), "schedule", "has \"0\" where a number of epochs was expected");
        refused(TrainingOptions.builder().nesterov(true), "nesterov", "momentum above 0");
    }

    private static void refused(TrainingOptions.Builder builder, String parameter, String message) {
        assertThatThrownBy(builder::build).isInstanceOfSatisfying(UsageException.class, e -> {
            assertThat(e.parameter()).isEqualTo(parameter);
            assertThat(e).hasMessageContaining(message);
            assertThat(e.getMessage()).doesNotContain("--");
        });
    }
}
