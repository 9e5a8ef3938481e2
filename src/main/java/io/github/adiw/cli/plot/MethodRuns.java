package io.github.adiw.cli.plot;

import io.github.adiw.train.TrainingResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The runs of one method, from one or more seeds. */
record MethodRuns(String method, List<TrainingResult> runs) {
    /** By method, in the order in which they first occur. */
    static List<MethodRuns> of(List<TrainingResult> results) {
        Map<String, List<TrainingResult>> methods = new LinkedHashMap<>();
        results.forEach(r -> methods.computeIfAbsent(r.options().method(), method -> new ArrayList<>()).add(r));
        return methods.entrySet().stream().map(entry -> new MethodRuns(entry.getKey(), entry.getValue())).toList();
    }

    /** One of them, for what they share. */
    TrainingResult any() {
        return runs.get(0);
    }

    /** The mean of the finite ones; NaN if there is none. */
    double mean(ToDoubleFunction<TrainingResult> measure) {
        return runs.stream().mapToDouble(measure).filter(Double::isFinite).average().orElse(Double.NaN);
    }

    /** How many epochs every run has. */
    int epochs() {
        return runs.stream().mapToInt(r -> r.epochs().size()).min().orElse(0);
    }

    /** Test accuracy in percent after epoch e (from 0): mean, and standard deviation (0 for a single run). */
    double[] accuracy(int e) {
        double mean = runs.stream().mapToDouble(r -> 100 * r.epochs().get(e).testAccuracy()).average().orElse(Double.NaN);
        double squares = runs.stream().mapToDouble(r -> Math.pow(100 * r.epochs().get(e).testAccuracy() - mean, 2)).sum();
        return new double[] {mean, runs.size() < 2 ? 0 : Math.sqrt(squares / (runs.size() - 1))};
    }
}
