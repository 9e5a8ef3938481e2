package io.github.adiw.ratio;

import io.github.adiw.data.Rows;
import java.util.List;
import java.util.Map;

/** Makes diagnostics for tests of other packages. */
public final class GivenDiagnostics {
    private GivenDiagnostics() {}

    /** Of weights that {@code kl} gave, chosen by these scores; they summed to {@code sum}. */
    public static Diagnostics of(float[] weights, List<String> columns, Rows train, Rows validation, Map<String, Double> scores,
                                 double sum) {
        return Diagnostics.of(new FittedWeights("kl", weights, columns, train, validation).scores(scores).sum(sum));
    }
}
